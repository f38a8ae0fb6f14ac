"""How adapters ask for what an account holds at a service: voices and dictionaries, by id and as files in forms.

The sample of a voice is fetched from the address that a service told: without the key, with limits, and not from the
local network.
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
"""How much longer than a first sound a service may take to make a voice of a recording."""
UPLOAD_BYTES_PER_SECOND = 32 * 1024
"""The slowest line that a recording is waited for on."""
MAX_ADDRESS_CHARACTERS = 4096
"""The longest address of a sample; signed ones have several hundred characters."""

_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.:-]{0,127}")
_HOUSE_DOMAINS = (".local", ".localhost", ".localdomain", ".lan", ".home", ".internal", ".intranet", ".arpa", ".corp")
"""Domains that no public server has, as far as they are reserved for it or routers use them."""
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*")
_NAT64 = IPv6Network("64:ff9b::/96")
_CONTENT_TYPES = {
    "wav": "audio/wav",
    "mp3": "audio/mpeg",
    "flac": "audio/flac",
    "aiff": "audio/aiff",
}


def known_id(value: str) -> str:
    """Return an id that can stand in an address; raises `ServiceRejection` for one that no service gave out."""
    if not _ID.fullmatch(value):
        raise ServiceRejection(Reason.NOT_FOUND)
    return value


def check_recording(recording: Recording, rules: RecordingRules) -> None:
    """Raise `ServiceRejection` for a recording that is not worth sending.

    The caller has checked, but the service may charge.
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
    """Return the rate of a WAV file of 16-bit mono sound, None of anything else."""
    wav = WavStream()
    try:
        wav.feed(audio)
    except ProviderError:
        return None
    return wav.sample_rate


def recording_form(part: str, recording: Recording, fields: Mapping[str, str]) -> aiohttp.FormData:
    """Return a form with a recording in a part, under a file name that tells nothing, and fields."""
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
    """Return a form with a file in a part, and fields."""
    form = aiohttp.FormData(dict(fields or {}), default_to_multipart=True)
    form.add_field(part, BytesIO(content), filename=name, content_type=content_type)
    return form


def for_upload(timeouts: Timeouts, size: int) -> Timeouts:
    """Return the timeouts for a request of `size` bytes that takes work to answer."""
    return replace(timeouts, first_byte=timeouts.first_byte + WORK_SECONDS + size / UPLOAD_BYTES_PER_SECOND)


def sample_address(value: object, base_url: str) -> str | None:
    """Return the address of a sample, if it is a proper one: https, or as near as the service itself.

    A relative one belongs to the service. The key is not sent there, so that a query (a signature) is no harm. A
    service that is out in the world has no samples within one's own network: it would have us ask there in its place.
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
    if is_house_host(parts.hostname or "") and not is_house_host(urlsplit(base_url).hostname or ""):
        return None
    return address if is_allowed_address(parts._replace(query="", fragment="").geturl()) else None


def is_house_host(host: str) -> bool:
    """Return True if a host is, by its name or number alone, this machine or in a private network, or none at all.

    A name that ends in a number (`127.1`) is one that resolvers read as an address.
    """
    host = host.rstrip(".").lower()
    try:
        return not _is_public(ip_address(host))
    except ValueError:
        last = host.rpartition(".")[2]
        return last == host or host.endswith(_HOUSE_DOMAINS) or _NUMBER.fullmatch(last) is not None


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    """Return True if an address is in the public Internet, as the IPv4 address that is in an IPv6 address, too."""
    if isinstance(address, IPv6Address):
        teredo = address.teredo
        inner = address.ipv4_mapped or address.sixtofour or (teredo and teredo[1])
        if inner is None and (address in _NAT64 or int(address) < 1 << 32):
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        address = inner or address
    return address.is_global and not address.is_multicast


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
    try:
        async with asyncio.timeout(MAX_SECONDS):
            for _ in range(MAX_REDIRECTS + 1):
                if (address := sample_address(url, base_url)) is None:
                    raise SampleError("insecure_address")
                if await _is_in_house(session, address) and not await _is_in_house(session, base_url):
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
