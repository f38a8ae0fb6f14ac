"""Conversion of a file to a recording that can be sent. Nothing is sent before all checks have passed.

ffmpeg converts the file to PCM, with limits on time and size, and the PCM is encoded again. The name and path of the
file are not passed on. ffmpeg runs as a separate process: it can be killed, it uses its own memory, and a malicious
file cannot crash Home Assistant.
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
"""The largest file: more than two minutes of stereo at 48 kHz and 32 bits."""


class CloneError(Exception):
    """Cloning failed. Has the translation key and placeholders of the message, for forms and actions.

    `about_recording` is True if another recording is necessary.
    """

    def __init__(
        self, key: str, placeholders: Mapping[str, str] | None = None, *, about_recording: bool = False
    ) -> None:
        """Initialize with the message."""
        super().__init__(key)
        self.key = key
        self.about_recording = about_recording
        self.placeholders = dict(placeholders or {})


class RecordingProblem(StrEnum):
    """Problems of a recording."""

    GONE = "gone"
    NOT_AUDIO = "not_audio"
    TOO_LARGE = "too_large"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    SILENT = "silent"
    CLIPPED = "clipped"
    NO_CONVERTER = "no_converter"


class FlawedRecording(CloneError):
    """A recording that is not sent because of its `flaw`. The message contains nothing of its content."""

    def __init__(self, flaw: RecordingProblem, **details: str) -> None:
        """Initialize with the flaw."""
        super().__init__(f"recording_{flaw}", details, about_recording=True)
        self.flaw = flaw


def open_file(path: Path) -> BinaryIO:
    """Return an open regular file, without following a link. Blocking.

    Raises `FlawedRecording` if it is too large, and `OSError` otherwise. Only its size is read.
    """
    with ExitStack() as stack:
        # Opening a pipe without a writer would block
        file = stack.enter_context(os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb"))
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise OSError("Not a file")
        if found.st_size > MAX_FILE_BYTES:
            raise FlawedRecording(RecordingProblem.TOO_LARGE, most=f"{MAX_FILE_BYTES / 1_000_000:g}")
        stack.pop_all()
    return file


DECODING_SECONDS: Final = 60.0
"""Timeout of ffmpeg in seconds."""
MAX_PCM_BYTES: Final = 24 * 1000 * 1000
"""The largest output of ffmpeg: slightly more than two minutes of stereo at 48 kHz."""

_CHANNELS_AT: Final = slice(22, 24)
_RATE_AT: Final = slice(24, 28)
_DATA: Final = b"data"
_SIZE_BYTES: Final = 4
_RATES: Final = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
"""The sample rates in Hz that are kept; others are converted to the nearest. Voices have nothing above 48 kHz."""
_MAX_HEADER_BYTES: Final = 256
_OWN_WAV: Final = Recognized(file_type=WAV, offset=0)
_PIECE: Final = 256 * 1024
_QUIET: Final = ("-hide_banner", "-loglevel", "quiet", "-nostdin")
_SOUND_ALONE: Final = ("-map", "0:a:0", "-vn", "-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact")


async def decode(
    ffmpeg: str, file: BinaryIO, recognized: Recognized, *, max_seconds: float, sample_rate: int | None = None
) -> Pcm:
    """Return the audio of a file, up to `max_seconds`, at `sample_rate` (Hz) or the file's own rate.

    It has one or two channels; more are mixed down. Raises `FlawedRecording` if there is no audio.
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
    # The length of the header varies
    begin = bytes(wav[:_MAX_HEADER_BYTES]).find(_DATA) + len(_DATA) + _SIZE_BYTES
    samples = wav[begin:]
    if channels not in (1, 2) or len(samples) < 2 * channels:
        raise FlawedRecording(RecordingProblem.NOT_AUDIO)
    rate = int.from_bytes(wav[_RATE_AT], "little")
    whole = len(samples) // (2 * channels) * 2 * channels
    return Pcm(samples=samples[:whole], sample_rate=rate, channels=channels)


async def resample(ffmpeg: str, pcm: Pcm, sample_rate: int) -> Pcm:
    """Return mono audio at another sample rate (Hz)."""
    with await _as_file(pcm) as wav:
        return await decode(ffmpeg, wav, _OWN_WAV, max_seconds=pcm.seconds + 1, sample_rate=sample_rate)


async def as_mp3(ffmpeg: str, pcm: Pcm) -> bytes:
    """Return the audio as an MP3 file with a constant bit rate, so that its size indicates its duration."""
    mp3 = ("-c:a", "libmp3lame", "-b:a", "192k", "-f", "mp3", "-id3v2_version", "0", "-write_xing", "0")
    with await _as_file(pcm) as wav:
        return bytes(await _converted(ffmpeg, wav, _OWN_WAV, mp3))


