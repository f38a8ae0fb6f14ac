"""Synthesis for one account: what its requests share, and how each is made.

A request is made in one function (`_fetch`): admission, rate limiter, transport and connection, meter and checks,
retry. The order of these steps is the logic; each policy is a small object of its own. A request over a socket that
fails before any audio is made again over HTTP at once, as part of the same try.
"""

import asyncio
from collections.abc import AsyncGenerator, Hashable, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, nullcontext
from dataclasses import dataclass, field, replace
from http import HTTPStatus
import logging

from ..audio.pcm import silence
from ..providers import markup
from ..providers.provider import Provider
from ..providers.transport.audio_stream import is_audible
from ..providers.transport.trace import HEAD, RequestTrace
from ..providers.types import AudioFormat, Charge, Failure, ProviderError, Transport, Voice
from .audio_cache import AudioCache
from .connection_pool import ConnectionPool, Spawn, TransportHealth
from .rate_limiter import RateLimiter
from .speech_rate import MAX_FACTOR, MAX_PAUSES_SECONDS, SpeechMeter, SpeechRate, is_too_short
from .synthesizer import TRANSIENT, HasDeadline, Recorder, Reserve, SpeechRequest, Usage, utterance_id

_LOGGER = logging.getLogger(__name__)

MAX_SPEECH_RATES = 64
"""Voices whose speech rate is remembered; a call may make any number of them by its options."""

CONNECTION_FAILURES = frozenset({Failure.AUTH, Failure.BROKEN, Failure.SERVER, Failure.UNREACHABLE})
"""Failures that idle sockets probably share; the others speak of one request."""

SECONDS_PER_CHARACTER = 0.06
"""About how long a character sounds."""

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


@dataclass(kw_only=True, slots=True, eq=False)
class RetryPolicy:
    """The tries of one request: once more after each transient kind of failure, while it is busy until a time.

    No try begins later than `until`, in the time of the clock that `wait` is told. A service that `charges_failures` is
    only tried again where nobody else could speak.
    """

    until: float
    charges_failures: bool
    has_fallback: bool
    _own_pause: float = field(default=PAUSE, init=False)
    _repeated: set[Failure] = field(default_factory=set, init=False)

    def wait(self, error: ProviderError, now: float) -> float | None:
        """Return after how many seconds to try again after a failure without audio, or None for never."""
        failure, seconds = error.failure, 0.0
        is_charged = self.charges_failures and failure is not Failure.UNREACHABLE
        if failure in (Failure.BUSY, Failure.RATE):
            seconds = max(error.retry_after or self._own_pause, MIN_PAUSE)
            if not error.retry_after:
                self._own_pause *= PAUSE_GROWTH
        elif failure not in TRANSIENT or failure in self._repeated or (is_charged and self.has_fallback):
            return None
        if now + seconds > self.until:
            return None
        self._repeated.add(failure)
        return seconds


