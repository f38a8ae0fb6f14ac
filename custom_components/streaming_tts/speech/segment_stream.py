"""One segment in flight: its audio is requested ahead, and a synthesizer that fails is replaced.

States: *fetching* from a synthesizer, *resumed* with the same one after its audio broke off, *failed*, *complete*.
Transitions: fetching -> resumed if audio had arrived and the failure is one of `TRANSIENT`, once per synthesizer;
fetching or resumed -> fetching with the next synthesizer of the chain, from the interrupted sentence; -> failed if the
chain has no other; -> complete when the audio is complete.
Invariants: audio is kept in the order of the text; no sentence is skipped, and only the interrupted one may be heard
twice; `ended` is set once; all audio is handed out before a failure is raised.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field

from ..audio.level import Level
from ..providers.types import AudioFormat, ProviderError
from .resume import pauses, spoken
from .scheduler import Segment
from .speech_rate import SpeechRate
from .synthesizer import TRANSIENT, FallbackChain
from .text.buffer import join

EXPECTED_SHARE = 0.85
"""Share of the expected audio of a request in flight that is relied on."""


@dataclass(kw_only=True, slots=True, eq=False)
class RequestAudio:
    """The audio received so far for one request of a segment; the first `taken` chunks were handed out."""

    level: Level
    chunks: list[bytes] = field(default_factory=list)
    taken: int = 0


@dataclass(kw_only=True, slots=True, eq=False)
class SegmentStream:
    """The audio of one segment, received by `run` in a task as fast as it arrives, and handed out by `take`.

    It should start by `deadline`; `nudge` is called at its end. `position` is its synthesizer's position in the chain.
    """

    segment: Segment
    deadline: float
    chain: FallbackChain
    audio_format: AudioFormat
    speech_rate: SpeechRate
    nudge: Callable[[], None]
    position: int
    task: asyncio.Task[None] = field(init=False)
    ended: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _requests: deque[RequestAudio] = field(default_factory=deque, init=False)
    _arrived: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _error: ProviderError | None = field(default=None, init=False)
    _resumed_with: int | None = field(default=None, init=False)
    """Position of the synthesizer that was retried after audio had arrived."""
    _received: float = field(default=0.0, init=False)
    _taken: float = field(default=0.0, init=False)

    @property
    def remaining(self) -> float:
        """Return the expected seconds of audio that haven't been handed out yet."""
        received = self._received - self._taken
        if self.ended.is_set():
            return received
        return max(received, EXPECTED_SHARE * self.speech_rate.expected(self.segment.text) - self._taken)

    async def arrives(self, seconds: float | None) -> bool:
        """Wait up to `seconds` for audio or the end; return True if there is something to hand out."""
        if self.ended.is_set() or any(request.taken < len(request.chunks) for request in self._requests):
            return True
        self._arrived.clear()
        return await happens(self._arrived, seconds)

    def take(self) -> tuple[RequestAudio, bytes] | None:
        """Return the audio received for one request, or None at the end; raises the failure of the segment."""
        while self._requests:
            request = self._requests[0]
            if samples := b"".join(request.chunks[request.taken :]):
                request.taken = len(request.chunks)
                self._taken += self.audio_format.seconds(len(samples))
                return request, samples
            if len(self._requests) == 1:
                break
            self._requests.popleft()
        if self._error is not None:
            raise self._error
        return None

    async def run(self) -> None:
        """Request the complete audio, from as many synthesizers as necessary."""
        sentences: tuple[str, ...] = self.segment.sentences
        try:
            while sentences:
                self.position = self.chain.position
                request = RequestAudio(level=self.chain.levels[self.position])
                self._requests.append(request)
                synthesizer = self.chain.synthesizers[self.position]
                try:
                    async with aclosing(synthesizer.speak(join(sentences), self.deadline)) as audio:
                        async for chunk in audio:
                            if chunk:
                                request.chunks.append(chunk)
                                self._received += self.audio_format.seconds(len(chunk))
                                self._arrived.set()
                except ProviderError as error:
                    sentences = await self._unspoken(sentences, b"".join(request.chunks), error)
                else:
                    return
        except ProviderError as error:
            self._error = error
        finally:
            self.ended.set()
            self._arrived.set()
            self.nudge()

    async def _unspoken(self, sentences: tuple[str, ...], audio: bytes, error: ProviderError) -> tuple[str, ...]:
        """Return the sentences left to speak after a failure; raises it if the chain has no synthesizer for them."""
        position, seconds = self.position, self.audio_format.seconds(len(audio))
        speech_rate = self.speech_rate if position == self.chain.primary else SpeechRate()
        quiet = await asyncio.to_thread(pauses, audio, self.audio_format.sample_rate)
        count = await asyncio.to_thread(spoken, sentences, seconds, quiet, speech_rate)
        if audio and position != self._resumed_with and error.failure in TRANSIENT:
            self._resumed_with = position
            self.chain.on_resumed()
        elif not self.chain.advance(position, error):
            raise error
        return sentences[count:]


async def happens(event: asyncio.Event, seconds: float | None) -> bool:
    """Wait up to `seconds` for an event (None: without limit); return True if it happened."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
