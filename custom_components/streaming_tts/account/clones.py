"""The voices that were cloned here: with whose consent's time, and known also where no list of the service shows them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN, STORAGE_VERSION
from ..providers.types import VoiceInfo
from ..voices.stored_voices import restored_voice, stored_voice


@dataclass(frozen=True, kw_only=True, slots=True)
class Clone:
    """A voice that was cloned here, when its person's consent was confirmed, and whether its service has ever listed it."""

    voice: VoiceInfo
    consented_at: datetime
    listed: bool = False


class Clones:
    """Keeps the clones of an account. It outlives a reload of the account, in the middle of which one may be made."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        """Start with none; `async_load` takes up what was stored."""
        self._clones: dict[str, Clone] = {}
        self._store = _store(hass, entry_id)

    async def async_load(self) -> None:
        """Take up what was stored."""
        if (state := await self._store.async_load()) is None:
            return
        for stored in state["clones"]:
            voice = restored_voice(stored["voice"])
            consented_at = datetime.fromisoformat(stored["consented_at"])
            self._clones[voice.voice_id] = Clone(voice=voice, consented_at=consented_at, listed=stored["listed"])

    def consented_at(self, voice_id: str) -> datetime | None:
        """Return when consent to a clone was confirmed, None where it was not made here."""
        clone = self._clones.get(voice_id)
        return None if clone is None else clone.consented_at

    async def async_completed(self, listed: Iterable[VoiceInfo]) -> tuple[VoiceInfo, ...]:
        """Return a list of the service with the clones that it has never shown, these first.

        A clone that it has shown before is gone when it does not any more.
        """
        listed = tuple(listed)
        shown = {voice.voice_id for voice in listed}
        if new := [clone for clone in self._clones.values() if not clone.listed and clone.voice.voice_id in shown]:
            self._clones |= {clone.voice.voice_id: replace(clone, listed=True) for clone in new}
            await self._async_save()
        return (*(clone.voice for clone in self._clones.values() if not clone.listed), *listed)

    async def async_add(self, clone: Clone) -> None:
        """Keep a clone; it is on the disk when this has returned."""
        self._clones[clone.voice.voice_id] = clone
        await self._async_save()

    async def async_forget(self, voice_id: str) -> None:
        """Keep nothing of a voice that was deleted."""
        if self._clones.pop(voice_id, None) is not None:
            await self._async_save()

    async def _async_save(self) -> None:
        clones = [
            {
                "voice": stored_voice(clone.voice),
                "consented_at": clone.consented_at.isoformat(),
                "listed": clone.listed,
            }
            for clone in self._clones.values()
        ]
        await self._store.async_save({"clones": clones})


_CLONES: HassKey[dict[str, Clones]] = HassKey(f"{DOMAIN}_clones")


async def async_get_clones(hass: HomeAssistant, entry_id: str) -> Clones:
    """Return the clones of an account: those in use, else the stored ones, else none."""
    known = hass.data.setdefault(_CLONES, {})
    if entry_id not in known:
        clones = Clones(hass, entry_id)
        await clones.async_load()
        known[entry_id] = clones
    return known[entry_id]


async def async_remove_clones(hass: HomeAssistant, entry_id: str) -> None:
    """Forget the clones of an account that was removed."""
    hass.data.get(_CLONES, {}).pop(entry_id, None)
    await _store(hass, entry_id).async_remove()


def _store(hass: HomeAssistant, entry_id: str) -> Store[dict[str, Any]]:
    """Return where the clones of an account are stored."""
    return Store(hass, STORAGE_VERSION, f"{DOMAIN}.{entry_id}.clones", private=True)
