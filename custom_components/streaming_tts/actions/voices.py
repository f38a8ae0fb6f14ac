"""Actions for the voices of an account: list, change, delete, clone."""

from collections.abc import Iterable
from typing import Any, Final

import probatio as vol

from homeassistant.components.media_player.const import ATTR_MEDIA_CONTENT_ID
from homeassistant.const import ATTR_CONFIG_ENTRY_ID, CONF_LANGUAGE, CONF_MODEL, CONF_NAME, CONF_OPTIONS
from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.helpers import config_validation as cv

from ..account.runtime import Account
from ..cloning.recordings import CloneError
from ..cloning.session import CloneFailure, async_clone, async_open_media, async_prepare, check_allowed, read_wish
from ..const import CONF_VOICE
from ..errors import failed, invalid
from ..media_source import sample_id
from ..providers.capabilities import (
    Cloning,
    Previews,
    Reason,
    ServiceRejection,
    VoiceDeletion,
    VoiceEditing,
    VoiceField,
    VoiceLookup,
)
from ..providers.types import ChoiceSetting, Gender, VoiceInfo
from ..voices.catalogue import models_for, voices_for
from ..voices.languages import match_language
from . import account_of, in_words, names_of_voices

ATTR_CONSENT: Final = "consent"
ATTR_CONSENTED_AT: Final = "consented_at"
ATTR_MEDIA: Final = "media"
ATTR_SHORT: Final = "short"
ATTR_GENDER: Final = "gender"
ATTR_OWN: Final = "own"
ATTR_SEARCH: Final = "search"
ATTR_LIMIT: Final = "limit"

DEFAULT_LIMIT: Final = 50
MAX_VOICES: Final = 1000
MAX_CHARACTERS: Final = 1000
"""The longest field of a voice. Services have stricter limits."""

_ACCOUNT: Final = {vol.Required(ATTR_CONFIG_ENTRY_ID): cv.string}
_GENDERS: Final = vol.In([gender.value for gender in Gender])
_WORDS: Final = vol.All(cv.string, vol.Strip, vol.Length(max=MAX_CHARACTERS))
_VOICE_ID: Final = vol.All(cv.string, vol.Strip, vol.Length(min=1, max=200))
_VOICE: Final = {**_ACCOUNT, vol.Required(CONF_VOICE): _VOICE_ID}

LIST_SCHEMA: Final = vol.Schema(
    {
        **_ACCOUNT,
        vol.Optional(CONF_VOICE): _VOICE_ID,
        vol.Optional(CONF_LANGUAGE): cv.string,
        vol.Optional(ATTR_GENDER): _GENDERS,
        vol.Optional(CONF_MODEL): cv.string,
        vol.Optional(ATTR_OWN, default=False): cv.boolean,
        vol.Optional(ATTR_SEARCH, default=""): cv.string,
        vol.Optional(ATTR_LIMIT, default=DEFAULT_LIMIT): vol.All(vol.Coerce(int), vol.Range(min=1, max=MAX_VOICES)),
    }
)
DELETE_SCHEMA: Final = vol.Schema(_VOICE)
UPDATE_SCHEMA: Final = vol.Schema(
    {
        **_VOICE,
        vol.Optional(VoiceField.NAME.value): vol.All(_WORDS, vol.Length(min=1)),
        vol.Optional(VoiceField.DESCRIPTION.value): _WORDS,
        vol.Optional(VoiceField.GENDER.value): _GENDERS,
        vol.Optional(VoiceField.STYLE.value): _WORDS,
        vol.Optional(VoiceField.ACCENT.value): _WORDS,
    }
)


async def async_list_voices(call: ServiceCall) -> ServiceResponse:
    """Return the matching voices of the catalogue, and their total number.

    A voice requested by id is looked up at the service if possible, as it may be newer than the catalogue.
    """
    account = account_of(call)
    known: Iterable[VoiceInfo] = account.catalogue.data
    if (voice_id := call.data.get(CONF_VOICE)) is not None:
        with in_words(account):
            known = [await _async_known(account, voice_id)]
    voices = [voice for voice in _fitting(account, known, call) if _is_meant(voice, call)]
    return {"voices": [described(account, voice) for voice in voices[: call.data[ATTR_LIMIT]]], "total": len(voices)}


