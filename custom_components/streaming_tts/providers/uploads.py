"""Helpers for the voices and dictionaries of an account: IDs, uploads, and voice samples.

A sample is downloaded from the URL that the service returned: without the key, with limits, and not from the local
network.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from io import BytesIO
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
import re
import socket
from typing import Final, Protocol, runtime_checkable
from urllib.parse import urljoin, urlsplit

import aiohttp
from aiohttp import hdrs
from aiohttp.abc import ResolveResult

from .capabilities import Reason, Recording, RecordingRules, ServiceRejection
from .session import is_allowed_address
from .transport.audio_stream import WavStream
from .transport.http import ErrorResponse, exchange
from .types import Failure, ProviderError, Timeouts

WORK_SECONDS = 60.0
"""Additional seconds for the service to clone a recording, on top of the timeout for the first audio."""
UPLOAD_BYTES_PER_SECOND = 32 * 1024
"""Slowest upload speed that the timeouts allow for."""
MAX_ADDRESS_CHARACTERS = 4096
"""Longest URL of a sample. Signed ones have several hundred characters."""

_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.:-]{0,127}")
_PRIVATE_DOMAINS = (".local", ".localhost", ".localdomain", ".lan", ".home", ".internal", ".intranet", ".arpa", ".corp")
"""Domains that are reserved for private networks, or used by routers."""
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*")
_NAT64 = IPv6Network("64:ff9b::/96")
_CONTENT_TYPES = {
    "wav": "audio/wav",
    "mp3": "audio/mpeg",
    "flac": "audio/flac",
    "aiff": "audio/aiff",
}


def known_id(value: str) -> str:
    """Return an ID that is valid in a URL path. Raises `ServiceRejection` NOT_FOUND for any other."""
    if not _ID.fullmatch(value):
        raise ServiceRejection(Reason.NOT_FOUND)
    return value


def check_recording(recording: Recording, rules: RecordingRules) -> None:
    """Raise `ServiceRejection` if a recording violates the rules.

    The caller has checked it already. This second check avoids a charge.
    """
    if len(recording.audio) > rules.most_bytes:
        raise ServiceRejection(Reason.TOO_LARGE)
    if recording.seconds < rules.least_seconds:
        raise ServiceRejection(Reason.TOO_SHORT)
    if rules.most_seconds is not None and recording.seconds > rules.most_seconds:
        raise ServiceRejection(Reason.TOO_LONG)
    if recording.file_type not in rules.file_types:
        raise ServiceRejection(Reason.NOT_AUDIO)
    if rules.wav_rate is not None and recording.file_type == "wav" and _rate(recording.audio) != rules.wav_rate:
        raise ServiceRejection(Reason.NOT_AUDIO)


def _rate(audio: bytes) -> int | None:
    """Return the sample rate of a 16-bit mono WAV file, or None for anything else."""
    wav = WavStream()
    try:
        wav.feed(audio)
    except ProviderError:
        return None
    return wav.sample_rate


def recording_form(part: str, recording: Recording, fields: Mapping[str, str]) -> aiohttp.FormData:
    """Return a form with a recording under a neutral file name, and additional fields."""
    return file_form(
        part,
        recording.audio,
        name=f"recording.{recording.file_type}",
        content_type=_CONTENT_TYPES.get(recording.file_type, "application/octet-stream"),
        fields=fields,
    )


def file_form(
    part: str, content: bytes, *, name: str, content_type: str, fields: Mapping[str, str] | None = None
) -> aiohttp.FormData:
    """Return a form with a file and additional fields."""
    form = aiohttp.FormData(dict(fields or {}), default_to_multipart=True)
    form.add_field(part, BytesIO(content), filename=name, content_type=content_type)
    return form


def for_upload(timeouts: Timeouts, size: int) -> Timeouts:
    """Return the timeouts for an upload of `size` bytes that the service has to process."""
    return replace(timeouts, first_byte=timeouts.first_byte + WORK_SECONDS + size / UPLOAD_BYTES_PER_SECOND)


def sample_address(value: object, base_url: str) -> str | None:
    """Return the URL of a sample if it may be requested, or None.

    It must use HTTPS, unless the service itself uses HTTP. A relative URL is resolved against the service. A query (a
    signature) is allowed, because the key isn't sent. A public service must not refer to a private host, which would
    let it send requests into the local network.
    """
    if not isinstance(value, str) or not value or len(value) > MAX_ADDRESS_CHARACTERS:
        return None
    try:
        address = urljoin(f"{base_url}/", value)
        parts = urlsplit(address)
    except ValueError:
        return None
    if parts.scheme != "https" and not base_url.startswith("http://"):
        return None
    if is_private_host(parts.hostname or "") and not is_private_host(urlsplit(base_url).hostname or ""):
        return None
    return address if is_allowed_address(parts._replace(query="", fragment="").geturl()) else None


def is_private_host(host: str) -> bool:
    """Return True unless a host is public, by its name or IP address alone.

    A name that ends in a number (`127.1`) isn't public, because resolvers parse it as an address.
    """
    host = host.rstrip(".").lower()
    try:
        return not _is_public(ip_address(host))
    except ValueError:
        last = host.rpartition(".")[2]
        return last == host or host.endswith(_PRIVATE_DOMAINS) or _NUMBER.fullmatch(last) is not None


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    """Return True if an IP address, or the IPv4 address embedded in it, is public."""
    if isinstance(address, IPv6Address):
        teredo = address.teredo
        inner = address.ipv4_mapped or address.sixtofour or (teredo and teredo[1])
        if inner is None and (address in _NAT64 or int(address) < 1 << 32):
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        address = inner or address
    return address.is_global and not address.is_multicast


MAX_BYTES: Final = 8 * 1024 * 1024
"""Maximum size of a sample in bytes, more than a minute of WAV."""
MAX_SECONDS: Final = 20.0
"""Total timeout for a sample."""
MAX_REDIRECTS: Final = 3


class SampleError(Exception):
    """A sample can't be fetched. The message is a short reason, never a URL."""


