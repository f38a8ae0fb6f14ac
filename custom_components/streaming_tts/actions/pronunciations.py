"""Actions for pronunciations: the shared lexicon, and the dictionaries stored by a service."""

from collections.abc import Mapping
from typing import Any, Final

import probatio as vol

from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.helpers import config_validation as cv

from ..account.runtime import Account
from ..const import CONF_SETTINGS
from ..errors import invalid
from ..lexicon.dictionaries import async_held, async_note_change, word_count
from ..lexicon.store import MAX_PRONUNCIATIONS, PRONUNCIATIONS, as_mapping, limits
from ..providers.capabilities import Dictionaries, Pronunciations as Words, Reason, ServiceRejection
from ..speech.text.lexicon import Pronunciation, PronunciationError, PronunciationField, canonical, normalised
from ..voices.languages import match_language
from . import account_of, in_words, names_of_voices

ATTR_PRONUNCIATIONS: Final = "pronunciations"
ATTR_REPLACE: Final = "replace"


def _written(value: object) -> str:
    """Return a word or language as text. Raises `vol.Invalid` if YAML parsed it as another type."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise vol.Invalid("Expected text. Put it in quotes")
    return str(value)


GET_SCHEMA: Final = vol.Schema(
    {vol.Optional(PronunciationField.WORD.value): _written, vol.Optional(PronunciationField.LANGUAGE.value): cv.string}
)
SET_SCHEMA: Final = vol.Schema(
    {
        vol.Required(ATTR_PRONUNCIATIONS): {_written: {_written: object}},
        vol.Optional(ATTR_REPLACE, default=False): cv.boolean,
    }
)


async def async_get_pronunciations(call: ServiceCall) -> ServiceResponse:
    """Return the lexicon, or its entries for a word, a language, or both.

    The response is valid input for `set_pronunciations`.
    """
    word, language = call.data.get(PronunciationField.WORD), call.data.get(PronunciationField.LANGUAGE)
    found = [
        entry
        for entry in call.hass.data[PRONUNCIATIONS].lexicon
        if (word is None or entry.word == normalised(word))
        and (language is None or canonical(entry.language) == canonical(language))
    ]
    return {ATTR_PRONUNCIATIONS: as_mapping(found)}


async def async_set_pronunciations(call: ServiceCall) -> ServiceResponse:
    """Change the lexicon atomically. Return how many entries were added, changed, and removed.

    An empty pronunciation removes the word. With `replace`, words that are not in the call are removed.
    """
    store = call.hass.data[PRONUNCIATIONS]
    before = {entry.key: entry for entry in store.lexicon}
    after = {} if call.data[ATTR_REPLACE] else dict(before)
    for language, words in call.data[ATTR_PRONUNCIATIONS].items():
        for word, said in words.items():
            if said in (None, "", {}):
                if (known := store.find(word, language)) is None:
                    raise invalid("pronunciation_unknown", word=word, language=language)
                after.pop(known.key, None)
            else:
                entry = _entry(
                    word, language, said if isinstance(said, Mapping) else {PronunciationField.RESPELLING: said}
                )
                after[entry.key] = entry
    try:
        await store.async_replace(after.values())
    except PronunciationError as error:
        raise invalid(error.reason, most=str(MAX_PRONUNCIATIONS)) from None
    return {
        "added": len(after.keys() - before.keys()),
        "changed": sum(after[key] != before[key] for key in after.keys() & before.keys()),
        "removed": len(before.keys() - after.keys()),
        ATTR_PRONUNCIATIONS: len(store.lexicon),
    }


def _entry(word: str, language: str, fields: Mapping[str, Any]) -> Pronunciation:
    """Return an entry. Raises a translated error with the word."""
    try:
        return Pronunciation.of(word=word, language=language, **fields)
    except PronunciationError as error:
        raise invalid(error.reason, word=word, language=language, **limits(error.part)) from None


ATTR_DICTIONARY: Final = "dictionary_id"

_ACCOUNT: Final = {vol.Required(ATTR_CONFIG_ENTRY_ID): cv.string}
_DICTIONARY_ID: Final = vol.All(cv.string, vol.Strip, vol.Length(min=1, max=64))

ACCOUNT_SCHEMA: Final = vol.Schema(_ACCOUNT)
DICTIONARY_SCHEMA: Final = vol.Schema({**_ACCOUNT, vol.Required(ATTR_DICTIONARY): _DICTIONARY_ID})
SAVE_SCHEMA: Final = vol.Schema(
    {**_ACCOUNT, vol.Optional(ATTR_DICTIONARY): _DICTIONARY_ID, vol.Required(ATTR_PRONUNCIATIONS): dict}
)


async def async_list_dictionaries(call: ServiceCall) -> ServiceResponse:
    """Return the dictionaries of an account, with their word counts, languages, and voices."""
    account, provider = _keeper(call)
    with in_words(account):
        held = await async_held(provider)
    return {
        "dictionaries": [
            {
                ATTR_DICTIONARY: dictionary_id,
                "words": word_count(pronunciations),
                "languages": list(pronunciations),
                "used_by": [*_used_by(account, provider, dictionary_id)],
            }
            for dictionary_id, pronunciations in held.items()
        ],
        "most_dictionaries": provider.most_dictionaries,
        "most_words": provider.most_words,
    }


async def async_get_dictionary(call: ServiceCall) -> ServiceResponse:
    """Return the content of a dictionary."""
    account, provider = _keeper(call)
    dictionary_id = call.data[ATTR_DICTIONARY]
    with in_words(account):
        held = await provider.dictionary(dictionary_id)
    return _described(account, provider, dictionary_id, held)


async def async_save_dictionary(call: ServiceCall) -> ServiceResponse:
    """Create a dictionary, or add words to an existing one. Return its content afterwards."""
    account, provider = _keeper(call)
    dictionary_id = call.data.get(ATTR_DICTIONARY)
    added: Words = _read(account, call)
    wanted = added
    with in_words(account):
        try:
            if dictionary_id is None:
                dictionary_id = await _async_create(account, provider, added)
            else:
                wanted = await _async_update(provider, dictionary_id, added)
                await async_note_change(account)
        except ServiceRejection as refusal:
            if refusal.reason is Reason.TOO_LARGE:  # The default message is about a recording
                raise invalid("dictionary_too_large") from refusal
            raise
    return _described(account, provider, dictionary_id, wanted) if call.return_response else None


async def _async_create(account: Account, provider: Dictionaries, wanted: Words) -> str:
    """Create a dictionary within the limits of the service, and return its id."""
    _check_words(provider, wanted)
    if len(await provider.dictionaries()) >= provider.most_dictionaries:
        raise invalid("too_many_dictionaries", account=account.entry.title, most=str(provider.most_dictionaries))
    return await provider.create_dictionary(wanted)


async def _async_update(provider: Dictionaries, dictionary_id: str, added: Words) -> Words:
    """Add words to a dictionary within the limits of the service, and return its content afterwards."""
    held = await provider.dictionary(dictionary_id)
    wanted = {language: {**held.get(language, {}), **added.get(language, {})} for language in {**held, **added}}
    _check_words(provider, wanted)
    await provider.update_dictionary(dictionary_id, added)
    return wanted


async def async_delete_dictionary(call: ServiceCall) -> None:
    """Delete a dictionary that no saved voice uses."""
    account, provider = _keeper(call)
    dictionary_id = call.data[ATTR_DICTIONARY]
    if names := _used_by(account, provider, dictionary_id):
        raise invalid("dictionary_in_use", dictionary=dictionary_id, names=", ".join(names))
    with in_words(account):
        await provider.delete_dictionary(dictionary_id)


def _keeper(call: ServiceCall) -> tuple[Account, Dictionaries]:
    """Return the account, and its provider if it stores dictionaries. Raises `ServiceValidationError`."""
    account = account_of(call)
    if not isinstance(account.provider, Dictionaries):
        raise invalid("no_dictionaries", provider=account.provider.name)
    return account, account.provider


def _used_by(account: Account, provider: Dictionaries, dictionary_id: str) -> list[str]:
    """Return the names of the saved voices that use a dictionary."""
    key = provider.dictionary_setting.key
    return names_of_voices(account, lambda saved: saved[CONF_SETTINGS].get(key) == dictionary_id)


def _read(account: Account, call: ServiceCall) -> dict[str, dict[str, str]]:
    """Return the pronunciations of a call by the service's language tags. Raises `ServiceValidationError`."""
    offered = list(dict.fromkeys(tag for model in account.provider.models for tag in model.languages))
    read: dict[str, dict[str, str]] = {}
    for language, words in call.data[ATTR_PRONUNCIATIONS].items():
        if (tag := match_language(str(language), offered)) is None:
            raise invalid("dictionary_language", language=str(language), languages=", ".join(offered))
        if not isinstance(words, dict) or not words:
            raise invalid("dictionary_shape")
        for pair in words.items():
            # YAML may have parsed a word as a number
            word, said = (str(each).strip() if isinstance(each, str | int | float) else "" for each in pair)
            if not word or not said:
                raise invalid("dictionary_shape")
            read.setdefault(tag, {})[word] = said
    if not read:
        raise invalid("dictionary_shape")
    return read


def _check_words(provider: Dictionaries, pronunciations: Words) -> None:
    """Raise `ServiceValidationError` if a dictionary exceeds the limit of the service."""
    if (words := word_count(pronunciations)) > provider.most_words:
        raise invalid("too_many_words", words=str(words), most=str(provider.most_words))


def _described(account: Account, provider: Dictionaries, dictionary_id: str, pronunciations: Words) -> dict[str, Any]:
    """Return a dictionary as it appears in a response."""
    return {
        ATTR_DICTIONARY: dictionary_id,
        ATTR_PRONUNCIATIONS: {language: dict(words) for language, words in pronunciations.items()},
        "words": word_count(pronunciations),
        "used_by": [*_used_by(account, provider, dictionary_id)],
    }
