"""Fetches the sample of a voice from the address that a service told.

Without the key, with limits, and not from the local network.
"""

import asyncio
import socket
from typing import Final, Protocol, runtime_checkable
from urllib.parse import urljoin, urlsplit

import aiohttp
from aiohttp import hdrs
from aiohttp.abc import ResolveResult

from .transport import http as wire
from .transport.http import ErrorResponse, ResponseTimeouts
from .types import Failure, ProviderError, Timeouts
from .uploads import is_house_host, sample_address

MAX_BYTES: Final = 8 * 1024 * 1024
"""The longest sample, more than a minute of WAV."""
MAX_SECONDS: Final = 20.0
"""How long a sample may take in all."""
MAX_REDIRECTS: Final = 3


class SampleError(Exception):
    """A sample that cannot be had; its text is a word for the reason, and never an address."""


async def fetch_sample(session: aiohttp.ClientSession, url: str, *, base_url: str, timeouts: Timeouts) -> bytes:
    """Return what lies at the address of a sample, whatever it is; raises `SampleError`.

    Addresses are https; only a service that is itself reached by http, within one's own network, may tell others of
    that kind. A host's name is resolved before anything is asked there, after each redirect, too.
    """
    patience = ResponseTimeouts(timeouts)
    try:
        async with asyncio.timeout(MAX_SECONDS):
            for _ in range(MAX_REDIRECTS + 1):
                if (address := sample_address(url, base_url)) is None:
                    raise SampleError("insecure_address")
                if await _is_in_house(session, address) and not await _is_in_house(session, base_url):
                    raise SampleError("insecure_address")
                try:
                    async with wire.exchange(session, "GET", address, patience=patience, refused=_refused) as response:
                        return await wire.read(response, patience, limit=MAX_BYTES)
                except _Moved as moved:
                    url = urljoin(address, moved.location)
    except ProviderError as error:
        raise SampleError(error.code or error.failure) from None
    except ValueError:
        raise SampleError("insecure_address") from None
    except TimeoutError:
        raise SampleError("timeout") from None
    raise SampleError("redirects")


class _Moved(ProviderError):
    """The sample is somewhere else."""

    def __init__(self, location: str) -> None:
        """Keep where it is said to be."""
        super().__init__(Failure.BROKEN)
        self.location = location


def _refused(refusal: ErrorResponse) -> ProviderError:
    """Return what an answer means that has no sample in it; whatever its status, it says nothing of the key."""
    location = refusal.headers.get(hdrs.LOCATION)
    if 300 <= refusal.status < 400 and location:
        return _Moved(location)
    return ProviderError(Failure.BROKEN, code=f"http_{refusal.status}")


@runtime_checkable
class _Resolver(Protocol):
    """A connector that tells what a host's name resolves to, as Home Assistant's does."""

    async def async_resolve_host(self, host: str) -> list[ResolveResult]:
        """Return the addresses of a host."""


async def _is_in_house(session: aiohttp.ClientSession, url: str) -> bool:
    """Return True if the host of a URL is in a private network, or any of the addresses that its name resolves to.

    Raises `SampleError` where it resolves to none.
    """
    host = urlsplit(url).hostname or ""
    if is_house_host(host):
        return True
    try:
        connector: object = session.connector
        if isinstance(connector, _Resolver):
            addresses = [found["host"] for found in await connector.async_resolve_host(host)]
        else:
            resolved = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
            addresses = [str(found[4][0]) for found in resolved]
    except OSError, UnicodeError:
        raise SampleError(Failure.UNREACHABLE) from None
    return not addresses or any(map(is_house_host, addresses))