class SynthesisEngine:
    """Speaks for one account."""

    def __init__(
        self,
        provider: Provider,
        spawn: Spawn,
        *,
        cache: AudioCache,
        owner: Hashable = None,
        reserve: Reserve = lambda _voice, _charge: nullcontext(),
        journal: Reserve = lambda _voice, _charge: nullcontext(),
    ) -> None:
        """Speak through a provider.

        `owner` keeps its audio apart from that of others in the cache that all share. `reserve` holds a request from
        its admission on, `journal` each call that is made for it.
        """
        self.provider = provider
        self.transport_health = TransportHealth(asyncio.get_running_loop().time)
        self.has_alternative = {Transport.WEBSOCKET, Transport.STREAM} <= set(provider.transports)
        """Whether what fails over a socket can be asked for over HTTP."""
        self.limiter = RateLimiter(provider.limits)
        self.pool = ConnectionPool(provider, spawn)
        self.journal = journal
        self._reserve = reserve
        self._cache = cache
        self._owner = owner
        self._speech_rates: dict[Voice, SpeechRate] = {}

    def transport(self, voice: Voice | None = None) -> Transport:
        """Return how the next text that is still being written travels, of a voice or of any."""
        first = (self.provider.transports if voice is None else self.provider.transports_of(voice))[0]
        is_avoided = self.has_alternative and self.transport_health.avoided_for > 0
        return Transport.STREAM if first is Transport.WEBSOCKET and is_avoided else first

    def speech_rate(self, voice: Voice) -> SpeechRate:
        """Return how fast a voice is, as far as it was measured."""
        speech_rate = self._speech_rates.pop(voice, None) or SpeechRate()
        self._speech_rates[voice] = speech_rate
        if len(self._speech_rates) > MAX_SPEECH_RATES:
            del self._speech_rates[next(iter(self._speech_rates))]
        return speech_rate

    def is_known(self, voice: Voice, audio_format: AudioFormat, text: str) -> bool:
        """Return True if a text needs no request of its own: its audio is in memory or on its way."""
        return self._cache.is_known(self._owner, voice, audio_format, self.provider.render(text))

    def speak(self, request: SpeechRequest) -> AsyncGenerator[bytes]:
        """Return the audio of a text, in our own marks: from memory, or else from a request to the service.

        It ends whole, or raises `ProviderError`. What is kept, counted and charged is what is sent. A break at the end
        is silence where the service has no breaks.
        """
        pause = 0.0 if self.provider.has_breaks else markup.closing_pause(request.text)
        request = replace(request, text=self.provider.render(request.text))
        if request.ask is None:
            audio = self._cache.stream(self._owner, request, self._fetch)
        else:
            audio = self._fetch(request, request.recorder, request)
        return _with_pause(audio, silence(pause, request.audio_format.sample_rate)) if pause else audio

    async def close(self) -> None:
        """Close what waits; utterances that run finish over the connections that they have."""
        await self.pool.close()

    async def _fetch(self, request: SpeechRequest, recorder: Recorder, urgency: HasDeadline) -> AsyncGenerator[bytes]:
        """Yield the audio of a request: whole, or raises `ProviderError`; its probable charge is reserved meanwhile.

        Of those that wait for the rate limiter, the one goes first whose audio should be over first: an announcement
        passes long answers that want to begin at the same time, and no answer waits for more of them than it would have
        covered itself.
        """
        if (refusal := request.admission()) is not None:
            raise refusal
        charge = self.provider.price(request.voice, request.text)
        charge = replace(charge, seconds=charge.seconds + self.speech_rate(request.voice).expected(request.text))
        clock = asyncio.get_running_loop().time
        until = max(clock(), request.deadline) + (PATIENCE if request.has_fallback else LAST_PATIENCE)
        retry = RetryPolicy(
            until=until,
            charges_failures=self.provider.charges_failures,
            has_fallback=request.has_fallback,
        )
        failed: Call | None = None  # over a socket, and not blamed for it yet
        http_only = heard = False
        with self._reserve(request.voice, charge):
            while True:
                turn = self.limiter.turn(
                    lambda: urgency.deadline + len(request.text) * SECONDS_PER_CHARACTER,
                    until=until if request.has_fallback else None,  # else it waits in line for as long as it takes
                )
                try:
                    async with turn:
                        while True:
                            transport = Transport.STREAM if http_only else self._transport_of(request)
                            call = Call(self, request, transport)
                            async with call.made(charge, recorder):
                                while (chunk := await call.next()) is not None:
                                    if failed is not None:  # what fails over both is no matter of the transport
                                        self.transport_health.note_failed(silent=failed.silent)
                                        failed = None
                                    heard = True
                                    yield chunk
                            if not call.superseded:
                                return
                            failed, http_only = call, True
                except ProviderError as error:
                    wait = retry.wait(error, clock())
                    if heard or wait is None:
                        raise
                    _LOGGER.debug("Utterance %s: retry in %.2f s after %s", utterance_id.get(), wait, error)
                    await asyncio.sleep(wait)

    def _transport_of(self, request: SpeechRequest) -> Transport | None:
        """Return how a request is to travel, None where it has a way of its own.

        A waiting socket serves as well as HTTP, and HTTP where the socket is avoided.
        """
        if request.ask is not None:
            return None
        offered, wanted = self.provider.transports_of(request.voice), request.transport()
        if Transport.WEBSOCKET not in offered or wanted is Transport.BODY:
            return wanted if wanted in offered else offered[0]
        if wanted is Transport.STREAM and not self.pool.fitting(request.voice, request.audio_format):
            return wanted
        if self.has_alternative and not self.transport_health.admits_socket():
            return Transport.STREAM
        return Transport.WEBSOCKET


