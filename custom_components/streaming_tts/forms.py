"""The forms of the flows: what is asked, and how what was answered is read."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import voluptuous as vol

from homeassistant.components.tts.const import DOMAIN as TTS_DOMAIN
from homeassistant.const import CONF_API_KEY, CONF_NAME
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
    TextSelectorConfig,
    TextSelectorType,
)

from .const import (
    CONF_AUTH_URL,
    CONF_BASE_URL,
    CONF_FALLBACK,
    CONF_GAIN,
    CONF_LANGUAGE,
    CONF_LEAD_IN,
    CONF_MODEL,
    CONF_PUBLIC_KEY,
    CONF_SESSION,
    CONF_VOICE,
    SECTION_CONNECTION,
    SECTION_SOUND,
)
from .languages import match_language
from .providers.asyncflow import AsyncFlow
from .providers.base import (
    ChoiceSetting,
    Credentials,
    Model,
    NumberSetting,
    Provider,
    Setting,
    SettingValue,
    TextSetting,
    VoiceInfo,
)
from .providers.flow import FlowTTS
from .providers.sarvam import Sarvam
from .providers.tokens import SessionError, SessionProblem, is_allowed_address, is_token, parse_session
from .voices import FINISH_SETTINGS, checked, is_whole, voice_title

KEY_LINKS: Final = {
    AsyncFlow.key: "https://async.com",
    Sarvam.key: "https://dashboard.sarvam.ai",
    FlowTTS.key: "https://app.realtime-ai.chat",
}
"""Where a person gets a key of a provider."""

DETECTED: Final = "mul"
"""The language of a voice that detects it: ISO 639's tag for several, since the browser's list cannot be left empty."""

_SECRET: Final = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="off"))
_ADDRESS: Final = TextSelector(TextSelectorConfig(type=TextSelectorType.URL))
_UNITS: Final = {CONF_LEAD_IN: "s", CONF_GAIN: "dB"}


class FormError(ValueError):
    """An answer that cannot be; `errors` are the messages of the form by field."""

    def __init__(self, field: str, reason: str) -> None:
        """Keep what is wrong with which field."""
        super().__init__(reason)
        self.errors = {field: reason}


def secret_field(provider: type[Provider]) -> str:
    """Return the field that a provider's key is asked in: a session where the key alone would end within the hour."""
    return CONF_SESSION if provider is FlowTTS else CONF_API_KEY


def credentials_schema(provider: type[Provider], *, required: bool, with_address: bool) -> vol.Schema:
    """Return the form for a key, and for the service's address in a collapsed section."""
    marker = vol.Required if required else vol.Optional
    fields: dict[vol.Marker, Any] = {marker(secret_field(provider)): _SECRET}
    if with_address:
        address = vol.Schema({vol.Required(CONF_BASE_URL, default=provider.default_base_url): _ADDRESS})
        fields[vol.Required(SECTION_CONNECTION)] = section(address, {"collapsed": True})
    return vol.Schema(fields)


def renewal_schema() -> vol.Schema:
    """Return the form for where a session is renewed."""
    return vol.Schema({vol.Required(CONF_AUTH_URL): _ADDRESS, vol.Optional(CONF_PUBLIC_KEY): TextSelector()})


def read_credentials(provider: type[Provider], answers: Mapping[str, Any]) -> Credentials:
    """Return the credentials that were given; raises `FormError`."""
    field = secret_field(provider)
    secret = answers.get(field, "").strip()
    if not secret:
        raise FormError(field, "key_missing")
    if field == CONF_API_KEY:
        if not is_token(secret):
            raise FormError(field, "key_unreadable")
        return Credentials(key=secret)
    try:
        return parse_session(secret)
    except SessionError as err:
        insecure = err.problem is SessionProblem.INSECURE_ISSUER
        raise FormError(field, "session_insecure" if insecure else "session_unreadable") from None


def read_address(answers: Mapping[str, Any], field: str) -> str:
    """Return an address that a key may be sent to, in its shortest form; raises `FormError`."""
    address: str = answers[field].strip().rstrip("/")
    if not is_allowed_address(address):
        # Shown above the form: the field itself may be in a section that is closed.
        raise FormError("base", "invalid_address")
    return address


def languages_of(models: Iterable[Model], voice: VoiceInfo | None = None) -> Iterable[str]:
    """Return the languages that one of the models speaks, with a voice those that it speaks too."""
    languages = dict.fromkeys(language for model in models for language in model.languages)
    if voice is None or not voice.languages:
        return languages
    return [language for language in languages if match_language(language, voice.languages)] or languages


