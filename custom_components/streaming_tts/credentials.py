"""What proves an account: in the entry as the user gave it, in a store of its own once it was renewed."""

from collections.abc import Mapping
import hashlib
from typing import Any

from homeassistant.const import CONF_API_KEY
from homeassistant.core import HomeAssistant

from .const import CONF_AUTH_URL, CONF_PUBLIC_KEY, CONF_REFRESH_TOKEN, DOMAIN, STORAGE_VERSION
from .providers.base import Credentials
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

    Renewed credentials belong to those in the entry that they descend from: a user who logs in anew starts afresh.
    """

    def __init__(self, hass: HomeAssistant, entry_id: str, given: Credentials) -> None:
        """Bind the store to the credentials that the user gave."""
        self._given = given
        self._store = LastingStore(
            hass, STORAGE_VERSION, f"{DOMAIN}.{entry_id}.credentials", private=True, atomic_writes=True
        )

    async def async_load(self) -> Credentials:
        """Return the newest credentials."""
        state = await self._store.async_load()
        if state is None or state["origin"] != self._origin:
            return self._given
        return entry_credentials(state["credentials"])

    async def async_save(self, renewed: Credentials) -> None:
        """Store renewed credentials; they are on the disk when this has returned, unless that is full."""
        await self._store.async_save({"origin": self._origin, "credentials": credentials_data(renewed)})

    async def async_remove(self) -> None:
        """Remove what was stored."""
        await self._store.async_remove()

    @property
    def _origin(self) -> str:
        """Return a fingerprint of the credentials that the user gave."""
        secrets = f"{self._given.key}\n{self._given.refresh_token or ''}"
        return hashlib.sha256(secrets.encode()).hexdigest()