async def fetch_sample(session: aiohttp.ClientSession, url: str, *, base_url: str, timeouts: Timeouts) -> bytes:
    """Return the content at the URL of a sample, whatever its type. Raises `SampleError`.

    The URL must use HTTPS, unless the service itself uses HTTP on the local network. Each host is resolved and checked
    before the request, also after a redirect.
    """
    try:
        async with asyncio.timeout(MAX_SECONDS):
            for _ in range(MAX_REDIRECTS + 1):
                if (address := sample_address(url, base_url)) is None:
                    raise SampleError("insecure_address")
                if await _is_private(session, address) and not await _is_private(session, base_url):
                    raise SampleError("insecure_address")
                try:
                    async with exchange(session, "GET", address, timeouts, refused=_refused) as answer:
                        return await answer.read(MAX_BYTES)
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
    """The sample has moved."""

    def __init__(self, location: str) -> None:
        """Store the new location."""
        super().__init__(Failure.BROKEN)
        self.location = location


def _refused(refusal: ErrorResponse) -> ProviderError:
    """Return the error for a response without a sample. No status is about the key, which isn't sent."""
    location = refusal.headers.get(hdrs.LOCATION)
    if 300 <= refusal.status < 400 and location:
        return _Moved(location)
    return ProviderError(Failure.BROKEN, code=f"http_{refusal.status}")


@runtime_checkable
class _Resolver(Protocol):
    """A connector that can resolve host names, like Home Assistant's."""

    async def async_resolve_host(self, host: str) -> list[ResolveResult]:
        """Return the addresses of a host."""


async def _is_private(session: aiohttp.ClientSession, url: str) -> bool:
    """Return True if the host of a URL, or any address it resolves to, isn't public.

    Raises `SampleError` if it can't be resolved.
    """
    host = urlsplit(url).hostname or ""
    if is_private_host(host):
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
    return not addresses or any(map(is_private_host, addresses))
