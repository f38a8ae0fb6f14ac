"""Judges the length of audio by its text.

The end mark of a service is authoritative: audio that is much too short is spoken all the same, but kept in no cache.
Only audio without an end is an error.
"""

from .speech_rate import SpeechRate

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


def is_too_long(text: str, seconds: float, speech_rate: SpeechRate) -> bool:
    """Return True if so much audio of a text has no end."""
    return seconds > MAX_FACTOR * speech_rate.expected(text) + MAX_PAUSES_SECONDS


def is_too_short(text: str, seconds: float, speech_rate: SpeechRate) -> bool:
    """Return True if the audio of a text was probably cut, judged by the measured speed of its voice."""
    share = MIN_SHARE_KNOWN if speech_rate.spoken >= MIN_MEASUREMENTS else MIN_SHARE
    return _is_below(share, text, seconds, speech_rate)


def is_impossible(text: str, seconds: float) -> bool:
    """Return True if no voice is so fast: nothing is to be learned from such audio.

    A voice that was learned as too slow has to be able to learn better.
    """
    return _is_below(MIN_SHARE, text, seconds, SpeechRate())


def _is_below(share: float, text: str, seconds: float, speech_rate: SpeechRate) -> bool:
    expected = speech_rate.expected(text)
    return expected >= MIN_EXPECTED_SECONDS and seconds < share * expected
