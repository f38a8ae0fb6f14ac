"""Measure the speech rate and latency of a voice, and predict the length of its audio."""

from dataclasses import dataclass, field
from functools import lru_cache
import re
import unicodedata

SMOOTHING = 0.25
"""Weight of the newest measurement."""

WIDE_WEIGHT = 3.0
"""An ideograph, kana or Hangul syllable takes about as long to say as this many letters."""

MARK_WEIGHT = 0.0
"""A combining mark (such as an Indic vowel sign) is spoken together with its letter."""

DIGIT_WEIGHT = 5.0
"""A digit of a number is a word or half a word: twenty-two forty-five, zweitausendsechsundzwanzig, 二十一点五."""

ZERO_WEIGHT = 2.0
"""A zero is often silent: a million."""

SIGN_WEIGHT = 6.0
"""A sign that is spoken as a word: euros, percent, degrees."""

FRAME_SECONDS = 0.02
"""Length of the frames that are classified as loud or quiet."""

QUIET_LEVEL = 400
"""16-bit samples up to this value aren't speech (-38 dBFS)."""

_SIGNS = frozenset("%‰°№&@")

_TAG = re.compile(r"</?[a-z][^<>]*>")


def weigh(text: str) -> float:
    """Return the spoken length of a text, in units of one Latin letter; of tags, only the text inside counts."""
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
    """Return True if any of the 16-bit samples is loud enough for speech."""
    values = samples.tolist()
    return max(values) > QUIET_LEVEL or min(values) < -QUIET_LEVEL


@dataclass(slots=True, eq=False)
class SpeechMeter:
    """Measures 16-bit mono PCM from its first loud frame to its last; silence at both ends doesn't count."""

    sample_rate: int
    _rest: bytes = field(default=b"", init=False)
    _frames: int = field(default=0, init=False)
    _first: int = field(default=0, init=False)
    _behind_last: int = field(default=0, init=False)

    def hear(self, chunk: bytes) -> None:
        """Add the next chunk, split anywhere."""
        pcm = self._rest + chunk
        width = int(self.sample_rate * FRAME_SECONDS)
        count = len(pcm) // (2 * width)
        self._rest = pcm[2 * count * width :]
        samples = memoryview(pcm)[: 2 * count * width].cast("h")
        # Only the outermost loud frames count, so few frames need to be checked
        loud = (number for number in range(count) if is_loud(samples[number * width : (number + 1) * width]))
        if not self._behind_last:
            self._first = self._frames + next(loud, 0)
        backwards = (n for n in reversed(range(count)) if is_loud(samples[n * width : (n + 1) * width]))
        if (last := next(backwards, None)) is not None:
            self._behind_last = self._frames + last + 1
        self._frames += count

    @property
    def seconds(self) -> float:
        """Return the seconds from the first loud frame to the end of the last, 0 if all frames are quiet."""
        return (self._behind_last - self._first) * FRAME_SECONDS if self._behind_last else 0.0


@dataclass(kw_only=True, slots=True)
class SpeechRate:
    """A voice's measured speed; the defaults are cautious guesses for its first utterance.

    `first_byte` is the time from request to audio in s, and `first_byte_spread` its mean deviation. `speed` is in
    letters (as in `weigh`) per second of audio. `measured` is the number of measured first bytes, `spoken` the number
    of texts that the speed was learned from.
    """

    first_byte: float = 0.6
    first_byte_spread: float = 0.2
    speed: float = 14.0
    measured: int = 0
    spoken: int = 0

    def note_first_byte(self, seconds: float) -> None:
        """Learn from a request's time to first byte in s."""
        if self.measured == 0:
            self.first_byte, self.first_byte_spread = seconds, seconds / 4
        else:
            deviation = abs(seconds - self.first_byte)
            self.first_byte += SMOOTHING * (seconds - self.first_byte)
            self.first_byte_spread += SMOOTHING * (deviation - self.first_byte_spread)
        self.measured += 1

    def note_speech(self, text: str, seconds: float) -> None:
        """Learn from a complete text and the seconds of its audio.

        A text with tags is ignored, because they may be pauses.
        """
        if _TAG.search(text):
            return
        if seconds > 0.2 and (weight := weigh(text)) >= 8:
            self.speed += SMOOTHING * (weight / seconds - self.speed)
            self.spoken += 1

    def expected(self, text: str) -> float:
        """Return the expected duration of a text's audio in s."""
        return weigh(text) / self.speed


MIN_EXPECTED_SECONDS = 1.0
"""Minimum expected duration for which the actual one is meaningful."""

MIN_SHARE = 0.25
"""Minimum share of the expected duration for complete audio, before the voice's speed is known."""

MIN_SHARE_KNOWN = 0.5
"""The same for a voice whose speed is known."""

MIN_MEASUREMENTS = 3
"""Measurements after which a voice's speed is known."""

MAX_FACTOR = 10.0
"""Maximum duration of audio, as a multiple of the expected one, at the slowest speed setting."""

MAX_PAUSES_SECONDS = 60.0
"""Additional seconds allowed for pauses that a text asks for."""


def is_too_short(text: str, seconds: float, speech_rate: SpeechRate) -> bool:
    """Return True if the audio of a text is probably truncated, judged by the measured speed of its voice.

    With the default speech rate, True means that no voice is that fast, and nothing is learned from such audio. Audio
    that is only too short for the measured rate is still learned from, because that rate may be too slow.
    """
    share = MIN_SHARE_KNOWN if speech_rate.spoken >= MIN_MEASUREMENTS else MIN_SHARE
    expected = speech_rate.expected(text)
    return expected >= MIN_EXPECTED_SECONDS and seconds < share * expected
