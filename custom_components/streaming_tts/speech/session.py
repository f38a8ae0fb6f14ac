"""An utterance from text to sound: segments are scheduled, fetched ahead, and handed out in order without a gap.

Two tasks share the state, beside one that lets the header out. The sender: *reading* (text is taken, the scheduler is
asked) -> *sending* a segment -> *reading*; it is *done* when the text has ended and the buffer is empty. The player:
*unstarted* (nothing but the header may leave) -> *playing* with the first audio -> *pausing* when the player would run
dry, or has waited too long for the first audio, with silence in real time -> *playing* with the next audio; it ends
when the sender is done and no segment is left.
Invariants: audio leaves in the order of the segments; each segment in flight is with the active synthesizer, as those
fetched ahead by another one are cancelled and sent again; the queue ends with exactly one None, after which the failure
is raised if there was one; all tasks end with the generator.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Iterable
from dataclasses import KW_ONLY, dataclass, field
from functools import partial
from itertools import islice
import logging

from ..audio.level import LeveledAudio
from ..audio.seams import SeamJoiner
from ..providers import markup
from ..providers.types import ProviderError
from .audio_cache import AHEAD_SECONDS, GATHER_SECONDS
from .scheduler import OPENING, PlaybackClock, SchedulerState, Segment, SegmentScheduler
from .segment_stream import RequestAudio, SegmentStream, happens
from .speech_rate import SpeechRate
from .synthesizer import FallbackChain, utterance_id
from .text.buffer import TextBuffer
from .text.source import WATCHDOG, TextSource

_LOGGER = logging.getLogger(__name__)

DRY = 0.5
"""Seconds for which a player may wait for a service before silence is put in: what comes in jerks is no pause."""

RESERVE = 0.05
"""Seconds before a player runs dry at which silence is put in where its wait is for the writer."""

SILENCE = 0.05
"""Seconds of silence that are handed out at once, so that speech waits no longer than that behind it."""

NOTHING_SECONDS = 0.2
"""Seconds of silence that are heard of a text with nothing to say: a player waits for the end of something."""

MAX_WAITING = 64
"""Pieces of sound that wait for a client that reads slowly."""


HEADER_SECONDS = 0.5
"""Seconds after which the header leaves though no audio has come: a complete text that fails before is an error of
HTTP."""

HEAD_START = 0.05
"""The same where a program converts, which the header starts: by then the request is out, which that would hold up, and
it has started when the audio comes."""

MAX_SILENT_SECONDS = 2.5
"""Seconds after which silence leaves though no audio has come: a satellite gives up after 5 s without data."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Converter:
    """What makes another format of the sound before it reaches the player, and keeps up to `keeps` seconds of it back.

    It gets an empty chunk after `head_start` seconds at the latest, upon which it lets the header out.
    """

    head_start: float = HEADER_SECONDS
    keeps: float


