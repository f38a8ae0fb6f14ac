"""Repairs: a voice that the service has dropped is noticed, replaced by another, and then no issue any more."""

from types import MappingProxyType
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.streaming_tts.const import DOMAIN, SUBENTRY_TYPE_VOICE
from homeassistant.components.repairs import DOMAIN as REPAIRS_DOMAIN, repairs_flow_manager
from homeassistant.config_entries import SOURCE_REAUTH, ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.setup import async_setup_component
from tests.accounts import FINISH, VOICES, account, set_up, speak
from tests.emulator.asyncflow_voices import DEFAULT_VOICE_ID
from tests.emulator.emulator import Emulator
from tests.emulator.faults import FaultKind

OWN_VOICE = "Doorbell"


async def own_voice(home: HomeAssistant, emulator: Emulator) -> MockConfigEntry:
    """Return an account that speaks with a voice that it has cloned."""
    entry = await set_up(home, account("asyncflow", emulator, voices=()))
    (voice_id,) = (voice.voice_id for voice in entry.runtime_data.catalogue.data if voice.name == OWN_VOICE)
    home.config_entries.async_add_subentry(
        entry,
        ConfigSubentry(
            data=MappingProxyType(VOICES["asyncflow"] | FINISH | {"voice": voice_id}),
            subentry_type=SUBENTRY_TYPE_VOICE,
            title="Anna",
            unique_id=None,
        ),
    )
    await home.async_block_till_done(wait_background_tasks=True)
    return entry


async def refresh(home: HomeAssistant, entry: MockConfigEntry) -> None:
    """Have the catalogue fetched."""
    await entry.runtime_data.catalogue.async_refresh()
    await home.async_block_till_done(wait_background_tasks=True)


def voice_of(entry: MockConfigEntry) -> str:
    """Return the id of the voice that is saved as Anna."""
    (voice,) = entry.subentries.values()
    voice_id: str = voice.data["voice"]
    return voice_id


def retired_model_issue(home: HomeAssistant, entry: MockConfigEntry) -> ir.IssueEntry | None:
    """Return the issue about the model that the voice called Anna is saved with."""
    (subentry_id,) = entry.subentries
    return ir.async_get(home).async_get_issue(DOMAIN, f"model_retired_{subentry_id}")


async def begin_update(home: HomeAssistant, entry: MockConfigEntry) -> Any:
    """Return the first form that replaces the model of the voice called Anna."""
    issue = retired_model_issue(home, entry)
    assert issue is not None
    assert issue.is_fixable
    return await begin(home, issue)


def issue_of(home: HomeAssistant, entry: MockConfigEntry) -> ir.IssueEntry | None:
    """Return the issue about the voice that is saved as Anna."""
    (subentry_id,) = entry.subentries
    return ir.async_get(home).async_get_issue(DOMAIN, f"voice_gone_{subentry_id}")


async def begin(home: HomeAssistant, issue: ir.IssueEntry) -> Any:
    """Return the first form of an issue's fix flow."""
    assert await async_setup_component(home, REPAIRS_DOMAIN, {})
    manager = repairs_flow_manager(home)
    assert manager is not None
    return await manager.async_init(DOMAIN, data={"issue_id": issue.issue_id})


async def answer(home: HomeAssistant, form: Any, answers: dict[str, Any]) -> Any:
    """Send a form and return what follows."""
    manager = repairs_flow_manager(home)
    assert manager is not None
    return await manager.async_configure(form["flow_id"], answers)


async def test_a_voice_that_was_dropped_is_replaced(home: HomeAssistant, emulator: Emulator) -> None:
    """The user chooses among those that speak its language with its model; the other settings stay."""
    entry = await own_voice(home, emulator)
    assert issue_of(home, entry) is None
    emulator.asyncflow.voices.delete(voice_of(entry))
    await refresh(home, entry)
    issue = issue_of(home, entry)
    assert issue is not None
    form = await begin(home, issue)
    assert form["step_id"] == "voice"
    assert form["description_placeholders"]["name"] == "Anna"
    result = await answer(home, form, {"voice": DEFAULT_VOICE_ID})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await home.async_block_till_done(wait_background_tasks=True)
    (voice,) = entry.subentries.values()
    assert dict(voice.data) == VOICES["asyncflow"] | FINISH
    assert issue_of(home, entry) is None
    assert await speak(home, "Here I am.")


async def test_a_voice_that_comes_back_is_no_issue_any_more(home: HomeAssistant, emulator: Emulator) -> None:
    """The issue goes by itself."""
    entry = await own_voice(home, emulator)
    emulator.asyncflow.voices.delete(voice_of(entry))
    await refresh(home, entry)
    assert issue_of(home, entry) is not None
    emulator.asyncflow.restart()
    await refresh(home, entry)
    assert issue_of(home, entry) is None


