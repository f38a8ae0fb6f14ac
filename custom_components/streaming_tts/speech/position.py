"""Judge from the pauses in audio that broke off which sentences of its text have been spoken whole.

The text gives marks: the ends of its sentences, and the places within them where a voice may pause. The audio gives
pauses. `Alignment` assigns the one to the other in every plausible way and at every plausible speed, each with a cost
(the negative logarithm of a likelihood). A sentence counts as spoken only if every way that takes it for interrupted
costs much more than the best one: what is said twice is better than what is never said.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from math import exp, inf, log
from statistics import NormalDist

import regex

from ..providers.base import AudioFormat, Encoding
from .pace import FRAME_SECONDS, Pace, is_loud, weigh

MIN_PAUSE_SECONDS = 0.08
"""Shorter quiet is a stop within a word."""

DOUBT = 4.0
"""How much more it must cost to take a sentence for interrupted than the best assignment does (e to the power of it)."""

PRUNE = 10.0
"""An assignment that costs so much more than the best is given up."""

SPEED_STEP = 0.07
"""Distance of the speeds that are tried, as a logarithm."""

LEARNED_SPEED_SPREAD = 0.12
UNKNOWN_SPEED_SPREAD = 0.35
"""Standard deviation of a voice's speed, as a logarithm: it may be told to speak slowly."""

LOUD_SHARE = 0.9
"""Share of speech that is no pause; a voice's speed is learned with its pauses."""

PAUSE_SCALES = (0.35, 0.5, 0.7, 1.0, 1.4)
"""How long a voice's pauses may be, as a share of the usual ones."""

PAUSE_SPREAD = 0.35
"""Standard deviation of how long a voice pauses for the same reason, as a logarithm."""

CLAUSE_WEIGHT = 1.5
"""A clause takes as much longer than its letters: its last syllable is drawn out."""

CLAUSE_VARIANCE = 2.0
LETTER_VARIANCE = 0.35
DIGIT_VARIANCE = 12.0
"""How far the weight of a clause, of each of its letters and of each of its digits is off, squared."""

TAIL = 5.0
"""Degrees of freedom of what is off (Student's t): few texts take far longer than their letters say."""

MAX_MISSING = 6
"""Marks in a row at which no pause is heard."""

LISTENING_RATE = 16000
"""Hz at which mp3 is listened to."""

