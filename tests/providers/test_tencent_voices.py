"""What Flow TTS offers with a key of Tencent Cloud: sites, models, languages, the library of voices."""

from collections import Counter

import pytest

from custom_components.streaming_tts.providers.tencent.client import (
    EX,
    EX_LANGUAGES,
    SITES,
    TURBO_2,
    TURBO_LANGUAGES,
    SiteKey,
    length,
    voice_fields,
    wire_language,
)
from custom_components.streaming_tts.providers.tencent.voices import DEFAULT_VOICES, UNVOICED, library
from custom_components.streaming_tts.providers.types import Failure, Gender, Model, ProviderError, SettingValue, Voice
from custom_components.streaming_tts.voices.catalogue import models_for, voices_for

CHINA, INTERNATIONAL = (SITES[key] for key in SiteKey)
MODELS = {model.model_id: model for model in CHINA.models}


def test_the_library_has_all_published_voices() -> None:
    """The standard ones for every model, the extended ones for one; of all of these the gender is known."""
    voices = library(CHINA.models)
    assert Counter(voice.models for voice in voices) == {(TURBO_2, EX): 97, (EX,): 327}
    assert len({voice.voice_id for voice in voices}) == len(voices)
    assert {voice.gender for voice in voices if len(voice.models) > 1} == {Gender.FEMALE, Gender.MALE}
    assert all(voice.voice_id.isprintable() and voice.name and voice.languages for voice in voices)
    assert not [voice for voice in voices if voice.own]


def test_the_international_site_has_the_standard_voices() -> None:
    """With the languages of its model."""
    voices = library(INTERNATIONAL.models)
    assert Counter(voice.models for voice in voices) == {("flow_01_turbo",): 97}
    assert {tag for voice in voices for tag in voice.languages} <= set(TURBO_LANGUAGES)


@pytest.mark.parametrize("language", EX_LANGUAGES)
def test_each_language_has_voices_and_a_default_among_them(language: str) -> None:
    """Whatever model speaks it."""
    models = models_for(CHINA.models, language)
    assert DEFAULT_VOICES[language] in {voice.voice_id for voice in voices_for(library(CHINA.models), language, models)}


def test_voices_made_for_english_speak_what_no_voice_was_made_for() -> None:
    """Their model does."""
    assert {"bg", "sv", "ta"} < set(UNVOICED) < set(EX_LANGUAGES) - set(TURBO_LANGUAGES)


def test_emotion_belongs_to_one_model() -> None:
    """Neither site's turbo model has it."""
    having = {model.model_id for site in SITES.values() for model in site.models if "emotion" in keys(model)}
    assert having == {EX}


def keys(model: Model) -> set[str]:
    """Return the settings of a model."""
    return {setting.key for setting in model.settings}


@pytest.mark.parametrize(
    ("text", "expected"),
    [("你好", 4), ("Hello", 5), ("你好，世界！", 10), ("こんにちは", 5), ("안녕", 2), ("a b\n", 4), ("😀", 1), ("", 0)],
)
def test_ideographs_count_twice(text: str, expected: int) -> None:
    """As the service bills and limits."""
    assert length(text) == expected


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        *(("zh", "zh"), ("zh-CN", "zh"), ("zh-TW", "zh-tw"), ("zh-HK", "yue"), ("yue", "yue")),
        *(("en-US", "en"), ("pt_BR", "pt"), ("tl", "tl")),
    ],
)
def test_a_language_is_asked_for_by_the_services_own_name(tag: str, expected: str) -> None:
    """Regions are only distinguished if the service does."""
    assert wire_language(tag) == expected


def voice(model: str, **settings: SettingValue) -> Voice:
    """Return a voice with settings."""
    return Voice.of(voice_id="v", model=model, language=None, settings=settings)


def test_a_voice_is_asked_for_with_the_settings_that_its_model_has() -> None:
    """A pitch is a whole number; an empty emotion isn't sent."""
    saved: dict[str, SettingValue] = {"speed": 1.5, "pitch": -3.0, "emotion": "happy"}
    fields = {"VoiceId": "v", "Speed": 1.5, "Volume": 1.0, "Pitch": -3}
    assert voice_fields(voice(TURBO_2, **saved), MODELS[TURBO_2]) == fields
    assert isinstance(voice_fields(voice(TURBO_2, **saved), MODELS[TURBO_2])["Pitch"], int)
    assert voice_fields(voice(EX, **saved), MODELS[EX]) == {**fields, "Emotion": "happy"}
    assert voice_fields(voice(EX), MODELS[EX]) == {"VoiceId": "v", "Speed": 1.0, "Volume": 1.0, "Pitch": 0}


@pytest.mark.parametrize(
    ("setting", "value"),
    [("speed", 3.0), ("speed", "fast"), ("speed", True), ("volume", 0), ("pitch", 13), ("emotion", "bored")],
)
def test_a_value_that_the_service_would_refuse_is_not_sent(setting: str, value: SettingValue) -> None:
    """The error names the setting."""
    with pytest.raises(ProviderError) as caught:
        voice_fields(voice(EX, **{setting: value}), MODELS[EX])
    assert (caught.value.failure, caught.value.setting) == (Failure.INPUT, setting)
