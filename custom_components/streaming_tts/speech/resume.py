"""Determine from the pauses in audio that broke off which sentences were completely spoken.

The text has marks: the ends of its sentences, and the places within them where a voice may pause. The audio has pauses.
`Alignment` assigns the pauses to the marks in every plausible way and at every plausible speed, each with a cost (the
negative logarithm of a likelihood). A sentence counts as spoken only if every assignment in which it is interrupted
costs much more than the best one, because repeating speech is better than losing it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from itertools import accumulate, takewhile
from math import exp, inf, log
from statistics import NormalDist

import regex

from .speech_rate import FRAME_SECONDS, SpeechRate, is_loud, weigh

MIN_PAUSE_SECONDS = 0.08
"""Shorter silence is a stop consonant within a word."""

DOUBT = 5.0
"""Extra cost, compared with the best assignment, at which an interrupted sentence is ruled out: a likelihood ratio
of e to the power of this."""

PLAUSIBLE = 1.8
"""Maximum extra cost of a plausible assignment. Of the sentences before the latest plausible place, only one is in
doubt."""

PRUNE = 9.0
"""Extra cost, compared with the best assignment, at which one is dropped."""

SPEED_STEP = 0.08
"""Distance between the speeds that are tried, as a logarithm."""

LEARNED_SPEED_SPREAD = 0.12
UNKNOWN_SPEED_SPREAD = 0.35
"""Standard deviation of a voice's speed, as a logarithm; an unknown voice may be set to speak slowly."""

LOUD_SHARE = 0.9
"""Share of speech without pauses; the learned speed of a voice includes its pauses."""

PAUSE_SCALES = (0.0, 0.35, 0.5, 0.7, 1.0, 1.4)
"""Possible lengths of a voice's pauses, relative to the usual ones; 0 if none is detected, as in noise."""

NO_PAUSES_COST = 3.0
"""Cost of assuming that a voice's pauses aren't detected."""

PAUSE_SPREAD = 0.35
"""Standard deviation of a voice's pauses of the same kind, as a logarithm."""

CLAUSE_WEIGHT = 1.5
"""Extra length of a clause, in letters: its last syllable is drawn out."""

CLAUSE_VARIANCE = 2.0
LETTER_VARIANCE = 0.35
DIGIT_VARIANCE = 12.0
"""Variance of the weight of a clause, and of each of its letters and digits."""

TAIL = 5.0
"""Degrees of freedom of the deviations (Student's t): a few texts and pauses are far longer than expected."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pause:
    """A period of silence, in seconds since the audio began; it isn't over if the audio broke off in it."""

    start: float
    end: float
    is_over: bool = True

    @property
    def seconds(self) -> float:
        """Return the duration."""
        return self.end - self.start