type Decoder = Callable[[bytes], Awaitable[bytes]]
"""Makes 16-bit mono PCM at `LISTENING_RATE` of mp3, of what it can't make any of none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pause:
    """A stretch of quiet, in seconds since the sound began."""

    start: float
    end: float


class Listener:
    """Keeps the sound of one request, and listens to it only when somebody wants to know where its pauses are."""

    def __init__(self, audio_format: AudioFormat, decoder: Decoder | None) -> None:
        """Listen to mp3 by means of a decoder; without one no pauses are heard in it."""
        self._audio_format = audio_format
        self._decoder = decoder
        self._chunks: list[bytes] = []

    def hear(self, chunk: bytes) -> None:
        """Take the next piece of sound: whole samples or frames."""
        self._chunks.append(chunk)

    async def listen(self) -> list[Pause]:
        """Return the pauses in what was heard so far."""
        sound, rate = b"".join(self._chunks), self._audio_format.sample_rate
        if self._audio_format.encoding is Encoding.MP3:
            sound = await self._decoder(sound) if self._decoder and sound else b""
            rate = LISTENING_RATE
        return await asyncio.to_thread(pauses, sound, rate) if sound else []


def pauses(samples: bytes, sample_rate: int) -> list[Pause]:
    """Return the pauses in 16-bit mono PCM; one at its beginning or its end is among them."""
    width = int(sample_rate * FRAME_SECONDS)
    values = memoryview(samples)[: len(samples) // (2 * width) * 2 * width].cast("h")
    found: list[Pause] = []
    loud_until = 0.0
    for number in range(len(values) // width):
        if not is_loud(values[number * width : (number + 1) * width]):
            continue
        start = number * FRAME_SECONDS
        if start - loud_until >= MIN_PAUSE_SECONDS:
            found.append(Pause(start=loud_until, end=start))
        loud_until = (number + 1) * FRAME_SECONDS
    return found


class _Kind(Enum):
    """What a voice may pause for: usual length of the pause in s, and how probable it is that there is one at all."""

    SENTENCE = (0.45, 0.98)
    CLAUSE = (0.22, 0.5)
    NOTHING = (0.14, 0.05)

    def present(self, seconds: float, scale: float) -> float:
        """Return what it costs to take a pause for one of this kind."""
        usual, probability = self.value
        usual *= 1.0 if self is _Kind.NOTHING else scale
        return (log(seconds / usual) / PAUSE_SPREAD) ** 2 / 2 - log(probability)

    def lasting(self, seconds: float, scale: float) -> float:
        """Return what it costs to take a pause for one of this kind that is not over."""
        usual, probability = self.value
        usual *= 1.0 if self is _Kind.NOTHING else scale
        longer = 1 - NormalDist(log(usual), PAUSE_SPREAD).cdf(log(seconds))
        return -log(max(probability * longer, 1e-9))

    def absent(self, scale: float) -> float:
        """Return what it costs that no pause of this kind was heard: there was none, or it was too short."""
        usual, probability = self.value
        too_short = NormalDist(log(usual * scale), PAUSE_SPREAD).cdf(log(MIN_PAUSE_SECONDS))
        return -log(1 - probability + probability * too_short)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Mark:
    """A place in the text where a voice may pause: weight, its variance and the number of whole sentences before it."""

    kind: _Kind
    weight: float
    variance: float
    sentences: int


_CLAUSE = regex.compile(r"(?<=[,;:…–—،؛、，；：])\s+|(?<=[、，；：…])|\s+(?=[–—-]\s)|(?<=[.!?])\s+|<[^>]*>")


def _marks(sentences: Sequence[str]) -> list[_Mark]:
    """Return the beginning of the text and all places behind it where a voice may pause."""
    marks = [_Mark(kind=_Kind.NOTHING, weight=0.0, variance=0.0, sentences=0)]
    weight = variance = 0.0
    for number, sentence in enumerate(sentences):
        clauses = [clause for clause in _CLAUSE.split(sentence) if weigh(clause) > 0] or [sentence]
        for place, clause in enumerate(clauses, 1):
            weight += weigh(clause) + CLAUSE_WEIGHT
            variance += LETTER_VARIANCE * weigh(clause) + DIGIT_VARIANCE * sum(map(str.isdecimal, clause))
            kind = _Kind.SENTENCE if place == len(clauses) else _Kind.CLAUSE
            marks.append(
                _Mark(kind=kind, weight=weight, variance=variance, sentences=number + (kind is _Kind.SENTENCE))
            )
    return marks


type _Way = tuple[int, float, float]
"""A way to assign pauses: the mark of the last one that is at a mark, the loud seconds before it, the cost."""


class Alignment:
    """All plausible ways in which the pauses of a sound belong to the places of its text."""

    def __init__(self, sentences: Sequence[str], pace: Pace) -> None:
        """Expect a text of a voice of some pace."""
        self._marks = _marks(sentences)
        self._quiet = 0.0
        spread = LEARNED_SPEED_SPREAD if pace.spoken else UNKNOWN_SPEED_SPREAD
        reach = int(2.5 * spread / SPEED_STEP)
        usual = pace.speed / LOUD_SHARE
        self._absent = {scale: {kind: kind.absent(scale) for kind in _Kind} for scale in PAUSE_SCALES}
        # For each speed and scale of pauses the ways: the mark of the last pause, the loud seconds before it, the cost
        self._ways = [
            (usual * exp(step * SPEED_STEP), scale, [(0, 0.0, (step * SPEED_STEP / spread) ** 2 / 2)])
            for step in range(-reach, reach + 1)
            for scale in PAUSE_SCALES
        ]

    def hear(self, pause: Pause) -> None:
        """Take the next pause that is over."""
        seconds = pause.end - pause.start
        if pause.start > 0:
            loud = pause.start - self._quiet
            costs = {scale: {kind: kind.present(seconds, scale) for kind in _Kind} for scale in PAUSE_SCALES}
            ways = [(speed, scale, self._extended(speed, scale, ways, loud, costs[scale])) for speed, scale, ways in self._ways]
            bound = min(cost for *_, some in ways for *_, cost in some) + PRUNE
            self._ways = [
                (speed, scale, kept) for speed, scale, some in ways if (kept := [way for way in some if way[2] <= bound])
            ]
        self._quiet += seconds

    def _extended(
        self, speed: float, scale: float, ways: list[_Way], loud: float, costs: dict[_Kind, float]
    ) -> list[_Way]:
        """Return the ways behind a pause: it was one for nothing, or at one of the marks that may come next."""
        best: dict[int, float] = {}
        for mark, since, cost in ways:
            for place, missing in self._following(mark, scale):
                total = cost + missing + costs[self._marks[place].kind]
                total += self._misfit((loud - since) * speed, mark, place)
                if total < best.get(place, inf):
                    best[place] = total
        ignored = costs[_Kind.NOTHING]
        return [(mark, since, cost + ignored) for mark, since, cost in ways] + [
            (place, loud, cost) for place, cost in best.items()
        ]

    def costs(self, seconds: float, quiet: float = 0.0) -> dict[int, float]:
        """Return for each number of sentences what it costs to say that so many were spoken after so many seconds.

        The last `quiet` seconds of them are a pause that is not over.
        """
        loud = seconds - quiet - self._quiet
        costs: dict[int, float] = {}
        for speed, scale, ways in self._ways:
            if quiet >= MIN_PAUSE_SECONDS:
                lasting = {kind: kind.lasting(quiet, scale) for kind in _Kind}
                ways = self._extended(speed, scale, ways, loud, lasting)
            for mark, since, cost in ways:
                weight = (loud - since) * speed
                for place, missing in ((mark, 0.0), *self._following(mark, scale)):
                    total = cost + missing + self._overrun(weight, mark, place)
                    count = self._marks[place].sentences
                    if total < costs.get(count, inf):
                        costs[count] = total
        return costs

    def spoken(self, seconds: float, quiet: float = 0.0) -> int:
        """Return how many sentences have certainly been spoken whole after so many seconds, never the last one."""
        costs = self.costs(seconds, quiet)
        bound = min(costs.values()) + DOUBT
        return min(min(count for count, cost in costs.items() if cost <= bound), self._marks[-1].sentences - 1)

    def _following(self, mark: int, scale: float) -> list[tuple[int, float]]:
        """Return the marks that may come next, each with what it costs that nothing was heard of those before it."""
        following, missing, absent = [], 0.0, self._absent[scale]
        for place in range(mark + 1, min(mark + 2 + MAX_MISSING, len(self._marks))):
            following.append((place, missing))
            missing += absent[self._marks[place].kind]
            if missing > PRUNE:
                break
        return following

    def _overrun(self, weight: float, mark: int, place: int) -> float:
        """Return what it costs that a weight has passed since a mark, and the voice is between a place and the next."""
        if place > mark and weight < self._marks[place].weight - self._marks[mark].weight:
            return self._misfit(weight, mark, place)
        if place + 1 < len(self._marks) and weight > self._marks[place + 1].weight - self._marks[mark].weight:
            return self._misfit(weight, mark, place + 1)
        return 0.0

    def _misfit(self, weight: float, mark: int, place: int) -> float:
        """Return what it costs that a weight has passed between two marks."""
        first, last = self._marks[mark], self._marks[place]
        off = weight - (last.weight - first.weight)
        variance = last.variance - first.variance + CLAUSE_VARIANCE
        return (TAIL + 1) / 2 * log(1 + off * off / (TAIL * variance))


def spoken(sentences: Sequence[str], seconds: float, quiet: Sequence[Pause], pace: Pace) -> int:
    """Return how many of the sentences have certainly been spoken whole, never the last one."""
    alignment = Alignment(sentences, pace)
    for pause in quiet:
        alignment.hear(pause)
    return alignment.spoken(seconds)
