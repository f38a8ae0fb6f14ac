"""Pronunciation dictionaries that a service stores for an account, and the time of their newest change."""

import asyncio

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from ..account.runtime import Account, audio_cache
from ..account.stores import CacheStore
from ..const import CONF_PROVIDER, DOMAIN
from ..providers.capabilities import Dictionaries, Pronunciations, Reason, ServiceRejection
from ..providers.types import Model, ProviderError


async def async_held(provider: Dictionaries) -> dict[str, Pronunciations]:
    """Return all dictionaries of an account by id. Raises `ProviderError`."""
    ids = await provider.dictionaries()
    held = await asyncio.gather(*(_async_dictionary(provider, dictionary_id) for dictionary_id in ids))
    return {dictionary_id: words for dictionary_id, words in zip(ids, held, strict=True) if words is not None}


async def async_choices(account: Account, model: Model) -> dict[str, dict[str, str]]:
    """Return the choices for dictionary settings of a voice: setting key → title → dictionary id.

    It is empty if the model does not support dictionaries, or the service is unavailable.
    """
    provider = account.provider
    if not isinstance(provider, Dictionaries) or provider.dictionary_setting not in model.settings:
        return {}
    try:
        held = await async_held(provider)
    except ProviderError:
        return {}
    choices = {f"{dictionary_id} ({word_count(words)})": dictionary_id for dictionary_id, words in held.items()}
    return {provider.dictionary_setting.key: choices}


def word_count(pronunciations: Pronunciations) -> int:
    """Return the number of words in a dictionary, in all languages."""
    return sum(len(words) for words in pronunciations.values())


async def async_note_change(account: Account) -> None:
    """Record a change of a dictionary, and invalidate cached audio that used it."""
    await account.hass.data[DICTIONARY_CHANGES].async_note()
    for entry in account.hass.config_entries.async_entries(DOMAIN):
        if entry.data[CONF_PROVIDER] == account.entry.data[CONF_PROVIDER]:
            audio_cache(account.hass).clear(entry.entry_id)


async def _async_dictionary(provider: Dictionaries, dictionary_id: str) -> Pronunciations | None:
    """Return the content of a dictionary, or None if it was deleted meanwhile. Raises `ProviderError`."""
    try:
        return await provider.dictionary(dictionary_id)
    except ServiceRejection as refusal:
        if refusal.reason is Reason.NOT_FOUND:
            return None
        raise


class DictionaryChanges:
    """Stores the time of the newest change."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Start empty. `async_load` loads the stored time."""
        self.newest: str | None = None
        self._store = CacheStore(hass, "dictionaries")

    async def async_load(self) -> None:
        """Load the stored time. If it is unreadable, record a change, to invalidate all cached audio."""
        stored = await self._store.async_load_or_drop()
        newest = None if stored is None else stored.get("newest")
        if isinstance(newest, str):
            self.newest = newest
        elif stored is not None or self._store.dropped:
            await self.async_note()

    async def async_note(self) -> None:
        """Record a change. It is on disk on return."""
        self.newest = dt_util.utcnow().isoformat()
        await self._store.async_save({"newest": self.newest})


DICTIONARY_CHANGES: HassKey[DictionaryChanges] = HassKey(f"{DOMAIN}_dictionary_changes")


async def async_load_dictionary_changes(hass: HomeAssistant) -> None:
    """Load the stored time of the newest change."""
    changes = hass.data[DICTIONARY_CHANGES] = DictionaryChanges(hass)
    await changes.async_load()