@dataclass(slots=True, eq=False)
class UtteranceSession:
    """One utterance at work: a director who divides the text and sends, and a player who hands out what arrives.

    Nothing starts before `stream`. A `converter` gets an empty chunk ahead of the sound where that is not there at
    once, sooner where `accepted` is set by then, and is kept ahead of its player. `name` is what the log calls the
    utterance.
    """

    source: TextSource
    chain: FallbackChain
    _: KW_ONLY
    buffer: TextBuffer
    scheduler: SegmentScheduler
    playback: PlaybackClock
    speech_rate: SpeechRate
    converter: Converter = Converter(keeps=0.0)
    accepted: asyncio.Event = field(default_factory=asyncio.Event)
    name: str = "-"
    _streams: deque[SegmentStream] = field(default_factory=deque, init=False)
    _sent: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _segments: int = field(default=0, init=False)
    _directed: bool = field(default=False, init=False)
    _pausing: bool = field(default=False, init=False)
    _seams: SeamJoiner = field(init=False)
    _request: RequestAudio | None = field(default=None, init=False)
    _heard: Segment | None = field(default=None, init=False)
    _silent_until: float = field(init=False)
    _failure: Exception | None = field(default=None, init=False)
    _sound: asyncio.Queue[LeveledAudio | None] = field(default_factory=partial(asyncio.Queue, MAX_WAITING), init=False)

    async def stream(self) -> AsyncGenerator[LeveledAudio]:
        """Yield the audio of the text: spoken whole, or raises `ProviderError` or what the text's writer raised.

        The source is closed, and all that was opened ended, whichever way the generator ends.
        """
        self._seams = SeamJoiner(self.playback.audio_format.sample_rate)
        self._silent_until = self.playback.clock() + MAX_SILENT_SECONDS
        work = asyncio.create_task(self._run(), name="streaming_tts utterance")
        try:
            while (chunk := await self._sound.get()) is not None:
                yield chunk
            await work
        finally:
            work.cancel()
            try:
                await asyncio.gather(work, return_exceptions=True)
            finally:
                await self.source.aclose()

    async def _run(self) -> None:
        """Perform, and end the sound whichever way it goes."""
        utterance_id.set(self.name)  # for this task, and for all that it starts
        begun = self.playback.clock()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._direct(tasks))
                header = tasks.create_task(self._announce())
                await self._play(tasks)
                header.cancel()
        except* Exception as group:  # noqa: BLE001 - raised below, once the listener has what was spoken
            self._failure = group.exceptions[0]
        # What a text's writer raises may quote the text
        error = self._failure if isinstance(self._failure, ProviderError) else type(self._failure).__name__
        _LOGGER.debug(
            "Utterance %s: ended after %.2f s with %d segments, %.2f s of audio ahead of the player%s",
            utterance_id.get(),
            self.playback.clock() - begun,
            self._segments,
            self.playback.ahead if self.playback.started else 0,
            f": {error}" if self._failure else "",
        )
        await self._sound.put(None)
        if self._failure is not None:
            raise self._failure

    async def _direct(self, tasks: asyncio.TaskGroup) -> None:
        """Divide the text as it comes and send each segment when its time has come."""
        while True:
            try:
                while text := self.source.take():
                    if not self.buffer.ended:  # what comes behind the watchdog is not even begun
                        self.buffer.feed(text)
            except Exception as error:  # noqa: BLE001 - the writer's error, raised when what it wrote has been spoken
                self._failure = error
            # As long as there is something to play, a writer that is gone may come back in time
            is_abandoned = self.source.idle >= WATCHDOG and not self._streams and not self.buffer.sentences
            if (self.source.ended or is_abandoned) and not self.buffer.ended:
                self.buffer.end()
            self._recast(tasks)
            state = SchedulerState(
                ahead=self._ahead(self._streams),
                idle=self.source.idle,
                in_flight=len(self._streams),
                age=max(0.0, self.playback.clock() - self.source.first_text_at),
                opening=self.source.chunk_count == 1 and self.source.characters <= OPENING,
            )
            decision = self.scheduler.next(self.buffer, state)
            if isinstance(decision, Segment):
                self._segments += 1
                sent = (utterance_id.get(), self._segments, len(decision.text))
                _LOGGER.debug("Utterance %s: segment %d sent, %d characters", *sent)
                self._streams.append(self._start(decision, tasks, behind=self._streams))
                self._sent.set()
            elif self.buffer.ended and not self.buffer.sentences:
                break
            else:
                await self.source.wait(decision)
        self._directed = True
        self._sent.set()

    def _start(self, segment: Segment, tasks: asyncio.TaskGroup, *, behind: Iterable[SegmentStream]) -> SegmentStream:
        stream = SegmentStream(
            segment=segment,
            deadline=self.playback.clock() + self._ahead(behind),
            chain=self.chain,
            audio_format=self.playback.audio_format,
            speech_rate=self.speech_rate,
            nudge=self.source.nudge,
            position=self.chain.position,
        )
        stream.task = tasks.create_task(stream.run())
        return stream

    def _recast(self, tasks: asyncio.TaskGroup) -> None:
        """Let the fallback also speak what the previous synthesizer had fetched ahead."""
        for index, stream in enumerate(self._streams):
            if index and stream.position != self.chain.position:
                stream.task.cancel()
                self._streams[index] = self._start(stream.segment, tasks, behind=islice(self._streams, index))

    async def _announce(self) -> None:
        """Let the header out ahead of audio that is not there at once."""
        await happens(self.accepted, self.converter.head_start)
        if not self.playback.started:
            await self._sound.put(LeveledAudio(b""))

    async def _play(self, tasks: asyncio.TaskGroup) -> None:
        """Hand out the audio of the segments in order, and silence while a player would run dry."""
        while self._streams or not self._directed:
            self._recast(tasks)
            # After how many seconds something has to leave
            waits_for_writer = not self._streams and not self.buffer.sentences
            if not self.playback.started and not self._pausing:
                patience = self._silent_until - self.playback.clock()
            elif self._pausing or waits_for_writer:
                patience = self._ahead() - RESERVE
            else:
                patience = self._ahead() + DRY
            if not self._streams:
                self._sent.clear()
                arrived = await happens(self._sent, max(0.0, patience))
            elif arrived := await self._streams[0].arrives(max(0.0, patience)):
                if self._ahead() > AHEAD_SECONDS:
                    await happens(self._streams[0].ended, GATHER_SECONDS)
                await self._hand_out(self._streams[0])
            if not arrived:
                await self._fill()
        await self._leave(self._seams.end())
        pause = self.buffer.closing_pause
        if not self.playback.started and self._failure is None:
            pause = max(pause, NOTHING_SECONDS)
        if ending := self.playback.end(pause):
            await self._sound.put(LeveledAudio(ending))

    async def _fill(self) -> None:
        """Hand out what is held back, or else silence, while there is nothing to play."""
        if held := self._seams.release():
            await self._leave(held)
            return
        self._pausing = True
        silence = self.playback.pause(SILENCE)
        self.playback.filled_seconds += SILENCE
        self._seams.note_silence(len(silence))
        await self._sound.put(LeveledAudio(silence))

    async def _hand_out(self, stream: SegmentStream) -> None:
        try:
            taken = stream.take()
        except ProviderError:
            await self._leave(self._seams.end())
            raise
        if taken is None:
            self._streams.popleft()
            self.source.nudge()
            return
        request, samples = taken
        if request is not self._request:
            segment, before = stream.segment, self._heard
            # The text may ask for a pause between the two
            keeps_pause = (
                before is not None
                and before is not segment
                and (markup.closing_pause(before.text) > 0 or markup.opens_with_break(segment.text))
            )
            await self._leave(self._seams.next(keeps_pause=keeps_pause))
            self._request, self._heard = request, segment
        await self._leave(self._seams.feed(samples))

    async def _leave(self, samples: bytes) -> None:
        """Hand out audio of the request that is heard."""
        if samples and self._request is not None:
            self._pausing = False
            await self._sound.put(LeveledAudio(self.playback.play(samples), self._request.level))

    def _ahead(self, streams: Iterable[SegmentStream] = ()) -> float:
        """Return how many seconds of sound a real-time player still has, with what is expected of streams.

        What a converter keeps back is left out.
        """
        return max(0.0, self.playback.ahead - self.converter.keeps) + sum(stream.remaining for stream in streams)
