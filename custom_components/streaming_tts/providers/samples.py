"""Fetches the sample of a voice from the address that a service told: without the key, bounded, and only if it is sound."""

import asyncio
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urljoin

import aiohttp
from aiohttp import hdrs

from .transport import http as wire
from .transport.http import ErrorResponse, ResponseTimeouts
from .types import Failure, ProviderError, Timeouts
from .uploads import sample_address

MAX_BYTES: Final = 8 * 1024 * 1024
"""The longest sample, more than a minute of WAV."""
MAX_SECONDS: Final = 20.0
"""How long a sample may take in all."""
MAX_REDIRECTS: Final = 3

_BYTES_OF_NO_KIND: Final = frozenset({"application/octet-stream", "binary/octet-stream"})
"""What stores of files call a file of which they know nothing."""
_BEGINNINGS: Final = (
    (b"RIFF", "audio/wav"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"\xff\xf3", "audio/mpeg"),
    (b"OggS", "audio/ogg"),
    (b"fLaC", "audio/flac"),
)


class SampleError(Exception):
    """A sample that cannot be had; its text is a word for the reason, and never an address."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """A whole sample with its media type."""

    audio: bytes = field(repr=False)
    content_type: str


async def fetch_sample(session: aiohttp.ClientSession, url: str, *, base_url: str, timeouts: Timeouts) -> Sample:
    """Return a sample; raises `SampleError`.

    Addresses are https; only a service that is itself reached by http, within one's own network, may tell others of
    that kind.
    """
    patience = ResponseTimeouts(timeouts)
    try:
        async with asyncio.timeout(MAX_SECONDS):
            for _ in range(MAX_REDIRECTS + 1):
                if (address := sample_address(url, base_url)) is None:
                    raise SampleError("insecure_address")
                try:
                    async with wire.exchange(session, "GET", address, patience=patience, refused=_refused) as response:
                        return await _sample(response, patience)
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


async def _sample(response: aiohttp.ClientResponse, patience: ResponseTimeouts) -> Sample:
    """Return the sample in an answer; raises `ProviderError` for one that is too long, `SampleError` for no sound."""
    content_type = response.content_type
    if not content_type.startswith("audio/") and content_type not in _BYTES_OF_NO_KIND:
        raise SampleError("no_sound")
    audio = await wire.read(response, patience, limit=MAX_BYTES)
    if content_type in _BYTES_OF_NO_KIND:
        content_type = next((kind for beginning, kind in _BEGINNINGS if audio.startswith(beginning)), "")
    if not audio or not content_type:
        raise SampleError("no_sound")
    return Sample(audio=audio, content_type=content_type)
