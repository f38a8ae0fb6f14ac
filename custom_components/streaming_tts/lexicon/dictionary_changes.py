"""When a dictionary was changed here last: what was spoken by one before may sound otherwise by now."""

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from ..account.storage import CacheStore
from ..const import DOMAIN


class DictionaryChanges:
    """Remembers the newest change, over restarts."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Start without any; `async_load` takes up what was stored."""
        self.newest: str | None = None
        self._store = CacheStore(hass, "dictionaries")

    async def async_load(self) -> None:
        """Take up what was stored; where that cannot be read, nothing that was spoken before now is found any more."""
        stored = await self._store.async_load_or_drop()
        newest = None if stored is None else stored.get("newest")
        if isinstance(newest, str):
            self.newest = newest
        elif stored is not None or self._store.dropped:
            await self.async_note()

    async def async_note(self) -> None:
        """Take note of a change; it is on the disk when this has returned."""
        self.newest = dt_util.utcnow().isoformat()
        await self._store.async_save({"newest": self.newest})


_CHANGES: HassKey[DictionaryChanges] = HassKey(f"{DOMAIN}_dictionary_changes")


async def async_load_dictionary_changes(hass: HomeAssistant) -> None:
    """Take up what was stored of the house."""
    changes = hass.data[_CHANGES] = DictionaryChanges(hass)
    await changes.async_load()


def dictionary_changes(hass: HomeAssistant) -> DictionaryChanges:
    """Return the changes of the house."""
    return hass.data[_CHANGES]
