"""State of an account that outlives a reload, in one file.

It holds usage, clones, renewed credentials, measured loudness, and refused voices.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
import hashlib
import math
from typing import TYPE_CHECKING, Any, Final

from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback, valid_entity_id
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from ..audio.level import VoiceLoudness
from ..const import DOMAIN, LEDGER_SAVE_DELAY
from ..providers.types import Voice, VoiceInfo
from ..voices.catalogue import restored_voice, stored_voice
from .credentials import CredentialStore, RenewedCredentials, entry_credentials
from .ledger import Journal, Ledger
from .stores import MALFORMED, RETRY_DELAY, LastingStore, async_remove_files, with_unknown

MAX_VOICES: Final = 64
"""Voices that are remembered, as a call may name any voice of its service. The least recently used one is dropped."""


class LoudnessMemory:
    """The measured loudness of each voice. It outlives a reload of the account."""

    def __init__(self, changed: Callable[[], None]) -> None:
        """Start empty. `changed` is called when a loudness differs from the stored one."""
        self._changed = changed
        self._voices: dict[str, VoiceLoudness] = {}

    def of(self, who: Voice | str) -> VoiceLoudness:
        """Return the loudness of a voice, or of another entity.

        A voice's language and settings are ignored: they hardly affect its loudness.
        """
        name = who if isinstance(who, str) else _name(who)
        voice = self._voices.pop(name, None) or VoiceLoudness(self._changed)
        self._voices[name] = voice
        if len(self._voices) > MAX_VOICES:
            del self._voices[next(iter(self._voices))]
        return voice

    def digest(self, *, without: Collection[Voice]) -> str:
        """Return a digest that changes with the gain correction of any voice, except for those in `without`.

        Other entities are excluded: taking over from a voice would otherwise invalidate its cached audio.
        """
        ignored = {_name(voice) for voice in without}
        known = sorted(
            (name, voice.correction)
            for name, voice in self._voices.items()
            if voice.lufs is not None and name not in ignored and not valid_entity_id(name)
        )
        return hashlib.sha1(repr(known).encode(), usedforsecurity=False).hexdigest()[:12]

    def as_dict(self) -> dict[str, float]:
        """Return the known loudness of each voice in LUFS."""
        return {name: voice.lufs for name, voice in self._voices.items() if voice.lufs is not None}

    def restore(self, stored: Mapping[str, float]) -> None:
        """Load stored values. Raises `ValueError` or `TypeError` if one is not a loudness."""
        restored = {name: float(lufs) for name, lufs in stored.items()}
        if not all(map(math.isfinite, restored.values())):
            raise ValueError
        for name, lufs in restored.items():
            self._voices[name] = VoiceLoudness(self._changed, lufs)


def _name(voice: Voice) -> str:
    return f"{voice.model}/{voice.voice_id}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Clone:
    """A voice cloned here, when consent was confirmed, and whether its service has ever listed it.

    `stored` is the JSON it was read from, including keys of a later release.
    """

    voice: VoiceInfo
    consented_at: datetime
    listed: bool = False
    stored: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Clone:
        """Return a clone from the output of `as_dict`. Raises one of `MALFORMED`."""
        return cls(
            voice=restored_voice(stored["voice"]),
            consented_at=datetime.fromisoformat(stored["consented_at"]),
            listed=bool(stored["listed"]),
            stored=stored,
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the clone as JSON. Its voice never changes."""
        return {
            "voice": stored_voice(self.voice),
            "consented_at": self.consented_at.isoformat(),
            **self.stored,
            "listed": self.listed,
        }


