"""HTTP for all adapters: requests with timeouts, size limits, and typed failures.

`audio_stream.py` parses audio (samples, WAV headers), `websocket.py` handles WebSockets, and `json_values.py` validates
values.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from io import BytesIO
import json
from typing import TypedDict, Unpack, override

import aiohttp
from aiohttp.abc import AbstractStreamWriter

from ..types import Failure, ProviderError, Timeouts
from .json_values import parse_object, seconds
from .trace import HEAD, REFUSAL, RequestTrace

MAX_ERROR_BYTES = 64 * 1024
"""Maximum size of an error response. The rest is ignored."""
REFUSAL_SECONDS = 2.0
"""Timeout for the body of an error response. A fallback starts only after it."""
MAX_JSON_BYTES = 4 * 1024 * 1024
"""Maximum size of a response without audio, such as a page of a catalogue or a quota."""
MAX_AUDIO_JSON_BYTES = 128 * 1024 * 1024
"""Maximum size of a response with base64 audio: `MAX_AUDIO_BYTES` in base64."""
MAX_AUDIO_BYTES = 90 * 1024 * 1024
"""Maximum audio of one request: 16 minutes at 48 kHz. All text limits allow for less than 6 minutes."""
MAX_WAIT = 900.0
"""Maximum total seconds to wait for one response, even if data keeps arriving."""

_FORBIDDEN = (401, 403)

TIMEOUT = "timeout"
"""Error code of a response that didn't begin, or stalled."""
CONNECT_TIMEOUT = "connect_timeout"
"""Error code of a connection that wasn't established in time, so that nothing was sent."""

BODY_SECONDS_PER_CHARACTER = 0.02
"""Additional timeout per character for a complete body, which begins only after its last audio is synthesized."""


def for_whole_body(timeouts: Timeouts, characters: int) -> Timeouts:
    """Return the timeouts for a response that begins only after the complete text is synthesized."""
    return replace(timeouts, first_byte=timeouts.first_byte + characters * BODY_SECONDS_PER_CHARACTER)


@dataclass(eq=False, slots=True)
class ResponseTimeouts:
    """Timeouts of one response on the loop's clock: to connect, until the first audio, and between chunks.

    Only the time spent waiting for the service counts, not the consumer's between two chunks. Only audio resets the
    timeout, by `sounded`. A lost connection is BROKEN once the service `has_answered`, before that UNREACHABLE. A
    timeout is BROKEN once audio has arrived, before that UNREACHABLE.
    """

    timeouts: Timeouts
    has_answered: bool = False
    _has_sounded: bool = False
    _waited: float = 0.0
    """Seconds waited since the last audio, or since the start."""
    _total: float = MAX_WAIT

    def sounded(self) -> None:
        """Reset the timeout after audio. From now on, a pause is a stall."""
        self.has_answered = self._has_sounded = True
        self._waited = 0.0

    def broken(self, code: str | None = None) -> ProviderError:
        """Return the error for a connection that is lost now."""
        return ProviderError(Failure.BROKEN if self.has_answered else Failure.UNREACHABLE, code=code)

    def exhausted(self, code: str | None = TIMEOUT) -> ProviderError:
        """Return the error for a timeout now."""
        return ProviderError(Failure.BROKEN if self._has_sounded else Failure.UNREACHABLE, code=code)

    @asynccontextmanager
    async def waiting(self, *, connect: bool = False) -> AsyncGenerator[None]:
        """Limit a wait and type its failures, without their causes: aiohttp's errors contain URLs and keys.

        `connect` adds the time to connect to the time to respond.
        """
        clock = asyncio.get_running_loop().time
        began = clock()
        extra = self.timeouts.connect if connect else 0.0
        allowed = self.timeouts.between if self._has_sounded else self.timeouts.first_byte
        try:
            async with asyncio.timeout(min(allowed - self._waited + extra, self._total)):
                yield
        except aiohttp.ConnectionTimeoutError:
            raise self.broken(CONNECT_TIMEOUT) from None
        except TimeoutError:
            raise self.exhausted() from None
        except aiohttp.ClientResponseError:
            raise ProviderError(Failure.BROKEN, code="garbage") from None
        except aiohttp.ClientError, OSError:
            raise self.broken() from None
        waited = clock() - began
        self._waited += max(0.0, waited - extra)
        self._total -= waited