class Call:
    """One call; `transport` is None for a request that has a way of its own."""

    def __init__(self, engine: SynthesisEngine, request: SpeechRequest, transport: Transport | None) -> None:
        """Begin to measure; a socket that HTTP can replace is given as long as one that works almost always takes."""
        self._engine = engine
        self._request = request
        self._speech_rate = engine.speech_rate(request.voice)
        self._max_seconds = MAX_FACTOR * self._speech_rate.expected(request.text) + MAX_PAUSES_SECONDS
        self._clock = asyncio.get_running_loop().time
        self._asked_at = self._clock()
        self._silent_at: float | None = None
        if transport is Transport.WEBSOCKET and engine.has_alternative:
            self._silent_at = self._asked_at + engine.transport_health.first_byte_limit
        self._trace = RequestTrace(self._watch)
        self._stack = AsyncExitStack()
        self._audio: AsyncGenerator[bytes] | None = None
        self._meter = SpeechMeter(request.audio_format.sample_rate)
        self._first_byte: float | None = None
        self._error: ProviderError | None = None
        self._doubtful = False
        self.transport = transport
        self.silent = False
        self.superseded = False
        """Whether it failed over its socket before any audio, and is to be made again over HTTP at once."""
        self._size = 0
        self._seconds = 0.0

    @asynccontextmanager
    async def made(self, charge: Charge, recorder: Recorder) -> AsyncGenerator[None]:
        """Let the call be made by `next`, and record it; what no provider foresaw is BROKEN like anything else that is.

        A failure of one that is `superseded` is not raised.
        """
        with self._engine.journal(self._request.voice, charge):
            try:
                async with self._stack:
                    yield
                self._end()
            except Exception as caught:  # noqa: BLE001 - what others say may quote an address with its key
                unknown = ProviderError(Failure.BROKEN, code=type(caught).__name__)
                error = caught if isinstance(caught, ProviderError) else unknown
                self._fail(error)
                if not self.superseded:
                    raise error from None
            finally:
                self._record(recorder)

    async def next(self) -> bytes | None:
        """Return the next chunk, None at the end; raises BROKEN for audio that does not end.

        Raises UNREACHABLE where a socket is silent for too long.
        """
        if self._audio is None:
            try:
                async with asyncio.timeout_at(self._silent_at) as limit:
                    self._audio = await self._stack.enter_async_context(aclosing(await self._opened()))
                    chunk = await anext(self._audio, None)
            except TimeoutError:
                if not limit.expired():
                    raise
                self.silent = True
                raise ProviderError(Failure.UNREACHABLE, code="silent") from None
        else:
            chunk = await anext(self._audio, None)
        if chunk is None:
            return None
        self._size += len(chunk)
        self._seconds = self._request.audio_format.seconds(self._size)
        self._meter.hear(chunk)
        if self._first_byte is None and chunk:
            self._first_byte = self._clock() - self._asked_at
            _LOGGER.debug("Utterance %s: first byte after %.3f s", utterance_id.get(), self._first_byte)
            if self._request.ask is None:
                self._speech_rate.note_first_byte(self._first_byte)
        if self._seconds > self._max_seconds:
            raise ProviderError(Failure.BROKEN, code="too_long")
        return chunk

    async def _opened(self) -> AsyncGenerator[bytes]:
        """Return the audio of the provider, over a socket that is given back in the end, or over HTTP."""
        if (ask := self._request.ask) is not None:
            return ask(self._request.text)
        assert self.transport is not None
        provider, pool = self._engine.provider, self._engine.pool
        voice, audio_format, text = self._request.voice, self._request.audio_format, self._request.text
        _LOGGER.debug("Utterance %s: transport %s", utterance_id.get(), self.transport)
        await pool.opened(self.transport)
        if self.transport is Transport.WEBSOCKET:
            connection = await self._stack.enter_async_context(pool.connection(voice, audio_format))
            return connection.speak(voice, audio_format, text, self._trace)
        return provider.speak(voice, audio_format, text, self._trace, whole=self.transport is Transport.BODY)

    def _end(self) -> None:
        """Take the end, whose mark is authoritative: audio that is too short was spoken, but is not kept."""
        text = self._request.text
        if self._first_byte is None:
            if is_audible(text):
                raise ProviderError(Failure.BROKEN, code="no_sound")
            return
        unmarked = self._trace.end_mark_missing
        self._doubtful = unmarked or is_too_short(text, self._seconds, self._speech_rate)
        if self._request.ask is None and not is_too_short(text, self._seconds, SpeechRate()):
            self._speech_rate.note_speech(text, self._meter.seconds)
        if self.transport is Transport.WEBSOCKET:
            if unmarked:
                self._engine.transport_health.avoid()
            else:
                self._engine.transport_health.note_whole(self._first_byte)
        elif self.transport is not None:
            self._engine.pool.http_used_at = self._clock()

    def _fail(self, error: ProviderError) -> None:
        """Take how it failed, and see whether it is made again over HTTP."""
        self._error = error
        is_of_socket = error.failure in TRANSIENT or (error.failure is Failure.AUTH and error.code is None)
        over_socket = self.transport is Transport.WEBSOCKET
        self.superseded = over_socket and is_of_socket and not self._size and self._engine.has_alternative
        if self.superseded:
            _LOGGER.debug("Utterance %s: failover to %s after %s", utterance_id.get(), Transport.STREAM, error)
            self._engine.limiter.note_request()
        if self.transport is not None and error.failure in CONNECTION_FAILURES:
            self._engine.pool.close_idle()
        if self._size and over_socket:
            self._engine.transport_health.note_broken()

    def _record(self, recorder: Recorder) -> None:
        """Record the call, unless it was given up before it was made.

        What was given up, in the middle or for its silence, is charged like spoken: the service has begun. Any other
        failure without audio costs what the service says.
        """
        made = self._request.ask is not None or self._trace.asked
        if not (made or self._size or self._error):
            return
        charge = Charge()
        if self._error is not None and not self._size:
            charge = self._error.charged
        if self._size or (made and (self._error is None or self.silent)):
            charge = self._engine.provider.price(self._request.voice, self._request.text)
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
                request_id=self._trace.request_id or (self._error and self._error.request_id) or None,
                characters=len(self._request.text) if made else 0,
            )
        )

    def _watch(self, part: str, content: Mapping[str, object]) -> None:
        """See that the service has accepted the request."""
        status = content.get("status")
        if part == HEAD and isinstance(status, int) and status < HTTPStatus.BAD_REQUEST:
            self._request.on_accepted()


@dataclass(slots=True, eq=False)
class ProviderSynthesizer:
    """A voice of a provider in one format; `terms` are those of all requests, but for text and deadline."""

    engine: SynthesisEngine
    terms: SpeechRequest

    def speak(self, text: str, deadline: float) -> AsyncGenerator[bytes]:
        """Return the audio of a text, as `Synthesizer.speak`."""
        return self.engine.speak(replace(self.terms, text=text, deadline=deadline))


async def _with_pause(audio: AsyncGenerator[bytes], pause: bytes) -> AsyncGenerator[bytes]:
    """Yield audio, and silence behind it once it has ended whole."""
    async with aclosing(audio):
        async for chunk in audio:
            yield chunk
    yield pause
