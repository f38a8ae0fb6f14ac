"""The forms for an account and a voice: their fields, and how answers are read."""

from collections.abc import Container, Iterable, Mapping
from typing import Any, Final, Unpack

import probatio as vol

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
    TextSelectorConfig,
    TextSelectorType,
)

from ..const import (
    CONF_AUTH_URL,
    CONF_BASE_URL,
    CONF_FALLBACK,
    CONF_GAIN,
    CONF_LEAD_IN,
    CONF_LEAD_OUT,
    CONF_PUBLIC_KEY,
    CONF_VOICE,
    SECTION_CONNECTION,
    SECTION_SELECTION,
    SECTION_SOUND,
)
from ..providers.provider import Provider
from ..providers.session import is_allowed_address
from ..providers.types import (
    ChoiceSetting,
    CredentialError,
    Credentials,
    Model,
    NumberSetting,
    Setting,
    TextSetting,
    VoiceInfo,
)
from ..voices.catalogue import languages_of, models_for
from ..voices.settings import FINISH_SETTINGS, Translate, voice_title

DETECTED: Final = "mul"
"""The language of a voice that detects it: ISO 639's tag for multiple languages, as the selector cannot be empty."""

type Answers = Mapping[str, Any]

_UNITS: Final = {CONF_LEAD_IN: "s", CONF_LEAD_OUT: "s", CONF_GAIN: "dB"}


def dropdown(**config: Unpack[SelectSelectorConfig]) -> SelectSelector:
    """Return a dropdown."""
    return SelectSelector({"mode": SelectSelectorMode.DROPDOWN, **config})


def language_field(tags: Iterable[str]) -> LanguageSelector:
    """Return a selector for a language."""
    return LanguageSelector(LanguageSelectorConfig(languages=list(tags)))


def number_field(**config: Unpack[NumberSelectorConfig]) -> NumberSelector:
    """Return a selector for a number."""
    return NumberSelector({"mode": NumberSelectorMode.BOX, **config})


def open_choice(choices: Iterable[str]) -> SelectSelector:
    """Return a dropdown that also accepts a typed ID."""
    return dropdown(options=[*choices], custom_value=True)


_SECRET: Final = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="off"))

_ADDRESS: Final = TextSelector(TextSelectorConfig(type=TextSelectorType.URL))


class FormError(ValueError):
    """An invalid answer. `errors` contains the form's messages by field."""

    def __init__(self, field: str, reason: str) -> None:
        """Initialize with the field and the key of its error message."""
        super().__init__(reason)
        self.errors = {field: reason}


def credentials_schema(
    provider: type[Provider], *, required: bool, with_address: bool, address_open: bool = False
) -> vol.Schema:
    """Return the form for credentials, with the service's URL in a section, collapsed by default.

    If `required` is False, an empty secret keeps the stored one.
    """
    fields: dict[vol.Marker, Any] = {
        (vol.Required if required or not each.secret else vol.Optional)(
            vol.Secret(each.key) if each.secret else each.key
        ): (
            dropdown(options=[*each.choices], translation_key=each.key)
            if each.choices
            else _SECRET
            if each.secret
            else TextSelector()
        )
        for each in provider.credential_fields
    }
    if with_address:
        default = provider.default_base_url
        # If the credentials contain the URL, an empty field uses it
        address = vol.Required(CONF_BASE_URL, default=default) if default else vol.Optional(CONF_BASE_URL)
        fields[vol.Required(SECTION_CONNECTION)] = section(
            vol.Schema({address: _ADDRESS}), {"collapsed": not address_open}
        )
    return vol.Schema(fields)


def renewal_schema() -> vol.Schema:
    """Return the form for the server that renews a session."""
    return vol.Schema({vol.Required(CONF_AUTH_URL): _ADDRESS, vol.Optional(CONF_PUBLIC_KEY): TextSelector()})


def shown_credentials(provider: type[Provider], kept: Mapping[str, str]) -> dict[str, str]:
    """Return the stored credentials that a form may show."""
    return {each.key: kept[each.key] for each in provider.credential_fields if not each.secret and each.key in kept}


def read_credentials(provider: type[Provider], answers: Answers, kept: Mapping[str, str]) -> Credentials:
    """Return the entered credentials, with the stored secret where a field was left empty.

    Raises `FormError`.
    """
    entered = {
        each.key: answers.get(each.key, "").strip() or (kept.get(each.key, "") if each.secret else "")
        for each in provider.credential_fields
    }
    for key, value in entered.items():
        if not value:
            raise FormError(key, "key_missing")
    try:
        return provider.read_credentials(entered)
    except CredentialError as err:
        raise FormError(err.field, err.reason) from None


def read_base_url(provider: type[Provider], answers: Answers) -> str:
    """Return the entered URL, or an empty string if the credentials contain it. Raises `FormError`."""
    if not provider.default_base_url and not answers.get(CONF_BASE_URL, "").strip():
        return ""
    return read_address(answers, CONF_BASE_URL, shown_at=SECTION_CONNECTION)


