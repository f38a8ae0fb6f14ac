"""Recordings of a voice that are to be cloned: what is in them, as far as a service would look."""

from array import array
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
import math
from sys import byteorder

from .codec import decode

_RATE = 8000
_FRAME = 160
_LOUD = 330
"""Of a sample's 32768: -40 dBFS, which speech is above and a quiet room is not."""
_CLIPPED = 31000
_MOST_CLIPPED = 0.05
_NOISY_CROSSINGS = 0.35
"""Share of sign changes between samples; speech exceeds it only briefly, noise always."""
_PAUSE_FRAMES = 15
"""Silence of 0.3 s within speech is a part of it."""


class AudioType(StrEnum):
    """What a file is by its first bytes, whatever its name says."""

    WAV = "wav"
    MP3 = "mp3"
    FLAC = "flac"
    AIFF = "aiff"
    M4A = "m4a"
    OGG = "ogg"


@dataclass(frozen=True, kw_only=True, slots=True)
class Recording:
    """What a file holds: its type, its length and its speech in seconds, and whether it is fit for use."""

    audio_type: AudioType
    duration: float
    speech: float
    clear: bool


def audio_type(data: bytes) -> AudioType | None:
    """Return what the file is, or None where it is none of these."""
    if data.startswith(b"RIFF") and data[8:12] == b"WAVE":
        return AudioType.WAV
    if data.startswith(b"FORM") and data[8:12] in (b"AIFF", b"AIFC"):
        return AudioType.AIFF
    if data.startswith(b"ID3") or (data[:1] == b"\xff" and data[1:2] and data[1] & 0xE6 == 0xE2):
        return AudioType.MP3
    if data[4:8] == b"ftyp":
        return AudioType.M4A
    return {b"fLaC": AudioType.FLAC, b"OggS": AudioType.OGG}.get(data[:4])


def read_recording(data: bytes) -> Recording:
    """Return what is in a file; blocks. Raises ValueError where it is no audio."""
    found = audio_type(data)
    if found is None:
        raise ValueError("not audio")
    sound = decode(data, _RATE)
    samples = array("h", sound.pcm)
    if byteorder == "big":
        samples.byteswap()
    frames = [samples[start : start + _FRAME] for start in range(0, len(samples), _FRAME)]
    loud = [index for index, frame in enumerate(frames) if math.sumprod(frame, frame) > _LOUD**2 * len(frame)]
    clipped = sum(abs(sample) >= _CLIPPED for sample in samples) / len(samples)
    return Recording(
        audio_type=found,
        duration=sound.duration,
        speech=min(_spoken_frames(loud) * _FRAME / _RATE, sound.duration),
        clear=bool(loud) and clipped <= _MOST_CLIPPED and not _is_noise([frames[index] for index in loud]),
    )


def _spoken_frames(loud: list[int]) -> int:
    """How many frames are speech, with the short pauses in it."""
    steps = [following - frame for frame, following in pairwise(loud)]
    return sum(step if step <= _PAUSE_FRAMES else 1 for step in steps) + bool(loud)


def _is_noise(frames: list[array[int]]) -> bool:
    """Whether half of the frames cross zero as often as noise does."""
    return sorted(map(_crossings, frames))[len(frames) // 2] > _NOISY_CROSSINGS


def _crossings(frame: array[int]) -> float:
    return sum((one < 0) is not (other < 0) for one, other in pairwise(frame)) / len(frame)
