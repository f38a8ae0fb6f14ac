"""Decide when the next segment is requested, and how much text it has: as late as playback allows.

The audio left to play is modelled by a clock, from what has been handed out, including silence.
"""

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass, field

from ..audio.pcm import silence
from ..providers.types import AudioFormat
from .speech_rate import SpeechRate
from .text.buffer import TextBuffer, join

IDLE_FLUSH = 0.4
"""Seconds without new text after which a finished sentence is spoken, though nothing follows it yet."""

OPENING = 60
"""Maximum characters of a first chunk that is probably the complete text, or the text before a tool call: it is
spoken immediately."""

OPENING_WAIT = 0.1
"""Seconds after which such a chunk is spoken even if it doesn't end like a sentence."""

FIRST_CLAUSE = 30
"""Minimum characters of a first clause, so that its audio covers the wait for the next segment."""

MARGIN = 0.25
"""Seconds that a request is sent early, in addition to the measured time to first byte."""

MAX_AHEAD = 120.0
"""Seconds of audio ahead of a real-time player above which nothing is requested: the listener of a faster client may
never hear it."""

MAX_IN_FLIGHT = 2
"""Maximum concurrent requests of one utterance: the one being played, and the next."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Segment:
    """Part of an utterance that is sent as one request, and the sentences at which a fallback may resume."""

    text: str = field(repr=False)
    sentences: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class SchedulerState:
    """What a decision is based on; all times are in seconds.

    `ahead` is the audio left to play, including what is expected from requests in flight. `idle` is the time since the
    last text, `age` since the first. `opening` is True if all text so far arrived as one chunk of at most `OPENING`
    characters.
    """

    ahead: float
    idle: float
    in_flight: int
    opening: bool = False
    age: float = 0.0


@dataclass(slots=True, eq=False)
class SegmentScheduler:
    """Decides what is sent next. It has no clock: equal states give equal decisions.

    It uses the voice's speech rate, and the longest text the voice accepts, measured by the provider's `length`. If
    only one request can be made, it waits up to `end_wait` s for the end of the text. An unfinished sentence may be
    started with clauses of `first_clause` characters; None waits for its end. Text that `is_known` needs no request.
    With `stops_at_known`, other segments end before the next such sentence, which takes one more request if text
    follows it.
    """

    speech_rate: SpeechRate
    _: KW_ONLY
    max_characters: int
    length: Callable[[str], int] = len
    end_wait: float = 0.0
    first_clause: int | None = FIRST_CLAUSE
    is_known: Callable[[str], bool] = lambda _text: False
    stops_at_known: bool = True
    _started: bool = field(default=False, init=False)

    def next(self, buffer: TextBuffer, state: SchedulerState) -> Segment | float | None:
        """Return the segment to send now, taken from the buffer, or the seconds until one may be due.

        None means to wait until text arrives or a request ends. Either may also happen before those seconds are over.
        """
        if state.in_flight >= MAX_IN_FLIGHT:
            return None
        # Seconds that the next request can still wait without a gap in playback
        if not self._started:
            wait = 0.0 if buffer.ended else self.end_wait - state.age
        elif buffer.ended:
            wait = state.ahead - MAX_AHEAD
        else:
            # The first byte almost always arrives within the mean plus two deviations
            first_byte = self.speech_rate.first_byte + 2 * self.speech_rate.first_byte_spread
            wait = state.ahead - first_byte - MARGIN
        if not buffer.sentences or wait <= 0:
            self._finish_sentence(buffer, state, due=wait <= 0)
        if buffer.sentences and wait <= 0:
            return self._cut(buffer)
        waits = [wait] if buffer.sentences or buffer.tail else []
        if not buffer.sentences and buffer.tail:
            if state.opening and not buffer.ends_in_number:
                waits.append(OPENING_WAIT - state.idle)
            elif buffer.can_flush:
                waits.append(IDLE_FLUSH - state.idle)
        return min((seconds for seconds in waits if seconds > 0), default=None)

    def _finish_sentence(self, buffer: TextBuffer, state: SchedulerState, *, due: bool) -> None:
        """Finish the sentence in the tail if waiting for its end would cause a gap."""
        if not buffer.tail:
            return
        is_open = state.idle >= OPENING_WAIT and not buffer.ends_in_number
        if (due and state.opening and (buffer.can_flush or is_open)) or (buffer.can_flush and state.idle >= IDLE_FLUSH):
            buffer.flush()
        elif due and self.first_clause is not None:
            buffer.open_with_clause(self.first_clause)

    def _cut(self, buffer: TextBuffer) -> Segment:
        """Take as many finished sentences as one request holds, at least one, or those that need no request."""
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
    """Models the position of a real-time player: Home Assistant reads ahead and doesn't report it.

    `clock` is in seconds and may be any monotonic one; `lead_in` and `lead_out` are seconds of silence.
    """

    audio_format: AudioFormat
    clock: Callable[[], float]
    _: KW_ONLY
    lead_in: float = 0.0
    lead_out: float = 0.0
    started: bool = field(default=False, init=False)
    seconds: float = field(default=0.0, init=False)
    """Duration of everything handed out."""
    silent_seconds: float = field(default=0.0, init=False)
    """Part of it that was inserted here: at both ends, for a break at the end, and when a player would run dry."""
    filled_seconds: float = field(default=0.0, init=False)
    """Part of the silence that was inserted because there was no audio."""
    _ends_at: float = field(default=0.0, init=False)

    @property
    def ahead(self) -> float:
        """Return the seconds of audio that a real-time player still has."""
        return max(0.0, self._ends_at - self.clock())

    def play(self, chunk: bytes) -> bytes:
        """Return whole samples as they are sent: after the lead-in if they are the first."""
        if not self.started:
            self.started = True
            # Silence that was already sent has woken up the player
            return self.pause(max(0.0, self.lead_in - self.filled_seconds)) + self._out(chunk)
        return self._out(chunk)

    def pause(self, seconds: float) -> bytes:
        """Return silence in whole samples."""
        self.silent_seconds += seconds
        return self._out(silence(seconds, self.audio_format.sample_rate))

    def end(self, pause: float = 0.0) -> bytes:
        """Return the silence after all speech: a pause in s that the text asks for, and the lead-out."""
        return self.pause(pause) + (self.pause(self.lead_out) if self.started else b"")

    def _out(self, sound: bytes) -> bytes:
        seconds = self.audio_format.seconds(len(sound))
        self._ends_at = max(self._ends_at, self.clock()) + seconds
        self.seconds += seconds
        return sound
