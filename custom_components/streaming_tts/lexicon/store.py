"""How texts are read in this home: one lexicon for all accounts and voices, and how each language writes signs."""

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
    """Keeps the lexicon. It is in a store of its own: an update of an entry would reload accounts while they speak."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Start empty; `async_load` takes up what was stored."""
        self.lexicon = Lexicon()
        self._store = LastingStore(hass, "pronunciations")
        self._content: dict[str, Any] = {}
        self._stored: dict[Pronunciation, Mapping[str, Any]] = {}
        self._unread: list[Any] = []

    async def async_load(self) -> None:
        """Load what was stored; an entry that cannot be read, such as one of a later release, is kept and not used."""
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
        """Return the entry of a word, written so, in exactly this language."""
        key = normalised(word), canonical(language)
        return next((entry for entry in self.lexicon if (entry.word, canonical(entry.language)) == key), None)

    async def async_replace(self, entries: Iterable[Pronunciation]) -> None:
        """Have these entries and no others; they are on the disk when this has returned.

        Raises `PronunciationError` where these are more than may be kept.
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
"""The pronunciations that all accounts share."""


async def async_load_pronunciations(hass: HomeAssistant) -> None:
    """Make the lexicon ready, before any voice speaks."""
    pronunciations = hass.data[PRONUNCIATIONS] = Pronunciations(hass)
    await pronunciations.async_load()


def language_for(hass: HomeAssistant, spoken: str | None, asked: str) -> str:
    """Return the language of the texts of a voice that speaks a language, where another was asked for by name.

    A region that was asked for counts where the voice speaks the language as a whole. A voice that is to hear the
    language from the text (None) is taken to speak the language of Home Assistant.
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
    """Return what the messages about a field of an entry name."""
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
    """Return how signs are written for a model in a language (BCP 47); its files are read in the executor, once."""
    loaded = hass.data.setdefault(_NORMALIZERS, {})
    key = language, not model.writes_out_numbers, model.needs_thousands_separators
    if key not in loaded:
        load = partial(Normalizer, language, number_words=key[1], thousands_separators=key[2])
        loaded[key] = await hass.async_add_executor_job(load)
    return loaded[key]


@callback
def friendly_name(hass: HomeAssistant, entity_id: str) -> str | None:
    """Return the name of an entity, its id where there is none yet, and None where no entity can have such an id."""
    if (state := hass.states.get(entity_id)) is not None:
        return state.name
    domain = entity_id.partition(".")[0]
    return entity_id if domain in _DOMAINS or domain in hass.config.components else None