def read_address(answers: Answers, field: str, *, shown_at: str | None = None) -> str:
    """Return a normalized URL that a key may be sent to. Raises `FormError`.

    The error is shown at `shown_at` if it is set, because fields in a section show no errors.
    """
    address: str = answers[field].strip().rstrip("/")
    if not is_allowed_address(address):
        raise FormError(shown_at or field, "invalid_address")
    return address


def voice_choices(voices: Iterable[VoiceInfo], models: Iterable[Model], translated: Translate) -> dict[str, str]:
    """Return the ids of voices by their title in a list.

    A selector for custom values shows the value and not its label, so the value must be readable.
    """
    models = tuple(models)
    choices: dict[str, str] = {}
    for voice in voices:
        title = voice_title(voice, models, translated)
        choices[f"{title} · {voice.voice_id}" if title in choices else title] = voice.voice_id
    return choices


def selection_schema(
    models: Iterable[Model], language: str | None, choices: Iterable[str] | None, *, voice: VoiceInfo | None = None
) -> vol.Schema:
    """Return the form for the language, voice, and model of a voice. `language` is None if the voice detects it.

    `choices` is the list of voices; an id may be entered instead. If it is None, the form is for `voice`, and asks only
    for its language, and for its model if there are several.
    """
    models = tuple(models)
    languages = list(languages_of(models, voice))
    if any(model.detects_language for model in models):
        languages.append(DETECTED)
    fields: dict[vol.Marker, Any] = {vol.Required(CONF_LANGUAGE): language_field(languages)}
    if choices is not None:
        # An id that is not in the list may be entered
        fields[vol.Required(CONF_VOICE)] = open_choice(choices)
    if choices is not None or len(models) > 1:
        fitting = models_for(models, language)
        listed = [*fitting, *(model for model in models if model not in fitting)]
        fields[vol.Required(CONF_MODEL, default=listed[0].model_id)] = dropdown(
            options=[SelectOptionDict(value=model.model_id, label=model.name) for model in listed]
        )
    return vol.Schema(fields)


def read_choice(choices: Mapping[str, str], answer: str) -> str:
    """Return the id of the selected or entered voice."""
    return choices.get(answer, answer.strip())


def shown_choice(choices: Mapping[str, str], chosen: str) -> str:
    """Return the title of an id in the list, or the id itself."""
    return next((title for title, listed in choices.items() if listed == chosen), chosen)


def settings_schema(
    model: Model,
    offered: Mapping[str, Iterable[str]] | None = None,
    *,
    hidden: Container[str] = (),
    selection: vol.Schema | None = None,
    selection_open: bool = False,
) -> vol.Schema:
    """Return the form for a voice's name, its model's settings, its fallback, and its post-processing.

    `offered` contains suggestions for text settings by key; other values may be entered. Settings in `hidden` are left
    out. `selection` becomes a section, collapsed unless `selection_open`.
    """
    finish = vol.Schema(setting_fields(FINISH_SETTINGS))
    asked = [setting for setting in model.saved_settings if setting.key not in hidden]
    fields: dict[vol.Marker, Any] = {
        vol.Required(CONF_NAME): TextSelector(),
        **setting_fields(asked, offered),
        vol.Optional(CONF_FALLBACK): EntitySelector(EntitySelectorConfig(domain=TTS_DOMAIN)),
    }
    if selection is not None:
        fields[vol.Required(SECTION_SELECTION)] = section(selection, {"collapsed": not selection_open})
    fields[vol.Required(SECTION_SOUND)] = section(finish, {"collapsed": True})
    return vol.Schema(fields)


def setting_fields(
    settings: Iterable[Setting], offered: Mapping[str, Iterable[str]] | None = None
) -> dict[vol.Marker, Any]:
    """Return a field for each setting. `offered` is as for `settings_schema`."""
    fields: dict[vol.Marker, Any] = {}
    for setting in settings:
        # An empty default leaves the setting to the provider
        is_open = setting.default == ""
        marker = vol.Optional(setting.key) if is_open else vol.Required(setting.key, default=setting.default)
        if offered and setting.key in offered:
            fields[marker] = open_choice(offered[setting.key])
            continue
        match setting:
            case NumberSetting(key=key, minimum=minimum, maximum=maximum, step=step):
                slider = NumberSelectorConfig(min=minimum, max=maximum, step=step, mode=NumberSelectorMode.SLIDER)
                if key in _UNITS:
                    slider["unit_of_measurement"] = _UNITS[key]
                fields[marker] = NumberSelector(slider)
            case ChoiceSetting():
                fields[marker] = dropdown(options=[*setting.choices], translation_key=setting.key)
            case TextSetting():
                fields[marker] = TextSelector()
            case _:
                fields[marker] = BooleanSelector()
    return fields
