"""The actions about the lexicon that all accounts share."""

from collections.abc import Mapping
from typing import Any, Final

import voluptuous as vol

from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.helpers import config_validation as cv, service

from ..const import DOMAIN
from ..errors import invalid
from ..lexicon.store import MAX_PRONUNCIATIONS, Pronunciations, TooManyError, as_mapping, limits, shared_pronunciations
from ..speech.text.lexicon import Pronunciation, PronunciationError, PronunciationField, canonical, normalised
from . import Action

ATTR_PRONUNCIATIONS: Final = "pronunciations"
ATTR_REPLACE: Final = "replace"


def _written(value: object) -> str:
    """Return a word or a language as it was written; raises `vol.Invalid` for what YAML takes for something else."""
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


@callback
def async_setup_pronunciation_actions(hass: HomeAssistant) -> None:
    """Register the actions; only administrators change the lexicon."""
    hass.services.async_register(
        DOMAIN, Action.GET_PRONUNCIATIONS, _async_get, schema=GET_SCHEMA, supports_response=SupportsResponse.ONLY
    )
    service.async_register_admin_service(
        hass,
        DOMAIN,
        Action.SET_PRONUNCIATIONS,
        _async_set,
        schema=SET_SCHEMA,
        supports_response=SupportsResponse.OPTIONAL,
    )


async def _async_get(call: ServiceCall) -> ServiceResponse:
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
        for entry in shared_pronunciations(call.hass).lexicon
        if wanted[PronunciationField.WORD] in (None, entry.word)
        and wanted[PronunciationField.LANGUAGE] in (None, canonical(entry.language))
    ]
    return {ATTR_PRONUNCIATIONS: as_mapping(found)}


async def _async_set(call: ServiceCall) -> ServiceResponse:
    """Change the lexicon, wholly or not at all; return how many entries were added, changed, and removed.

    An empty pronunciation removes the word. With `replace`, words that the call does not name are removed.
    """
    house = shared_pronunciations(call.hass)
    before = {entry.key: entry for entry in house.lexicon}
    after = {} if call.data[ATTR_REPLACE] else dict(before)
    for language, words in call.data[ATTR_PRONUNCIATIONS].items():
        for word, said in words.items():
            if said in (None, "", {}):
                after.pop(_known(house, word, language).key, None)
            else:
                entry = _entry(
                    word, language, said if isinstance(said, Mapping) else {PronunciationField.RESPELLING: said}
                )
                after[entry.key] = entry
    try:
        await house.async_replace(after.values())
    except TooManyError:
        raise invalid("pronunciations_too_many", most=str(MAX_PRONUNCIATIONS)) from None
    return {
        "added": len(after.keys() - before.keys()),
        "changed": sum(after[key] != before[key] for key in after.keys() & before.keys()),
        "removed": len(before.keys() - after.keys()),
        ATTR_PRONUNCIATIONS: len(house.lexicon),
    }


def _known(house: Pronunciations, word: str, language: str) -> Pronunciation:
    """Return the entry of a word; raises a translated error if there is none."""
    if (entry := house.find(word, language)) is None:
        raise invalid("pronunciation_unknown", word=word, language=language)
    return entry


def _entry(word: str, language: str, fields: Mapping[str, Any]) -> Pronunciation:
    """Return an entry; raises a translated error that names the word."""
    try:
        return Pronunciation.of(word=word, language=language, **fields)
    except PronunciationError as error:
        raise invalid(error.reason, word=word, language=language, **limits(error.part)) from None
