"""The voice flow: a voice is found in the live catalogue, given settings, changed, and kept when it has vanished."""

import re
from typing import Any
from unittest.mock import patch
from urllib.parse import unquote

import pytest

from custom_components.streaming_tts.flows import voice
from custom_components.streaming_tts.providers.capabilities import Timestamps
from homeassistant.components import media_source
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from homeassistant.helpers import entity_registry as er
from tests.accounts import FINISH, VOICES, account, set_up, state_of, suggested
from tests.emulator.emulator import Emulator
from tests.flows.voice_form import Form, add_voice, answer, begin, change, choices

SOUND = {"sound": FINISH}


def is_open(form: Form) -> bool:
    """Return True if the section for language, voice, and model is open."""
    return not form["data_schema"].schema["selection"].options["collapsed"]


def selected(**selection: str) -> dict[str, Any]:
    """Return the answers that select another voice of Sarvam in its form, and leave the settings."""
    chosen = {"voice": "shubh", "language": "hi-IN", "model": "bulbul:v3", **selection}
    return {"name": "Anna", "pace": 1.0, "temperature": 0.6, "selection": chosen, **SOUND}


@pytest.mark.parametrize(
    ("provider", "language"), [("asyncflow", "en"), ("sarvam", "hi-IN"), ("tencent", "en"), ("flow_tts", "zh")]
)
async def test_a_voice_is_added_and_speaks_under_its_own_name(
    home: HomeAssistant, emulator: Emulator, provider: str, language: str
) -> None:
    """Language, voice, and model in one form, then the settings: then there is an entity."""
    entry = await set_up(home, account(provider, emulator, voices=()))
    wanted = VOICES[provider] | {"language": language}
    form = await begin(home, entry)
    assert (form["step_id"], form["last_step"]) == ("pick", False)
    form = await answer(home, form, {key: wanted[key] for key in ("language", "voice", "model")})
    assert (form["step_id"], form["last_step"]) == ("settings", True)
    result = await answer(home, form, {"name": "Kitchen", **wanted["settings"], **SOUND})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    (voice,) = entry.subentries.values()
    assert voice.title == "Kitchen"
    assert dict(voice.data) == wanted | FINISH
    await home.async_block_till_done(wait_background_tasks=True)
    assert state_of(home, "tts.kitchen").name == "Kitchen"


async def test_an_account_that_stops_in_the_middle_ends_the_form_in_words(
    home: HomeAssistant, emulator: Emulator
) -> None:
    """It was switched off in another tab, or its key was refused when it was begun anew."""
    entry = await set_up(home, account("sarvam", emulator, voices=()))
    form = await begin(home, entry)
    await home.config_entries.async_unload(entry.entry_id)
    result = await answer(home, form, {"language": "hi-IN", "voice": "shubh", "model": "bulbul:v3"})
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "entry_not_loaded")


