"""Settings of voices: merge the saved ones with the options of a call into the provider's voice. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
import math
from typing import Any, Final

from homeassistant.const import CONF_LANGUAGE, CONF_MODEL
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.translation import async_get_cached_translations

from ..const import (
    CONF_CLEAN,
    CONF_FIRST_CLAUSE,
    CONF_GAIN,
    CONF_LEAD_IN,
    CONF_LEAD_OUT,
    CONF_SETTINGS,
    CONF_VOICE,
    DOMAIN,
    MAX_GAIN,
    MAX_LEAD_IN,
    MAX_LEAD_OUT,
)
from ..errors import invalid
from ..providers.provider import Provider
from ..providers.types import (
    ChoiceSetting,
    FlagSetting,
    Model,
    NumberSetting,
    Setting,
    SettingValue,
    TextSetting,
    Voice,
    VoiceInfo,
)
from .languages import match_language

FINISH_SETTINGS: Final[tuple[Setting, ...]] = (
    FlagSetting(key=CONF_CLEAN, default=True),
    NumberSetting(key=CONF_LEAD_IN, minimum=0.0, maximum=MAX_LEAD_IN, step=0.1, default=0.0),
    NumberSetting(key=CONF_LEAD_OUT, minimum=0.0, maximum=MAX_LEAD_OUT, step=0.1, default=0.0),
    NumberSetting(key=CONF_GAIN, minimum=-MAX_GAIN, maximum=MAX_GAIN, step=0.5, default=0.0),
    FlagSetting(key=CONF_FIRST_CLAUSE, default=True),
)
"""Settings that are applied here for every provider. Like the provider's own, they change the audio."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PostProcessing:
    """Processing of text and audio: cleaning, silence at both ends in seconds, `gain` in dB.

    The fields have the names of the settings. With `first_clause`, a long sentence is spoken from its first clause on,
    before it is complete.
    """

    clean: bool
    lead_in: float
    lead_out: float
    gain: float
    first_clause: bool


def supported_options(models: tuple[Model, ...]) -> list[str]:
    """Return the options of a call: voice, model, and every setting of any model."""
    settings = {setting.key for model in models for setting in model.settings}
    return [CONF_VOICE, CONF_MODEL, *sorted(settings), *(setting.key for setting in FINISH_SETTINGS)]