def _fitting(account: Account, voices: Iterable[VoiceInfo], call: ServiceCall) -> list[VoiceInfo]:
    """Return the voices that speak the language with the model.

    Raises `ServiceValidationError` for an unknown model.
    """
    models = account.provider.models
    if (wanted := call.data.get(CONF_MODEL)) is not None:
        models = tuple(model for model in models if model.model_id == wanted)
        if not models:
            raise invalid(
                "model_unknown", model=wanted, models=", ".join(model.model_id for model in account.provider.models)
            )
    if (language := call.data.get(CONF_LANGUAGE)) is not None:
        models = tuple(models_for(models, language))
    return voices_for(voices, language, models) if models else []


def _is_meant(voice: VoiceInfo, call: ServiceCall) -> bool:
    """Return True if a voice matches the filters, and its data contain every word of the search."""
    texts = (voice.voice_id, voice.name, voice.description, voice.accent, *voice.styles)
    known = " ".join(filter(None, texts)).casefold()
    return (
        (ATTR_GENDER not in call.data or voice.gender == call.data[ATTR_GENDER])
        and (voice.own or not call.data[ATTR_OWN])
        and all(word in known for word in call.data[ATTR_SEARCH].casefold().split())
    )


async def async_update_voice(call: ServiceCall) -> ServiceResponse:
    """Change the details of an own voice. Return the voice afterwards."""
    account = account_of(call)
    provider = account.provider
    if not isinstance(provider, VoiceEditing):
        raise invalid("no_voice_editing", provider=provider.name)
    changes = {field: call.data[field] for field in VoiceField if field in call.data}
    if not changes:
        raise invalid("nothing_to_change")
    if fixed := [field for field in changes if field not in provider.changeable]:
        raise invalid("field_fixed", provider=provider.name, field=", ".join(fixed))
    with in_words(account):
        voice = await _async_own(account, call.data[CONF_VOICE])
        changed = await provider.update_voice(voice.voice_id, changes)
    await account.catalogue.async_refresh()
    return described(account, changed) if call.return_response else None


async def async_delete_voice(call: ServiceCall) -> None:
    """Delete an own voice that no saved voice uses.

    If the service cannot delete a clone, it is removed from the local store only, and an error is raised.
    """
    account = account_of(call)
    provider = account.provider
    if not isinstance(provider, VoiceDeletion):
        raise invalid("no_voice_deletion", provider=provider.name)
    with in_words(account):
        voice = await _async_own(account, call.data[CONF_VOICE])
        if used_by := _used_by(account, voice.voice_id):
            raise invalid("voice_in_use", voice=voice.name, names=", ".join(used_by))
        try:
            await provider.delete_voice(voice.voice_id)
        except ServiceRejection as error:
            kept = error.reason is Reason.NOT_OFFERED and account.clones.consented_at(voice.voice_id) is not None
            if not kept and error.reason is not Reason.NOT_FOUND:  # A missing voice is already deleted
                raise
        else:
            kept = False
    await account.clones.async_forget(voice.voice_id)
    await account.catalogue.async_refresh()
    if kept:
        raise invalid("voice_only_forgotten", account=account.entry.title, voice=voice.name)


async def _async_known(account: Account, voice_id: str) -> VoiceInfo:
    """Return a voice, looked up at the service if possible, or else from the catalogue, refreshed if it is missing.

    Raises `ProviderError`.
    """
    if isinstance(account.provider, VoiceLookup):
        return await account.provider.voice(voice_id)
    if (voice := account.catalogue.voice(voice_id)) is None:
        await account.catalogue.async_refresh()
        voice = account.catalogue.voice(voice_id)
    if voice is None:
        raise ServiceRejection(Reason.NOT_FOUND)
    return voice


