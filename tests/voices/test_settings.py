"""Options of a call and saved settings: each setting has an effect, and invalid ones have a clear error."""

from typing import Any

from aiohttp import ClientSession
import pytest

from custom_components.streaming_tts.const import DOMAIN
from custom_components.streaming_tts.providers import PROVIDERS
from custom_components.streaming_tts.providers.capabilities import Cloning
from custom_components.streaming_tts.providers.provider import Provider
from custom_components.streaming_tts.providers.types import Credentials, Voice, VoiceInfo
from custom_components.streaming_tts.voices.settings import (
    PostProcessing,
    default_options,
    read_settings,
    resolve_finish,
    resolve_voice,
    supported_options,
    translate,
    voice_title,
)
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.translation import async_get_translations
from tests.accounts import FINISH, VOICES, VOLUMES
from tests.tables import each_row


@pytest.fixture
async def providers() -> dict[str, Provider]:
    """Return a provider of each kind; none of them is asked anything here."""
    session = ClientSession()
    await session.close()
    return {key: provider(session, Credentials(key="key")) for key, provider in PROVIDERS.items()}


def resolve(providers: dict[str, Provider], provider: str, *, language: str | None = None, **options: Any) -> Voice:
    """Return the voice for a call on a saved voice, its options merged as Home Assistant does it."""
    saved = VOICES[provider] | FINISH
    defaults = default_options(providers[provider], saved)
    return resolve_voice(providers[provider], saved, language=language, options=defaults | options)


async def test_unknown_styles_are_shown_with_a_capital_letter(home: HomeAssistant) -> None:
    """Otherwise as the service spells them; known ones are translated."""
    await async_get_translations(home, "en", "selector", {DOMAIN})
    voice = VoiceInfo(voice_id="anna", name="Anna", accent="elvish", styles=("velvety, slow", "ads formal"))
    assert voice_title(voice, [], translate(home)) == "Anna · Elvish · Velvety, slow, Formal ads"


def test_without_more_the_saved_voice_speaks(providers: dict[str, Provider]) -> None:
    """All that was saved is in it."""
    assert resolve(providers, "sarvam") == Voice.of(
        voice_id="shubh", model="bulbul:v3", language="hi-IN", settings=VOICES["sarvam"]["settings"] | VOLUMES["sarvam"]
    )


@pytest.mark.parametrize("provider", list(PROVIDERS))
def test_all_that_changes_the_sound_is_in_the_default_options(providers: dict[str, Provider], provider: str) -> None:
    """They are the key of Home Assistant's cache, and each may be given by a call."""
    wanted = VOICES[provider]
    defaults = default_options(providers[provider], wanted | FINISH)
    settings = {**wanted["settings"], **VOLUMES[provider]}
    assert defaults == {"voice": wanted["voice"], "model": wanted["model"], **settings, **FINISH}
    assert defaults.keys() <= set(supported_options(PROVIDERS[provider].models))


@pytest.mark.parametrize(
    ("provider", "options", "changed"),
    [
        ("sarvam", {"voice": "priya"}, {"voice_id": "priya"}),
        (
            "sarvam",
            {"pace": "1.5"},
            {"settings": (("loudness", 1.0), ("pace", 1.5), ("pitch", 0.0), ("temperature", 0.6))},
        ),
        ("asyncflow", {"stability": "70"}, {"settings": (("speed", 1.0), ("stability", 70))}),
        ("asyncflow", {"model": "async_pro_v1.0"}, {"model": "async_pro_v1.0", "settings": ()}),
        (
            "flow_tts",
            {"model": "flow_01_ex", "emotion": "happy"},
            {
                "model": "flow_01_ex",
                "settings": (("emotion", "happy"), ("pitch", 0), ("speed", 1.0), ("volume", 1.0)),
            },
        ),
        (
            "sarvam",
            {"model": "bulbul:v4-flash", "loudness": 1.5},
            {"model": "bulbul:v4-flash", "settings": (("loudness", 1.5), ("pace", 1.0), ("pitch", 0.0))},
        ),
    ],
)
def test_a_call_changes_what_it_names(
    providers: dict[str, Provider], provider: str, options: dict[str, Any], changed: dict[str, Any]
) -> None:
    """Saved settings that another model does not have are let go; text from templates counts as number."""
    voice = resolve(providers, provider, **options)
    assert {key: getattr(voice, key) for key in changed} == changed


