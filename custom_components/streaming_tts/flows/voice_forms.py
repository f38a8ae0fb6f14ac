"""The forms for a voice: its language, the voice itself, its settings, and how what was chosen is read."""

from collections.abc import Container, Iterable, Mapping
from typing import Any, Final

import probatio

from homeassistant.components.tts.const import DOMAIN as TTS_DOMAIN
from homeassistant.const import CONF_LANGUAGE, CONF_MODEL, CONF_NAME
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    EntitySelector,
    EntitySelectorConfig,
    LanguageSelector,
    LanguageSelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)

from ..const import CONF_FALLBACK, CONF_GAIN, CONF_LEAD_IN, CONF_LEAD_OUT, CONF_VOICE, SECTION_SELECTION, SECTION_SOUND
from ..providers.types import ChoiceSetting, Model, NumberSetting, Setting, TextSetting, VoiceInfo
from ..voices.catalogue import languages_of, models_for
from ..voices.settings import FINISH_SETTINGS, Translate, voice_title

DETECTED: Final = "mul"
"""The language of a voice that detects it: ISO 639's tag for several, since the browser's list cannot be left empty."""

_UNITS: Final = {CONF_LEAD_IN: "s", CONF_LEAD_OUT: "s", CONF_GAIN: "dB"}


def voice_choices(voices: Iterable[VoiceInfo], models: Iterable[Model], translated: Translate) -> dict[str, str]:
    """Return what the voices are called in a list, each with its id.

    A list that takes what is typed in shows the answer itself and not its label, so the answer is what a person reads.
    """
    models = tuple(models)
    choices: dict[str, str] = {}
    for voice in voices:
        title = voice_title(voice, models, translated)
        choices[f"{title} · {voice.voice_id}" if title in choices else title] = voice.voice_id
    return choices


def selection_schema(
    models: Iterable[Model], language: str | None, choices: Iterable[str] | None, *, voice: VoiceInfo | None = None
) -> probatio.Schema:
    """Return the form for the language, the voice, and the model of a voice; where one detects it, without a language.

    `choices` is the list of voices, of which one can be named by its id. Without it only the language of a `voice` is
    asked, and the model where there is more than one.
    """
    models = tuple(models)
    languages = list(languages_of(models, voice))
    if any(model.detects_language for model in models):
        languages.append(DETECTED)
    fields: dict[probatio.Marker, Any] = {
        probatio.Required(CONF_LANGUAGE): LanguageSelector(LanguageSelectorConfig(languages=languages))
    }
    if choices is not None:
        fields[probatio.Required(CONF_VOICE)] = open_choice(choices)
    if choices is not None or len(models) > 1:
        fitting = models_for(models, language)
        listed = [*fitting, *(model for model in models if model not in fitting)]
        fields[probatio.Required(CONF_MODEL, default=listed[0].model_id)] = SelectSelector(
            SelectSelectorConfig(
                options=[SelectOptionDict(value=model.model_id, label=model.name) for model in listed],
                mode=SelectSelectorMode.DROPDOWN,
            )
        )
    return probatio.Schema(fields)


def open_choice(choices: Iterable[str]) -> SelectSelector:
    """Return a list that can be searched; an id that is not in it may be typed in."""
    return SelectSelector(
        SelectSelectorConfig(options=list(choices), mode=SelectSelectorMode.DROPDOWN, custom_value=True)
    )


def read_choice(choices: Mapping[str, str], answer: str) -> str:
    """Return the id of what was chosen, or typed in."""
    return choices.get(answer, answer.strip())


def shown_choice(choices: Mapping[str, str], chosen: str) -> str:
    """Return how an id is shown as an answer: as in the list, or as it is where it is not in it."""
    return next((title for title, listed in choices.items() if listed == chosen), chosen)


def settings_schema(
    model: Model,
    offered: Mapping[str, Iterable[str]] | None = None,
    *,
    hidden: Container[str] = (),
    selection: probatio.Schema | None = None,
    selection_open: bool = False,
) -> probatio.Schema:
    """Return the form for a voice's name, its model's settings, its fallback, and what is done to the sound here.

    `offered` is what can be chosen in settings that are text, by their keys; anything else may be typed in. `hidden`
    are settings that are not asked for. A `selection` is a section of its own, folded unless it is open.
    """
    finish = probatio.Schema(setting_fields(FINISH_SETTINGS))
    asked = [setting for setting in model.saved_settings if setting.key not in hidden]
    fields: dict[probatio.Marker, Any] = {
        probatio.Required(CONF_NAME): TextSelector(),
        **setting_fields(asked, offered),
        probatio.Optional(CONF_FALLBACK): EntitySelector(EntitySelectorConfig(domain=TTS_DOMAIN)),
    }
    if selection is not None:
        fields[probatio.Required(SECTION_SELECTION)] = section(selection, {"collapsed": not selection_open})
    fields[probatio.Required(SECTION_SOUND)] = section(finish, {"collapsed": True})
    return probatio.Schema(fields)


def setting_fields(
    settings: Iterable[Setting], offered: Mapping[str, Iterable[str]] | None = None
) -> dict[probatio.Marker, Any]:
    """Return a field for each setting; `offered` as for `settings_schema`."""
    offered = offered or {}
    return {
        _marker(setting): open_choice(offered[setting.key]) if setting.key in offered else _selector(setting)
        for setting in settings
    }


def _marker(setting: Setting) -> probatio.Marker:
    """Return how a setting is asked; one that may be left to the provider may be left empty."""
    if setting.default == "":
        return probatio.Optional(setting.key)
    return probatio.Required(setting.key, default=setting.default)


def _selector(setting: Setting) -> NumberSelector | SelectSelector | BooleanSelector | TextSelector:
    """Return the control for a setting, with the bounds that the setting has."""
    match setting:
        case NumberSetting():
            config = NumberSelectorConfig(
                min=setting.minimum,
                max=setting.maximum,
                step=setting.step,
                mode=NumberSelectorMode.SLIDER,
            )
            if setting.key in _UNITS:
                config["unit_of_measurement"] = _UNITS[setting.key]
            return NumberSelector(config)
        case ChoiceSetting():
            return SelectSelector(
                SelectSelectorConfig(
                    options=list(setting.choices), mode=SelectSelectorMode.DROPDOWN, translation_key=setting.key
                )
            )
        case TextSetting():
            return TextSelector()
    return BooleanSelector()
