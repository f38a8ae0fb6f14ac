"""Recordings for tests: speech, and unsuitable ones."""

from array import array
from functools import cache
import math
import random
from sys import byteorder

from .codec import Container, encode, resample
from .espeak import speech
from .sound import Sound

RATE = 16000
_TEXT = "This is how I sound when I read something aloud, calmly and in a quiet room, one word after the other. "
_TEXT_SECONDS = 4
"""It takes a little longer."""


@cache
def spoken(seconds: float, container: Container = Container.WAV, *, sample_rate: int = RATE) -> bytes:
    """Return a person who speaks for so long without a pause that is worth it."""
    sound = resample(speech(_TEXT * math.ceil(seconds / _TEXT_SECONDS), language="en", speed=1.2), sample_rate)
    return encode(_cut(sound, seconds), container)


def silent(seconds: float) -> bytes:
    """Return a WAV of nothing."""
    return encode(Sound(pcm=bytes(round(seconds * RATE) * 2), sample_rate=RATE), Container.WAV)


def noisy(seconds: float) -> bytes:
    """Return a WAV of noise."""
    return encode(Sound(pcm=random.Random(0).randbytes(round(seconds * RATE) * 2), sample_rate=RATE), Container.WAV)


def clipped(seconds: float) -> bytes:
    """Return a WAV of a person who speaks far too loudly."""
    sound = _cut(resample(speech(_TEXT * 10, language="en", speed=1.2), RATE), seconds)
    samples = array("h", sound.pcm)
    if byteorder == "big":
        samples.byteswap()
    samples = array("h", [max(-32768, min(32767, 20 * sample)) for sample in samples])
    if byteorder == "big":
        samples.byteswap()
    return encode(Sound(pcm=samples.tobytes(), sample_rate=RATE), Container.WAV)


def followed_by_silence(seconds: float, silence: float) -> bytes:
    """Return a WAV of a person who speaks for so long and then not any more."""
    sound = _cut(resample(speech(_TEXT * 10, language="en", speed=1.2), RATE), seconds)
    return encode(Sound(pcm=sound.pcm + bytes(round(silence * RATE) * 2), sample_rate=RATE), Container.WAV)


def _cut(sound: Sound, seconds: float) -> Sound:
    return Sound(pcm=sound.pcm[: round(seconds * sound.sample_rate) * 2], sample_rate=sound.sample_rate)
