"""Credentials of an account: the ones in the config entry, and renewed ones in the account's storage."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
import hashlib
from typing import Any

from homeassistant.const import CONF_API_KEY

from ..const import CONF_AUTH_URL, CONF_DETAILS, CONF_PUBLIC_KEY, CONF_REFRESH_TOKEN
from ..providers.types import Credentials, Failure, ProviderError


def entry_credentials(data: Mapping[str, Any]) -> Credentials:
    """Return the credentials in an entry's data."""
    return Credentials(
        key=data[CONF_API_KEY],
        refresh_token=data.get(CONF_REFRESH_TOKEN),
        auth_url=data.get(CONF_AUTH_URL),
        public_key=data.get(CONF_PUBLIC_KEY),
        details=data.get(CONF_DETAILS, {}),
    )


def credentials_data(credentials: Credentials) -> dict[str, Any]:
    """Return credentials in the form of an entry's data, without unset fields."""
    data = {
        CONF_API_KEY: credentials.key,
        CONF_REFRESH_TOKEN: credentials.refresh_token,
        CONF_AUTH_URL: credentials.auth_url,
        CONF_PUBLIC_KEY: credentials.public_key,
        CONF_DETAILS: dict(credentials.details) or None,
    }
    return {key: value for key, value in data.items() if value is not None}


def fingerprint(given: Credentials) -> str:
    """Return a fingerprint of the credentials that the user entered."""
    secrets = f"{given.key}\n{given.refresh_token or ''}"
    return hashlib.sha256(secrets.encode()).hexdigest()


@dataclass(frozen=True, kw_only=True, slots=True)
class RenewedCredentials:
    """Renewed credentials, and the fingerprint of the credentials in the entry that they descend from."""

    origin: str
    credentials: Credentials

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> RenewedCredentials:
        """Return credentials from the output of `as_dict`. Raises `KeyError`, `TypeError` or `ValueError`."""
        renewed = cls(origin=stored["origin"], credentials=entry_credentials(stored["credentials"]))
        if not all(isinstance(each, str) for each in (renewed.origin, *credentials_data(renewed.credentials).values())):
            raise TypeError
        return renewed

    def as_dict(self) -> dict[str, Any]:
        """Return the credentials as JSON."""
        return {"origin": self.origin, "credentials": credentials_data(self.credentials)}


class CredentialStore:
    """Store for renewed credentials. Updating the entry instead would reload the account while it speaks.

    Renewed credentials belong to the credentials in the entry that they descend from. A new login gets a new store.
    The store outlives a reload of the account: requests from before and after the reload must not both use a refresh
    token. Only one renewal runs at a time, and none starts once Home Assistant is stopping, because losing the new
    refresh token would sign the account out.
    """

    def __init__(
        self, given: Credentials, renewed: RenewedCredentials | None, save: Callable[[], Awaitable[None]]
    ) -> None:
        """Start with the newest credentials. When `save` returns, `renewed` is on disk."""
        self.origin = fingerprint(given)
        self.renewed = renewed if renewed is not None and renewed.origin == self.origin else None
        self.given = given
        self._save = save
        self._renewal = asyncio.Lock()
        self._stopping = False
        self._retired = False

    @property
    def newest(self) -> Credentials:
        """Return the newest credentials."""
        return self.given if self.renewed is None else self.renewed.credentials

    @asynccontextmanager
    async def renewing(self) -> AsyncGenerator[Credentials]:
        """Yield the newest credentials while holding the renewal lock. Raises `ProviderError` during shutdown."""
        async with self._renewal:
            if self._stopping:
                raise ProviderError(Failure.UNREACHABLE, code="stopping")
            yield self.newest

    async def async_save(self, renewed: Credentials) -> None:
        """Store renewed credentials. They are on disk on return, unless the disk is full."""
        if not self._retired:
            self.renewed = RenewedCredentials(origin=self.origin, credentials=renewed)
            await self._save()

    async def async_stop(self) -> None:
        """Prevent new renewals, and wait for the one in progress."""
        self._stopping = True
        async with self._renewal:
            pass

    def retire(self) -> None:
        """Store nothing from now on: requests in progress use a session that was replaced."""
        self._retired = True
