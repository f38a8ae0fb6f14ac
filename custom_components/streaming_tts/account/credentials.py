"""What proves an account: in the entry as the user gave it, in a store of its own once it was renewed."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
import hashlib
from typing import Any

from homeassistant.const import CONF_API_KEY
from homeassistant.core import HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey

from ..const import CONF_AUTH_URL, CONF_PUBLIC_KEY, CONF_REFRESH_TOKEN, DOMAIN, STORAGE_VERSION
from ..providers.types import Credentials
from .storage import LastingStore


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

    Renewed credentials belong to those in the entry that they descend from: a user who logs in anew starts afresh. The
    store outlives a reload of the account, in which what still speaks and what comes must not both use a refresh token.
    """

    def __init__(self, hass: HomeAssistant, entry_id: str, given: Credentials) -> None:
        """Bind the store to the credentials that the user gave."""
        self.given = given
        self._renewal = asyncio.Lock()
        self._retired = False
        self._store = LastingStore(
            hass, STORAGE_VERSION, f"{DOMAIN}.{entry_id}.credentials", private=True, atomic_writes=True
        )

    async def async_load(self) -> Credentials:
        """Return the newest credentials."""
        state = await self._store.async_load()
        if state is None or state["origin"] != self.origin:
            return self.given
        return entry_credentials(state["credentials"])

    @asynccontextmanager
    async def renewing(self) -> AsyncGenerator[Credentials]:
        """Let one renew at a time; gives the newest credentials."""
        async with self._renewal:
            yield await self.async_load()

    async def async_save(self, renewed: Credentials) -> None:
        """Store renewed credentials; they are on the disk when this has returned, unless that is full."""
        if self._retired:
            return
        await self._store.async_save({"origin": self.origin, "credentials": credentials_data(renewed)})

    async def async_remove(self) -> None:
        """Remove what was stored."""
        self.retire()
        await self._store.async_remove()

    def retire(self) -> None:
        """Store nothing any more: whoever still speaks does so for an account, or a session, that is gone."""
        self._retired = True

    @property
    def origin(self) -> str:
        """Return a fingerprint of the credentials that the user gave."""
        secrets = f"{self.given.key}\n{self.given.refresh_token or ''}"
        return hashlib.sha256(secrets.encode()).hexdigest()


_STORES: HassKey[dict[str, CredentialStore]] = HassKey(f"{DOMAIN}_credentials")


@callback
def async_get_credential_store(hass: HomeAssistant, entry_id: str, data: Mapping[str, Any]) -> CredentialStore:
    """Return the store of an account with such data: the one in use, a new one where the user has logged in anew."""
    stores = hass.data.setdefault(_STORES, {})
    store = CredentialStore(hass, entry_id, entry_credentials(data))
    if (known := stores.get(entry_id)) is not None:
        if known.origin == store.origin:
            known.given = store.given
            return known
        known.retire()
    stores[entry_id] = store
    return store


async def async_remove_credentials(hass: HomeAssistant, entry_id: str, data: Mapping[str, Any]) -> None:
    """Forget the renewed credentials of an account that was removed."""
    store = async_get_credential_store(hass, entry_id, data)
    hass.data[_STORES].pop(entry_id)
    await store.async_remove()
