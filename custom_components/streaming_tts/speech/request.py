"""One request to speak a text: admission, rate limiter, transport and connection, meter and checks, retry.

The order of these steps is the logic; each policy is a small object of its own. A request over a socket that fails
before any audio is made again over HTTP at once, as part of the same try.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from http import HTTPStatus
import logging

from ..providers.provider import Provider
from ..providers.transport.audio_stream import is_audible
from ..providers.transport.trace import HEAD, RequestTrace
from ..providers.types import AudioFormat, Charge, Failure, ProviderError, Transport, Voice
from .connection_pool import ConnectionPool
from .playback_clock import duration
from .prewarming import Prewarmer
from .rate_limiter import RateLimiter
from .speech_rate import SpeechMeter, SpeechRate, is_impossible, is_too_long, is_too_short
from .synthesizer import Recorder, Reserve, SpeechRequest, Usage, utterance_id
from .transport_health import TransportHealth

_LOGGER = logging.getLogger(__name__)

CONNECTION_FAILURES = frozenset({Failure.AUTH, Failure.BROKEN, Failure.SERVER, Failure.UNREACHABLE})
"""Failures that idle sockets probably share; the others speak of one request."""

SECONDS_PER_CHARACTER = 0.06
"""About how long a character sounds."""

FAILS_OVER = frozenset({Failure.BROKEN, Failure.UNREACHABLE, Failure.SERVER})
"""Failures of a socket that HTTP may not have. The others speak of the request itself, or of the account."""

PATIENCE = 3.0
"""Seconds that a first sound may wait for a service that is busy, where a fallback could speak instead."""

LAST_PATIENCE = 60.0
"""Seconds that it may wait where nobody else could."""

PAUSE = 0.5
"""Seconds between two tries where the service does not say how long."""

PAUSE_GROWTH = 1.2
"""By how much the next of these pauses is longer."""

MIN_PAUSE = 0.1
"""Seconds between two tries at least, whatever it says."""


class RetryPolicy:
    """The tries of one request: once more after each transient kind of failure, while it is busy until a time."""

    def __init__(self, *, until: float, charges_failures: bool, has_fallback: bool) -> None:
        """Begin with the first try; no try begins later than `until`, in the time of the clock that `wait` is told.

        A service that charges failed requests is only tried again where nobody else could speak.
        """
        self._until = until
        self._own_pause = PAUSE
        self._repeated = {Failure.UNREACHABLE}
        if not charges_failures or not has_fallback:
            self._repeated |= {Failure.SERVER, Failure.BROKEN}

    def wait(self, error: ProviderError, now: float) -> float | None:
        """Return after how many seconds to try again after a failure without audio, or None for never."""
        seconds = self._pause(error)
        if seconds is None or now + seconds > self._until:
            return None
        self._repeated.discard(error.failure)
        return seconds

    def _pause(self, error: ProviderError) -> float | None:
        if error.failure in (Failure.BUSY, Failure.RATE):
            if error.retry_after:
                return max(error.retry_after, MIN_PAUSE)
            pause, self._own_pause = self._own_pause, PAUSE_GROWTH * self._own_pause
            return pause
        return 0.0 if error.failure in self._repeated else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Resources:
    """What the requests of one account share."""

    provider: Provider
    limiter: RateLimiter
    pool: ConnectionPool
    prewarmer: Prewarmer
    health: TransportHealth
    reserve: Reserve
    journal: Reserve

    @property
    def has_alternative(self) -> bool:
        """Return True if what fails over a socket can be asked for over HTTP."""
        return {Transport.WEBSOCKET, Transport.STREAM} <= set(self.provider.transports)

    def transport(self, wanted: Transport, voice: Voice, audio_format: AudioFormat) -> Transport:
        """Return how to travel: a waiting socket serves as well as HTTP, and HTTP where the socket is avoided."""
        offered = self.provider.transports_of(voice)
        if Transport.WEBSOCKET not in offered or wanted is Transport.BODY:
            return wanted if wanted in offered else offered[0]
        if wanted is Transport.STREAM and not self.pool.has_idle(voice, audio_format):
            return wanted
        if self.has_alternative and not self.health.admits_socket():
            return Transport.STREAM
        return Transport.WEBSOCKET


class Call:
    """One call; `transport` is None for a request that has a way of its own."""

    def __init__(
        self, request: SpeechRequest, resources: Resources, speech_rate: SpeechRate, transport: Transport | None
    ) -> None:
        """Begin to measure; a socket that HTTP can replace is given as long as one that works almost always takes."""
        self._request = request
        self._resources = resources
        self._speech_rate = speech_rate
        self._clock = asyncio.get_running_loop().time
        self._asked_at = self._clock()
        self._silent_at: float | None = None
        if transport is Transport.WEBSOCKET and resources.has_alternative:
            self._silent_at = self._asked_at + resources.health.first_byte_limit
        self._trace = RequestTrace(self._watch)
        self._stack = AsyncExitStack()
        self._audio: AsyncGenerator[bytes] | None = None
        self._size = 0
        self._meter = SpeechMeter(request.audio_format.sample_rate)
        self._first_byte: float | None = None
        self._error: ProviderError | None = None
        self._doubtful = False
        self.transport = transport
        self.silent = False
        self.superseded = False

    @property
    def sounded(self) -> bool:
        """Return True if there was audio."""
        return self._size > 0

    @property
    def _request_id(self) -> str | None:
        """Return what the service calls the request, by its answer or by its refusal."""
        return self._trace.request_id or (None if self._error is None else self._error.request_id)

    @property
    def _seconds(self) -> float:
        return duration(self._request.audio_format, self._size)

    @asynccontextmanager
    async def made(
        self, charge: Charge, leaves_socket: Callable[[Call, ProviderError], bool], recorder: Recorder
    ) -> AsyncGenerator[None]:
        """Let the call be made by `next`, and record it; what no provider foresaw is BROKEN like anything else that is.

        A failure after which it is made again over HTTP (`leaves_socket`) is not raised, see `superseded`.
        """
        with self._resources.journal(self._request.voice, charge):
            try:
                async with self._stack:
                    yield
                self._end()
            except Exception as caught:  # noqa: BLE001 - what others say may quote an address with its key
                unknown = ProviderError(Failure.BROKEN, code=type(caught).__name__)
                error = caught if isinstance(caught, ProviderError) else unknown
                self._fail(error, superseded=leaves_socket(self, error))
                if not self.superseded:
                    raise error from None
            finally:
                self._record(recorder)

    async def next(self) -> bytes | None:
        """Return the next chunk, None at the end; raises BROKEN for audio that does not end.

        Raises UNREACHABLE where a socket is silent for too long.
        """
        if self._audio is None:
            async with self._in_time():
                self._audio = await self._stack.enter_async_context(aclosing(await self._opened()))
                chunk = await anext(self._audio, None)
        else:
            chunk = await anext(self._audio, None)
        if chunk is not None:
            self._hear(chunk)
        return chunk

    async def _opened(self) -> AsyncGenerator[bytes]:
        """Return the audio of the provider, over a socket that is given back in the end, or over HTTP."""
        if (ask := self._request.ask) is not None:
            return ask(self._request.text)
        assert self.transport is not None
        provider, pool = self._resources.provider, self._resources.pool
        voice, audio_format, text = self._request.voice, self._request.audio_format, self._request.text
        _LOGGER.debug("Utterance %s: transport %s", utterance_id.get(), self.transport)
        await self._resources.prewarmer.settled(self.transport)
        if self.transport is Transport.WEBSOCKET:
            connection = await self._stack.enter_async_context(pool.connection(voice, audio_format))
            return connection.speak(voice, audio_format, text, self._trace)
        return provider.speak(voice, audio_format, text, self._trace, whole=self.transport is Transport.BODY)

    def _hear(self, chunk: bytes) -> None:
        """Take a chunk; raises BROKEN for audio that does not end."""
        self._size += len(chunk)
        self._meter.hear(chunk)
        if self._first_byte is None and chunk:
            self._first_byte = self._clock() - self._asked_at
            _LOGGER.debug("Utterance %s: first byte after %.3f s", utterance_id.get(), self._first_byte)
            if self._request.ask is None:
                self._speech_rate.note_first_byte(self._first_byte)
        if is_too_long(self._request.text, self._seconds, self._speech_rate):
            raise ProviderError(Failure.BROKEN, code="too_long")

    def _end(self) -> None:
        """Take the end, whose mark is authoritative: audio that is too short was spoken, but is not kept."""
        text = self._request.text
        if self._first_byte is None:
            if is_audible(text):
                raise ProviderError(Failure.BROKEN, code="no_sound")
            return
        unmarked = self._trace.end_mark_missing
        self._doubtful = unmarked or is_too_short(text, self._seconds, self._speech_rate)
        if self._request.ask is None and not is_impossible(text, self._seconds):
            self._speech_rate.note_speech(text, self._meter.seconds)
        if self.transport is Transport.WEBSOCKET:
            if unmarked:
                self._resources.health.note_end_mark_missing()
            else:
                self._resources.health.note_whole(self._first_byte)
        elif self.transport is not None:
            self._resources.prewarmer.note_http()

    def _fail(self, error: ProviderError, *, superseded: bool) -> None:
        """Take how it failed, and whether it is made again over another transport."""
        self._error = error
        self.superseded = superseded
        if superseded:
            _LOGGER.debug("Utterance %s: failover to %s after %s", utterance_id.get(), Transport.STREAM, error)
            self._resources.limiter.note_request()
        if self.transport is not None and error.failure in CONNECTION_FAILURES:
            self._resources.pool.close_idle()
        if self.sounded and self.transport is Transport.WEBSOCKET:
            self._resources.health.note_broken()

    def _record(self, recorder: Recorder) -> None:
        """Record the call, unless it was given up before it was made.

        What was given up, in the middle or for its silence, is charged like spoken: the service has begun. Any other
        failure without audio costs what the service says.
        """
        made = self._request.ask is not None or self._trace.asked
        if not (made or self.sounded or self._error):
            return
        charge = Charge()
        if self._error is not None and not self.sounded:
            charge = self._error.charged
        if self.sounded or (made and (self._error is None or self.silent)):
            charge = self._resources.provider.price(self._request.voice, self._request.text)
        charge = replace(charge, seconds=charge.seconds + self._seconds)
        _LOGGER.debug(
            "Utterance %s: request ended, %s%s", utterance_id.get(), charge, f": {self._error}" if self._error else ""
        )
        recorder.record(
            Usage(
                voice=self._request.voice,
                asked_at=self._asked_at,
                charge=charge,
                first_byte=self._first_byte,
                error=self._error,
                transport=self.transport,
                superseded=self.superseded,
                doubtful=self._doubtful,
                request_id=self._request_id,
                characters=len(self._request.text) if made else 0,
            )
        )

    def _watch(self, part: str, content: Mapping[str, object]) -> None:
        """See that the service has accepted the request."""
        status = content.get("status")
        if part == HEAD and isinstance(status, int) and status < HTTPStatus.BAD_REQUEST:
            self._request.on_accepted()

    @asynccontextmanager
    async def _in_time(self) -> AsyncGenerator[None]:
        """Wait for a socket no longer than for one that works."""
        try:
            async with asyncio.timeout_at(self._silent_at) as limit:
                yield
        except TimeoutError:
            if not limit.expired():
                raise
            self.silent = True
            raise ProviderError(Failure.UNREACHABLE, code="silent") from None


async def stream_request(
    request: SpeechRequest,
    resources: Resources,
    speech_rate: SpeechRate,
    *,
    recorder: Recorder,
    deadline: Callable[[], float],
) -> AsyncGenerator[bytes]:
    """Yield the audio of a request: whole, or raises `ProviderError`; its probable charge is reserved meanwhile.

    Of those that wait for the rate limiter, the one goes first whose audio should be over first: an announcement passes
    long answers that want to begin at the same time, and no answer waits for more of them than it would have covered
    itself. `deadline` may become earlier meanwhile.
    """
    if (refusal := request.admission()) is not None:
        raise refusal
    charge = resources.provider.price(request.voice, request.text)
    charge = replace(charge, seconds=charge.seconds + speech_rate.expected(request.text))
    clock = asyncio.get_running_loop().time
    until = max(clock(), request.deadline) + (PATIENCE if request.has_fallback else LAST_PATIENCE)
    retry = RetryPolicy(
        until=until,
        charges_failures=resources.provider.charges_failures,
        has_fallback=request.has_fallback,
    )
    route = _Route(request, resources)
    heard = False
    with resources.reserve(request.voice, charge):
        while True:
            turn = resources.limiter.turn(
                lambda: deadline() + len(request.text) * SECONDS_PER_CHARACTER,
                until=until if request.has_fallback else None,  # else it waits in line for as long as it takes
            )
            try:
                async with turn:
                    while True:
                        call = Call(request, resources, speech_rate, route.transport())
                        async with call.made(charge, route.leaves_socket, recorder):
                            while (chunk := await call.next()) is not None:
                                route.note_audio()
                                heard = True
                                yield chunk
                        if not call.superseded:
                            return
            except ProviderError as error:
                wait = retry.wait(error, clock())
                if heard or wait is None:
                    raise
                _LOGGER.debug("Utterance %s: retry in %.2f s after %s", utterance_id.get(), wait, error)
                await asyncio.sleep(wait)


class _Route:
    """How the calls of one request travel: over HTTP alone from when its socket has failed."""

    def __init__(self, request: SpeechRequest, resources: Resources) -> None:
        self._request = request
        self._resources = resources
        self._http_only = False
        self._failed_call: Call | None = None

    def transport(self) -> Transport | None:
        """Return the transport of the next call, None where the request has a way of its own."""
        if self._request.ask is not None:
            return None
        if self._http_only:
            return Transport.STREAM
        request = self._request
        return self._resources.transport(request.transport(), request.voice, request.audio_format)

    def leaves_socket(self, call: Call, error: ProviderError) -> bool:
        """Return True if a call that has failed is to be made again over HTTP at once."""
        is_of_socket = error.failure in FAILS_OVER or (error.failure is Failure.AUTH and error.code is None)
        if call.sounded or not is_of_socket or call.transport is not Transport.WEBSOCKET:
            return False
        self._http_only = self._resources.has_alternative
        self._failed_call = call
        return self._http_only

    def note_audio(self) -> None:
        """Blame the socket that has failed now that HTTP has audio: what fails over both is no matter of transport."""
        if self._failed_call is not None:
            self._resources.health.note_failed(silent=self._failed_call.silent)
            self._failed_call = None
