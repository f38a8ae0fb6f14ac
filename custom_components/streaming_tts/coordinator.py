"""The catalogue of an account: refreshed slowly, and kept over restarts so that set-up needs no network."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, override

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryAuthFailed
from homeassistant.helpers.storage import Store
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed

from .account.clones import Clones
from .const import CATALOGUE_INTERVAL, CATALOGUE_RETRY_INTERVAL, DOMAIN, LOGGER, STORAGE_VERSION
from .errors import error_message
from .providers.types import Failure, Provider, ProviderError, QuotaSource, VoiceInfo
from .voices.stored_voices import restored_voice, stored_voice

if TYPE_CHECKING:
    from .account.runtime import StreamingTtsConfigEntry

type Catalogue = tuple[VoiceInfo, ...]


class CatalogueCoordinator(DataUpdateCoordinator[Catalogue]):
    """Keeps the voices that a provider offers to an account, its own first, and tries the key on the way.

    `dropped` are the ids of the voices that the newest change took away.
    """

    config_entry: StreamingTtsConfigEntry

    def __init__(
        self,
        hass: HomeAssistant,
        entry: StreamingTtsConfigEntry,
        provider: Provider,
        clones: Clones,
        note_failure: Callable[[ProviderError], None],
    ) -> None:
        """Start with an empty catalogue; `note_failure` is told what the key was refused for, if it is a good one."""
        super().__init__(
            hass,
            LOGGER,
            config_entry=entry,
            name=f"{entry.title} catalogue",
            update_interval=CATALOGUE_INTERVAL,
            always_update=False,
        )
        self.data = ()
        self.dropped: frozenset[str] = frozenset()
        self._provider = provider
        self._clones = clones
        self._note_failure = note_failure
        self._store = catalogue_store(hass, entry.entry_id)

    async def async_load(self) -> bool:
        """Take up the stored catalogue; False if there is none."""
        if (stored := await self._store.async_load()) is None:
            return False
        self.data = tuple(restored_voice(voice) for voice in stored["voices"])
        return True

    def voice(self, voice_id: str) -> VoiceInfo | None:
        """Return what the catalogue says of a voice, or None where it does not have it."""
        return next((voice for voice in self.data if voice.voice_id == voice_id), None)

    @override
    async def _async_update_data(self) -> Catalogue:
        """Try the key and fetch the catalogue."""
        self.update_interval = CATALOGUE_RETRY_INTERVAL
        try:
            await self._async_try_key()
            # Not every service lists the voices that were cloned there
            catalogue = await self._clones.async_completed(await self._provider.voices())
            await self._async_ask_quota()
        except ProviderError as err:
            message = error_message(err, self.config_entry.title)
            if err.failure is Failure.AUTH:
                raise ConfigEntryAuthFailed(**message) from err
            raise UpdateFailed(**message) from err
        self.update_interval = CATALOGUE_INTERVAL
        if catalogue != self.data:
            self.dropped = frozenset(voice.voice_id for voice in self.data) - {voice.voice_id for voice in catalogue}
            await self._store.async_save({"voices": [stored_voice(voice) for voice in catalogue]})
        return catalogue

    async def _async_try_key(self) -> None:
        """Prove the key; one whose quota is used up is still a good one."""
        try:
            await self._provider.verify()
        except ProviderError as err:
            if err.failure is not Failure.QUOTA:
                raise
            self._note_failure(err)

    async def _async_ask_quota(self) -> None:
        """Ask what is left, where that is free and the service tells it."""
        if isinstance(self._provider, QuotaSource) and (quota := await self._provider.quota()) is not None:
            self._provider.observer.quota_reported(quota)


def catalogue_store(hass: HomeAssistant, entry_id: str) -> Store[dict[str, Any]]:
    """Return where the catalogue of an account is stored: voices that were cloned bear people's names."""
    return Store(hass, STORAGE_VERSION, f"{DOMAIN}.{entry_id}.catalogue", private=True)