async def test_a_voice_that_the_user_changed_is_no_issue_any_more(home: HomeAssistant, emulator: Emulator) -> None:
    """Also where the new one is in no catalogue."""
    entry = await own_voice(home, emulator)
    emulator.asyncflow.voices.delete(voice_of(entry))
    await refresh(home, entry)
    (voice,) = entry.subentries.values()
    home.config_entries.async_update_subentry(entry, voice, data={**voice.data, "voice": "typed-in"})
    await home.async_block_till_done(wait_background_tasks=True)
    assert issue_of(home, entry) is None


async def test_a_voice_that_the_service_refuses_while_speaking_is_an_issue_until_it_speaks(
    home: HomeAssistant, emulator: Emulator
) -> None:
    """Not every voice is in a catalogue."""
    entry = await set_up(home, account("asyncflow", emulator))
    emulator.asyncflow.add_fault(FaultKind.STATUS, "/text_to_speech", status=404, code="VOICE_NOT_FOUND", times=-1)
    with pytest.raises(HomeAssistantError) as refused:
        await speak(home, "Who am I?")
    assert refused.value.translation_key == "provider_voice"
    assert issue_of(home, entry) is not None
    emulator.asyncflow.faults.clear()
    assert await speak(home, "It is me.")
    assert issue_of(home, entry) is None


# Voices saved with a retired model

ANUSHKA = {"voice": "anushka", "model": "bulbul:v2", "settings": {"pace": 1.5, "pitch": 0.25}}
"""A voice as it was saved while the service had the model; its speaker went with it."""


async def retired(home: HomeAssistant, emulator: Emulator, **changes: Any) -> MockConfigEntry:
    """Return an account whose voice is saved with a model that the service refuses by now."""
    emulator.sarvam.configure(deprecated_models=["bulbul:v2", "bulbul:v3-beta"])
    return await set_up(home, account("sarvam", emulator, saved=ANUSHKA | changes))


@pytest.mark.parametrize(
    ("provider", "model", "language", "name", "replacement"),
    [
        ("sarvam", "bulbul:v3-beta", "hi-IN", "Bulbul v3", "bulbul:v3"),
        ("sarvam", "bulbul:v1", "en-IN", "Bulbul v3", "bulbul:v3"),
        ("asyncflow", "asyncflow_v2.0", "en", "Flash 1.5", "async_flash_v1.5"),
        ("asyncflow", "asyncflow_v2.0", "ja", "Flash 1.0", "async_flash_v1.0"),
        ("asyncflow", "asyncflow_multilingual_v1.0", "hi", "Flash 1.0", "async_flash_v1.0"),
        ("asyncflow", "asyncflow_multilingual_v1.0.0", None, "Flash 1.0", "async_flash_v1.0"),
    ],
)
async def test_a_retired_model_is_replaced_by_the_nearest_that_speaks_the_language(
    home: HomeAssistant,
    emulator: Emulator,
    *,
    provider: str,
    model: str,
    language: str | None,
    name: str,
    replacement: str,
) -> None:
    """The form names both and asks for nothing, as the new model has the voice. Then the voice speaks."""
    saved = VOICES[provider] | FINISH | {"model": model, "language": language}
    entry = account(provider, emulator, voices=())
    await set_up(home, entry)
    data = {key: value for key, value in saved.items() if value is not None}
    voice = ConfigSubentry(data=MappingProxyType(data), subentry_type=SUBENTRY_TYPE_VOICE, title="Anna", unique_id=None)
    home.config_entries.async_add_subentry(entry, voice)
    await home.async_block_till_done(wait_background_tasks=True)

    form = await begin_update(home, entry)
    assert form["step_id"] == "model"
    assert form["data_schema"].schema == {}
    texts = form["description_placeholders"]
    assert (texts["name"], texts["model"], texts["replacement"]) == ("Anna", model, name)
    result = await answer(home, form, {})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert retired_model_issue(home, entry) is None

    await home.async_block_till_done(wait_background_tasks=True)
    (voice,) = entry.subentries.values()
    assert (voice.data["voice"], voice.data["model"]) == (saved["voice"], replacement)
    assert voice.data.get("language") == language
    assert retired_model_issue(home, entry) is None
    assert await speak(home, "Here I am.")