@pytest.mark.parametrize(
    ("provider", "options", "key"),
    [
        ("sarvam", {"pace": 5}, "setting_out_of_range"),
        ("sarvam", {"pace": "fast"}, "setting_out_of_range"),
        ("sarvam", {"pace": float("nan")}, "setting_out_of_range"),
        ("sarvam", {"pace": False}, "setting_out_of_range"),
        ("asyncflow", {"stability": 0.5}, "whole_setting_out_of_range"),
        ("flow_tts", {"pitch": 40}, "whole_setting_out_of_range"),
        ("flow_tts", {"model": "flow_01_ex", "emotion": "bored"}, "setting_not_a_choice"),
        ("sarvam", {"model": "bulbul:v4-flash", "temperature": 0.5}, "setting_not_of_model"),
        ("sarvam", {"model": "bulbul:v2"}, "model_unknown"),
        ("asyncflow", {"model": "async_pro_v1.0", "speed": 1.5}, "setting_not_of_model"),
        ("sarvam", {"model": "bulbul:v9"}, "model_unknown"),
        ("asyncflow", {"language": "sv"}, "language_not_spoken"),
    ],
)
def test_what_cannot_be_is_refused(
    providers: dict[str, Provider], provider: str, options: dict[str, Any], key: str
) -> None:
    """The error names the setting and what it may be."""
    with pytest.raises(ServiceValidationError) as refused:
        resolve(providers, provider, **options)
    assert refused.value.translation_key == key


def test_a_saved_setting_beyond_another_models_bounds_falls_back_to_its_default(
    providers: dict[str, Provider],
) -> None:
    """A saved pace of 3 is valid for v2; a call with v3 ignores it."""
    saved = {"voice": "anushka", "model": "bulbul:v2", "language": "hi-IN", "settings": {"pace": 3.0}, **FINISH}
    defaults = default_options(providers["sarvam"], saved)
    options = defaults | {"voice": "shubh", "model": "bulbul:v3"}
    voice = resolve_voice(providers["sarvam"], saved, language=None, options=options)
    assert voice.options == VOICES["sarvam"]["settings"] | VOLUMES["sarvam"]


@pytest.mark.parametrize(
    ("provider", "retired", "settings"),
    [
        ("sarvam", "bulbul:v2", VOICES["sarvam"]["settings"] | VOLUMES["sarvam"]),
        ("asyncflow", "asyncflow_v2.0", {}),
        ("asyncflow", "asyncflow_multilingual_v1.0", VOICES["asyncflow"]["settings"]),
    ],
)
def test_a_voice_that_was_saved_with_a_retired_model_asks_for_that_one(
    providers: dict[str, Provider], provider: str, retired: str, settings: dict[str, Any]
) -> None:
    """The service says that it is gone; nothing else speaks in its place. The settings are its replacement's."""
    saved = VOICES[provider] | FINISH | {"model": retired}
    defaults = default_options(providers[provider], saved)
    voice = resolve_voice(providers[provider], saved, language=None, options=defaults)
    assert (voice.model, voice.options) == (retired, settings)


@pytest.mark.parametrize(
    ("provider", "language", "expected"),
    [("sarvam", "ta", "ta-IN"), ("flow_tts", "zh-HK", "zh-HK"), ("asyncflow", "de-AT", "de")],
)
def test_the_language_of_a_call_is_put_into_the_models_own_tag(
    providers: dict[str, Provider], provider: str, language: str, expected: str
) -> None:
    """Home Assistant asks in whatever tag its pipeline has."""
    assert resolve(providers, provider, language=language).language == expected


@pytest.mark.parametrize(("provider", "expected"), [("asyncflow", None), ("flow_tts", "zh")])
def test_without_any_language_it_is_detected_where_that_is_possible(
    providers: dict[str, Provider], provider: str, expected: str | None
) -> None:
    """Flow TTS always gets a language."""
    saved = {key: value for key, value in VOICES[provider].items() if key != "language"} | FINISH
    assert resolve_voice(providers[provider], saved, language=None, options={}).language == expected


def test_what_is_done_here_may_be_changed_by_a_call_too() -> None:
    """Within bounds."""
    assert resolve_finish(FINISH, {"gain": "-6", "lead_in": 0.3, "lead_out": 1}) == PostProcessing(
        clean=True, lead_in=0.3, lead_out=1.0, gain=-6.0, first_clause=True
    )
    with pytest.raises(ServiceValidationError):
        resolve_finish(FINISH, {"lead_in": 60})


@each_row(
    ("provider", "key", "maximum"),
    [
        ("asyncflow", "description", 500),
        ("asyncflow", "accent", 100),
        ("asyncflow", "style", 100),
        ("asyncflow", "transcript", 1000),
        ("tencent", "transcript", 2000),
        ("flow_tts", "description", 200),
    ],
)
def test_what_is_said_of_a_recording_has_a_maximum_length(provider: str, key: str, maximum: int) -> None:
    """It is told with the maximum, before the recording is sent."""
    service = PROVIDERS[provider]
    assert issubclass(service, Cloning)
    settings = [setting for setting in service.clone_settings if setting.key == key]
    assert read_settings(settings, {key: "a" * maximum}) == {key: "a" * maximum}
    with pytest.raises(ServiceValidationError) as raised:
        read_settings(settings, {key: "a" * (maximum + 1)})
    assert raised.value.translation_key == "setting_too_long"
