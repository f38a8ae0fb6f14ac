"""The voices that were cloned here.

With whose consent's time, and known also where no list of the service shows them.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from ..providers.types import VoiceInfo
from ..voices.catalogue import restored_voice, stored_voice
from .stores import MALFORMED


@dataclass(frozen=True, kw_only=True, slots=True)
class Clone:
    """A voice that was cloned here, when consent was confirmed, and whether its service has ever listed it.

    `stored` is the clone as JSON as it was read, with what only a later release knows of it.
    """

    voice: VoiceInfo
    consented_at: datetime
    listed: bool = False
    stored: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Clone:
        """Return the clone that `as_dict` has made JSON of; raises one of `MALFORMED` for anything else."""
        return cls(
            voice=restored_voice(stored["voice"]),
            consented_at=datetime.fromisoformat(stored["consented_at"]),
            listed=bool(stored["listed"]),
            stored=stored,
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the clone as JSON; its voice never changes."""
        return {
            "voice": stored_voice(self.voice),
            "consented_at": self.consented_at.isoformat(),
            **self.stored,
            "listed": self.listed,
        }


class Clones:
    """The clones of an account. They outlive a reload of the account, in the middle of which one may be made."""

    def __init__(self, save: Callable[[], Awaitable[None]]) -> None:
        """Start with none; `restore` takes up what was stored, and `save` has `as_list` on the disk when it returns."""
        self._clones: dict[str, Clone] = {}
        self._save = save

    def as_list(self) -> list[dict[str, Any]]:
        """Return the clones as JSON."""
        return [clone.as_dict() for clone in self._clones.values()]

    def restore(self, stored: Iterable[Mapping[str, Any]]) -> None:
        """Take up what `as_list` returned.

        Raises `ValueError` if one of them cannot be read, and leaves that one out.
        """
        unreadable = False
        for each in stored:
            try:
                clone = Clone.of(each)
            except MALFORMED:
                unreadable = True
            else:
                self._clones[clone.voice.voice_id] = clone
        if unreadable:
            raise ValueError

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
            await self._save()
        return (*(clone.voice for clone in self._clones.values() if not clone.listed), *listed)

    async def async_add(self, clone: Clone) -> None:
        """Keep a clone; it is on the disk when this has returned."""
        self._clones[clone.voice.voice_id] = clone
        await self._save()

    async def async_forget(self, voice_id: str) -> None:
        """Keep nothing of a voice that was deleted."""
        if self._clones.pop(voice_id, None) is not None:
            await self._save()