@pytest.mark.parametrize(
    ("gone", "suggested"), [("anushka", "Priya · female"), ("abhilash", "Shubh · male"), ("amelia", "Priya · female")]
)
async def test_a_voice_that_went_with_its_model_is_replaced_too(
    home: HomeAssistant, emulator: Emulator, gone: str, suggested: str
) -> None:
    """One of the same gender is suggested; the settings that the new model has too stay."""
    entry = await retired(home, emulator, voice=gone)
    form = await begin_update(home, entry)
    assert form["step_id"] == "voice"
    texts = form["description_placeholders"]
    assert (texts["model"], texts["replacement"], texts["voice"]) == ("bulbul:v2", "Bulbul v3", gone)
    ((field, control),) = form["data_schema"].schema.items()
    assert field.default() == suggested
    assert not any(choice.casefold().startswith(gone) for choice in control.config["options"])
    result = await answer(home, form, {"voice": suggested})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await home.async_block_till_done(wait_background_tasks=True)
    (voice,) = entry.subentries.values()
    assert (voice.data["voice"], voice.data["model"]) == (suggested.split(maxsplit=1)[0].lower(), "bulbul:v3")
    assert voice.data["settings"]["pace"] == 1.5
    assert not ir.async_get(home).issues
    assert await speak(home, "नमस्ते।")


async def test_until_then_the_refusal_of_the_service_is_told_in_words(home: HomeAssistant, emulator: Emulator) -> None:
    """No other model is used without the user's knowledge, and the voice isn't reported as missing."""
    entry = await retired(home, emulator)
    with pytest.raises(HomeAssistantError) as refused:
        await speak(home, "नमस्ते।")
    assert refused.value.translation_key == "provider_model_retired"
    assert {request.body["model"] for request in emulator.sarvam.asked("/text-to-speech/stream")} == {"bulbul:v2"}
    assert retired_model_issue(home, entry) is not None
    assert issue_of(home, entry) is None


async def test_a_fallback_speaks_for_a_voice_whose_model_is_retired(
    home: HomeAssistant, emulator: Emulator, entity_registry: er.EntityRegistry
) -> None:
    """As for any voice that the service refuses."""
    await set_up(home, account("asyncflow", emulator, voices=("Ben",)))
    ben = entity_registry.async_get("tts.ben")
    assert ben is not None
    await retired(home, emulator, fallback=ben.id, language="en-IN")
    assert await speak(home, "Here I am.")
    assert emulator.asyncflow.asked("/text_to_speech")


async def test_a_model_that_nobody_knew_to_be_retired_is_replaced_when_the_service_refuses_it(
    home: HomeAssistant, emulator: Emulator
) -> None:
    """The nearest is then the first that has the voice, or else the first."""
    entry = await set_up(home, account("sarvam", emulator))
    assert retired_model_issue(home, entry) is None
    emulator.sarvam.configure(deprecated_models=["bulbul:v3"])
    with pytest.raises(HomeAssistantError) as refused:
        await speak(home, "नमस्ते।")
    assert refused.value.translation_key == "provider_model_retired"
    form = await begin_update(home, entry)
    assert form["step_id"] == "voice"
    assert form["description_placeholders"]["replacement"] == "Bulbul v4 Flash"
    await answer(home, form, {"voice": "shubh_hi_customer"})
    await home.async_block_till_done(wait_background_tasks=True)
    assert retired_model_issue(home, entry) is None
    assert await speak(home, "नमस्ते।")


async def test_a_model_that_the_service_takes_again_is_no_issue_any_more(
    home: HomeAssistant, emulator: Emulator
) -> None:
    """A refusal alone said so."""
    entry = await set_up(home, account("sarvam", emulator))
    emulator.sarvam.configure(deprecated_models=["bulbul:v3"])
    with pytest.raises(HomeAssistantError):
        await speak(home, "नमस्ते।")
    assert retired_model_issue(home, entry) is not None
    emulator.sarvam.configure(deprecated_models=[])
    assert await speak(home, "फिर से नमस्ते।")
    assert retired_model_issue(home, entry) is None


async def test_each_voice_with_a_retired_model_has_an_issue_of_its_own(home: HomeAssistant, emulator: Emulator) -> None:
    """It goes with the voice, or when the voice is changed; the other one stays."""
    entry = await set_up(home, account("sarvam", emulator, voices=("Anna", "Ben", "Cleo"), saved=ANUSHKA))

    def said_of() -> list[str]:
        issues = ir.async_get(home).issues.values()
        return sorted(issue.translation_placeholders["name"] for issue in issues if issue.translation_placeholders)

    assert said_of() == ["Anna", "Ben", "Cleo"]
    voices = {voice.title: voice for voice in entry.subentries.values()}
    home.config_entries.async_remove_subentry(entry, voices["Anna"].subentry_id)
    await home.async_block_till_done(wait_background_tasks=True)
    assert said_of() == ["Ben", "Cleo"]
    home.config_entries.async_update_subentry(entry, voices["Ben"], data=VOICES["sarvam"] | FINISH)
    await home.async_block_till_done(wait_background_tasks=True)
    assert said_of() == ["Cleo"]
    await home.config_entries.async_remove(entry.entry_id)
    assert said_of() == []


