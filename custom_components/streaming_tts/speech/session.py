"""An utterance from text to audio: segments are scheduled, requested ahead, and sent in order without gaps.

Two tasks share the state; a third one sends the header.
Sender: *reading* (takes text, asks the scheduler) -> *sending* a segment -> *reading*; -> *done* when the text has
ended and the buffer is empty.
Player: *unstarted* (only the header may be sent) -> *playing* with the first audio -> *pausing* (silence in real time)
when the client would run dry, or has waited too long for the first audio -> *playing* with the next audio; it ends when
the sender is done and no segment is left.
Invariants: audio is sent in the order of the segments; each segment in flight uses the active synthesizer, because
those requested ahead from another one are cancelled and sent again; the queue ends with exactly one None, after which a
failure is raised; all tasks end with the generator.
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
"""Seconds that a player may wait for a service before silence is inserted: audio in bursts isn't a pause."""

RESERVE = 0.05
"""Seconds before a player runs dry at which silence is inserted while waiting for the text's writer."""

SILENCE = 0.05
"""Seconds of silence per chunk, which is the longest that speech waits behind it."""

NOTHING_SECONDS = 0.2
"""Seconds of silence for a text without speech: a player waits for the end of something."""

MAX_WAITING = 64
"""Maximum chunks of audio that wait for a slow client."""


HEADER_SECONDS = 0.5
"""Seconds after which the header is sent without audio. If a complete text fails before that, the response is an
HTTP error."""

HEAD_START = 0.05
"""The same with an external converter, which the header starts: late enough not to delay the request, early enough
to be ready for the audio."""

MAX_SILENT_SECONDS = 2.5
"""Seconds after which silence is sent if no audio has arrived: a satellite gives up after 5 s without data."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Converter:
    """A converter between this stream and the player, which holds back up to `keeps` seconds of audio.

    It receives an empty chunk after at most `head_start` seconds, and then sends the header.
    """

    head_start: float = HEADER_SECONDS
    keeps: float


@dataclass(slots=True, eq=False)
class UtteranceSession:
    """One running utterance: a director splits the text and sends segments, a player hands out the audio.

    Nothing starts before `stream`. If there is no audio yet, a `converter` receives an empty chunk after its
    `head_start`, or as soon as `accepted` is set; audio that it holds back doesn't count as available to the player.
    `name` identifies the utterance in the log.
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
        """Yield the audio of the complete text; raises `ProviderError`, or the exception of the text's writer.

        The source is closed and all tasks have ended, however the generator ends.
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
        """Run the tasks, and always end the queue."""
        utterance_id.set(self.name)  # for this task, and all tasks that it starts
        begun = self.playback.clock()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._direct(tasks))
                header = tasks.create_task(self._announce())
                await self._play(tasks)
                header.cancel()
        except* Exception as group:  # noqa: BLE001 - raised below, after the audio so far was sent
            self._failure = group.exceptions[0]
        # An exception of the text's writer may contain the text
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
        """Split the text as it arrives, and send each segment when it is due."""
        while True:
            try:
                while text := self.source.take():
                    if not self.buffer.ended:  # text after the watchdog's timeout is dropped
                        self.buffer.feed(text)
            except Exception as error:  # noqa: BLE001 - raised after the text so far was spoken
                self._failure = error
            # While there is audio to play, the writer may still continue in time
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
        """Send the segments requested ahead from a previous synthesizer again, to the active one."""
        for index, stream in enumerate(self._streams):
            if index and stream.position != self.chain.position:
                stream.task.cancel()
                self._streams[index] = self._start(stream.segment, tasks, behind=islice(self._streams, index))

    async def _announce(self) -> None:
        """Send the header if there is no audio yet."""
        await happens(self.accepted, self.converter.head_start)
        if not self.playback.started:
            await self._sound.put(LeveledAudio(b""))

    async def _play(self, tasks: asyncio.TaskGroup) -> None:
        """Hand out the audio of the segments in order, and silence when the client would run dry."""
        while self._streams or not self._directed:
            self._recast(tasks)
            # Seconds until something has to be sent
            waits_for_writer = not self._streams and not self.buffer.sentences
            if not self.playback.started and not self._pausing:
                timeout = self._silent_until - self.playback.clock()
            elif self._pausing or waits_for_writer:
                timeout = self._ahead() - RESERVE
            else:
                timeout = self._ahead() + DRY
            if not self._streams:
                self._sent.clear()
                arrived = await happens(self._sent, max(0.0, timeout))
            elif arrived := await self._streams[0].arrives(max(0.0, timeout)):
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
        """Hand out audio that is held back, or else silence."""
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
        """Hand out audio of the current request."""
        if samples and self._request is not None:
            self._pausing = False
            await self._sound.put(LeveledAudio(self.playback.play(samples), self._request.level))

    def _ahead(self, streams: Iterable[SegmentStream] = ()) -> float:
        """Return the seconds of audio that a real-time player still has, plus those expected of streams.

        Audio that a converter holds back doesn't count.
        """
        return max(0.0, self.playback.ahead - self.converter.keeps) + sum(stream.remaining for stream in streams)
