"""What every adapter does the same way on the wire: bounded waits, bounded reads, typed failures.

Audio itself (samples, WAV headers) is read in `audio_stream.py`, WebSockets in `websocket.py`, and values in
`json_values.py`.
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
"""What is read of a refusal; the rest is of no interest."""
REFUSAL_SECONDS = 2.0
"""How long the body of a refusal is waited for; a fallback waits as long."""
MAX_JSON_BYTES = 4 * 1024 * 1024
"""The longest answer that carries no sound: a page of a catalogue, a quota."""
MAX_AUDIO_JSON_BYTES = 128 * 1024 * 1024
"""The longest answer with sound in it as base64: `MAX_AUDIO_BYTES` with what base64 adds."""
MAX_AUDIO_BYTES = 90 * 1024 * 1024
"""The longest sound of one request: 16 minutes at 48 kHz, where no text limit allows for more than 6."""
MAX_WAIT = 900.0
"""Seconds that one answer may be waited for in all, however steadily it drips."""

_FORBIDDEN = (401, 403)

TIMEOUT = "timeout"
"""The code of an answer that stayed away, or stopped."""
CONNECT_TIMEOUT = "connect_timeout"
"""The code of a connection that did not come about in time: nothing was asked over it."""

BODY_SECONDS_PER_CHARACTER = 0.02
"""What a whole body may take longer for each character, since its first byte comes when the last sound is made."""


def for_whole_body(timeouts: Timeouts, characters: int) -> Timeouts:
    """Return the timeouts for an answer that is not begun before all of a text is spoken."""
    return replace(timeouts, first_byte=timeouts.first_byte + characters * BODY_SECONDS_PER_CHARACTER)


@dataclass(eq=False, slots=True)
class ResponseTimeouts:
    """How long an answer is waited for, on the loop's clock: to connect, for the first sound, for each further piece.

    Only waiting for the service counts, not what the listener does between two pieces. What arrives without being
    sound does not renew the patience; `sounded` does. Once the service `has_answered`, a break is a break.
    """

    timeouts: Timeouts
    has_answered: bool = False
    _has_sounded: bool = False
    _waited: float = 0.0
    """How long was waited since sound has arrived, or since the beginning."""
    _total: float = MAX_WAIT

    def sounded(self) -> None:
        """Take note that sound has arrived: from now on a pause is a stall."""
        self.has_answered = self._has_sounded = True
        self._waited = 0.0

    def broken(self, code: str | None = None) -> ProviderError:
        """Return the failure of an answer that is cut off at this moment."""
        return ProviderError(Failure.BROKEN if self.has_answered else Failure.UNREACHABLE, code=code)

    def exhausted(self, code: str | None = TIMEOUT) -> ProviderError:
        """Return the failure of an answer that stays away at this moment."""
        return ProviderError(Failure.BROKEN if self._has_sounded else Failure.UNREACHABLE, code=code)

    @asynccontextmanager
    async def waiting(self, *, connect: bool = False) -> AsyncGenerator[None]:
        """Bound one wait and type its failures, chained to nothing: aiohttp's errors print addresses and keys.

        `connect` allows for the time to connect beside the time to answer.
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
    """An HTTP answer that is not a success; the body is what could be read of it, up to `MAX_ERROR_BYTES`."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)

    @property
    def content(self) -> object:
        """Return the body as JSON, or None where it is something else."""
        try:
            return json.loads(self.body)
        except ValueError, RecursionError:
            return None

    @property
    def retry_after(self) -> float | None:
        """Return the seconds of a `Retry-After` header."""
        return seconds(self.headers.get("Retry-After"))

    @property
    def failure(self) -> Failure:
        """Return what the status alone tells, for a body that tells nothing.

        A page that is no JSON object with 401 or 403 is that of a proxy or CDN: the service was not reached.
        """
        if self.status in _FORBIDDEN and not isinstance(self.content, dict):
            return Failure.UNREACHABLE
        return failure_of_status(self.status)

    def error(self) -> ProviderError:
        """Return what the status alone tells, as an error."""
        return ProviderError(self.failure, code=f"http_{self.status}", retry_after=self.retry_after)


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer with the patience for it; it is still to be read, unless it has `content`."""

    response: aiohttp.ClientResponse
    patience: ResponseTimeouts
    content: Mapping[str, object] | None = None

    @property
    def is_json(self) -> bool:
        """Return True if the answer says that it is JSON."""
        return self.response.content_type.endswith(("application/json", "+json"))

    @property
    def is_audio(self) -> bool:
        """Return True if the answer says that it is sound, or bytes of no kind."""
        return self.response.content_type.startswith(("audio/", "application/octet-stream"))

    async def pieces(self, limit: int = MAX_AUDIO_BYTES) -> AsyncGenerator[bytes]:
        """Yield the body as it arrives; raises BROKEN where it breaks off or exceeds `limit` bytes."""
        total = 0
        while True:
            async with self.patience.waiting():
                piece = await self.response.content.readany()
            if not piece:
                return
            total += len(piece)
            if total > limit:
                raise ProviderError(Failure.BROKEN, code="too_long")
            yield piece

    async def read(self, limit: int = MAX_JSON_BYTES) -> bytes:
        """Return a whole body of at most `limit` bytes; raises `ProviderError`."""
        return b"".join([piece async for piece in self.pieces(limit)])

    async def read_sound(self) -> bytes:
        """Return a whole body with sound in it as base64, each piece of which counts as sound; raises BROKEN."""
        body = bytearray()
        async with aclosing(self.pieces(MAX_AUDIO_JSON_BYTES)) as source:
            async for piece in source:
                self.patience.sounded()
                body += piece
        return bytes(body)

    async def json(self, *, has_sound: bool = False) -> dict[str, object]:
        """Return a body that is a JSON object, with or without sound in it; raises BROKEN for any other."""
        if not self.is_json:
            raise ProviderError(Failure.BROKEN, code="content_type")
        return parse_object(await (self.read_sound() if has_sound else self.read()))

    async def refusal(self) -> ErrorResponse:
        """Return the answer as a refusal with as much of its body as arrives; the status tells enough without any."""
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
    """Return what an HTTP status alone tells.

    A redirect (never followed with a key) and an unknown path are not the service we know. Neither is a 401 or 403:
    only a code that the service documents speaks of the key (D).
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
    """A body of JSON that tells when it is sent; a large one, with a recording in it, goes out in pieces."""

    trace: RequestTrace

    @override
    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        """Send the body."""
        self.trace.asked = True
        await super().write_with_length(writer, content_length)


class Request(TypedDict, total=False):
    """What a request has beside its address.

    `body` is sent as JSON, one of bytes is JSON already; a `form` is sent in its place. `refused` says what another
    status than a success means. `trace` is told when a body goes out, and what is answered.
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
    """Make a request and hand over its answer on success.

    Follows no redirect. An answer that is read to its end leaves its socket for the next request, any other closes
    it. Raises what `refused` makes of another status, UNREACHABLE where no answer comes.
    """
    patience = ResponseTimeouts(timeouts)
    trace = request.get("trace") or RequestTrace()
    payload: aiohttp.FormData | _Told | None = request.get("form")
    if (body := request.get("body")) is not None:
        content = body if isinstance(body, bytes) else session.json_serialize(body).encode()
        payload = _Told(BytesIO(content), content_type="application/json")
        payload.trace = trace
    async with patience.waiting(connect=True):
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
        patience.has_answered = True
        answer = Answer(response, patience)
        request_id = response.headers.get("x-request-id") or response.headers.get("x-tc-requestid")
        head = {"status": response.status, "content_type": response.content_type, "request_id": request_id}
        trace.heard(HEAD, head)
        if not 200 <= response.status < 300:
            refusal = await answer.refusal()
            trace.heard(REFUSAL, refusal.content)
            error = request.get("refused", ErrorResponse.error)(refusal)
            error.request_id = error.request_id or trace.request_id
            raise error
        yield answer
    finally:
        response.close()
