"""The actions about the pronunciation dictionaries that a service keeps for an account."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final

import voluptuous as vol

from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.helpers import config_validation as cv, service

from ..account.runtime import Account
from ..const import DOMAIN
from ..errors import invalid
from ..lexicon.dictionaries import async_held, async_note_change, used_by, word_count
from ..providers.capabilities import Dictionaries, Pronunciations, Reason, ServiceRejection
from ..voices.languages import match_language
from . import Action, account_of, in_words

ATTR_DICTIONARY: Final = "dictionary_id"
ATTR_PRONUNCIATIONS: Final = "pronunciations"

_ACCOUNT: Final = {vol.Required(ATTR_CONFIG_ENTRY_ID): cv.string}
_DICTIONARY_ID: Final = vol.All(cv.string, vol.Strip, vol.Length(min=1, max=64))

ACCOUNT_SCHEMA: Final = vol.Schema(_ACCOUNT)
DICTIONARY_SCHEMA: Final = vol.Schema({**_ACCOUNT, vol.Required(ATTR_DICTIONARY): _DICTIONARY_ID})
SAVE_SCHEMA: Final = vol.Schema(
    {**_ACCOUNT, vol.Optional(ATTR_DICTIONARY): _DICTIONARY_ID, vol.Required(ATTR_PRONUNCIATIONS): dict}
)


@callback
def async_setup_dictionary_actions(hass: HomeAssistant) -> None:
    """Register the actions; only administrators change dictionaries."""
    for action, read, schema in (
        (Action.LIST_DICTIONARIES, _async_list, ACCOUNT_SCHEMA),
        (Action.GET_DICTIONARY, _async_get, DICTIONARY_SCHEMA),
    ):
        hass.services.async_register(DOMAIN, action, read, schema=schema, supports_response=SupportsResponse.ONLY)
    for action, change, schema, response in (
        (Action.SAVE_DICTIONARY, _async_save, SAVE_SCHEMA, SupportsResponse.OPTIONAL),
        (Action.DELETE_DICTIONARY, _async_delete, DICTIONARY_SCHEMA, SupportsResponse.NONE),
    ):
        service.async_register_admin_service(hass, DOMAIN, action, change, schema=schema, supports_response=response)


async def _async_list(call: ServiceCall) -> ServiceResponse:
    """Answer with the dictionaries of an account, how many words each has, and for which languages."""
    account = account_of(call)
    provider = _keeper(account)
    with in_words(account):
        held = await async_held(provider)
    return {
        "dictionaries": [
            {
                ATTR_DICTIONARY: dictionary_id,
                "words": word_count(pronunciations),
                "languages": list(pronunciations),
                "used_by": [*used_by(account, provider, dictionary_id)],
            }
            for dictionary_id, pronunciations in held.items()
        ],
        "most_dictionaries": provider.most_dictionaries,
        "most_words": provider.most_words,
    }


async def _async_get(call: ServiceCall) -> ServiceResponse:
    """Answer with what a dictionary holds."""
    account = account_of(call)
    provider = _keeper(account)
    dictionary_id = call.data[ATTR_DICTIONARY]
    with in_words(account):
        held = await provider.dictionary(dictionary_id)
    return _told(account, provider, dictionary_id, held)


async def _async_save(call: ServiceCall) -> ServiceResponse:
    """Create a dictionary, or add to the one that is named; return what it holds then."""
    account = account_of(call)
    provider = _keeper(account)
    dictionary_id = call.data.get(ATTR_DICTIONARY)
    added: Pronunciations = _read(account, call)
    wanted = added
    with in_words(account), _within_size():
        if dictionary_id is None:
            dictionary_id = await _async_create(account, provider, added)
        else:
            wanted = await _async_update(provider, dictionary_id, added)
            await async_note_change(account)
    return _told(account, provider, dictionary_id, wanted) if call.return_response else None


async def _async_create(account: Account, provider: Dictionaries, wanted: Pronunciations) -> str:
    """Create a dictionary within the limits of the service and return its id."""
    _check_words(provider, wanted)
    if len(await provider.dictionaries()) >= provider.most_dictionaries:
        raise invalid("too_many_dictionaries", account=account.entry.title, most=str(provider.most_dictionaries))
    return await provider.create_dictionary(wanted)


async def _async_update(provider: Dictionaries, dictionary_id: str, added: Pronunciations) -> Pronunciations:
    """Add to a dictionary within the limits of the service and return what it holds then."""
    held = await provider.dictionary(dictionary_id)
    wanted = {language: {**held.get(language, {}), **added.get(language, {})} for language in {**held, **added}}
    _check_words(provider, wanted)
    await provider.update_dictionary(dictionary_id, added)
    return wanted


async def _async_delete(call: ServiceCall) -> None:
    """Delete a dictionary that no saved voice speaks by."""
    account = account_of(call)
    provider = _keeper(account)
    dictionary_id = call.data[ATTR_DICTIONARY]
    if names := used_by(account, provider, dictionary_id):
        raise invalid("dictionary_in_use", dictionary=dictionary_id, names=", ".join(names))
    with in_words(account):
        await provider.delete_dictionary(dictionary_id)


def _keeper(account: Account) -> Dictionaries:
    """Return the provider of an account as one that keeps dictionaries; raises `ServiceValidationError`."""
    if not isinstance(account.provider, Dictionaries):
        raise invalid("no_dictionaries", provider=account.provider.name)
    return account.provider


def _read(account: Account, call: ServiceCall) -> dict[str, dict[str, str]]:
    """Return the pronunciations of a call under the languages of the service; raises `ServiceValidationError`."""
    offered = list(dict.fromkeys(tag for model in account.provider.models for tag in model.languages))
    read: dict[str, dict[str, str]] = {}
    for language, words in call.data[ATTR_PRONUNCIATIONS].items():
        if (tag := match_language(str(language), offered)) is None:
            raise invalid("dictionary_language", language=str(language), languages=", ".join(offered))
        read.setdefault(tag, {}).update(_read_words(words))
    if not read:
        raise invalid("dictionary_shape")
    return read


def _read_words(words: object) -> dict[str, str]:
    """Return words and how they are said; raises `ServiceValidationError` where these are no words."""
    if not isinstance(words, dict) or not words:
        raise invalid("dictionary_shape")
    texts = [(_text(word), _text(said)) for word, said in words.items()]
    if not all(word and said for word, said in texts):
        raise invalid("dictionary_shape")
    return dict(texts)


def _text(value: object) -> str:
    """Return a word, which YAML may have taken for a number; nothing of what is none."""
    return str(value).strip() if isinstance(value, str | int | float) else ""


def _check_words(provider: Dictionaries, pronunciations: Pronunciations) -> None:
    """Raise `ServiceValidationError` where a dictionary is larger than the service takes."""
    if (words := word_count(pronunciations)) > provider.most_words:
        raise invalid("too_many_words", words=str(words), most=str(provider.most_words))


@contextmanager
def _within_size() -> Generator[None]:
    """Say of a dictionary that it is too large, where a refusal would speak of a recording."""
    try:
        yield
    except ServiceRejection as refusal:
        if refusal.reason is Reason.TOO_LARGE:
            raise invalid("dictionary_too_large") from refusal
        raise


def _told(
    account: Account, provider: Dictionaries, dictionary_id: str, pronunciations: Pronunciations
) -> dict[str, Any]:
    """Return what an answer tells of a dictionary."""
    return {
        ATTR_DICTIONARY: dictionary_id,
        ATTR_PRONUNCIATIONS: {language: dict(words) for language, words in pronunciations.items()},
        "words": word_count(pronunciations),
        "used_by": [*used_by(account, provider, dictionary_id)],
    }
