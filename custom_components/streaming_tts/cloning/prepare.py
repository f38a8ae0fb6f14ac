"""From a file to what is sent: nothing leaves before all of these checks have passed."""

import asyncio
from dataclasses import dataclass, field
import math
from typing import Final

from ..audio.loudness import clipped_share, heard_seconds
from ..providers.capabilities import RecordingRules
from .decode import Pcm, as_mp3, decode
from .file_types import FILE_TYPES, MP3, SUFFIXES, WAV, FileType, recognise
from .flaws import FlawedRecording, RecordingProblem

MAX_FILE_BYTES: Final = 50 * 1000 * 1000
"""How large a file may be; what is made of it before it is sent is smaller, or else too large for the provider."""
MAX_SECONDS: Final = 600.0
"""How long a recording may be where the provider does not say."""
MAX_CLIPPED: Final = 0.005
"""Speech that was recorded well reaches full scale a few times; what was cut off there does all the time."""
MIN_HEARD: Final = 0.5
"""Share of the shortest recording that has to be heard at least: pauses are a part of speech."""

_SUFFIX_SHOWN: Final = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class PreparedRecording:
    """A recording in the form that it is sent in; `short` tells that the provider advises a longer one."""

    audio: bytes = field(repr=False)
    file_type: str
    seconds: float
    short: bool


async def prepare(ffmpeg: str, content: bytes, suffix: str, rules: RecordingRules) -> PreparedRecording:
    """Return a recording that keeps the rules of a provider; raises `FlawedRecording`.

    What is sent is made of the samples alone: a file may tell whose voice it is, where and when it was recorded, in more
    places than can be found.
    `suffix` is how the file's name ends, without the dot.
    """
    file_type = _file_type(content, suffix.lower())
    _check_size(content, MAX_FILE_BYTES)
    most_seconds = MAX_SECONDS if rules.most_seconds is None else rules.most_seconds
    # A second more, so that what is too long can be told
    pcm = await decode(ffmpeg, content, file_type.demuxer, most_seconds=most_seconds + 1)
    _check_length(pcm.seconds, rules.least_seconds, most_seconds)
    await asyncio.get_running_loop().run_in_executor(None, _check_sound, pcm, rules.least_seconds)
    content, file_type = await _as_file(ffmpeg, pcm, rules)
    _check_size(content, rules.most_bytes)
    return PreparedRecording(
        audio=content,
        file_type=file_type.name,
        seconds=pcm.seconds,
        short=rules.advised_seconds is not None and pcm.seconds < rules.advised_seconds,
    )


def _file_type(content: bytes, suffix: str) -> FileType:
    """Return what kind of file it is, which has to be what its name says."""
    if (file_type := recognise(content)) is None:
        raise FlawedRecording(RecordingProblem.NOT_AUDIO, kinds=", ".join(known.name for known in FILE_TYPES))
    if suffix not in file_type.suffixes:
        shown = suffix if suffix in SUFFIXES else suffix[:_SUFFIX_SHOWN]
        raise FlawedRecording(RecordingProblem.MISNAMED, suffix=shown or "?", kind=file_type.name)
    return file_type


def _check_size(content: bytes, most_bytes: int) -> None:
    if len(content) > most_bytes:
        raise FlawedRecording(RecordingProblem.TOO_LARGE, most=f"{most_bytes / 1_000_000:g}")


def _check_length(seconds: float, least: float, most: float) -> None:
    """Compare the length with what is wanted; it is rounded away from that, so that the message cannot contradict."""
    if seconds < least:
        raise FlawedRecording(
            RecordingProblem.TOO_SHORT, seconds=f"{math.floor(seconds * 10) / 10:g}", least=f"{least:g}"
        )
    if seconds > most:
        raise FlawedRecording(RecordingProblem.TOO_LONG, most=f"{most:g}")


def _check_sound(pcm: Pcm, least_seconds: float) -> None:
    """Listen whether there is a voice, and whether it is distorted; takes a moment."""
    if (heard := heard_seconds(pcm)) < least_seconds * MIN_HEARD:
        raise FlawedRecording(RecordingProblem.SILENT, seconds=f"{heard:.1f}")
    if (share := clipped_share(pcm)) > MAX_CLIPPED:
        raise FlawedRecording(RecordingProblem.CLIPPED, percent=f"{100 * share:.1f}")


async def _as_file(ffmpeg: str, pcm: Pcm, rules: RecordingRules) -> tuple[bytes, FileType]:
    """Return a WAV file, or an mp3 where that would be larger than the provider takes."""
    if rules.wav_rate not in (None, pcm.sample_rate):
        pcm = await decode(
            ffmpeg, pcm.as_wav(), WAV.demuxer, most_seconds=math.ceil(pcm.seconds), sample_rate=rules.wav_rate
        )
    wav = pcm.as_wav()
    if len(wav) > rules.most_bytes and MP3.name in rules.file_types:
        return await as_mp3(ffmpeg, pcm), MP3
    return wav, WAV