def pauses(samples: bytes, sample_rate: int) -> list[Pause]:
    """Return the pauses in 16-bit mono PCM, including those at its start and end."""
    width = int(sample_rate * FRAME_SECONDS)
    values = memoryview(samples)[: len(samples) // (2 * width) * 2 * width].cast("h")
    count = len(values) // width
    found: list[Pause] = []
    loud_until = 0
    for number in [n for n in range(count) if is_loud(values[n * width : (n + 1) * width])] + [count]:
        pause = Pause(start=loud_until * FRAME_SECONDS, end=number * FRAME_SECONDS, is_over=number < count)
        if pause.seconds >= MIN_PAUSE_SECONDS:
            found.append(pause)
        loud_until = number + 1
    return found


class _Kind(Enum):
    """A reason for a pause: its usual length in s, and its probability."""

    SENTENCE = (0.45, 0.98)
    CLAUSE = (0.22, 0.5)
    NOTHING = (0.14, 0.05)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Habit:
    """How a voice pauses: at marks for `scale` times the usual length; 0 means that its pauses aren't detected."""

    scale: float

    @property
    def cost(self) -> float:
        """Return the cost of assuming this habit."""
        return 0.0 if self.scale else NO_PAUSES_COST

    def pause(self, kind: _Kind, pause: Pause | None) -> float:
        """Return the cost of assigning a pause to a kind; None is a pause whose length has no meaning."""
        usual, probability = self._usual(kind)
        if not usual:
            return inf
        if pause is None:
            return -log(probability)
        if pause.is_over:
            return _outlier(log(pause.seconds / usual) ** 2 / PAUSE_SPREAD**2) - log(probability)
        longer = 1 - NormalDist(log(usual), PAUSE_SPREAD).cdf(log(pause.seconds))
        return -log(max(probability * longer, 1e-9))

    def no_pause(self, kind: _Kind) -> float:
        """Return the cost of detecting no pause of a kind: there was none, or it was too short."""
        usual, probability = self._usual(kind)
        too_short = NormalDist(log(usual), PAUSE_SPREAD).cdf(log(MIN_PAUSE_SECONDS)) if usual else 1.0
        return -log(1 - probability + probability * too_short)

    def _usual(self, kind: _Kind) -> tuple[float, float]:
        seconds, probability = kind.value
        return seconds if kind is _Kind.NOTHING else seconds * self.scale, probability


_HABITS = tuple(_Habit(scale=scale) for scale in PAUSE_SCALES)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Mark:
    """A place in the text where a voice may pause: its weight, variance and number of complete sentences before it."""

    kind: _Kind
    weight: float
    variance: float
    sentences: int


_CLAUSE = regex.compile(r"(?<=[,;:…–—،؛、，；：])\s+|(?<=[、，；：…])|\s+(?=[–—-]\s)|(?<=[.!?])\s+|<[^>]*>")


def _marks(sentences: Sequence[str]) -> list[_Mark]:
    """Return the start of the text, and all places after it where a voice may pause."""
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
"""An assignment of the pauses: the mark of the last pause at one, the loud seconds before it, the cost."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Hypothesis:
    """A speed (weight per loud second) and a habit of pausing, with the remaining assignments."""

    speed: float
    habit: _Habit
    ways: list[_Way]


class Alignment:
    """All plausible assignments of the pauses in audio to the marks of its text."""

    def __init__(self, sentences: Sequence[str], speech_rate: SpeechRate) -> None:
        """Prepare for a text spoken by a voice with this speech rate."""
        self._marks = _marks(sentences)
        self._has_breaks = any("<break" in sentence for sentence in sentences)
        self._quiet = 0.0
        self._following = {habit: self._all_following(habit) for habit in _HABITS}
        spread = LEARNED_SPEED_SPREAD if speech_rate.spoken else UNKNOWN_SPEED_SPREAD
        reach = int(2.5 * spread / SPEED_STEP)
        self._hypotheses = [
            _Hypothesis(
                speed=speech_rate.speed / LOUD_SHARE * exp(step * SPEED_STEP),
                habit=habit,
                ways=[(0, 0.0, habit.cost + (step * SPEED_STEP / spread) ** 2 / 2)],
            )
            for step in range(-reach, reach + 1)
            for habit in _HABITS
        ]

    def hear(self, pause: Pause) -> None:
        """Add the next pause that is over."""
        if pause.start > 0:
            self._hypotheses = self._behind(pause)
        self._quiet += pause.seconds

    def spoken(self, seconds: float, quiet: Pause | None = None) -> int:
        """Return how many sentences were certainly completed after so many seconds, never the last one.

        At most one sentence before the latest plausible place is left in doubt, so that less is heard twice. `quiet` is
        the pause in which the audio ends, if any.
        """
        hypotheses = self._behind(quiet) if quiet and quiet.start > 0 else self._hypotheses
        loud = (quiet.start if quiet else seconds) - self._quiet
        costs: dict[int, float] = {}
        best = inf
        for hypothesis in hypotheses:
            following = self._following[hypothesis.habit]
            for mark, since, cost in hypothesis.ways:
                weight = (loud - since) * hypothesis.speed
                for place, missing in ((mark, 0.0), *following[mark]):
                    total = cost + missing
                    if total > best + DOUBT:
                        # Later places cost even more
                        break
                    total += self._overrun(weight, mark, place)
                    count = self._marks[place].sentences
                    if total < costs.get(count, inf):
                        costs[count] = total
                        best = min(best, total)
        certain = min(count for count, cost in costs.items() if cost <= best + DOUBT)
        latest = max(count for count, cost in costs.items() if cost <= best + PLAUSIBLE)
        return min(self._marks[-1].sentences - 1, max(certain, latest - 1))

    def _behind(self, pause: Pause) -> list[_Hypothesis]:
        """Return the hypotheses after a pause, without those that cost too much."""
        loud = pause.start - self._quiet
        # It's unknown which pauses are breaks that the text asks for
        judged = None if self._has_breaks else pause
        costs = {habit: {kind: habit.pause(kind, judged) for kind in _Kind} for habit in _HABITS}
        grown = [(each, self._ways_behind(each, loud, costs[each.habit])) for each in self._hypotheses]
        bound = min(cost for _, ways in grown for *_, cost in ways) + PRUNE
        return [
            replace(hypothesis, ways=kept)
            for hypothesis, ways in grown
            if (kept := [way for way in ways if way[2] <= bound])
        ]

    def _ways_behind(self, hypothesis: _Hypothesis, loud: float, costs: dict[_Kind, float]) -> list[_Way]:
        """Return the assignments after a pause: it is at no mark, or at one of the possible next ones."""
        best: dict[int, float] = {}
        following = self._following[hypothesis.habit]
        for mark, since, cost in hypothesis.ways:
            for place, missing in following[mark]:
                total = cost + missing + costs[self._marks[place].kind]
                total += self._misfit((loud - since) * hypothesis.speed, mark, place)
                if total < best.get(place, inf):
                    best[place] = total
        ignored = costs[_Kind.NOTHING]
        return [(mark, since, cost + ignored) for mark, since, cost in hypothesis.ways] + [
            (place, loud, cost) for place, cost in best.items()
        ]

    def _all_following(self, habit: _Habit) -> list[list[tuple[int, float]]]:
        """Return the possible next marks for each mark, with the cost of detecting no pause at those in between."""
        costs = {kind: habit.no_pause(kind) for kind in _Kind}
        absent = [costs[mark.kind] for mark in self._marks]
        following = []
        for mark in range(len(self._marks)):
            missing = accumulate(absent[mark + 1 :], initial=0.0)
            following.append(list(enumerate(takewhile(PRUNE.__gt__, missing), mark + 1))[: len(self._marks) - mark - 1])
        return following

    def _overrun(self, weight: float, mark: int, place: int) -> float:
        """Return the cost of a weight since a mark, if the voice is between a place and the next one."""
        if place > mark and weight < self._marks[place].weight - self._marks[mark].weight:
            return self._misfit(weight, mark, place)
        if place + 1 < len(self._marks) and weight > self._marks[place + 1].weight - self._marks[mark].weight:
            return self._misfit(weight, mark, place + 1)
        return 0.0

    def _misfit(self, weight: float, mark: int, place: int) -> float:
        """Return the cost of a weight between two marks."""
        first, last = self._marks[mark], self._marks[place]
        off = weight - (last.weight - first.weight)
        variance = last.variance - first.variance + CLAUSE_VARIANCE
        return _outlier(off * off / variance)


def _outlier(square: float) -> float:
    """Return the cost of a deviation, given its square divided by its variance."""
    return (TAIL + 1) / 2 * log(1 + square / TAIL)


def spoken(sentences: Sequence[str], seconds: float, quiet: Sequence[Pause], speech_rate: SpeechRate) -> int:
    """Return how many of the sentences were certainly completed, never the last one.

    `quiet` are the pauses in the audio, which lasts so many seconds.
    """
    alignment = Alignment(sentences, speech_rate)
    for pause in quiet:
        if pause.is_over:
            alignment.hear(pause)
    return alignment.spoken(seconds, next((pause for pause in quiet if not pause.is_over), None))
