"""From a file to what is sent of it: nothing leaves before all of these checks have passed.

Files become PCM by ffmpeg, bounded in time and size, and PCM becomes a file. Nothing of a file's name or place is told
on.
ffmpeg runs as a process of its own: it can be ended, its memory is not Home Assistant's, and a file that breaks it
breaks nothing else.
"""

import asyncio
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from enum import StrEnum
import math
import os
from pathlib import Path
import stat
import tempfile
from typing import BinaryIO, Final

from ..audio.loudness import clipped_share, heard_seconds, mono
from ..audio.pcm import Pcm
from ..providers.capabilities import RecordingRules
from .file_types import FILE_TYPES, MP3, WAV, FileType, Recognized, recognize_file

MAX_FILE_BYTES: Final = 50 * 1000 * 1000
"""How large a file may be: more than two minutes of stereo at 48 kHz and 32 bits."""


class CloneError(Exception):
    """No voice was made: the key of the message, which forms and actions both have, and what it names.

    `about_recording` tells that another recording is needed.
    """

    def __init__(
        self, key: str, placeholders: Mapping[str, str] | None = None, *, about_recording: bool = False
    ) -> None:
        """Keep the message."""
        super().__init__(key)
        self.key = key
        self.about_recording = about_recording
        self.placeholders = dict(placeholders or {})


class RecordingProblem(StrEnum):
    """What is wrong with a recording."""

    GONE = "gone"
    NOT_AUDIO = "not_audio"
    TOO_LARGE = "too_large"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    SILENT = "silent"
    CLIPPED = "clipped"
    NO_CONVERTER = "no_converter"


class FlawedRecording(CloneError):
    """A recording that is not sent for its `flaw`; what the message names is none of its content."""

    def __init__(self, flaw: RecordingProblem, **details: str) -> None:
        """Keep the flaw."""
        super().__init__(f"recording_{flaw}", details, about_recording=True)
        self.flaw = flaw


