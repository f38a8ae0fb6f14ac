"""The lexicon shared by all accounts and voices, and the text normalizers by language."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, Final

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey
from homeassistant.util.json import JsonObjectType, JsonValueType

from ..account.stores import MALFORMED, LastingStore
from ..const import DOMAIN, LOGGER
from ..providers.types import Model
from ..speech.text.lexicon import (
    MAX_CHARACTERS,
    MAX_PAUSE,
    MIN_PAUSE,
    Lexicon,
    Pronunciation,
    PronunciationError,
    PronunciationField,
    canonical,
    normalised,
)
from ..speech.text.normalizer import Normalizer

MAX_PRONUNCIATIONS: Final = 2000


class Pronunciations:
    """Keeps the lexicon in its own store: updating a config entry would reload accounts while they speak."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Start empty. `async_load` loads the stored entries."""
        self.lexicon = Lexicon()
        self._store = LastingStore(hass, "pronunciations")
        self._content: dict[str, Any] = {}
        self._stored: dict[Pronunciation, Mapping[str, Any]] = {}
        self._unread: list[Any] = []

    async def async_load(self) -> None:
        """Load the stored entries. Unreadable ones, such as those of a later release, are kept but not used."""
        self._content = await self._store.async_load_or_set_aside() or {}
        stored = self._content.get("entries", [])
        if not isinstance(stored, list):
            await self._store.async_set_aside()
            self._content, stored = {}, []
        for content in stored:
            try:
                known = {key: value for key, value in content.items() if key in tuple(PronunciationField)}
                self._stored[Pronunciation.of(**known)] = content
            except MALFORMED:  # A `PronunciationError` is a `ValueError`
                self._unread.append(content)
        if self._unread:
            LOGGER.warning("Could not read %d stored pronunciations. They are kept, but not used", len(self._unread))
        self.lexicon = Lexicon(self._stored)

    def find(self, word: str, language: str) -> Pronunciation | None:
        """Return the entry of a word with exactly this spelling and language."""
        key = normalised(word), canonical(language)
        return next((entry for entry in self.lexicon if (entry.word, canonical(entry.language)) == key), None)

    async def async_replace(self, entries: Iterable[Pronunciation]) -> None:
        """Replace all entries. They are on disk on return.

        Raises `PronunciationError` if there are too many.
        """
        lexicon = Lexicon(entries)
        if len(lexicon) > MAX_PRONUNCIATIONS:
            raise PronunciationError(PronunciationField.WORD, "pronunciations_too_many")
        self.lexicon = lexicon
        contents = [
            self._stored.get(each, {"word": each.word, "language": each.language, **each.fields}) for each in lexicon
        ]
        await self._store.async_save({**self._content, "entries": [*contents, *self._unread]})


PRONUNCIATIONS: HassKey[Pronunciations] = HassKey(f"{DOMAIN}_pronunciations")
"""The pronunciations shared by all accounts."""


async def async_load_pronunciations(hass: HomeAssistant) -> None:
    """Load the lexicon before any voice speaks."""
    pronunciations = hass.data[PRONUNCIATIONS] = Pronunciations(hass)
    await pronunciations.async_load()


def language_for(hass: HomeAssistant, spoken: str | None, asked: str) -> str:
    """Return the language of the text, from the language that the voice speaks and the requested one.

    A requested region is used if the voice speaks the language without a region. If the voice detects the language
    (None), Home Assistant's language is assumed.
    """
    if spoken is None:
        return hass.config.language
    return asked if canonical(asked).startswith(f"{canonical(spoken)}-") else spoken


def as_mapping(entries: Iterable[Pronunciation]) -> JsonObjectType:
    """Return entries as `{language: {word: fields}}`."""
    mapping: dict[str, dict[str, JsonValueType]] = {}
    for entry in entries:
        mapping.setdefault(entry.language, {})[entry.word] = {**entry.fields}
    return {**mapping}


def limits(part: PronunciationField) -> dict[str, str]:
    """Return the placeholders of the messages about a field of an entry."""
    return {
        "field": part.value,
        "most_characters": str(MAX_CHARACTERS.get(part, 0)),
        "least": str(MIN_PAUSE),
        "most": str(MAX_PAUSE),
    }


type _Key = tuple[str, bool, bool]

_DOMAINS = frozenset(Platform)

_NORMALIZERS: HassKey[dict[_Key, Normalizer]] = HassKey(f"{DOMAIN}_normalizers")


async def async_normalizer(hass: HomeAssistant, language: str, model: Model) -> Normalizer:
    """Return the text normalizer for a model and a language (BCP 47). Its files are read once, in the executor."""
    loaded = hass.data.setdefault(_NORMALIZERS, {})
    key = language, not model.writes_out_numbers, model.needs_thousands_separators
    if key not in loaded:
        load = partial(Normalizer, language, number_words=key[1], thousands_separators=key[2])
        loaded[key] = await hass.async_add_executor_job(load)
    return loaded[key]


@callback
def friendly_name(hass: HomeAssistant, entity_id: str) -> str | None:
    """Return an entity's name, the id of one without a state, or None if no entity can have this id."""
    if (state := hass.states.get(entity_id)) is not None:
        return state.name
    domain = entity_id.partition(".")[0]
    return entity_id if domain in _DOMAINS or domain in hass.config.components else None
