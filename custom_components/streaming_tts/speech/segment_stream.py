"""One segment in flight: its audio is fetched ahead, and a synthesizer that fails is replaced within it.

States: *fetching* from a synthesizer, *resumed* with the same one after a break, *failed*, *complete*.
Transitions: fetching -> resumed when audio came and the failure is one of `SPOKEN_ON`, once per synthesizer; fetching
or resumed -> fetching with the next synthesizer of the chain, from the interrupted sentence; -> failed when the chain
has no other; -> complete at a whole end. Invariants: audio is kept in the order of the text; no sentence is left out,
and only the interrupted one may be heard twice; `ended` is set once, and then either all audio or the failure is handed
out.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field

from ..audio.level import Level
from ..providers.types import AudioFormat, Failure, ProviderError
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
    """The audio of one request of a segment, as far as it has come; so many chunks of it were handed out."""

    level: Level
    chunks: list[bytes] = field(default_factory=list)
    taken: int = 0


class SegmentStream:
    """The sound of one segment, fetched as fast as it comes and handed out by `take`."""

    def __init__(
        self,
        segment: Segment,
        *,
        deadline: float,
        chain: FallbackChain,
        audio_format: AudioFormat,
        speech_rate: SpeechRate,
        tasks: asyncio.TaskGroup,
        nudge: Callable[[], None],
    ) -> None:
        """Begin to speak a segment that should sound by `deadline`; `nudge` is called when its sound is there."""
        self.segment = segment
        self._deadline = deadline
        self._chain = chain
        self._audio_format = audio_format
        self._speech_rate = speech_rate
        self._nudge = nudge
        self._requests: deque[RequestAudio] = deque()
        self._arrived = asyncio.Event()
        self._error: ProviderError | None = None
        self._received = 0.0
        self._taken = 0.0
        self.synthesizer = chain.active
        self.ended = asyncio.Event()
        self._task = tasks.create_task(self._run())

    @property
    def remaining(self) -> float:
        """Return how many seconds of its sound have not been handed out, as far as can be expected."""
        received = self._received - self._taken
        if self.ended.is_set():
            return received
        return max(received, EXPECTED_SHARE * self._speech_rate.expected(self.segment.text) - self._taken)

    async def arrives(self, seconds: float | None) -> bool:
        """Wait until there is sound or an end to hand out, or for so many seconds; tell whether there is."""
        if self.ended.is_set() or any(request.taken < len(request.chunks) for request in self._requests):
            return True
        self._arrived.clear()
        return await happens(self._arrived, seconds)

    def take(self) -> tuple[RequestAudio, bytes] | None:
        """Return the audio that has come of one request, or None at the end; raises how the segment failed."""
        while self._requests:
            request = self._requests[0]
            if samples := b"".join(request.chunks[request.taken :]):
                request.taken = len(request.chunks)
                self._taken += self._audio_format.seconds(len(samples))
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
        """Fetch the whole audio, from as many synthesizers as it takes."""
        sentences, has_resumed = self.segment.sentences, False
        try:
            while True:
                self.synthesizer, is_primary = self._chain.active, self._chain.is_primary_active
                request = RequestAudio(level=self._chain.level)
                self._requests.append(request)
                try:
                    return await self._fetch(sentences, request)
                except ProviderError as error:
                    audio = b"".join(request.chunks)
                    seconds = self._audio_format.seconds(len(audio))
                    speech_rate = self._speech_rate if is_primary else SpeechRate()
                    quiet = await asyncio.to_thread(pauses, audio, self._audio_format.sample_rate)
                    count = await asyncio.to_thread(spoken, sentences, seconds, quiet, speech_rate)
                    sentences = sentences[count:]
                    if audio and not has_resumed and error.failure in SPOKEN_ON:
                        has_resumed = True
                        self._chain.note_resumed()
                    elif self._chain.advance(self.synthesizer, error):
                        has_resumed = False
                    else:
                        raise
        except ProviderError as error:
            self._error = error
        finally:
            self.ended.set()
            self._arrived.set()
            self._nudge()

    async def _fetch(self, sentences: tuple[str, ...], request: RequestAudio) -> None:
        async with aclosing(self.synthesizer.speak(join(sentences), self._deadline)) as audio:
            async for chunk in audio:
                if chunk:
                    request.chunks.append(chunk)
                    self._received += self._audio_format.seconds(len(chunk))
                    self._arrived.set()


async def happens(event: asyncio.Event, seconds: float | None) -> bool:
    """Wait for an event for so many seconds (None: for ever); tell whether it happened."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
