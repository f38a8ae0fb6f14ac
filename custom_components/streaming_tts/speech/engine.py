"""Synthesis for one account: what its requests share, and the synthesizers that make them."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Hashable
from contextlib import aclosing, nullcontext
from dataclasses import replace
from functools import partial

from ..audio.pcm import WholeSamples, silence
from ..providers import markup
from ..providers.provider import Provider
from ..providers.types import AudioFormat, Transport, Voice
from .audio_cache import AudioCache
from .connection_pool import ConnectionPool, Spawn
from .prewarming import Prewarmer
from .rate_limiter import RateLimiter
from .request import Resources, stream_request
from .speech_rate import SpeechRate
from .synthesizer import Admission, Ask, Recorder, Reserve, SpeechRequest
from .transport_health import TransportHealth

MAX_SPEECH_RATES = 64
"""Voices whose speech rate is remembered; a call may make any number of them by its options."""


class SynthesisEngine:
    """Speaks for one account."""

    def __init__(
        self,
        provider: Provider,
        recorder: Recorder,
        spawn: Spawn,
        *,
        cache: AudioCache,
        owner: Hashable = None,
        reserve: Reserve = lambda _voice, _charge: nullcontext(),
        journal: Reserve = lambda _voice, _charge: nullcontext(),
    ) -> None:
        """Speak through a provider; each request is written into the recorder, or into one of its own.

        `owner` keeps its audio apart from that of others in the cache that all share. `reserve` holds a request from
        its admission on, `journal` each call that is made for it.
        """
        self.provider = provider
        self.transport_health = TransportHealth(asyncio.get_running_loop().time)
        self._recorder = recorder
        pool = ConnectionPool(provider, spawn)
        self._resources = Resources(
            provider=provider,
            limiter=RateLimiter(provider.limits),
            pool=pool,
            prewarmer=Prewarmer(provider, pool, spawn),
            health=self.transport_health,
            reserve=reserve,
            journal=journal,
        )
        self._cache = cache
        self._owner = owner
        self._speech_rates: dict[Voice, SpeechRate] = {}

    @property
    def has_socket(self) -> bool:
        """Return True if the service has a socket."""
        return Transport.WEBSOCKET in self.provider.transports

    def transport(self, voice: Voice | None = None) -> Transport:
        """Return how the next text that is still being written travels, of a voice or of any."""
        first = (self.provider.transports if voice is None else self.provider.transports_of(voice))[0]
        is_avoided = self._resources.has_alternative and self.transport_health.avoided_for > 0
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
        return self._cache.is_known(self._owner, (voice, audio_format, self.provider.render(text)))

    def expect(self, voice: Voice, audio_format: AudioFormat, text: str) -> None:
        """Give up a connection that is being opened ahead where a complete text is known."""
        if self.is_known(voice, audio_format, text):
            self._resources.prewarmer.cancel()

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
            audio = self._fetch(request, request.recorder, lambda: request.deadline)
        return _with_pause(audio, silence(pause, request.audio_format.sample_rate)) if pause else audio

    def synthesizer(
        self,
        voice: Voice,
        audio_format: AudioFormat,
        *,
        has_fallback: bool,
        transport: Callable[[], Transport] = lambda: Transport.STREAM,
        recorder: Recorder | None = None,
        admission: Admission = lambda: None,
        on_unkept: Callable[[], None] = lambda: None,
        on_accepted: Callable[[], None] = lambda: None,
        ask: Ask | None = None,
        lasting: bool = False,
    ) -> ProviderSynthesizer:
        """Return a voice as a synthesizer; see `SpeechRequest` for the terms of its requests."""
        return ProviderSynthesizer(
            self,
            audio_format,
            partial(
                SpeechRequest,
                voice=voice,
                audio_format=audio_format,
                transport=transport,
                has_fallback=has_fallback,
                recorder=recorder or self._recorder,
                admission=admission,
                on_unkept=on_unkept,
                on_accepted=on_accepted,
                ask=ask,
                lasting=lasting,
            ),
        )

    def pause(self, seconds: float) -> None:
        """Make no request for so many seconds, a minute at most: the service said that its rate window is used up."""
        self._resources.limiter.pause(seconds)

    def warm(self, voice: Voice) -> None:
        """Open a connection ahead of a text that will probably come, by the transport that it will probably take."""
        self._resources.prewarmer.hint(voice, self.transport(voice))

    async def close(self) -> None:
        """Close what waits; utterances that run finish over the connections that they have."""
        await self._resources.prewarmer.close()
        await self._resources.pool.close()

    def _fetch(
        self, request: SpeechRequest, recorder: Recorder, deadline: Callable[[], float]
    ) -> AsyncGenerator[bytes]:
        speech_rate = self.speech_rate(request.voice)
        return stream_request(request, self._resources, speech_rate, recorder=recorder, deadline=deadline)


class ProviderSynthesizer:
    """A voice of a provider in one format."""

    def __init__(
        self, engine: SynthesisEngine, audio_format: AudioFormat, request: Callable[..., SpeechRequest]
    ) -> None:
        """Speak through an engine; `request` makes a request of a text and its deadline."""
        self._engine = engine
        self._request = request
        self.audio_format = audio_format

    def speak(self, text: str, deadline: float) -> AsyncGenerator[bytes]:
        """Return the audio of a text, as `Synthesizer.speak`."""
        return self._engine.speak(self._request(text=text, deadline=deadline))


async def _with_pause(audio: AsyncGenerator[bytes], pause: bytes) -> AsyncGenerator[bytes]:
    """Yield audio, and silence behind it once it has ended whole."""
    samples = WholeSamples()
    async with aclosing(audio):
        async for chunk in audio:
            yield samples.feed(chunk)
    yield pause
