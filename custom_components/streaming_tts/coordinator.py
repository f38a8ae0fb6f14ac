"""The catalogue of an account: refreshed slowly, and stored so that setup needs no network."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, override

from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.exceptions import ConfigEntryAuthFailed
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util import dt as dt_util

from .account.stores import MALFORMED, CacheStore
from .const import CATALOGUE_INTERVAL, CATALOGUE_RETRY_INTERVAL, LOGGER
from .errors import error_message
from .providers.provider import QuotaSource
from .providers.types import Failure, ProviderError, VoiceInfo
from .voices.catalogue import restored_voice, stored_voice

if TYPE_CHECKING:
    from .account.runtime import Account, StreamingTtsConfigEntry

type Catalogue = tuple[VoiceInfo, ...]


class CatalogueCoordinator(DataUpdateCoordinator[Catalogue]):
    """Fetches the voices that a provider offers to an account, its own first, and verifies the key.

    `dropped` contains the ids of the voices that the newest change removed.
    """

    config_entry: StreamingTtsConfigEntry

    def __init__(self, account: Account) -> None:
        """Start with an empty catalogue. The account is notified of failures and of a valid key."""
        super().__init__(
            account.hass,
            LOGGER,
            config_entry=account.entry,
            name=f"{account.entry.title} catalogue",
            update_interval=CATALOGUE_INTERVAL,
            always_update=False,
        )
        self.data = ()
        self.dropped: frozenset[str] = frozenset()
        self._account = account
        self._key_check: CALLBACK_TYPE | None = None
        self._key_check_delay: timedelta = CATALOGUE_RETRY_INTERVAL
        self._store = CacheStore(account.hass, f"{account.entry.entry_id}.catalogue")

    async def async_load(self) -> bool:
        """Load the stored catalogue. Return False if there is none, or it is unreadable."""
        if (stored := await self._store.async_load_or_drop()) is None:
            return False
        try:
            self.data = tuple(restored_voice(voice) for voice in stored["voices"])
        except MALFORMED:
            await self._store.async_drop()
            return False
        return True

    def voice(self, voice_id: str) -> VoiceInfo | None:
        """Return the catalogue entry of a voice, or None."""
        return next((voice for voice in self.data if voice.voice_id == voice_id), None)

    @override
    async def _async_update_data(self) -> Catalogue:
        """Verify the key and fetch the catalogue."""
        self.update_interval = CATALOGUE_RETRY_INTERVAL
        provider = self._account.provider
        try:
            await self._async_try_key()
            # Not every service lists its cloned voices
            catalogue = await self._account.storage.clones.async_completed(await provider.voices())
            # Fetch the quota if the service reports it free of charge
            if isinstance(provider, QuotaSource) and (quota := await provider.quota()) is not None:
                provider.observer.quota_reported(quota)
        except ProviderError as err:
            message = error_message(err, self.config_entry.title)
            if err.failure is Failure.AUTH and not self._account.storage.retired:
                self.async_check_key_later()
                raise ConfigEntryAuthFailed(**message) from err
            raise UpdateFailed(**message) from err
        self.update_interval = CATALOGUE_INTERVAL
        if catalogue != self.data:
            self.dropped = frozenset(voice.voice_id for voice in self.data) - {voice.voice_id for voice in catalogue}
            if not self._account.storage.retired:
                await self._store.async_save({"voices": [stored_voice(voice) for voice in catalogue]})
        return catalogue

    async def _async_try_key(self) -> None:
        """Verify the key. One whose quota is used up is still valid."""
        started = dt_util.utcnow()
        try:
            await self._account.provider.verify()
        except ProviderError as err:
            if err.failure is not Failure.QUOTA:
                raise
            self._account.note_failure(err)
        self._key_check_delay = CATALOGUE_RETRY_INTERVAL
        self._account.take_proof(started)

    @callback
    def async_check_key_later(self) -> None:
        """Verify a refused key again later: the service, or a proxy in front of it, may be wrong.

        The delay doubles with each refusal.
        """
        if self._key_check is None:
            self._key_check = async_call_later(self.hass, self._key_check_delay, self._async_check_key)

    async def _async_check_key(self, _now: datetime) -> None:
        self._key_check = None
        self._key_check_delay = min(2 * self._key_check_delay, CATALOGUE_INTERVAL)
        await self.async_refresh()

    @override
    async def async_shutdown(self) -> None:
        """Cancel the scheduled verification, and shut down."""
        if self._key_check is not None:
            self._key_check()
        await super().async_shutdown()