async def test_a_provider_that_cannot_clone_goes_straight_on(
    home: HomeAssistant, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is nothing to choose between."""
    monkeypatch.setattr(voice, "Cloning", Timestamps)
    entry = await set_up(home, account("sarvam", emulator, voices=()))
    assert (await add_voice(home, entry))["step_id"] == "pick"


async def test_the_language_of_the_home_is_suggested(home: HomeAssistant, emulator: Emulator) -> None:
    """It is the provider's tag for it that is offered."""
    home.config.language = "hi"
    entry = await set_up(home, account("sarvam", emulator, voices=()))
    assert suggested(await begin(home, entry))["language"] == "hi-IN"


async def test_the_first_language_is_suggested_where_that_of_the_home_is_not_spoken(
    home: HomeAssistant, emulator: Emulator
) -> None:
    """The browser would show it anyway, and not send it."""
    home.config.language = "fi"
    entry = await set_up(home, account("sarvam", emulator, voices=()))
    form = await begin(home, entry)
    assert suggested(form)["language"] == form["data_schema"].schema["language"].config["languages"][0]


async def test_a_language_that_has_voices_is_suggested(home: HomeAssistant, emulator: Emulator) -> None:
    """A model of the service speaks that of the home, but no voice of the list does."""
    home.config.language = "hi"
    entry = await set_up(home, account("flow_tts", emulator, voices=()))
    form = await begin(home, entry)
    assert "hi" in form["data_schema"].schema["language"].config["languages"]
    assert suggested(form)["language"] == "zh"
    assert suggested(form)["voice"] in choices(form, "voice")


async def test_a_language_without_voices_keeps_the_voice_or_is_left(home: HomeAssistant, emulator: Emulator) -> None:
    """The voice is shown by its id, which the form takes for that language when it is sent again, or for another."""
    entry = await set_up(home, account("flow_tts", emulator, voices=()))
    form = await begin(home, entry)
    voice_id = VOICES["flow_tts"]["voice"]
    without = await answer(home, form, {"language": "hi", "voice": voice_id, "model": "flow_01_ex"})
    assert without["errors"] == {"voice": "language_without_voices"}
    assert choices(without, "voice") == []
    assert suggested(without)["voice"] == voice_id
    assert (await answer(home, without, suggested(without)))["step_id"] == "settings"

    form = await begin(home, entry)
    without = await answer(home, form, {"language": "hi", "voice": voice_id, "model": "flow_01_ex"})
    assert (await answer(home, without, suggested(without) | {"language": "zh"}))["step_id"] == "settings"


async def test_voices_are_told_apart_and_ones_own_come_first(home: HomeAssistant, emulator: Emulator) -> None:
    """Only voices of the language are offered, with gender, accent and style in their names."""
    home.config.language = "hi"
    entry = await set_up(home, account("asyncflow", emulator, voices=()))
    form = await begin(home, entry)
    labels = choices(form, "voice")
    assert labels[0] == "★ Study voice · पुरुष · भारतीय · शांत"
    assert "Anjali · महिला · भारतीय · औपचारिक, आत्मीय" in labels
    assert not any(label.startswith("Sakura") for label in labels)
    assert suggested(form) == {"language": "hi", "voice": labels[0], "model": "async_flash_v1.0"}


async def test_what_a_service_says_of_a_voice_is_in_words(home: HomeAssistant, emulator: Emulator) -> None:
    """Of the home's language, as far as they are known."""
    entry = await set_up(home, account("sarvam", emulator, voices=()))
    labels = choices(await begin(home, entry), "voice")
    assert any(" · Education" in label for label in labels)
    assert not any("edtech" in label for label in labels)


@pytest.mark.parametrize(("language", "name"), [("en", "tencent Wenrou"), ("zh-Hans", "tencent 温柔姐姐")])
async def test_a_transcribed_name_is_shortened(
    home: HomeAssistant, emulator: Emulator, language: str, name: str
) -> None:
    """The library calls the voice 温柔姐姐 (Wenrou – Gentle Female)."""
    home.config.language = language
    entry = await set_up(home, account("tencent", emulator, voices=()))
    wanted = {"language": "zh", "voice": "v-female-R2s4N9qJ", "model": "flow_02_turbo"}
    form = await answer(home, await begin(home, entry), wanted)
    assert suggested(form)["name"] == name


@pytest.mark.parametrize(("provider", "language", "ends"), [("asyncflow", "de", "/de"), ("flow_tts", "zh", "")])
async def test_samples_are_linked_where_the_service_has_some(
    home: HomeAssistant, emulator: Emulator, provider: str, language: str, ends: str
) -> None:
    """Those of the language, on their page of the media browser, in a window of its own."""
    home.config.language = language
    entry = await set_up(home, account(provider, emulator, voices=()))
    link = (await begin(home, entry))["description_placeholders"]["samples"]
    (page,) = re.findall(r'^<a href="/media-browser/browser/([^"]+)" target="_blank">Hörproben anhören</a>$', link) or [
        ""
    ]
    media_id = unquote(page.rpartition("/")[2])
    assert media_id.endswith(ends)
    assert bool(page) is (provider == "asyncflow")
    assert not page or (await media_source.async_browse_media(home, media_id.removeprefix(","))).children


async def test_another_language_lists_its_voices(home: HomeAssistant, emulator: Emulator) -> None:
    """What was suggested for the first one does not speak it; what is suggested then does, and is taken."""
    entry = await set_up(home, account("asyncflow", emulator, voices=()))
    form = await begin(home, entry)
    assert suggested(form)["language"] == "en"
    form = await answer(home, form, suggested(form) | {"language": "ja", "voice": VOICES["asyncflow"]["voice"]})
    assert form["errors"] == {"voice": "voice_without_language", "model": "model_without_language"}
    assert (suggested(form)["language"], suggested(form)["model"]) == ("ja", "async_flash_v1.0")
    assert suggested(form)["voice"].startswith("Sakura")
    form = await answer(home, form, suggested(form))
    assert form["step_id"] == "settings"


async def test_a_voice_can_be_kept_for_a_language_that_its_service_does_not_list(
    home: HomeAssistant, emulator: Emulator
) -> None:
    """Users can submit it again."""
    entry = await set_up(home, account("asyncflow", emulator, voices=()))
    wish = {"language": "ja", "voice": VOICES["asyncflow"]["voice"], "model": "async_flash_v1.0"}
    form = await answer(home, await begin(home, entry), wish)
    assert form["errors"] == {"voice": "voice_without_language"}
    assert (await answer(home, form, wish))["step_id"] == "settings"


@pytest.mark.parametrize(("language", "model"), [("de", "async_flash_v1.5"), ("hi", "async_flash_v1.0")])
async def test_the_newest_model_that_speaks_the_language_goes_first(
    home: HomeAssistant, emulator: Emulator, language: str, model: str
) -> None:
    """And is suggested; a retired one is not offered."""
    home.config.language = language
    entry = await set_up(home, account("asyncflow", emulator, voices=()))
    form = await begin(home, entry)
    models = [option["value"] for option in choices(form, "model")]
    assert models[0] == model
    assert not set(models) & entry.runtime_data.provider.retired_models.keys()


async def test_several_languages_are_detected(home: HomeAssistant, emulator: Emulator) -> None:
    """No language is saved, and the form for changes shows that, with all voices."""
    entry = await set_up(home, account("asyncflow", emulator, voices=()))
    wanted = VOICES["asyncflow"]
    form = await begin(home, entry)
    form = await answer(home, form, {"language": "mul", "voice": wanted["voice"], "model": wanted["model"]})
    result = await answer(home, form, {"name": "Anna", **wanted["settings"], **SOUND})
    assert "language" not in result["data"]
    await home.async_block_till_done(wait_background_tasks=True)
    form = await change(home, entry)
    assert suggested(form)["selection"]["language"] == "mul"
    offered = len(choices(form, "voice"))
    assert form["description_placeholders"]["voices"] == str(offered)
    assert offered == len(entry.runtime_data.catalogue.data)


async def test_a_language_must_be_chosen_where_none_is_detected(home: HomeAssistant, emulator: Emulator) -> None:
    """Sarvam has no such thing, so the form asks."""
    entry = await set_up(home, account("sarvam", emulator, voices=()))
    form = await begin(home, entry)
    wish = {"voice": "shubh", "model": "bulbul:v3"}
    with pytest.raises(InvalidData):
        await answer(home, form, {"language": "mul", **wish})
    form = await answer(home, form, {"language": "ta-IN", **wish})
    assert form["step_id"] == "settings"


async def test_a_model_that_does_not_have_the_voice_is_refused(home: HomeAssistant, emulator: Emulator) -> None:
    """The form says which models have it, and takes one of them."""
    entry = await set_up(home, account("sarvam", emulator, voices=()))
    wish = {"language": "hi-IN", "voice": "ritu_hi_kids"}
    result = await answer(home, await begin(home, entry), {**wish, "model": "bulbul:v3"})
    assert result["errors"] == {"model": "model_without_voice"}
    assert result["description_placeholders"]["models"] == "Bulbul v4 Flash"
    assert suggested(result).items() >= {"language": "hi-IN", "model": "bulbul:v3"}.items()
    form = await answer(home, result, {**wish, "model": "bulbul:v4-flash"})
    settings = {"pace": 1.0, "pitch": 0.25}
    result = await answer(home, form, {"name": "", **settings, **SOUND})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "sarvam Ritu"
    assert result["data"]["settings"] == settings


async def test_only_the_settings_that_a_model_has_are_asked_within_their_bounds(
    home: HomeAssistant, emulator: Emulator
) -> None:
    """Flow's emotion is one model's alone, and may be left to the service; a pitch is a whole number."""
    entry = await set_up(home, account("flow_tts", emulator, voices=()))
    wish = {"language": "zh", "voice": VOICES["flow_tts"]["voice"], "model": "flow_01_ex"}
    form = await answer(home, await begin(home, entry), wish)
    assert "emotion" in form["data_schema"].schema
    assert "volume" not in form["data_schema"].schema  # that is the volume adjustment
    with pytest.raises(InvalidData):
        await answer(home, form, {"name": "Anna", "speed": 1.0, "pitch": 13, **SOUND})
    result = await answer(home, form, {"name": "Anna", "speed": 1.0, "pitch": 2.0, **SOUND})
    settings = result["data"]["settings"]
    assert settings == {"speed": 1.0, "pitch": 2}
    assert isinstance(settings["pitch"], int)


async def test_a_voice_is_changed_in_one_form(home: HomeAssistant, emulator: Emulator) -> None:
    """It shows what is saved, the settings first; a name that was given stays, and the entity keeps its id."""
    entry = await set_up(home, account("sarvam", emulator))
    form = await change(home, entry)
    assert (form["step_id"], form["last_step"]) == ("reconfigure", True)
    selection = {"language": "hi-IN", "voice": "Shubh · male · Bulbul v3", "model": "bulbul:v3"}
    settings = VOICES["sarvam"]["settings"]
    assert suggested(form) == {"name": "Anna", **settings, "fallback": None, "selection": selection, **SOUND}
    assert not is_open(form)
    (priya,) = (choice for choice in choices(form, "voice") if choice.startswith("Priya · female · Bulbul v3"))
    sound = {"sound": {"clean": False, "lead_in": 0.5, "lead_out": 0.3, "gain": -3.0, "first_clause": False}}
    answers = selected(language="ta-IN", voice=priya) | {"pace": 1.5} | sound
    result = await answer(home, form, answers)
    assert result["reason"] == "reconfigure_successful"
    (voice,) = entry.subentries.values()
    assert dict(voice.data) == {
        "voice": "priya",
        "model": "bulbul:v3",
        "language": "ta-IN",
        "settings": {"pace": 1.5, "temperature": 0.6, "pitch": 0.0},
        "clean": False,
        "lead_in": 0.5,
        "lead_out": 0.3,
        "gain": -3.0,
        "first_clause": False,
    }
    await home.async_block_till_done(wait_background_tasks=True)
    assert state_of(home, "tts.anna").name == "Anna"


@pytest.mark.parametrize("name", ["Shubh", "sarvam Shubh"])
async def test_a_name_that_was_the_voices_own_goes_with_it(home: HomeAssistant, emulator: Emulator, name: str) -> None:
    """A voice called Shubh, in release 0.1 or now, is renamed together with its voice."""
    entry = await set_up(home, account("sarvam", emulator, voices=(name,)))
    await answer(home, await change(home, entry, name), selected(voice="priya") | {"name": name})
    (voice,) = entry.subentries.values()
    assert voice.title == "sarvam Priya"


async def test_the_settings_of_another_model_follow(home: HomeAssistant, emulator: Emulator) -> None:
    """What both have is taken over, what was changed in the form included."""
    entry = await set_up(home, account("sarvam", emulator))
    answers = selected(voice="ritu_hi_kids", model="bulbul:v4-flash") | {"pace": 1.5}
    form = await answer(home, await change(home, entry), answers)
    assert form["step_id"] == "settings"
    assert suggested(form).items() >= {"name": "Anna", "pace": 1.5}.items()
    assert "temperature" not in form["data_schema"].schema
    result = await answer(home, form, {"name": "Anna", "pace": 1.5, **SOUND})
    assert result["reason"] == "reconfigure_successful"
    (voice,) = entry.subentries.values()
    assert (voice.data["voice"], voice.data["model"]) == ("ritu_hi_kids", "bulbul:v4-flash")


async def test_an_error_opens_the_section_that_has_the_field(home: HomeAssistant, emulator: Emulator) -> None:
    """It is shown above it, as fields within a section show none; the settings that were changed stay."""
    entry = await set_up(home, account("sarvam", emulator))
    form = await answer(home, await change(home, entry), selected(voice="anushka") | {"pace": 1.5})
    assert (form["step_id"], form["errors"]) == ("reconfigure", {"selection": "voice_retired"})
    assert is_open(form)
    assert suggested(form)["pace"] == 1.5


async def test_settings_beyond_the_bounds_of_another_model_are_not_suggested(
    home: HomeAssistant, emulator: Emulator
) -> None:
    """A pace of 3 was v2's, so that v3 begins with its own; what v3 does not have is let go."""
    settings = {"pace": 3.0, "pitch": 0.75, "enable_preprocessing": False}
    saved = {**VOICES["sarvam"], "voice": "anushka", "model": "bulbul:v2", "settings": settings}
    entry = await set_up(home, account("sarvam", emulator, saved=saved))
    form = await change(home, entry)
    shown = suggested(form)
    assert shown.pop("selection")["model"] == "bulbul:v3"
    assert shown == {"name": "Anna", "fallback": None, "pace": 1.0, "pitch": 0.0, "temperature": 0.6, **SOUND}
    assert is_open(form)


@pytest.mark.parametrize(
    ("provider", "saved", "language", "wanted"),
    [
        (
            "sarvam",
            {"voice": "manisha", "model": "bulbul:v2", "language": "hi-IN"},
            "hi-IN",
            {"voice": "Priya · female · Bulbul v3", "model": "bulbul:v3"},
        ),
        (
            "sarvam",
            {"voice": "karun", "model": "bulbul:v2", "language": "hi-IN"},
            "hi-IN",
            {"voice": "Shubh · male · Bulbul v3", "model": "bulbul:v3"},
        ),
        (
            "sarvam",
            {"voice": "shubh", "model": "bulbul:v3-beta", "language": "hi-IN"},
            "hi-IN",
            {"voice": "Shubh · male · Bulbul v3", "model": "bulbul:v3"},
        ),
        ("asyncflow", {"model": "asyncflow_v2.0"}, "en", {"model": "async_flash_v1.5"}),
        ("asyncflow", {"model": "asyncflow_v2.0", "language": "ja"}, "ja", {"model": "async_flash_v1.0"}),
        ("asyncflow", {"model": "asyncflow_multilingual_v1.0", "language": "de"}, "de", {"model": "async_flash_v1.0"}),
    ],
)
async def test_a_voice_with_a_retired_model_is_changed_to_what_is_nearest(
    home: HomeAssistant,
    emulator: Emulator,
    *,
    provider: str,
    saved: dict[str, Any],
    language: str,
    wanted: dict[str, str],
) -> None:
    """The form suggests a model that speaks the language, and a voice that this has; the retired one is not offered."""
    entry = await set_up(home, account(provider, emulator, saved=saved | {"settings": {}}))
    form = await change(home, entry)
    selection = suggested(form)["selection"]
    assert selection.items() >= {"language": language, **wanted}.items()
    assert saved["model"] not in {option["value"] for option in choices(form, "model")}
    assert is_open(form)
    result = await answer(home, form, {"name": "Anna", "selection": selection, **SOUND})
    assert result["reason"] == "reconfigure_successful"
    (voice,) = entry.subentries.values()
    assert voice.data["model"] == wanted["model"]


async def test_a_retired_voice_is_neither_offered_nor_taken(home: HomeAssistant, emulator: Emulator) -> None:
    """Also where it is the saved one, however often it is sent."""
    saved = {"voice": "anushka", "model": "bulbul:v2", "settings": {}}
    entry = await set_up(home, account("sarvam", emulator, saved=saved))
    form = await change(home, entry)
    assert not any(choice.startswith(("Anushka", "Amelia ·")) for choice in choices(form, "voice"))
    for _ in range(2):
        form = await answer(home, form, selected(voice="anushka"))
        assert (form["step_id"], form["errors"]) == ("reconfigure", {"selection": "voice_retired"})


async def test_a_voice_that_vanished_stays_selectable_by_its_id(home: HomeAssistant, emulator: Emulator) -> None:
    """If a user insists on it or has saved it; without a name, its ID is its name."""
    entry = await set_up(home, account("asyncflow", emulator))
    wish = {"language": "en", "voice": "a-voice-of-old", "model": "async_pro_v1.0"}
    form = await answer(home, await begin(home, entry), wish)
    assert (form["step_id"], form["errors"]) == ("pick", {"voice": "voice_unknown"})
    form = await answer(home, form, wish)
    assert suggested(form)["name"] == "asyncflow a-voice-of-old"
    result = await answer(home, form, {"name": "Old", **SOUND})
    assert result["data"]["voice"] == "a-voice-of-old"
    await home.async_block_till_done(wait_background_tasks=True)
    form = await change(home, entry, "Old")
    assert suggested(form)["selection"]["voice"] == "a-voice-of-old"
    selection = {"language": "de", "voice": "a-voice-of-old", "model": "async_flash_v1.0"}
    form = await answer(home, form, {"name": "Old", "selection": selection, **SOUND})
    assert form["step_id"] == "settings"


async def test_a_voice_that_was_made_a_minute_ago_is_found(home: HomeAssistant, emulator: Emulator) -> None:
    """The catalogue is fetched anew for an id that it does not have."""
    with patch.object(emulator.asyncflow.voices, "page", return_value=([], None)):
        entry = await set_up(home, account("asyncflow", emulator, voices=()))
    wish = {"language": "en", "voice": VOICES["asyncflow"]["voice"], "model": "async_flash_v1.0"}
    form = await answer(home, await begin(home, entry), wish)
    assert form["step_id"] == "settings"
    assert suggested(form)["name"] != VOICES["asyncflow"]["voice"]


async def test_a_fallback_is_kept_by_its_id_and_may_not_come_back_to_the_voice(
    home: HomeAssistant, emulator: Emulator, entity_registry: er.EntityRegistry
) -> None:
    """A circle is refused, another choice is taken, and a renamed entity is still the same."""
    entry = await set_up(home, account("sarvam", emulator, voices=("Anna", "Ben", "Cleo")))
    for name, fallback in (("Anna", "tts.ben"), ("Ben", "tts.cleo")):
        answers = selected() | {"name": name, "fallback": fallback}
        result = await answer(home, await change(home, entry, name), answers)
        assert result["reason"] == "reconfigure_successful"
        await home.async_block_till_done(wait_background_tasks=True)
    form = await change(home, entry, "Cleo")
    answers = selected() | {"name": "Cleo"}
    for circular in ("tts.cleo", "tts.anna"):
        form = await answer(home, form, answers | {"fallback": circular})
        assert form["errors"] == {"fallback": "fallback_circular"}
        assert suggested(form)["fallback"] == circular
    result = await answer(home, form, answers | {"fallback": "tts.somebody_else"})
    assert result["reason"] == "reconfigure_successful"
    await home.async_block_till_done(wait_background_tasks=True)
    entity_registry.async_update_entity("tts.ben", new_entity_id="tts.benjamin")
    form = await change(home, entry, "Anna")
    assert suggested(form)["fallback"] == "tts.benjamin"


async def test_an_account_that_does_not_run_has_no_voices_to_offer(home: HomeAssistant, emulator: Emulator) -> None:
    """The flow says so, and works when the account does."""
    emulator.asyncflow.configure(keys=["another-key"])
    entry = await set_up(home, account("asyncflow", emulator))
    assert entry.state is ConfigEntryState.SETUP_ERROR
    result = await add_voice(home, entry)
    assert result["reason"] == "entry_not_loaded"
    emulator.asyncflow.reset()
    await home.config_entries.async_reload(entry.entry_id)
    form = await begin(home, entry)
    assert form["type"] is FlowResultType.FORM


async def test_a_catalogue_without_voices_takes_one_by_its_id(home: HomeAssistant, emulator: Emulator) -> None:
    """Nothing is suggested, and what is typed in is taken."""
    with patch.object(emulator.asyncflow.voices, "page", return_value=([], None)):
        entry = await set_up(home, account("asyncflow", emulator, voices=()))
    form = await begin(home, entry)
    assert form["description_placeholders"]["voices"] == "0"
    assert "voice" not in suggested(form)
    for _ in range(2):
        wish = {"language": "en", "voice": "known-by-heart", "model": "async_flash_v1.5"}
        form = await answer(home, form, wish)
    assert suggested(form)["name"] == "asyncflow known-by-heart"
