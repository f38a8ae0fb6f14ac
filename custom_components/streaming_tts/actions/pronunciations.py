"""The actions about the lexicon of the house: how words are said, whoever says them."""

from collections.abc import Mapping
from typing import Any, Final

import voluptuous as vol

from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.helpers import config_validation as cv, service

from ..const import DOMAIN
from ..errors import invalid
from ..lexicon.store import MAX_PRONUNCIATIONS, TooManyError, as_mapping, house_pronunciations, limits
from ..speech.text.pronunciation import EVERY_LANGUAGE, Part, Pronunciation, PronunciationError, canonical, normalised
from . import Action

ATTR_PRONUNCIATIONS: Final = "pronunciations"
ATTR_REPLACE: Final = "replace"


def _written(value: object) -> str:
    """Return a word or a language as it was written; raises `vol.Invalid` for what YAML takes for something else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise vol.Invalid("expected text; put it in quotes")
    return str(value)


_KEY: Final = {
    vol.Required(Part.WORD.value): _written,
    vol.Optional(Part.LANGUAGE.value, default=EVERY_LANGUAGE): cv.string,
}
GET_SCHEMA: Final = vol.Schema({vol.Optional(Part.WORD.value): _written, vol.Optional(Part.LANGUAGE.value): cv.string})
SET_SCHEMA: Final = vol.Schema(
    {
        **_KEY,
        **{vol.Optional(part.value): object for part in (Part.RESPELLING, Part.IPA, Part.PAUSE)},
        vol.Optional(Part.DIGITS.value): cv.boolean,
    }
)
REMOVE_SCHEMA: Final = vol.Schema(_KEY)
IMPORT_SCHEMA: Final = vol.Schema(
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
    for action, change, schema, response in (
        (Action.SET_PRONUNCIATION, _async_set, SET_SCHEMA, SupportsResponse.OPTIONAL),
        (Action.REMOVE_PRONUNCIATION, _async_remove, REMOVE_SCHEMA, SupportsResponse.NONE),
        (Action.IMPORT_PRONUNCIATIONS, _async_import, IMPORT_SCHEMA, SupportsResponse.OPTIONAL),
    ):
        service.async_register_admin_service(hass, DOMAIN, action, change, schema=schema, supports_response=response)


async def _async_get(call: ServiceCall) -> ServiceResponse:
    """Answer with the lexicon, or with what it has for a word, a language, or both; it can be imported as it is."""
    wanted = {
        Part.WORD: normalised(call.data[Part.WORD]) if Part.WORD in call.data else None,
        Part.LANGUAGE: canonical(call.data[Part.LANGUAGE]) if Part.LANGUAGE in call.data else None,
    }
    found = [
        entry
        for entry in house_pronunciations(call.hass).lexicon
        if wanted[Part.WORD] in (None, entry.word) and wanted[Part.LANGUAGE] in (None, canonical(entry.language))
    ]
    return {ATTR_PRONUNCIATIONS: as_mapping(found)}


async def _async_set(call: ServiceCall) -> ServiceResponse:
    """Say how a word is said; answers whether it was said otherwise before."""
    fields = dict(call.data)
    entry = _entry(fields.pop(Part.WORD), fields.pop(Part.LANGUAGE), fields)
    known = house_pronunciations(call.hass).find(*entry.key) is not None
    await _async_keep(call.hass, [entry], replace=False)
    return {"replaced": known, **_size(call.hass)}


async def _async_remove(call: ServiceCall) -> None:
    """Let a word be said as the service says it."""
    house = house_pronunciations(call.hass)
    word, language = call.data[Part.WORD], call.data[Part.LANGUAGE]
    if (entry := house.find(word, language)) is None:
        raise invalid("pronunciation_unknown", word=word, language=language)
    await house.async_remove(entry)


async def _async_import(call: ServiceCall) -> ServiceResponse:
    """Take many entries, all or none; answers with how many are new, changed and gone."""
    entries = [
        _entry(word, language, said if isinstance(said, Mapping) else {Part.RESPELLING: said})
        for language, words in call.data[ATTR_PRONUNCIATIONS].items()
        for word, said in words.items()
    ]
    before = {entry.key: entry for entry in house_pronunciations(call.hass).lexicon}
    await _async_keep(call.hass, entries, replace=call.data[ATTR_REPLACE])
    after = {entry.key: entry for entry in house_pronunciations(call.hass).lexicon}
    return {
        "added": len(after.keys() - before.keys()),
        "changed": sum(after[key] != before[key] for key in after.keys() & before.keys()),
        "removed": len(before.keys() - after.keys()),
        **_size(call.hass),
    }


async def _async_keep(hass: HomeAssistant, entries: list[Pronunciation], *, replace: bool) -> None:
    """Store entries, beside the others or alone; raises a translated error where they are too many."""
    house = house_pronunciations(hass)
    try:
        await (house.async_replace(entries) if replace else house.async_put(entries))
    except TooManyError:
        raise invalid("pronunciations_too_many", most=str(MAX_PRONUNCIATIONS)) from None


def _entry(word: str, language: str, fields: Mapping[str, Any]) -> Pronunciation:
    """Return an entry; raises a translated error that names the word."""
    try:
        return Pronunciation.of(word=word, language=language, **fields)
    except PronunciationError as error:
        raise invalid(error.reason, word=word, language=language, **limits(error.part)) from None


def _size(hass: HomeAssistant) -> dict[str, int]:
    """Return how many entries there are now."""
    return {ATTR_PRONUNCIATIONS: len(house_pronunciations(hass).lexicon)}
