"""When the next piece of text is sent, and how much of it: just-in-time batching, judged by what is left to play.

What is left to play is modelled by a clock: what has been handed out, silence included.
"""

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass, field

from ..audio.pcm import silence
from ..providers.types import AudioFormat
from .speech_rate import SpeechRate
from .text.buffer import TextBuffer, join

IDLE_FLUSH = 0.4
"""Seconds of silence of the writer after which a finished sentence is spoken though nothing follows it yet."""

OPENING = 60
"""A first chunk of up to so many characters is the whole text, or what comes before a tool call: it is spoken at
once."""

OPENING_PATIENCE = 0.1
"""Seconds after which an opening that does not end like a sentence is spoken all the same."""

FIRST_CLAUSE = 30
"""Characters that a first clause has at least, so that its sound covers the wait for what follows."""

MARGIN = 0.25
"""Seconds a request leaves before it would have to, beside the measured time to first byte."""

MAX_AHEAD = 120.0
"""Seconds of sound ahead of a real-time player beyond which nothing is requested: a client that is faster is not fed
what its listener may never hear."""

MAX_IN_FLIGHT = 2
"""Requests of one utterance at once: the one that is heard, and the next."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Segment:
    """A piece of an utterance that is sent as one request, and the sentences at which a fallback may resume."""

    text: str = field(repr=False)
    sentences: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class SchedulerState:
    """What a plan judges by.

    `ahead` is the sound still to be played with what is expected of the requests in flight, `idle` how long no text
    has come, `age` how long ago the first came, all in s; `opening` says that all the text so far came as one chunk of
    at most `OPENING` characters.
    """

    ahead: float
    idle: float
    in_flight: int
    opening: bool = False
    age: float = 0.0


@dataclass(slots=True, eq=False)
class SegmentScheduler:
    """Decides what is sent next. It has no clock: the same state always gives the same answer.

    It plans for a voice's speech rate and for the longest text it takes, as its provider counts. The first request
    waits up to `patience` s for the end of the text, where it is the only one that can be made. A sentence that is not
    finished may be begun with clauses of `first_clause` characters; None waits for its end. What `is_known` needs no
    request. A segment that does ends before the next such sentence if `stops_at_known`, which takes a request more
    where others follow.
    """

    speech_rate: SpeechRate
    _: KW_ONLY
    max_characters: int
    length: Callable[[str], int] = len
    patience: float = 0.0
    first_clause: int | None = FIRST_CLAUSE
    is_known: Callable[[str], bool] = lambda _text: False
    stops_at_known: bool = True
    _started: bool = field(default=False, init=False)

    def next(self, buffer: TextBuffer, state: SchedulerState) -> Segment | float | None:
        """Return what to send now, taken from the buffer, or for how many seconds nothing is due.

        None is until text comes or a request ends, which may also be before those seconds are over.
        """
        if state.in_flight >= MAX_IN_FLIGHT:
            return None
        # For how many seconds the next request can still wait without a stall
        if not self._started:
            wait = 0.0 if buffer.ended else self.patience - state.age
        elif buffer.ended:
            wait = state.ahead - MAX_AHEAD
        else:
            # Within the mean and two deviations a first byte almost surely comes
            first_byte = self.speech_rate.first_byte + 2 * self.speech_rate.first_byte_spread
            wait = state.ahead - first_byte - MARGIN
        if not buffer.sentences or wait <= 0:
            self._finish_sentence(buffer, state, due=wait <= 0)
        if buffer.sentences and wait <= 0:
            return self._cut(buffer)
        waits = [wait] if buffer.sentences or buffer.tail else []
        if not buffer.sentences and buffer.tail:
            if state.opening and not buffer.ends_in_number:
                waits.append(OPENING_PATIENCE - state.idle)
            elif buffer.can_flush:
                waits.append(IDLE_FLUSH - state.idle)
        return min((seconds for seconds in waits if seconds > 0), default=None)

    def _finish_sentence(self, buffer: TextBuffer, state: SchedulerState, *, due: bool) -> None:
        """Make a sentence of the text behind the last one, where waiting for its end would be heard."""
        if not buffer.tail:
            return
        is_open = state.idle >= OPENING_PATIENCE and not buffer.ends_in_number
        if (due and state.opening and (buffer.can_flush or is_open)) or (buffer.can_flush and state.idle >= IDLE_FLUSH):
            buffer.flush()
        elif due and self.first_clause is not None:
            buffer.open_with_clause(self.first_clause)

    def _cut(self, buffer: TextBuffer) -> Segment:
        """Take as many finished sentences as one request holds, one at least, or what needs none."""
        sentences = buffer.sentences
        count = 1
        while count < len(sentences) and self.length(join(sentences[: count + 1])) <= self.max_characters:
            count += 1
        if not self.is_known(join(sentences[:count])):
            known = (
                index
                for index, sentence in enumerate(sentences[:count])
                if (self.stops_at_known or not index) and self.is_known(sentence)
            )
            count = max(1, next(known, count))
        self._started = True
        return Segment(text=join(sentences[:count]), sentences=buffer.take(count))


@dataclass(slots=True, eq=False)
class PlaybackClock:
    """The place where a real-time player is, modelled on a clock: Home Assistant pulls ahead and tells no position.

    `clock` is in seconds and may be any monotonic one; `lead_in` and `lead_out` are seconds of silence.
    """

    audio_format: AudioFormat
    clock: Callable[[], float]
    _: KW_ONLY
    lead_in: float = 0.0
    lead_out: float = 0.0
    started: bool = field(default=False, init=False)
    seconds: float = field(default=0.0, init=False)
    """Of all that was handed out."""
    silent_seconds: float = field(default=0.0, init=False)
    """Of it what was put in here: at both ends, for a break at the end, and for a player that would run dry."""
    filled_seconds: float = field(default=0.0, init=False)
    """Of that what was put in since nothing else was there."""
    _ends_at: float = field(default=0.0, init=False)

    @property
    def ahead(self) -> float:
        """Return how many seconds of sound a real-time player still has."""
        return max(0.0, self._ends_at - self.clock())

    def play(self, chunk: bytes) -> bytes:
        """Return whole samples as they leave: behind the lead-in if they are the first."""
        if not self.started:
            self.started = True
            # A player that was given silence already has woken up by now
            return self.pause(max(0.0, self.lead_in - self.filled_seconds)) + self._out(chunk)
        return self._out(chunk)

    def pause(self, seconds: float) -> bytes:
        """Return silence, in whole samples."""
        self.silent_seconds += seconds
        return self._out(silence(seconds, self.audio_format.sample_rate))

    def end(self, pause: float = 0.0) -> bytes:
        """Return what is behind all speech: a pause in s that the text asks for, and the lead-out."""
        return self.pause(pause) + (self.pause(self.lead_out) if self.started else b"")

    def _out(self, sound: bytes) -> bytes:
        seconds = self.audio_format.seconds(len(sound))
        self._ends_at = max(self._ends_at, self.clock()) + seconds
        self.seconds += seconds
        return sound
