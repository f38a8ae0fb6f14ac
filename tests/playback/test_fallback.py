"""Who takes over, as a person chooses it: suggested within the house, missed when it is gone."""

from typing import override

import pytest
from pytest_homeassistant_custom_component.common import MockEntityPlatform, MockModule, mock_integration

from custom_components.streaming_tts.const import DOMAIN, SUBENTRY_TYPE_VOICE
from homeassistant.components import tts
from homeassistant.config_entries import SOURCE_USER, ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from tests.accounts import account, set_up, suggested
from tests.emulator.emulator import Emulator
from tests.utterances import with_fallback


class Engine(tts.TextToSpeechEntity):
    """Somebody else's engine."""

    def __init__(self, name: str, languages: list[str]) -> None:
        """Speak these languages."""
        self._attr_name = name
        self._attr_unique_id = name
        self._attr_default_language = languages[0]
        self._attr_supported_languages = languages

    @override
    async def async_get_tts_audio(self, message: str, language: str, options: object) -> tts.TtsAudioType:
        return None, None


async def install(home: HomeAssistant, platform: str, iot_class: str, name: str, *languages: str) -> None:
    """Add an engine of an integration."""
    mock_integration(home, MockModule(platform, partial_manifest={"iot_class": iot_class}))
    entities = MockEntityPlatform(home, domain="tts", platform_name=platform)
    await entities.async_add_entities([Engine(name, list(languages))])


async def suggested_fallback(home: HomeAssistant, entry: ConfigEntry, language: str) -> str | None:
    """Return what the form for a new voice is filled with."""
    flows = home.config_entries.subentries
    form = await flows.async_init((entry.entry_id, SUBENTRY_TYPE_VOICE), context={"source": SOURCE_USER})
    form = await flows.async_configure(form["flow_id"], {"next_step_id": "pick"})
    wish = {"language": language, "voice": "shubh", "model": "bulbul:v3"}
    form = await flows.async_configure(form["flow_id"], wish)
    assert form["step_id"] == "settings"
    fallback: str | None = suggested(form)["fallback"]
    return fallback


@pytest.mark.parametrize(
    ("language", "expected"), [("hi-IN", "tts.piper"), ("en-IN", "tts.whisperer"), ("ta-IN", None)]
)
async def test_the_first_local_engine_that_speaks_the_language_is_suggested(
    home: HomeAssistant, emulator: Emulator, language: str, expected: str | None
) -> None:
    """One in the cloud is for the user to choose, since the text goes there; so is another voice of ours."""
    entry = await set_up(home, account("sarvam", emulator))
    await install(home, "elsewhere", "cloud_push", "Cloud", "hi", "en", "ta")
    await install(home, "piper", "local_push", "Piper", "hi_IN")
    await install(home, "whisperer", "local_polling", "Whisperer", "hi", "en-GB")
    assert await suggested_fallback(home, entry, language) == expected


async def test_a_fallback_that_was_removed_is_missed(
    home: HomeAssistant,
    emulator: Emulator,
    entity_registry: er.EntityRegistry,
    issue_registry: ir.IssueRegistry,
) -> None:
    """Until another is chosen, or none; a fallback that was only renamed is not."""
    anna, _ = await with_fallback(home, emulator)
    (voice,) = anna.subentries.values()
    issue_id = f"fallback_gone_{voice.subentry_id}"
    entity_registry.async_update_entity("tts.ben", new_entity_id="tts.benjamin")
    await home.async_block_till_done()
    assert issue_registry.async_get_issue(DOMAIN, issue_id) is None
    entity_registry.async_remove("tts.benjamin")
    await home.async_block_till_done()
    issue = issue_registry.async_get_issue(DOMAIN, issue_id)
    assert issue is not None
    assert issue.translation_placeholders is not None
    assert issue.translation_placeholders.items() >= {"account": "asyncflow", "name": "Anna"}.items()
    data = {key: value for key, value in voice.data.items() if key != "fallback"}
    home.config_entries.async_update_subentry(anna, voice, data=data)
    await home.async_block_till_done(wait_background_tasks=True)
    assert issue_registry.async_get_issue(DOMAIN, issue_id) is None


async def test_a_voice_that_is_removed_misses_nothing(
    home: HomeAssistant,
    emulator: Emulator,
    entity_registry: er.EntityRegistry,
    issue_registry: ir.IssueRegistry,
) -> None:
    """The notice goes with it."""
    anna, _ = await with_fallback(home, emulator)
    entity_registry.async_remove("tts.ben")
    await home.async_block_till_done()
    (voice,) = anna.subentries.values()
    issue_id = f"fallback_gone_{voice.subentry_id}"
    assert issue_registry.async_get_issue(DOMAIN, issue_id) is not None
    home.config_entries.async_remove_subentry(anna, voice.subentry_id)
    await home.async_block_till_done(wait_background_tasks=True)
    assert issue_registry.async_get_issue(DOMAIN, issue_id) is None
