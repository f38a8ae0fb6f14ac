"""From a file to what is sent: nothing leaves before all of these checks have passed."""

import asyncio
from dataclasses import dataclass, field
import math
from typing import BinaryIO, Final

from ..audio.loudness import clipped_share, heard_seconds, mono
from ..audio.pcm import Pcm
from ..providers.capabilities import RecordingRules
from .decode import FlawedRecording, RecordingProblem, as_mp3, decode, resample
from .file_types import FILE_TYPES, MP3, WAV, FileType, Recognized, recognize_file

MAX_SECONDS: Final = 120.0
"""How long a recording may be where the provider does not say."""
MAX_CLIPPED: Final = 0.005
"""Speech that was recorded well reaches full scale a few times; what was cut off there does all the time."""
MIN_HEARD: Final = 0.5
"""Share of the shortest recording that has to be heard at least: pauses are a part of speech."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PreparedRecording:
    """A recording in the form that it is sent in; `short` tells that the provider advises a longer one."""

    audio: bytes = field(repr=False)
    file_type: str
    seconds: float
    short: bool


async def prepare(ffmpeg: str, file: BinaryIO, rules: RecordingRules) -> PreparedRecording:
    """Return a recording that keeps the rules of a provider; raises `FlawedRecording`.

    `file` is an open file on disk. What is sent is made of the samples alone: a file may tell whose voice it is, where
    and when it was recorded, in more places than can be found. What takes time or memory is done in the executor or in
    ffmpeg's process.
    """
    run = asyncio.get_running_loop().run_in_executor
    recognized = await run(None, _recognized, file)
    max_seconds = MAX_SECONDS if rules.most_seconds is None else rules.most_seconds
    # A second more, so that what is too long can be told
    decoded = await decode(ffmpeg, file, recognized, max_seconds=max_seconds + 1)
    seconds = decoded.seconds
    _check_length(seconds, rules.least_seconds, max_seconds)
    pcm = await run(None, _checked, decoded, rules.least_seconds)
    del decoded  # its memory is needed for what follows
    content, file_type = await _as_sent(ffmpeg, pcm, rules)
    if len(content) > rules.most_bytes:
        raise FlawedRecording(RecordingProblem.TOO_LARGE, most=f"{rules.most_bytes / 1_000_000:g}")
    return PreparedRecording(
        audio=content,
        file_type=file_type.name,
        seconds=seconds,
        short=rules.advised_seconds is not None and seconds < rules.advised_seconds,
    )


def _recognized(file: BinaryIO) -> Recognized:
    """Return what kind of file it is, whatever its name says; blocks."""
    if (recognized := recognize_file(file)) is None:
        raise FlawedRecording(RecordingProblem.NOT_AUDIO, kinds=", ".join(known.name for known in FILE_TYPES))
    return recognized


def _check_length(seconds: float, least: float, most: float) -> None:
    """Compare the length with what is wanted; it is rounded away from that, so that the message cannot contradict."""
    if seconds < least:
        raise FlawedRecording(
            RecordingProblem.TOO_SHORT, seconds=f"{math.floor(seconds * 10) / 10:g}", least=f"{least:g}"
        )
    if seconds > most:
        raise FlawedRecording(RecordingProblem.TOO_LONG, most=f"{most:g}")


def _checked(decoded: Pcm, least_seconds: float) -> Pcm:
    """Return the sound as one channel where there is a voice and it is not distorted; takes a moment."""
    pcm = mono(decoded) if decoded.channels == 2 else decoded
    if (heard := heard_seconds(pcm)) < least_seconds * MIN_HEARD:
        raise FlawedRecording(RecordingProblem.SILENT, seconds=f"{heard:.1f}")
    if (share := clipped_share(pcm)) > MAX_CLIPPED:
        raise FlawedRecording(RecordingProblem.CLIPPED, percent=f"{100 * share:.1f}")
    return pcm


async def _as_sent(ffmpeg: str, pcm: Pcm, rules: RecordingRules) -> tuple[bytes, FileType]:
    """Return a WAV file, or an mp3 where that would be larger than the provider takes."""
    if rules.wav_rate not in (None, pcm.sample_rate):
        pcm = await resample(ffmpeg, pcm, rules.wav_rate)
    if pcm.wav_bytes > rules.most_bytes and MP3.name in rules.file_types:
        return await as_mp3(ffmpeg, pcm), MP3
    return await asyncio.get_running_loop().run_in_executor(None, pcm.as_wav), WAV