def language_schema(models: Iterable[Model], voice: VoiceInfo | None = None) -> vol.Schema:
    """Return the form for the language of a voice; where a model detects it, that is one of the choices."""
    models = tuple(models)
    languages = list(languages_of(models, voice))
    if any(model.detects_language for model in models):
        languages.append(DETECTED)
    return vol.Schema({vol.Required(CONF_LANGUAGE): LanguageSelector(LanguageSelectorConfig(languages=languages))})


def models_for(models: Iterable[Model], language: str | None) -> list[Model]:
    """Return the models that speak a language, or that detect it where there is none."""
    return [
        model
        for model in models
        if (model.detects_language if language is None else match_language(language, model.languages))
    ]


def voices_for(voices: Iterable[VoiceInfo], language: str | None, models: Iterable[Model]) -> list[VoiceInfo]:
    """Return the voices that speak a language with one of the models, in the order of the catalogue."""
    ids = {model.model_id for model in models}
    return [
        voice
        for voice in voices
        if (language is None or not voice.languages or match_language(language, voice.languages))
        and (not voice.models or ids.intersection(voice.models))
    ]


def voice_choices(voices: Iterable[VoiceInfo], models: Iterable[Model]) -> dict[str, str]:
    """Return what the voices are called in a list, each with its id.

    A list that takes what is typed in shows the answer itself and not its label, so the answer is what a person reads.
    """
    models = tuple(models)
    choices: dict[str, str] = {}
    for voice in voices:
        title = voice_title(voice, models)
        choices[f"{title} · {voice.voice_id}" if title in choices else title] = voice.voice_id
    return choices


def voice_schema(choices: Iterable[str], models: Iterable[Model]) -> vol.Schema:
    """Return the form for a voice, to be searched or named by id, and for its model."""
    models = tuple(models)
    return vol.Schema(
        {
            vol.Required(CONF_VOICE): open_choice(choices),
            vol.Required(CONF_MODEL, default=models[0].model_id): SelectSelector(
                SelectSelectorConfig(
                    options=[SelectOptionDict(value=model.model_id, label=model.name) for model in models],
                    mode=SelectSelectorMode.DROPDOWN,
                )
            ),
        }
    )


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


def settings_schema(model: Model, offered: Mapping[str, Iterable[str]] | None = None) -> vol.Schema:
    """Return the form for a voice's name, its model's settings, its fallback, and what is done to the sound here.

    `offered` is what can be chosen in settings that are text, by their keys; anything else may be typed in.
    """
    finish = vol.Schema(setting_fields(FINISH_SETTINGS))
    return vol.Schema(
        {
            vol.Required(CONF_NAME): TextSelector(),
            **setting_fields(model.settings, offered),
            vol.Optional(CONF_FALLBACK): EntitySelector(EntitySelectorConfig(domain=TTS_DOMAIN)),
            vol.Required(SECTION_SOUND): section(finish, {"collapsed": True}),
        }
    )


def read_settings(settings: Iterable[Setting], answers: Mapping[str, Any]) -> dict[str, SettingValue]:
    """Return the settings that were answered, each in its own type; what is left to the provider is left out."""
    answered = {setting.key: checked(setting, answers.get(setting.key)) for setting in settings}
    return {key: value for key, value in answered.items() if value != ""}


def setting_fields(
    settings: Iterable[Setting], offered: Mapping[str, Iterable[str]] | None = None
) -> dict[vol.Marker, Any]:
    """Return a field for each setting; `offered` as for `settings_schema`."""
    offered = offered or {}
    return {
        _marker(setting): open_choice(offered[setting.key]) if setting.key in offered else _selector(setting)
        for setting in settings
    }


def _marker(setting: Setting) -> vol.Marker:
    """Return how a setting is asked; one that may be left to the provider may be left empty."""
    if setting.default == "":
        return vol.Optional(setting.key)
    return vol.Required(setting.key, default=setting.default)


def _selector(setting: Setting) -> NumberSelector | SelectSelector | BooleanSelector | TextSelector:
    """Return the control for a setting, with the bounds that the setting has."""
    match setting:
        case NumberSetting():
            config = NumberSelectorConfig(
                min=setting.minimum,
                max=setting.maximum,
                step=1 if is_whole(setting) else setting.step,
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