async def _async_own(account: Account, voice_id: str) -> VoiceInfo:
    """Return a voice that the account created. Raises `ProviderError`, also for the service's own voices."""
    voice = await _async_known(account, voice_id)
    if not voice.own:
        raise ServiceRejection(Reason.NOT_OWN)
    return voice


def _used_by(account: Account, voice_id: str) -> list[str]:
    """Return the names of the saved voices that use a voice."""
    return names_of_voices(account, lambda saved: saved[CONF_VOICE] == voice_id)


def described(account: Account, voice: VoiceInfo) -> dict[str, Any]:
    """Return a voice as it appears in a response. `sample` is the media source of its sample, if it may have one."""
    provider = account.provider
    models = [model for model in provider.models if not voice.models or model.model_id in voice.models]
    languages = voice.languages or dict.fromkeys(language for model in models for language in model.languages)
    return {
        CONF_VOICE: voice.voice_id,
        "name": voice.name,
        "languages": list(languages),
        "models": [model.model_id for model in models],
        ATTR_GENDER: voice.gender and voice.gender.value,
        "accent": voice.accent,
        "styles": list(voice.styles),
        "description": voice.description,
        ATTR_OWN: voice.own,
        "used_by": _used_by(account, voice.voice_id),
        "sample": sample_id(account.entry.entry_id, voice.voice_id)
        if isinstance(provider, Previews) and provider.has_sample(voice)
        else None,
    }


CLONE_SCHEMA: Final = vol.Schema(
    {
        **_ACCOUNT,
        vol.Required(ATTR_MEDIA): vol.Schema({vol.Required(ATTR_MEDIA_CONTENT_ID): cv.string}, extra=vol.REMOVE_EXTRA),
        vol.Required(CONF_NAME): cv.string,
        vol.Required(ATTR_CONSENT): cv.boolean,
        vol.Optional(CONF_OPTIONS, default=dict): {cv.string: vol.Any(str, bool, int, float)},
    }
)


async def async_clone_voice(call: ServiceCall) -> ServiceResponse:
    """Clone a voice from a recording.

    Return the voice, when consent was confirmed, and whether a longer recording is recommended.
    """
    account = account_of(call)
    provider = account.provider
    if not isinstance(provider, Cloning):
        raise invalid("no_cloning", provider=provider.name)
    wish = read_wish(provider, call.data[CONF_NAME], _options(call, provider), consent=call.data[ATTR_CONSENT])
    try:
        check_allowed(account, provider)
        with await async_open_media(call.hass, call.data[ATTR_MEDIA][ATTR_MEDIA_CONTENT_ID]) as file:
            recording = await async_prepare(account, provider, file)
        voice = await async_clone(account, provider, recording, wish)
    except CloneFailure as failure:
        raise failed(failure.key, **failure.placeholders) from None
    except CloneError as refusal:
        raise invalid(refusal.key, **refusal.placeholders) from None
    if not call.return_response:
        return None
    return {
        **described(account, voice),
        ATTR_CONSENTED_AT: wish.consented_at.isoformat(),
        ATTR_SHORT: recording.short,
    }


def _options(call: ServiceCall, provider: Cloning) -> dict[str, Any]:
    """Return the options, with the service's language tag. Raises `ServiceValidationError` for unknown ones."""
    settings = {setting.key: setting for setting in provider.clone_settings}
    options: dict[str, Any] = dict(call.data[CONF_OPTIONS])
    if unknown := [key for key in options if key not in settings]:
        raise invalid("clone_option_unknown", option=", ".join(unknown), options=", ".join(settings) or "–")
    language = settings.get(CONF_LANGUAGE)
    if CONF_LANGUAGE in options and isinstance(language, ChoiceSetting):
        wanted = str(options[CONF_LANGUAGE])
        options[CONF_LANGUAGE] = match_language(wanted, language.choices) or wanted
    return options
