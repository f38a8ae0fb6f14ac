"""One segment in flight: its audio is fetched ahead, and a synthesizer that fails is replaced within it.

States: *fetching* from a synthesizer, *resumed* with the same one after a break, *failed*, *complete*.
Transitions: fetching -> resumed when audio came and the failure is one of `SPOKEN_ON`, once per synthesizer; fetching
or resumed -> fetching with the next synthesizer of the chain, from the interrupted sentence; -> failed when the chain
has no other; -> complete at a whole end. Invariants: audio is kept in the order of the text; no sentence is left out,
and only the interrupted one may be heard twice; `done` is set once, and then either all audio or the failure is handed
out.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field

from ..audio.level import Level
from ..audio.pcm import WholeSamples
from ..providers.types import Failure, ProviderError
from .resume import pauses, spoken
from .scheduler import Segment
from .speech_rate import SpeechRate
from .synthesizer import FallbackChain
from .text.buffer import join

SPOKEN_ON = frozenset({Failure.BROKEN, Failure.UNREACHABLE, Failure.SERVER})
"""Failures in the middle of the sound after which the same voice tries the rest once more."""

EXPECTED_SHARE = 0.85
"""How much of the sound that is expected of a request in flight is counted on."""


@dataclass(kw_only=True, slots=True, eq=False)
class RequestAudio:
    """The audio of one request of a segment, as far as it has come and was not handed out."""

    level: Level
    chunks: list[bytes] = field(default_factory=list)


class SegmentStream:
    """The sound of one segment, fetched as fast as it comes and handed out by `take`."""

    def __init__(
        self,
        segment: Segment,
        *,
        deadline: float,
        chain: FallbackChain,
        speech_rate: SpeechRate,
        tasks: asyncio.TaskGroup,
        nudge: Callable[[], None],
    ) -> None:
        """Begin to speak a segment that should sound by `deadline`; `nudge` is called when its sound is there."""
        self.segment = segment
        self._deadline = deadline
        self._chain = chain
        self._speech_rate = speech_rate
        self._nudge = nudge
        self._requests: deque[RequestAudio] = deque()
        self._arrived = asyncio.Event()
        self._ended = asyncio.Event()
        self._error: ProviderError | None = None
        self._received = 0.0
        self._taken = 0.0
        self.synthesizer = chain.active
        self.done = False
        self._task = tasks.create_task(self._run())

    @property
    def remaining(self) -> float:
        """Return how many seconds of its sound have not been handed out, as far as can be expected."""
        received = self._received - self._taken
        if self.done:
            return received
        return max(received, EXPECTED_SHARE * self._speech_rate.expected(self.segment.text) - self._taken)

    async def arrives(self, seconds: float | None) -> bool:
        """Wait until there is sound or an end to hand out, or for so many seconds; tell whether there is."""
        if self.done or any(request.chunks for request in self._requests):
            return True
        self._arrived.clear()
        return await happens(self._arrived, seconds)

    async def gather(self, seconds: float) -> None:
        """Let more sound come for so many seconds, or to its end."""
        if not self.done:
            await happens(self._ended, seconds)

    def take(self) -> tuple[RequestAudio, bytes] | None:
        """Return the audio that has come of one request, or None at the end; raises how the segment failed."""
        while self._requests:
            request = self._requests[0]
            if request.chunks:
                samples = b"".join(request.chunks)
                request.chunks.clear()
                self._taken += self._chain.active.audio_format.seconds(len(samples))
                return request, samples
            if len(self._requests) == 1:
                break
            self._requests.popleft()
        if self._error is not None:
            raise self._error
        return None

    def cancel(self) -> None:
        """Give up the segment."""
        self._task.cancel()

    async def _run(self) -> None:
        """Fetch the whole sound, from as many speakers as it takes."""
        try:
            await self._speak(self.segment.sentences)
        except ProviderError as error:
            self._error = error
        finally:
            self.done = True
            self._ended.set()
            self._arrived.set()
            self._nudge()

    async def _speak(self, sentences: tuple[str, ...]) -> None:
        tried_on = False
        while True:
            self.synthesizer = self._chain.active
            speech_rate = self._speech_rate if self._chain.is_primary_active else SpeechRate()
            heard: list[bytes] = []
            before = self._received
            try:
                await self._fetch(sentences, heard)
            except ProviderError as error:
                sounded = self._received - before
                rate = self.synthesizer.audio_format.sample_rate
                quiet = await asyncio.to_thread(pauses, b"".join(heard), rate)
                sentences = sentences[await asyncio.to_thread(spoken, sentences, sounded, quiet, speech_rate) :]
                if sounded and not tried_on and error.failure in SPOKEN_ON:
                    tried_on = True
                    self._chain.note_resumed()
                elif self._chain.advance(self.synthesizer, error):
                    tried_on = False
                else:
                    raise
            else:
                return

    async def _fetch(self, sentences: tuple[str, ...], heard: list[bytes]) -> None:
        speaker = self.synthesizer
        samples = WholeSamples()
        request = RequestAudio(level=self._chain.level)
        self._requests.append(request)
        async with aclosing(speaker.speak(join(sentences), self._deadline)) as sound:
            async for piece in sound:
                if not (chunk := samples.feed(piece)):
                    continue
                heard.append(chunk)
                self._received += speaker.audio_format.seconds(len(chunk))
                request.chunks.append(chunk)
                self._arrived.set()


async def happens(event: asyncio.Event, seconds: float | None) -> bool:
    """Wait for an event for so many seconds (None: for ever); tell whether it happened."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