@dataclass(frozen=True, kw_only=True, slots=True)
class ErrorResponse:
    """An HTTP response other than a success. The body is as much of it as arrived, up to `MAX_ERROR_BYTES`."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)

    @property
    def content(self) -> object:
        """Return the body as JSON, or None if it isn't JSON."""
        try:
            return json.loads(self.body)
        except ValueError, RecursionError:
            return None

    @property
    def retry_after(self) -> float | None:
        """Return the `Retry-After` header in seconds, or None."""
        return seconds(self.headers.get("Retry-After"))

    @property
    def failure(self) -> Failure:
        """Return the failure by the status alone, for a body without a code.

        A 401 or 403 without a JSON object comes from a proxy or CDN: the service was not reached.
        """
        if self.status in _FORBIDDEN and not isinstance(self.content, dict):
            return Failure.UNREACHABLE
        return failure_of_status(self.status)

    def error(self) -> ProviderError:
        """Return an error by the status alone."""
        return ProviderError(self.failure, code=f"http_{self.status}", retry_after=self.retry_after)


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful response with its timeouts. Its body is yet to be read, unless it has `content`."""

    response: aiohttp.ClientResponse
    deadlines: ResponseTimeouts
    content: Mapping[str, object] | None = None

    @property
    def is_json(self) -> bool:
        """Return True if the content type is JSON."""
        return self.response.content_type.endswith(("application/json", "+json"))

    @property
    def is_audio(self) -> bool:
        """Return True if the content type is audio or unspecified binary data."""
        return self.response.content_type.startswith(("audio/", "application/octet-stream"))

    async def pieces(self, limit: int = MAX_AUDIO_BYTES) -> AsyncGenerator[bytes]:
        """Yield the body as it arrives. Raises BROKEN if the connection is lost, or the body exceeds `limit` bytes."""
        total = 0
        while True:
            async with self.deadlines.waiting():
                piece = await self.response.content.readany()
            if not piece:
                return
            total += len(piece)
            if total > limit:
                raise ProviderError(Failure.BROKEN, code="too_long")
            yield piece

    async def read(self, limit: int = MAX_JSON_BYTES) -> bytes:
        """Return the complete body of at most `limit` bytes. Raises `ProviderError`."""
        return b"".join([piece async for piece in self.pieces(limit)])

    async def read_sound(self) -> bytes:
        """Return the complete body with base64 audio; each chunk resets the timeout. Raises BROKEN."""
        body = bytearray()
        async with aclosing(self.pieces(MAX_AUDIO_JSON_BYTES)) as source:
            async for piece in source:
                self.deadlines.sounded()
                body += piece
        return bytes(body)

    async def json(self, *, has_sound: bool = False) -> dict[str, object]:
        """Return the JSON object in the body, with or without audio. Raises BROKEN for anything else."""
        if not self.is_json:
            raise ProviderError(Failure.BROKEN, code="content_type")
        return parse_object(await (self.read_sound() if has_sound else self.read()))

    async def refusal(self) -> ErrorResponse:
        """Return an error response with as much of its body as arrives. Its status is enough if there is none."""
        body = b""
        try:
            async with asyncio.timeout(REFUSAL_SECONDS), aclosing(self.pieces(MAX_ERROR_BYTES)) as source:
                async for piece in source:
                    body += piece
        except ProviderError, TimeoutError:
            pass
        return ErrorResponse(status=self.response.status, headers=self.response.headers, body=body[:MAX_ERROR_BYTES])


type ErrorParser = Callable[[ErrorResponse], ProviderError]


def failure_of_status(status: int) -> Failure:
    """Return the failure for an HTTP status.

    A redirect (never followed with a key) or an unknown path isn't the expected service. Neither is a 401 or 403: only
    a documented error code is about the key (D).
    """
    known = {
        401: Failure.BROKEN,
        402: Failure.QUOTA,
        403: Failure.BROKEN,
        404: Failure.BROKEN,
        405: Failure.BROKEN,
        408: Failure.SERVER,
        429: Failure.RATE,
    }
    if status in known:
        return known[status]
    if status >= 500:
        return Failure.SERVER
    return Failure.INPUT if status >= 400 else Failure.BROKEN


class _Told(aiohttp.BytesIOPayload):
    """A JSON body that records when it's sent. A large one, with a recording, is sent in chunks."""

    trace: RequestTrace

    @override
    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        """Send the body."""
        self.trace.asked = True
        await super().write_with_length(writer, content_length)


class Request(TypedDict, total=False):
    """Optional parts of a request.

    `body` is sent as JSON; bytes already contain JSON. A `form` is sent instead of it. `refused` returns the error for
    a status other than a success. `trace` records the sending of the body, and the response.
    """

    refused: ErrorParser
    headers: Mapping[str, str]
    params: Mapping[str, str]
    body: object
    form: aiohttp.FormData
    trace: RequestTrace


@asynccontextmanager
async def exchange(
    session: aiohttp.ClientSession, method: str, url: str, timeouts: Timeouts, **request: Unpack[Request]
) -> AsyncGenerator[Answer]:
    """Send a request and yield its response on success.

    Redirects aren't followed. A response that is read to its end leaves its connection for the next request; otherwise,
    the connection is closed. Raises the error from `refused` for another status, or UNREACHABLE without a response.
    """
    deadlines = ResponseTimeouts(timeouts)
    trace = request.get("trace") or RequestTrace()
    payload: aiohttp.FormData | _Told | None = request.get("form")
    if (body := request.get("body")) is not None:
        content = body if isinstance(body, bytes) else session.json_serialize(body).encode()
        payload = _Told(BytesIO(content), content_type="application/json")
        payload.trace = trace
    async with deadlines.waiting(connect=True):
        response = await session.request(
            method,
            url,
            headers=request.get("headers"),
            params=request.get("params"),
            data=payload,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=None, connect=timeouts.connect),
        )
    try:
        deadlines.has_answered = True
        answer = Answer(response, deadlines)
        request_id = response.headers.get("x-request-id") or response.headers.get("x-tc-requestid")
        head = {"status": response.status, "content_type": response.content_type, "request_id": request_id}
        trace.received(HEAD, head)
        if not 200 <= response.status < 300:
            refusal = await answer.refusal()
            trace.received(REFUSAL, refusal.content)
            error = request.get("refused", ErrorResponse.error)(refusal)
            error.request_id = error.request_id or trace.request_id
            raise error
        yield answer
    finally:
        response.close()