class Clones:
    """The clones of an account. They outlive a reload of the account, during which a clone may be created."""

    def __init__(self, save: Callable[[], Awaitable[None]]) -> None:
        """Start empty. `restore` loads stored clones. When `save` returns, `as_list` is on disk."""
        self._clones: dict[str, Clone] = {}
        self._save = save

    def as_list(self) -> list[dict[str, Any]]:
        """Return the clones as JSON."""
        return [clone.as_dict() for clone in self._clones.values()]

    def restore(self, stored: Iterable[Mapping[str, Any]]) -> None:
        """Load the output of `as_list`.

        Raises `ValueError` after loading if some clones are unreadable; these are skipped.
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
        """Return when consent to a clone was confirmed, or None if it was not created here."""
        clone = self._clones.get(voice_id)
        return None if clone is None else clone.consented_at

    async def async_completed(self, listed: Iterable[VoiceInfo]) -> tuple[VoiceInfo, ...]:
        """Return the service's list of voices, preceded by the clones that it has never listed.

        A clone that was listed before and is missing now has been deleted.
        """
        listed = tuple(listed)
        shown = {voice.voice_id for voice in listed}
        if new := [clone for clone in self._clones.values() if not clone.listed and clone.voice.voice_id in shown]:
            self._clones |= {clone.voice.voice_id: replace(clone, listed=True) for clone in new}
            await self._save()
        return (*(clone.voice for clone in self._clones.values() if not clone.listed), *listed)

    async def async_add(self, clone: Clone) -> None:
        """Store a clone. It is on disk on return."""
        self._clones[clone.voice.voice_id] = clone
        await self._save()

    async def async_forget(self, voice_id: str) -> None:
        """Remove the record of a deleted voice."""
        if self._clones.pop(voice_id, None) is not None:
            await self._save()


if TYPE_CHECKING:
    from .runtime import StreamingTtsConfigEntry

_FIRST_FILES: Final[Mapping[str, Callable[[Mapping[str, Any]], Any]]] = {
    "ledger": dict,
    "clones": lambda content: content["clones"],
    "credentials": dict,
}
"""The files of release 0.1, by the part of the storage that replaced each, and how to read its content."""


type VoiceKey = tuple[str, str]
"""The id and model of a voice."""


class AccountStorage:
    """Keeps the state of an account that must not be lost. It outlives a reload, as do utterances in progress.

    Unknown data of a later release is kept and ignored. Unreadable data is set aside, and that part starts empty.
    """

    def __init__(self, hass: HomeAssistant, entry_id: str, *, daily_quota: bool) -> None:
        """Start empty. `async_load` loads the stored state."""
        self.ledger = Ledger(self._async_save_soon, daily_quota=daily_quota)
        self.clones = Clones(self.async_save)
        self.loudness = LoudnessMemory(self._async_save_soon)
        self._hass = hass
        self._entry_id = entry_id
        self._store = LastingStore(hass, _file_name(entry_id, "account"))
        self.journal = Journal(
            hass,
            LastingStore(hass, _file_name(entry_id, "journal")).path,
            lambda: self._store.newest_written.get("journal", {}).get("newest", 0),
        )
        self._content: dict[str, Any] = {}
        self.refused: dict[VoiceKey, bool] = {}
        """Voices refused since their last successful request. True if the model is gone, False if the voice is."""
        self._renewed: RenewedCredentials | None = None
        self._credentials: CredentialStore | None = None
        self._removed = False
        self._save_pending = False
        self._cancel_stop: CALLBACK_TYPE = hass.async_add_shutdown_job(HassJob(self._async_stop))

    @property
    def retired(self) -> bool:
        """Return True if the account was removed or disabled: requests in progress then create no repairs."""
        entry = self._hass.config_entries.async_get_entry(self._entry_id)
        return self._removed or entry is None or entry.disabled_by is not None

    async def async_load(self) -> None:
        """Load the stored state. Files of release 0.1 are removed once the new file is written."""
        content = await self._store.async_load_or_set_aside() or {}
        first_files = await self._async_load_first_files()
        self._content = {**content, **first_files}
        unreadable = False
        for part, restore in (
            ("ledger", self.ledger.restore),
            ("clones", self.clones.restore),
            ("loudness", self.loudness.restore),
            ("credentials", self._restore_credentials),
            ("refused", self._restore_refused),
        ):
            try:
                if part in self._content:
                    restore(self._content[part])
            except MALFORMED:
                unreadable = True
                self._content.pop(part)
        try:
            interrupted = await self.journal.async_take_up(self._content.get("journal"))
        except MALFORMED:
            unreadable = True
            interrupted = await self.journal.async_take_up(None)
        for request in interrupted:
            self.ledger.count(request.charge, request.money, dt_util.utcnow())
        if unreadable:
            await self._store.async_set_aside()
        if unreadable or first_files or interrupted:
            await self.async_save()
        if first_files and self._store.is_written:
            for part in first_files:
                await LastingStore(self._hass, _file_name(self._entry_id, part)).async_remove()

    def credentials(self, data: Mapping[str, Any]) -> CredentialStore:
        """Return the credential store of an entry's data: the one in use, or a new one after a new login."""
        store = CredentialStore(entry_credentials(data), self._renewed, self.async_save)
        if self._credentials is not None and self._credentials.origin == store.origin:
            self._credentials.given = store.given
            return self._credentials
        if self._credentials is not None:
            self._credentials.retire()
        self._credentials = store
        return store

    @callback
    def async_refuse(self, voice: VoiceKey, *, retired: bool) -> None:
        """Record that a voice is refused with a model, or that the model is retired."""
        if self.refused.get(voice) is not retired:
            self.refused[voice] = retired
            self._async_save_soon()

    @callback
    def async_accept(self, voices: Collection[VoiceKey]) -> None:
        """Remove voices that are no longer refused."""
        for voice in voices:
            del self.refused[voice]
        if voices:
            self._async_save_soon()

    async def async_save(self) -> None:
        """Write all data. It is on disk on return, unless the disk is full or the account was removed."""
        if not self._removed:
            await self._store.async_save(self._state())

    async def async_remove(self) -> None:
        """Remove all stored data of the account. Requests in progress store nothing from now on."""
        self._removed = True
        self._cancel_stop()
        await self.journal.async_close()
        await self._store.async_remove()

    @callback
    def _async_save_soon(self) -> None:
        """Schedule a write. A pending write is not postponed: under steady speech it would never run."""
        if not self._save_pending and not self._removed:
            self._save_pending = True
            self._store.async_delay_save(self._state, LEDGER_SAVE_DELAY if self._store.is_written else RETRY_DELAY)

    @callback
    def _state(self) -> dict[str, Any]:
        """Return a copy of the state. The next change schedules the next write."""
        self._save_pending = False
        renewed = self._renewed if self._credentials is None else self._credentials.renewed
        parts: dict[str, Any] = {
            "ledger": self.ledger.as_dict(),
            "journal": self.journal.as_dict(),
            "clones": self.clones.as_list(),
            "loudness": self.loudness.as_dict(),
            "refused": [
                {"voice": voice_id, "model": model, "retired": retired}
                for (voice_id, model), retired in self.refused.items()
            ],
        }
        if renewed is not None:
            stored = self._content.get("credentials", {})
            parts["credentials"] = with_unknown(stored, renewed.as_dict())
        return {**{key: value for key, value in self._content.items() if key != "credentials"}, **parts}

    def _restore_credentials(self, stored: Mapping[str, Any]) -> None:
        self._renewed = RenewedCredentials.of(stored)

    def _restore_refused(self, stored: Iterable[Mapping[str, Any]]) -> None:
        self.refused = {(str(each["voice"]), str(each["model"])): bool(each["retired"]) for each in stored}

    async def _async_load_first_files(self) -> dict[str, Any]:
        """Return the content of the files of release 0.1. They exist only until the first start with this release."""
        parts = {}
        for part, read in _FIRST_FILES.items():
            store = LastingStore(self._hass, _file_name(self._entry_id, part))
            if (content := await store.async_load_or_set_aside()) is None:
                continue
            try:
                parts[part] = read(content)
            except MALFORMED:
                await store.async_set_aside()
        return parts

    async def _async_stop(self) -> None:
        """Wait for the renewal in progress before Home Assistant stops."""
        if self._credentials is not None:
            await self._credentials.async_stop()


_STORAGES: HassKey[dict[str, AccountStorage]] = HassKey(f"{DOMAIN}_accounts")


async def async_get_storage(
    hass: HomeAssistant, entry: StreamingTtsConfigEntry, *, daily_quota: bool
) -> AccountStorage:
    """Return the storage of an account: the one in use, or a new one loaded from disk."""
    storages = hass.data.setdefault(_STORAGES, {})
    if (storage := storages.get(entry.entry_id)) is None:
        storage = AccountStorage(hass, entry.entry_id, daily_quota=daily_quota)
        await storage.async_load()
        storages[entry.entry_id] = storage
    return storage


async def async_remove_storage(hass: HomeAssistant, entry: StreamingTtsConfigEntry) -> None:
    """Remove all stored files of a removed account, including those set aside."""
    if (storage := hass.data.get(_STORAGES, {}).pop(entry.entry_id, None)) is not None:
        await storage.async_remove()
    for part in ("account", "catalogue", *_FIRST_FILES):
        await LastingStore(hass, _file_name(entry.entry_id, part)).async_remove()
    await async_remove_files(hass, entry.entry_id)


def _file_name(entry_id: str, part: str) -> str:
    """Return the name of an account's file, without the domain."""
    return f"{entry_id}.{part}"