def saved_voice(
    voice_id: str,
    model: Model,
    language: str | None,
    *,
    settings: Mapping[str, Any] | None = None,
    finish: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the subentry data of a voice, with defaults for missing settings.

    If `language` is None, the service detects it. Raises `ServiceValidationError` for an invalid setting.
    """
    data: dict[str, Any] = {
        CONF_VOICE: voice_id,
        CONF_MODEL: model.model_id,
        CONF_SETTINGS: read_settings(model.saved_settings, settings or {}),
        **read_settings(FINISH_SETTINGS, finish or {}),
    }
    return data if language is None else {**data, CONF_LANGUAGE: language}


def default_options(provider: Provider, data: Mapping[str, Any]) -> dict[str, SettingValue]:
    """Return the saved options that change the audio."""
    model = provider.model(data[CONF_MODEL])
    return {
        CONF_VOICE: data[CONF_VOICE],
        CONF_MODEL: model.model_id,
        **read_settings(model.settings, {}, data[CONF_SETTINGS]),
        **read_settings(FINISH_SETTINGS, data),
    }


def resolve_voice(
    provider: Provider, data: Mapping[str, Any], *, language: str | None, options: Mapping[str, Any]
) -> Voice:
    """Return the voice for one utterance. Raises `ServiceValidationError` for an invalid option.

    `options` are the saved options overridden by those of the call, as merged by Home Assistant. A saved setting that
    the call's model does not have is ignored; one that the call itself sets is an error. `language` None means the
    saved one.
    """
    saved = default_options(provider, data)
    model_id = str(options.get(CONF_MODEL, saved[CONF_MODEL]))
    # A saved model that is no longer offered is left for the service to refuse
    if model_id != saved[CONF_MODEL] and model_id not in (each.model_id for each in provider.models):
        raise invalid("model_unknown", model=model_id, models=", ".join(each.model_id for each in provider.models))
    model = provider.model(model_id)
    given = {key: value for key, value in options.items() if value != saved.get(key)}
    own = {setting.key for setting in model.settings}
    for key in sorted({setting.key for each in provider.models for setting in each.settings} - own):
        if key in given:
            raise invalid("setting_not_of_model", setting=key, model=model.name)
    wanted = language or data.get(CONF_LANGUAGE)
    if wanted is None:
        tag = None if model.detects_language else model.languages[0]
    elif (tag := match_language(wanted, model.languages)) is None:
        raise invalid("language_not_spoken", language=wanted, model=model.name)
    return Voice.of(
        voice_id=str(options.get(CONF_VOICE, saved[CONF_VOICE])),
        model=model.model_id,
        language=tag,
        settings=read_settings(model.settings, given, saved),
    )


def read_settings(
    settings: Sequence[Setting], values: Mapping[str, Any], saved: Mapping[str, Any] | None = None
) -> dict[str, SettingValue]:
    """Return the typed value of each setting. Those left to the provider are omitted.

    Missing values default to the saved ones, if these are valid for the setting; they may be from another model. Raises
    `ServiceValidationError` for an invalid value.
    """
    resolved = {setting.key: checked(setting, values.get(setting.key)) for setting in settings}
    for setting in settings:
        if saved and setting.key in saved and setting.key not in values:
            with suppress(ServiceValidationError):
                resolved[setting.key] = checked(setting, saved[setting.key])
    return {key: value for key, value in resolved.items() if value != ""}


def resolve_finish(data: Mapping[str, Any], options: Mapping[str, Any]) -> PostProcessing:
    """Return the processing of text and audio. Raises `ServiceValidationError`."""
    values: dict[str, Any] = {**read_settings(FINISH_SETTINGS, {**data, **options})}
    return PostProcessing(**values)


def checked(setting: Setting, value: object) -> SettingValue:
    """Return the typed value of a setting, or its default for None. Raises `ServiceValidationError`."""
    if value is None:
        return setting.default
    match setting:
        case NumberSetting(minimum=minimum, maximum=maximum):
            is_whole = isinstance(setting.step, int)
            try:  # Templates return numbers as text
                number = math.nan if isinstance(value, bool) else float(str(value))
            except ValueError:
                number = math.nan
            if not minimum <= number <= maximum or (is_whole and not number.is_integer()):
                key = "whole_setting_out_of_range" if is_whole else "setting_out_of_range"
                raise invalid(key, setting=setting.key, minimum=f"{minimum:g}", maximum=f"{maximum:g}")
            return int(number) if is_whole else number
        case ChoiceSetting():
            if str(value) not in (*setting.choices, setting.default):
                raise invalid("setting_not_a_choice", setting=setting.key, choices=", ".join(setting.choices))
            return str(value)
        case TextSetting():
            text = str(value).strip()
            if len(text) > setting.maximum:
                raise invalid("setting_too_long", setting=setting.key, maximum=str(setting.maximum))
            return text
    if not isinstance(value, bool):
        raise invalid("setting_not_a_flag", setting=setting.key)
    return value


type Translate = Callable[[str, str], str]
"""Translates a word by its kind (gender, accent, style, link, or reason) into the language of Home Assistant."""


def translate(hass: HomeAssistant) -> Translate:
    """Return a function that translates known words of services, and returns others unchanged."""
    words = async_get_cached_translations(hass, hass.config.language, "selector", DOMAIN)

    def translated(kind: str, word: str) -> str:
        key = word.casefold().replace(" ", "_")
        return words.get(f"component.{DOMAIN}.selector.voice_{kind}.options.{key}", word)

    return translated


def voice_title(voice: VoiceInfo, models: Iterable[Model], translated: Translate) -> str:
    """Return the name of a voice with its gender, accent and styles, and its models if it does not have all."""
    by_id = {model.model_id: model for model in models}
    only = [by_id[model].name for model in voice.models if model in by_id]
    parts = [
        f"★ {voice.name}" if voice.own else voice.name,
        voice.gender and translated("gender", voice.gender),
        voice.accent and _capitalized(translated("accent", voice.accent)),
        ", ".join(_capitalized(translated("style", style)) for style in voice.styles),
        ", ".join(only) if len(only) < len(by_id) else None,
    ]
    return " · ".join(part for part in parts if part)


def short_name(voice: VoiceInfo, language: str) -> str:
    """Return the name of a voice. Of a name like 小美 (Xiaomei – Friendly), return the part in a language's script."""
    own, _, other = voice.name.partition(" (")
    read = own if language.startswith(("zh", "ja")) else other.partition(" – ")[0].removesuffix(")")
    return read if other and not own.isascii() else voice.name


def _capitalized(word: str) -> str:
    return word[:1].upper() + word[1:]