def open_file(path: Path) -> BinaryIO:
    """Return an open file: no link, no pipe, and not too large; blocks.

    Raises `FlawedRecording` for one that is too large, else OSError. Its content is never read into memory as a whole.
    """
    with ExitStack() as stack:
        # Opening a pipe that nobody writes to would wait for somebody
        file = stack.enter_context(os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb"))
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise OSError("Not a file")
        if found.st_size > MAX_FILE_BYTES:
            raise FlawedRecording(RecordingProblem.TOO_LARGE, most=f"{MAX_FILE_BYTES / 1_000_000:g}")
        stack.pop_all()
    return file


DECODING_SECONDS: Final = 60.0
"""How long ffmpeg may take."""
MAX_PCM_BYTES: Final = 24 * 1000 * 1000
"""What ffmpeg may write: two minutes of stereo at 48 kHz, and a little more."""

_CHANNELS_AT: Final = slice(22, 24)
_RATE_AT: Final = slice(24, 28)
_DATA: Final = b"data"
_SIZE_BYTES: Final = 4
_RATES: Final = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
"""The sample rates in Hz that a recording keeps; of any other it takes the nearest. Beyond 48 kHz there is no voice."""
_MAX_HEADER_BYTES: Final = 256
_OWN_WAV: Final = Recognized(file_type=WAV, offset=0)
_PIECE: Final = 256 * 1024
_QUIET: Final = ("-hide_banner", "-loglevel", "quiet", "-nostdin")
_SOUND_ALONE: Final = ("-map", "0:a:0", "-vn", "-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact")


async def decode(
    ffmpeg: str, file: BinaryIO, recognized: Recognized, *, max_seconds: float, sample_rate: int | None = None
) -> Pcm:
    """Return the sound of a file, of at most its first `max_seconds`, at a rate (Hz) or at its own.

    It has one or two channels; more are mixed. Raises `FlawedRecording` where there is no sound in it.
    """
    rates = _RATES if sample_rate is None else (sample_rate,)
    shape = f"aformat=channel_layouts=mono|stereo:sample_rates={'|'.join(map(str, rates))}"
    wav = await _converted(
        ffmpeg,
        file,
        recognized,
        ("-t", f"{max_seconds:g}", "-af", shape, "-c:a", "pcm_s16le", "-f", "wav"),
    )
    channels = int.from_bytes(wav[_CHANNELS_AT], "little")
    # The header is not always of the same length
    begin = bytes(wav[:_MAX_HEADER_BYTES]).find(_DATA) + len(_DATA) + _SIZE_BYTES
    samples = wav[begin:]
    if channels not in (1, 2) or len(samples) < 2 * channels:
        raise FlawedRecording(RecordingProblem.NOT_AUDIO)
    rate = int.from_bytes(wav[_RATE_AT], "little")
    whole = len(samples) // (2 * channels) * 2 * channels
    return Pcm(samples=samples[:whole], sample_rate=rate, channels=channels)


async def resample(ffmpeg: str, pcm: Pcm, sample_rate: int) -> Pcm:
    """Return mono sound at another rate (Hz)."""
    with await _as_file(pcm) as wav:
        return await decode(ffmpeg, wav, _OWN_WAV, max_seconds=pcm.seconds + 1, sample_rate=sample_rate)


async def as_mp3(ffmpeg: str, pcm: Pcm) -> bytes:
    """Return it as an mp3 file; its bit rate is constant, so that its length can be told from its size."""
    mp3 = ("-c:a", "libmp3lame", "-b:a", "192k", "-f", "mp3", "-id3v2_version", "0", "-write_xing", "0")
    with await _as_file(pcm) as wav:
        return bytes(await _converted(ffmpeg, wav, _OWN_WAV, mp3))


async def _converted(ffmpeg: str, file: BinaryIO, recognized: Recognized, output: tuple[str, ...]) -> memoryview:
    """Return what ffmpeg makes of the sound of a file; raises `FlawedRecording` where it cannot run.

    The demuxer is forced and no protocol but that for files is let in, so that a file cannot have ffmpeg open another
    one or an address. ffmpeg gets the open file, not a pipe, since a phone writes the index of an m4a behind the sound,
    and ffmpeg has to go back.
    """
    command = (
        *(ffmpeg, *_QUIET, "-protocol_whitelist", "file", "-f", recognized.file_type.demuxer),
        *("-skip_initial_bytes", str(recognized.offset), "-i", "file:/dev/stdin", *_SOUND_ALONE, *output, "-"),
    )
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=file, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
    except OSError:
        raise FlawedRecording(RecordingProblem.NO_CONVERTER) from None
    # What ffmpeg says stays unread, since it may quote the file
    written = bytearray()
    assert process.stdout is not None
    try:
        async with asyncio.timeout(DECODING_SECONDS):
            while len(written) <= MAX_PCM_BYTES and (piece := await process.stdout.read(_PIECE)):
                written += piece
    except TimeoutError:
        raise FlawedRecording(RecordingProblem.NOT_AUDIO) from None
    finally:
        if process.returncode is None:
            process.kill()
        # What is still in the pipe has to be taken, or the end of the process is never seen
        await process.communicate()
    if len(written) > MAX_PCM_BYTES:
        raise FlawedRecording(RecordingProblem.TOO_LARGE, most=f"{MAX_PCM_BYTES / 1_000_000:g}")
    return memoryview(written)


async def _as_file(pcm: Pcm) -> BinaryIO:
    """Return an open WAV file without a name, which is gone when it is closed; raises `FlawedRecording`."""
    try:
        return await asyncio.get_running_loop().run_in_executor(None, _unnamed_file, pcm)
    except OSError:
        raise FlawedRecording(RecordingProblem.NO_CONVERTER) from None


def _unnamed_file(pcm: Pcm) -> BinaryIO:
    """Return a WAV file that only this process and ffmpeg can open, at its beginning; blocks."""
    with ExitStack() as stack:
        file = stack.enter_context(tempfile.TemporaryFile())
        file.write(pcm.as_wav())
        file.seek(0)
        stack.pop_all()
    return file


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
    if (recognized := await run(None, recognize_file, file)) is None:
        raise FlawedRecording(RecordingProblem.NOT_AUDIO, kinds=", ".join(known.name for known in FILE_TYPES))
    max_seconds = MAX_SECONDS if rules.most_seconds is None else rules.most_seconds
    # A second more, so that what is too long can be told
    decoded = await decode(ffmpeg, file, recognized, max_seconds=max_seconds + 1)
    seconds = decoded.seconds
    if seconds < rules.least_seconds:
        # Rounded away from what is wanted, so that the message cannot contradict
        rounded = math.floor(seconds * 10) / 10
        raise FlawedRecording(RecordingProblem.TOO_SHORT, seconds=f"{rounded:g}", least=f"{rules.least_seconds:g}")
    if seconds > max_seconds:
        raise FlawedRecording(RecordingProblem.TOO_LONG, most=f"{max_seconds:g}")
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
