"""What proves an account: in the entry as the user gave it, in a store of its own once it was renewed."""

from collections.abc import Mapping
import hashlib
from typing import Any
from weakref import WeakSet

from homeassistant.const import CONF_API_KEY
from homeassistant.core import HomeAssistant
from homeassistant.util.hass_dict import HassKey

from .const import CONF_AUTH_URL, CONF_PUBLIC_KEY, CONF_REFRESH_TOKEN, DOMAIN, STORAGE_VERSION
from .providers.base import Credentials, Provider
from .stores import LastingStore


def entry_credentials(data: Mapping[str, Any]) -> Credentials:
    """Return the credentials that an entry's data hold."""
    return Credentials(
        key=data[CONF_API_KEY],
        refresh_token=data.get(CONF_REFRESH_TOKEN),
        auth_url=data.get(CONF_AUTH_URL),
        public_key=data.get(CONF_PUBLIC_KEY),
    )


def credentials_data(credentials: Credentials) -> dict[str, str]:
    """Return credentials as an entry's data hold them; what there is not is left out."""
    data = {
        CONF_API_KEY: credentials.key,
        CONF_REFRESH_TOKEN: credentials.refresh_token,
        CONF_AUTH_URL: credentials.auth_url,
        CONF_PUBLIC_KEY: credentials.public_key,
    }
    return {key: value for key, value in data.items() if value is not None}


class CredentialStore:
    """Keeps renewed credentials beside the entry, whose update would reload the account in the middle of speech.

    Renewed credentials belong to those in the entry that they descend from: a user who logs in anew starts afresh. After
    a reload an utterance that goes on speaks for the account before: what either of both renews is handed to the other,
    as a refresh token that is used twice ends the session. What belongs to an account no more is not written.
    """

    def __init__(self, hass: HomeAssistant, entry_id: str, given: Credentials) -> None:
        """Bind the store to the credentials that the user gave."""
        self._given = given
        self._renewed: Credentials | None = None
        self._provider: Provider | None = None
        self._current = True
        self._store = LastingStore(
            hass, STORAGE_VERSION, f"{DOMAIN}.{entry_id}.credentials", private=True, atomic_writes=True
        )
        self._kin = hass.data.setdefault(_KIN, {}).setdefault(entry_id, WeakSet())
        for other in self._kin:
            other.retire_unless(self._origin)
        self._kin.add(self)

    async def async_load(self) -> Credentials:
        """Return the newest credentials."""
        state = await self._store.async_load()
        if self._renewed is not None:  # Meanwhile, by what still speaks
            return self._renewed
        if state is None or state["origin"] != self._origin:
            return self._given
        return entry_credentials(state["credentials"])

    def serve(self, provider: Provider) -> None:
        """Hand the newest credentials to a provider, whoever renews them from now on."""
        self._provider = provider
        if self._renewed is not None:
            provider.credentials = self._renewed

    async def async_save(self, renewed: Credentials) -> None:
        """Store renewed credentials and hand them on; they are on the disk when this has returned, unless that is full."""
        if not self._current:
            return
        await self._store.async_save({"origin": self._origin, "credentials": credentials_data(renewed)})
        for store in self._kin:
            store.take(renewed)

    async def async_remove(self) -> None:
        """Remove what was stored; whoever still speaks does not write it again."""
        for store in self._kin:
            store.retire_unless(None)
        await self._store.async_remove()

    def retire_unless(self, origin: str | None) -> None:
        """Write and take nothing any more, unless the account still has the credentials with that fingerprint."""
        self._current = self._current and self._origin == origin

    def take(self, renewed: Credentials) -> None:
        """Take credentials that were renewed by one of those who share them."""
        if not self._current:
            return
        self._renewed = renewed
        if self._provider is not None:
            self._provider.credentials = renewed

    @property
    def _origin(self) -> str:
        """Return a fingerprint of the credentials that the user gave."""
        secrets = f"{self._given.key}\n{self._given.refresh_token or ''}"
        return hashlib.sha256(secrets.encode()).hexdigest()


_KIN: HassKey[dict[str, WeakSet[CredentialStore]]] = HassKey(f"{DOMAIN}_credentials")
"""The stores of each account, of which there are several while an utterance outlives a reload."""