async def test_a_voice_that_is_changed_or_whose_account_is_unloaded_while_its_repair_is_open(
    home: HomeAssistant, emulator: Emulator
) -> None:
    """What the user has chosen meanwhile is not overwritten, and an account that is not loaded is the cause."""
    entry = await retired(home, emulator)
    form = await begin_update(home, entry)
    await home.config_entries.async_unload(entry.entry_id)
    result = await answer(home, form, {"voice": "ritu"})
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "entry_not_loaded")
    await home.config_entries.async_setup(entry.entry_id)
    await home.async_block_till_done(wait_background_tasks=True)
    form = await begin_update(home, entry)
    (voice,) = entry.subentries.values()
    home.config_entries.async_update_subentry(entry, voice, data=VOICES["sarvam"] | FINISH)
    await home.async_block_till_done(wait_background_tasks=True)
    result = await answer(home, form, {"voice": "ritu"})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert voice_of(entry) == "shubh"


async def test_a_service_that_outgrew_the_integration_is_said(home: HomeAssistant, emulator: Emulator) -> None:
    """There is nothing to select: an update fixes it."""
    entry = await set_up(home, account("asyncflow", emulator))
    emulator.asyncflow.add_fault(FaultKind.STATUS, "/text_to_speech", status=404, code="VERSION_NOT_FOUND", times=-1)
    with pytest.raises(HomeAssistantError) as refused:
        await speak(home, "Hello?")
    assert refused.value.translation_key == "provider_outdated"
    issue = ir.async_get(home).async_get_issue(DOMAIN, f"outdated_{entry.entry_id}")
    assert issue is not None
    assert not issue.is_fixable


async def test_an_account_that_does_not_run_must_be_mended_first(home: HomeAssistant, emulator: Emulator) -> None:
    """There are no voices to choose from."""
    entry = await own_voice(home, emulator)
    emulator.asyncflow.voices.delete(voice_of(entry))
    await refresh(home, entry)
    issue = issue_of(home, entry)
    assert issue is not None
    await home.config_entries.async_unload(entry.entry_id)
    result = await begin(home, issue)
    assert result["reason"] == "entry_not_loaded"
    await home.config_entries.async_setup(entry.entry_id)
    await home.async_block_till_done(wait_background_tasks=True)
    form = await begin(home, issue)
    assert form["step_id"] == "voice"


async def test_an_issue_about_a_voice_goes_with_the_voice(home: HomeAssistant, emulator: Emulator) -> None:
    """Also where the account does not run."""
    entry = await own_voice(home, emulator)
    emulator.asyncflow.voices.delete(voice_of(entry))
    await refresh(home, entry)
    assert issue_of(home, entry) is not None
    (subentry_id,) = entry.subentries
    await home.config_entries.async_unload(entry.entry_id)
    home.config_entries.async_remove_subentry(entry, subentry_id)
    await home.async_block_till_done()
    assert not ir.async_get(home).issues


async def test_a_voice_that_is_removed_while_another_is_chosen_for_it_needs_none(
    home: HomeAssistant, emulator: Emulator
) -> None:
    """A form that was open in another tab has nothing left to fix."""
    entry = await own_voice(home, emulator)
    emulator.asyncflow.voices.delete(voice_of(entry))
    await refresh(home, entry)
    issue = issue_of(home, entry)
    assert issue is not None
    form = await begin(home, issue)
    (subentry_id,) = entry.subentries
    home.config_entries.async_remove_subentry(entry, subentry_id)
    await home.async_block_till_done(wait_background_tasks=True)
    result = await answer(home, form, {"voice": DEFAULT_VOICE_ID})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert not entry.subentries


async def test_speech_starts_the_question_for_a_new_key(home: HomeAssistant, emulator: Emulator) -> None:
    """The user need not look into the log to learn that the key is refused."""
    await set_up(home, account("asyncflow", emulator))
    emulator.asyncflow.configure(keys=["another-key"])
    with pytest.raises(HomeAssistantError) as refused:
        await speak(home, "Let me in.")
    assert refused.value.translation_key == "provider_auth"
    (flow,) = home.config_entries.flow.async_progress()
    assert flow["context"]["source"] == SOURCE_REAUTH
