"""Speech synthesis for one account: state shared by its requests, and the steps of a request.

`_fetch` makes a request: admission, rate limiter, transport and connection, metering and checks, retry. The order of
these steps matters; each policy is a small object of its own. A request over a socket that fails before any audio is
repeated over HTTP immediately, as part of the same attempt.
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
"""Maximum number of voices whose speech rate is remembered; the options of a call can create any number of voices."""

CONNECTION_FAILURES = frozenset({Failure.AUTH, Failure.BROKEN, Failure.SERVER, Failure.UNREACHABLE})
"""Failures that idle sockets probably share; the others concern a single request."""

SECONDS_PER_CHARACTER = 0.06
"""Approximate duration of a character's audio."""

FALLBACK_WAIT = 3.0
"""Seconds after its deadline that a request may wait for a busy service if there is a fallback."""

LAST_WAIT = 60.0
"""The same without a fallback."""

PAUSE = 0.5
"""Seconds between two attempts if the service doesn't send a delay."""

PAUSE_GROWTH = 1.2
"""Factor from each of these delays to the next."""

MIN_PAUSE = 0.1
"""Minimum seconds between two attempts, whatever delay the service sends."""


@dataclass(kw_only=True, slots=True, eq=False)
class RetryPolicy:
    """Retries of one request: once per kind of transient failure, and repeatedly while the service is busy.

    No attempt starts after `until`, a time of the clock that `wait` receives. If the service `charges_failures` and
    there is a fallback, only BUSY, RATE and UNREACHABLE are retried.
    """

    until: float
    charges_failures: bool
    has_fallback: bool
    _own_pause: float = field(default=PAUSE, init=False)
    _repeated: set[Failure] = field(default_factory=set, init=False)

    def wait(self, error: ProviderError, now: float) -> float | None:
        """Return the seconds until the next attempt after a failure without audio, or None to give up."""
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
    """Synthesizes speech for one account."""

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
        """Set up synthesis with a provider.

        `owner` separates the account's audio from that of others in the shared cache. `reserve` is held for each
        request from its admission on, `journal` for each call that is made for it.
        """
        self.provider = provider
        self.transport_health = TransportHealth(asyncio.get_running_loop().time)
        self.has_alternative = {Transport.WEBSOCKET, Transport.STREAM} <= set(provider.transports)
        """Whether a request that fails over a socket can be repeated over HTTP."""
        self.limiter = RateLimiter(provider.limits)
        self.pool = ConnectionPool(provider, spawn)
        self.journal = journal
        self._reserve = reserve
        self._cache = cache
        self._owner = owner
        self._speech_rates: dict[Voice, SpeechRate] = {}

    def transport(self, voice: Voice | None = None) -> Transport:
        """Return the transport for the next text that is still being written, for a voice or (None) any voice."""
        first = (self.provider.transports if voice is None else self.provider.transports_of(voice))[0]
        is_avoided = self.has_alternative and self.transport_health.avoided_for > 0
        return Transport.STREAM if first is Transport.WEBSOCKET and is_avoided else first

    def speech_rate(self, voice: Voice) -> SpeechRate:
        """Return the speech rate of a voice, as measured so far."""
        speech_rate = self._speech_rates.pop(voice, None) or SpeechRate()
        self._speech_rates[voice] = speech_rate
        if len(self._speech_rates) > MAX_SPEECH_RATES:
            del self._speech_rates[next(iter(self._speech_rates))]
        return speech_rate

    def is_known(self, voice: Voice, audio_format: AudioFormat, text: str) -> bool:
        """Return True if the audio of a text is cached or already requested."""
        return self._cache.is_known(self._owner, voice, audio_format, self.provider.render(text))

    def speak(self, request: SpeechRequest) -> AsyncGenerator[bytes]:
        """Return the audio of a text with our own inline tags, from the cache or from a request to the service.

        The audio is complete, or `ProviderError` is raised. Cache, usage and charge apply to the text as sent. If the
        service has no breaks, a break at the end becomes silence.
        """
        pause = 0.0 if self.provider.has_breaks else markup.closing_pause(request.text)
        request = replace(request, text=self.provider.render(request.text))
        if request.ask is None:
            audio = self._cache.stream(self._owner, request, self._fetch)
        else:
            audio = self._fetch(request, request.recorder, request)
        return _with_pause(audio, silence(pause, request.audio_format.sample_rate)) if pause else audio

    async def close(self) -> None:
        """Close idle connections; running utterances finish over theirs."""
        await self.pool.close()

    async def _fetch(self, request: SpeechRequest, recorder: Recorder, urgency: HasDeadline) -> AsyncGenerator[bytes]:
        """Yield the complete audio of a request; raises `ProviderError`. The expected charge is reserved meanwhile.

        The rate limiter first admits the request whose audio should end first. An announcement overtakes long answers
        that start at the same time, and an answer only waits for requests that should end before it.
        """
        if (refusal := request.admission()) is not None:
            raise refusal
        charge = self.provider.price(request.voice, request.text)
        charge = replace(charge, seconds=charge.seconds + self.speech_rate(request.voice).expected(request.text))
        clock = asyncio.get_running_loop().time
        until = max(clock(), request.deadline) + (FALLBACK_WAIT if request.has_fallback else LAST_WAIT)
        retry = RetryPolicy(
            until=until,
            charges_failures=self.provider.charges_failures,
            has_fallback=request.has_fallback,
        )
        failed: Call | None = None  # over a socket, not yet counted as its failure
        http_only = heard = False
        with self._reserve(request.voice, charge):
            while True:
                turn = self.limiter.turn(
                    lambda: urgency.deadline + len(request.text) * SECONDS_PER_CHARACTER,
                    until=until if request.has_fallback else None,  # without a fallback, it waits without limit
                )
                try:
                    async with turn:
                        while True:
                            transport = Transport.STREAM if http_only else self._transport_of(request)
                            call = Call(self, request, transport)
                            async with call.made(charge, recorder):
                                while (chunk := await call.next()) is not None:
                                    if failed is not None:  # a failure over both isn't the transport's
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
        """Return the transport of a request, or None if it has its own (`ask`).

        An idle socket is used instead of HTTP, and HTTP instead of a socket that is avoided.
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
    """One call to the service; `transport` is None if the request has its own (`ask`)."""

    def __init__(self, engine: SynthesisEngine, request: SpeechRequest, transport: Transport | None) -> None:
        """Start measuring; if HTTP can replace a socket, its time to first byte is limited."""
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
        """Whether it failed over its socket before any audio, and is to be repeated over HTTP immediately."""
        self._size = 0
        self._seconds = 0.0

    @asynccontextmanager
    async def made(self, charge: Charge, recorder: Recorder) -> AsyncGenerator[None]:
        """Make the call, whose audio `next` returns, and record it; unexpected exceptions become BROKEN.

        If the call is `superseded`, its failure isn't raised.
        """
        with self._engine.journal(self._request.voice, charge):
            try:
                async with self._stack:
                    yield
                self._end()
            except Exception as caught:  # noqa: BLE001 - a third-party message may contain a URL with its key
                unknown = ProviderError(Failure.BROKEN, code=type(caught).__name__)
                error = caught if isinstance(caught, ProviderError) else unknown
                self._fail(error)
                if not self.superseded:
                    raise error from None
            finally:
                self._record(recorder)

    async def next(self) -> bytes | None:
        """Return the next chunk, or None at the end.

        Raises BROKEN if the audio is far too long for the text, and UNREACHABLE if a socket sends no audio in time.
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
        """Return the provider's audio, over HTTP or over a socket that is returned to the pool afterwards."""
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
        """Check the complete audio, and learn from it; raises BROKEN if a speakable text has no audio.

        Audio without an end mark, or too short, is doubtful: it was played, but isn't cached.
        """
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
        """Note the failure, and decide whether the call is repeated over HTTP."""
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
        """Record the call, unless it was cancelled before it was sent.

        A call that was cancelled, or sent no audio in time, is charged in full, because the service has started. Any
        other failure without audio costs what the service charges for it.
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
        """Call `on_accepted` once the service has accepted the request."""
        status = content.get("status")
        if part == HEAD and isinstance(status, int) and status < HTTPStatus.BAD_REQUEST:
            self._request.on_accepted()


@dataclass(slots=True, eq=False)
class ProviderSynthesizer:
    """A voice of a provider in one audio format; `terms` apply to all requests, except for text and deadline."""

    engine: SynthesisEngine
    terms: SpeechRequest

    def speak(self, text: str, deadline: float) -> AsyncGenerator[bytes]:
        """Return the audio of a text, see `Synthesizer.speak`."""
        return self.engine.speak(replace(self.terms, text=text, deadline=deadline))


async def _with_pause(audio: AsyncGenerator[bytes], pause: bytes) -> AsyncGenerator[bytes]:
    """Yield audio, then silence if the audio was complete."""
    async with aclosing(audio):
        async for chunk in audio:
            yield chunk
    yield pause
