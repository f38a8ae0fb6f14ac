"""The actions about pronunciations: the lexicon that all accounts share, and the dictionaries that a service keeps."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import probatio

from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.helpers import config_validation as cv

from ..account.runtime import Account
from ..errors import invalid
from ..lexicon.dictionaries import async_held, async_note_change, used_by, word_count
from ..lexicon.store import MAX_PRONUNCIATIONS, PRONUNCIATIONS, Pronunciations, TooManyError, as_mapping, limits
from ..providers.capabilities import Dictionaries, Pronunciations as Words, Reason, ServiceRejection
from ..speech.text.lexicon import Pronunciation, PronunciationError, PronunciationField, canonical, normalised
from ..voices.languages import match_language
from . import account_of, in_words

ATTR_PRONUNCIATIONS: Final = "pronunciations"
ATTR_REPLACE: Final = "replace"


def _written(value: object) -> str:
    """Return a word or a language as it was written. Raises `Invalid` for what YAML takes for something else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise probatio.Invalid("Expected text. Put it in quotes")
    return str(value)


GET_SCHEMA: Final = probatio.Schema(
    {
        probatio.Optional(PronunciationField.WORD.value): _written,
        probatio.Optional(PronunciationField.LANGUAGE.value): cv.string,
    }
)
SET_SCHEMA: Final = probatio.Schema(
    {
        probatio.Required(ATTR_PRONUNCIATIONS): {_written: {_written: object}},
        probatio.Optional(ATTR_REPLACE, default=False): cv.boolean,
    }
)


async def async_get_pronunciations(call: ServiceCall) -> ServiceResponse:
    """Answer with the lexicon, or with what it has for a word, a language, or both.

    `set_pronunciations` takes it as it is.
    """
    wanted = {
        PronunciationField.WORD: normalised(call.data[PronunciationField.WORD])
        if PronunciationField.WORD in call.data
        else None,
        PronunciationField.LANGUAGE: canonical(call.data[PronunciationField.LANGUAGE])
        if PronunciationField.LANGUAGE in call.data
        else None,
    }
    found = [
        entry
        for entry in call.hass.data[PRONUNCIATIONS].lexicon
        if wanted[PronunciationField.WORD] in (None, entry.word)
        and wanted[PronunciationField.LANGUAGE] in (None, canonical(entry.language))
    ]
    return {ATTR_PRONUNCIATIONS: as_mapping(found)}


async def async_set_pronunciations(call: ServiceCall) -> ServiceResponse:
    """Change the lexicon, wholly or not at all; return how many entries were added, changed, and removed.

    An empty pronunciation removes the word. With `replace`, words that the call does not name are removed.
    """
    store = call.hass.data[PRONUNCIATIONS]
    before = {entry.key: entry for entry in store.lexicon}
    after = {} if call.data[ATTR_REPLACE] else dict(before)
    for language, words in call.data[ATTR_PRONUNCIATIONS].items():
        for word, said in words.items():
            if said in (None, "", {}):
                after.pop(_known(store, word, language).key, None)
            else:
                entry = _entry(
                    word, language, said if isinstance(said, Mapping) else {PronunciationField.RESPELLING: said}
                )
                after[entry.key] = entry
    try:
        await store.async_replace(after.values())
    except TooManyError:
        raise invalid("pronunciations_too_many", most=str(MAX_PRONUNCIATIONS)) from None
    return {
        "added": len(after.keys() - before.keys()),
        "changed": sum(after[key] != before[key] for key in after.keys() & before.keys()),
        "removed": len(before.keys() - after.keys()),
        ATTR_PRONUNCIATIONS: len(store.lexicon),
    }


def _known(store: Pronunciations, word: str, language: str) -> Pronunciation:
    """Return the entry of a word; raises a translated error if there is none."""
    if (entry := store.find(word, language)) is None:
        raise invalid("pronunciation_unknown", word=word, language=language)
    return entry


def _entry(word: str, language: str, fields: Mapping[str, Any]) -> Pronunciation:
    """Return an entry; raises a translated error that names the word."""
    try:
        return Pronunciation.of(word=word, language=language, **fields)
    except PronunciationError as error:
        raise invalid(error.reason, word=word, language=language, **limits(error.part)) from None


ATTR_DICTIONARY: Final = "dictionary_id"

_ACCOUNT: Final = {probatio.Required(ATTR_CONFIG_ENTRY_ID): cv.string}
_DICTIONARY_ID: Final = probatio.All(cv.string, probatio.Strip, probatio.Length(min=1, max=64))

ACCOUNT_SCHEMA: Final = probatio.Schema(_ACCOUNT)
DICTIONARY_SCHEMA: Final = probatio.Schema({**_ACCOUNT, probatio.Required(ATTR_DICTIONARY): _DICTIONARY_ID})
SAVE_SCHEMA: Final = probatio.Schema(
    {**_ACCOUNT, probatio.Optional(ATTR_DICTIONARY): _DICTIONARY_ID, probatio.Required(ATTR_PRONUNCIATIONS): dict}
)


async def async_list_dictionaries(call: ServiceCall) -> ServiceResponse:
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


async def async_get_dictionary(call: ServiceCall) -> ServiceResponse:
    """Answer with what a dictionary holds."""
    account = account_of(call)
    provider = _keeper(account)
    dictionary_id = call.data[ATTR_DICTIONARY]
    with in_words(account):
        held = await provider.dictionary(dictionary_id)
    return _told(account, provider, dictionary_id, held)


async def async_save_dictionary(call: ServiceCall) -> ServiceResponse:
    """Create a dictionary, or add to the one that is named; return what it holds then."""
    account = account_of(call)
    provider = _keeper(account)
    dictionary_id = call.data.get(ATTR_DICTIONARY)
    added: Words = _read(account, call)
    wanted = added
    with in_words(account), _within_size():
        if dictionary_id is None:
            dictionary_id = await _async_create(account, provider, added)
        else:
            wanted = await _async_update(provider, dictionary_id, added)
            await async_note_change(account)
    return _told(account, provider, dictionary_id, wanted) if call.return_response else None


async def _async_create(account: Account, provider: Dictionaries, wanted: Words) -> str:
    """Create a dictionary within the limits of the service and return its id."""
    _check_words(provider, wanted)
    if len(await provider.dictionaries()) >= provider.most_dictionaries:
        raise invalid("too_many_dictionaries", account=account.entry.title, most=str(provider.most_dictionaries))
    return await provider.create_dictionary(wanted)


async def _async_update(provider: Dictionaries, dictionary_id: str, added: Words) -> Words:
    """Add to a dictionary within the limits of the service and return what it holds then."""
    held = await provider.dictionary(dictionary_id)
    wanted = {language: {**held.get(language, {}), **added.get(language, {})} for language in {**held, **added}}
    _check_words(provider, wanted)
    await provider.update_dictionary(dictionary_id, added)
    return wanted


async def async_delete_dictionary(call: ServiceCall) -> None:
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


def _check_words(provider: Dictionaries, pronunciations: Words) -> None:
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


def _told(account: Account, provider: Dictionaries, dictionary_id: str, pronunciations: Words) -> dict[str, Any]:
    """Return what an answer tells of a dictionary."""
    return {
        ATTR_DICTIONARY: dictionary_id,
        ATTR_PRONUNCIATIONS: {language: dict(words) for language, words in pronunciations.items()},
        "words": word_count(pronunciations),
        "used_by": [*used_by(account, provider, dictionary_id)],
    }