async def _converted(ffmpeg: str, file: BinaryIO, recognized: Recognized, output: tuple[str, ...]) -> memoryview:
    """Return the audio of a file as converted by ffmpeg. Raises `FlawedRecording` if ffmpeg cannot run.

    The demuxer is fixed and only the file protocol is allowed, so a file cannot make ffmpeg open another file or a URL.
    ffmpeg receives the open file instead of a pipe, because it must seek: phones write the index of an M4A after the
    audio.
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
    # The output of ffmpeg on stderr is discarded, as it may quote the file
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
        # Drain the pipe, or the end of the process is not detected
        await process.communicate()
    if len(written) > MAX_PCM_BYTES:
        raise FlawedRecording(RecordingProblem.TOO_LARGE, most=f"{MAX_PCM_BYTES / 1_000_000:g}")
    return memoryview(written)


async def _as_file(pcm: Pcm) -> BinaryIO:
    """Return an open WAV file without a name, deleted when it is closed. Raises `FlawedRecording`."""
    try:
        return await asyncio.get_running_loop().run_in_executor(None, _unnamed_file, pcm)
    except OSError:
        raise FlawedRecording(RecordingProblem.NO_CONVERTER) from None


def _unnamed_file(pcm: Pcm) -> BinaryIO:
    """Return a WAV file without a name, positioned at its start. Blocking."""
    with ExitStack() as stack:
        file = stack.enter_context(tempfile.TemporaryFile())
        file.write(pcm.as_wav())
        file.seek(0)
        stack.pop_all()
    return file


MAX_SECONDS: Final = 120.0
"""The longest recording in seconds, unless the provider has its own limit."""
MAX_CLIPPED: Final = 0.005
"""The largest share of clipped samples. Good recordings reach full scale only occasionally."""
MIN_HEARD: Final = 0.5
"""The smallest share of the required duration that must be audible. Pauses are part of speech."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PreparedRecording:
    """A recording in the form to send. `short` is True if the provider recommends a longer one."""

    audio: bytes = field(repr=False)
    file_type: str
    seconds: float
    short: bool


async def prepare(ffmpeg: str, file: BinaryIO, rules: RecordingRules) -> PreparedRecording:
    """Return a recording that complies with the rules of a provider. Raises `FlawedRecording`.

    `file` is an open file on disk. The result is built only from the samples, because files can contain personal
    metadata in many places. Slow steps run in the executor or in ffmpeg's process.
    """
    run = asyncio.get_running_loop().run_in_executor
    if (recognized := await run(None, recognize_file, file)) is None:
        raise FlawedRecording(RecordingProblem.NOT_AUDIO, kinds=", ".join(known.name for known in FILE_TYPES))
    max_seconds = MAX_SECONDS if rules.most_seconds is None else rules.most_seconds
    # One more second, to detect a recording that is too long
    decoded = await decode(ffmpeg, file, recognized, max_seconds=max_seconds + 1)
    seconds = decoded.seconds
    if seconds < rules.least_seconds:
        # Rounded down, so that the message cannot show the required duration
        rounded = math.floor(seconds * 10) / 10
        raise FlawedRecording(RecordingProblem.TOO_SHORT, seconds=f"{rounded:g}", least=f"{rules.least_seconds:g}")
    if seconds > max_seconds:
        raise FlawedRecording(RecordingProblem.TOO_LONG, most=f"{max_seconds:g}")
    pcm = await run(None, _checked, decoded, rules.least_seconds)
    del decoded  # Free its memory for the next steps
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
    """Return the audio as mono, if it has speech and is not distorted. Slow."""
    pcm = mono(decoded) if decoded.channels == 2 else decoded
    if (heard := heard_seconds(pcm)) < least_seconds * MIN_HEARD:
        raise FlawedRecording(RecordingProblem.SILENT, seconds=f"{heard:.1f}")
    if (share := clipped_share(pcm)) > MAX_CLIPPED:
        raise FlawedRecording(RecordingProblem.CLIPPED, percent=f"{100 * share:.1f}")
    return pcm


async def _as_sent(ffmpeg: str, pcm: Pcm, rules: RecordingRules) -> tuple[bytes, FileType]:
    """Return a WAV file, or an MP3 if the WAV exceeds the provider's limit."""
    if rules.wav_rate not in (None, pcm.sample_rate):
        pcm = await resample(ffmpeg, pcm, rules.wav_rate)
    if pcm.wav_bytes > rules.most_bytes and MP3.name in rules.file_types:
        return await as_mp3(ffmpeg, pcm), MP3
    return await asyncio.get_running_loop().run_in_executor(None, pcm.as_wav), WAV
