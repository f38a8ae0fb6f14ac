"""How fast a voice is: what was measured of it, and what may be expected of it next."""

from dataclasses import dataclass, field
from functools import lru_cache
import re
import unicodedata

SMOOTHING = 0.25
"""How much the newest measurement counts."""

WIDE_WEIGHT = 3.0
"""One ideograph, kana or hangul syllable takes about as long to say as this many letters."""

MARK_WEIGHT = 0.0
"""A combining mark (an Indic vowel sign, say) is said together with its letter."""

DIGIT_WEIGHT = 5.0
"""A digit of a number is a word or half of one: twenty-two forty-five, zweitausendsechsundzwanzig, 二十一点五."""

ZERO_WEIGHT = 2.0
"""One that is zero often says nothing: a million."""

SIGN_WEIGHT = 6.0
"""A sign that is read as a word: euros, percent, degrees."""

FRAME_SECONDS = 0.02
"""Audio is judged loud or quiet by frames of this length."""

QUIET_LEVEL = 400
"""A 16-bit sample up to this is no speech (-38 dB)."""

_SIGNS = frozenset("%‰°№&@")

_TAG = re.compile(r"</?[a-z][^<>]*>")


def weigh(text: str) -> float:
    """Return how long a text takes to say, in units of one Latin letter; of a mark only what is in it is said."""
    return sum(map(_weight, _TAG.sub("", text) if "<" in text else text))


@lru_cache(maxsize=4096)
def _weight(character: str) -> float:
    if unicodedata.combining(character):
        return MARK_WEIGHT
    if character.isdecimal():
        return DIGIT_WEIGHT if unicodedata.decimal(character) else ZERO_WEIGHT
    if character in _SIGNS or unicodedata.category(character) == "Sc":
        return SIGN_WEIGHT
    if unicodedata.east_asian_width(character) in "WF" and character.isalnum():
        return WIDE_WEIGHT
    return 1.0


def is_loud(samples: memoryview[int]) -> bool:
    """Return True if one of the 16-bit samples is loud enough for speech."""
    values = samples.tolist()
    return max(values) > QUIET_LEVEL or min(values) < -QUIET_LEVEL


@dataclass(slots=True, eq=False)
class SpeechMeter:
    """Measures 16-bit mono PCM from its first loud frame to its last: quiet at both ends is no speech."""

    sample_rate: int
    _rest: bytes = field(default=b"", init=False)
    _frames: int = field(default=0, init=False)
    _first: int = field(default=0, init=False)
    _behind_last: int = field(default=0, init=False)

    def hear(self, chunk: bytes) -> None:
        """Take the next chunk, cut anywhere."""
        pcm = self._rest + chunk
        width = int(self.sample_rate * FRAME_SECONDS)
        count = len(pcm) // (2 * width)
        self._rest = pcm[2 * count * width :]
        samples = memoryview(pcm)[: 2 * count * width].cast("h")
        # Only the outermost loud frames count, so that few frames have to be looked at
        loud = (number for number in range(count) if is_loud(samples[number * width : (number + 1) * width]))
        if not self._behind_last:
            self._first = self._frames + next(loud, 0)
        backwards = (n for n in reversed(range(count)) if is_loud(samples[n * width : (n + 1) * width]))
        if (last := next(backwards, None)) is not None:
            self._behind_last = self._frames + last + 1
        self._frames += count

    @property
    def seconds(self) -> float:
        """Return the seconds from the first loud frame to the end of the last, 0 where all was quiet."""
        return (self._behind_last - self._first) * FRAME_SECONDS if self._behind_last else 0.0


@dataclass(kw_only=True, slots=True)
class SpeechRate:
    """A voice's measured speed; the defaults are cautious guesses for its first utterance.

    `first_byte` is the time from request to sound in s and `first_byte_spread` its mean deviation; `speed` is in
    letters (as `weigh` counts) per second of sound; `measured` counts the first bytes that were seen, and `spoken` the
    texts from whose sound the speed was learnt.
    """

    first_byte: float = 0.6
    first_byte_spread: float = 0.2
    speed: float = 14.0
    measured: int = 0
    spoken: int = 0

    def note_first_byte(self, seconds: float) -> None:
        """Learn from one request's time to first byte."""
        if self.measured == 0:
            self.first_byte, self.first_byte_spread = seconds, seconds / 4
        else:
            deviation = abs(seconds - self.first_byte)
            self.first_byte += SMOOTHING * (seconds - self.first_byte)
            self.first_byte_spread += SMOOTHING * (deviation - self.first_byte_spread)
        self.measured += 1

    def note_speech(self, text: str, seconds: float) -> None:
        """Learn from one whole text that took so many seconds of sound.

        Of one with marks, which may be pauses, nothing.
        """
        if _TAG.search(text):
            return
        if seconds > 0.2 and (weight := weigh(text)) >= 8:
            self.speed += SMOOTHING * (weight / seconds - self.speed)
            self.spoken += 1

    def expected(self, text: str) -> float:
        """Return how many seconds of sound a text will probably be."""
        return weigh(text) / self.speed


MIN_EXPECTED_SECONDS = 1.0
"""Expected audio from which on its length says something."""

MIN_SHARE = 0.25
"""The share of the expected length that whole audio has at least, while the voice is not known yet."""

MIN_SHARE_KNOWN = 0.5
"""The same for a voice whose speed was measured."""

MIN_MEASUREMENTS = 3
"""Measurements after which a voice's speed is known."""

MAX_FACTOR = 10.0
"""How many times the expected length audio has at most, at the slowest that a voice can be told to speak."""

MAX_PAUSES_SECONDS = 60.0
"""How much longer than that it may be, for pauses that a text asks for."""


def is_too_short(text: str, seconds: float, speech_rate: SpeechRate) -> bool:
    """Return True if the audio of a text was probably cut, judged by the measured speed of its voice.

    By an unmeasured one, no voice is so fast. Nothing is learned from such audio; a voice that was learned as too slow
    has to be able to learn better.
    """
    share = MIN_SHARE_KNOWN if speech_rate.spoken >= MIN_MEASUREMENTS else MIN_SHARE
    expected = speech_rate.expected(text)
    return expected >= MIN_EXPECTED_SECONDS and seconds < share * expected
