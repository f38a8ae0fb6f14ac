"""Turns sound files into PCM with ffmpeg, bounded in time and size, and PCM into files that tell nothing else."""

import asyncio
from contextlib import ExitStack
from dataclasses import dataclass, field
import io
import tempfile
from typing import IO, Final
import wave

from .flaws import FlawedRecording, RecordingProblem

DECODING_SECONDS: Final = 60.0
"""How long ffmpeg may take."""
MAX_PCM_BYTES: Final = 128 * 1000 * 1000

_RATE_AT: Final = slice(24, 28)
_DATA: Final = b"data"
_SIZE_BYTES: Final = 4
_PIECE: Final = 256 * 1024
_QUIET: Final = ("-hide_banner", "-loglevel", "quiet", "-nostdin")
_SOUND_ALONE: Final = ("-map", "0:a:0", "-vn", "-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact")


@dataclass(frozen=True, kw_only=True, slots=True)
class Pcm:
    """16-bit mono samples, little-endian, without a header; `sample_rate` in Hz."""

    samples: bytes = field(repr=False)
    sample_rate: int

    @property
    def seconds(self) -> float:
        """Return how long it plays."""
        return len(self.samples) / 2 / self.sample_rate

    def as_wav(self) -> bytes:
        """Return it as a WAV file."""
        file = io.BytesIO()
        with wave.open(file, "wb") as wav:
            wav.setnchannels(1)
            wav.setsampwidth(2)
            wav.setframerate(self.sample_rate)
            wav.writeframes(self.samples)
        return file.getvalue()


async def decode(
    ffmpeg: str, content: bytes, demuxer: str, *, most_seconds: float, sample_rate: int | None = None
) -> Pcm:
    """Return the sound of a file, of at most its first `most_seconds`, at a rate (Hz) or at its own.

    Raises `FlawedRecording` where there is no sound in it.
    """
    rate = () if sample_rate is None else ("-ar", str(sample_rate))
    wav = await _converted(
        ffmpeg,
        content,
        demuxer,
        ("-t", f"{most_seconds:g}", "-ac", "1", *rate, "-c:a", "pcm_s16le", "-f", "wav"),
    )
    # The header is longer above 48 kHz
    header, _, data = wav.partition(_DATA)
    samples = data[_SIZE_BYTES:]
    if len(samples) < 2:
        raise FlawedRecording(RecordingProblem.NOT_AUDIO)
    return Pcm(samples=samples[: len(samples) // 2 * 2], sample_rate=int.from_bytes(header[_RATE_AT], "little"))


async def as_mp3(ffmpeg: str, pcm: Pcm) -> bytes:
    """Return it as an mp3 file; its bit rate is constant, so that its length can be told from its size."""
    mp3 = ("-c:a", "libmp3lame", "-b:a", "192k", "-f", "mp3", "-id3v2_version", "0", "-write_xing", "0")
    return await _converted(ffmpeg, pcm.as_wav(), "wav", mp3)


async def _converted(ffmpeg: str, content: bytes, demuxer: str, output: tuple[str, ...]) -> bytes:
    """Return what ffmpeg makes of the sound of a file; raises `FlawedRecording` where it cannot run.

    The demuxer is forced and no protocol but that for files is let in, so that a file cannot have ffmpeg open another
    one or an address.
    """
    command = (
        *(ffmpeg, *_QUIET, "-protocol_whitelist", "file", "-f", demuxer, "-i", "file:/dev/stdin"),
        *(*_SOUND_ALONE, *output, "-"),
    )
    loop = asyncio.get_running_loop()
    # Without a name: it is gone with its last handle, however this ends. No pipe, since a phone writes the index of an
    # m4a behind the sound, and ffmpeg has to go back.
    try:
        file = await loop.run_in_executor(None, _unnamed_file, content)
    except OSError:
        raise FlawedRecording(RecordingProblem.NO_CONVERTER) from None
    try:
        return await _run(command, file)
    finally:
        file.close()


async def _run(command: tuple[str, ...], file: IO[bytes]) -> bytes:
    """Return what ffmpeg writes, no more than is allowed; what it says stays unread, since it may quote the file."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=file, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
    except OSError:
        raise FlawedRecording(RecordingProblem.NO_CONVERTER) from None
    output = bytearray()
    assert process.stdout is not None
    try:
        async with asyncio.timeout(DECODING_SECONDS):
            while len(output) <= MAX_PCM_BYTES and (piece := await process.stdout.read(_PIECE)):
                output += piece
    except TimeoutError:
        raise FlawedRecording(RecordingProblem.NOT_AUDIO) from None
    finally:
        if process.returncode is None:
            process.kill()
        # What is still in the pipe has to be taken, or the end of the process is never seen
        await process.communicate()
    if len(output) > MAX_PCM_BYTES:
        raise FlawedRecording(RecordingProblem.TOO_LARGE, most=f"{MAX_PCM_BYTES / 1_000_000:g}")
    return bytes(output)


def _unnamed_file(content: bytes) -> IO[bytes]:
    """Return a file that only this process and ffmpeg can open, at its beginning; blocks."""
    with ExitStack() as stack:
        file = stack.enter_context(tempfile.TemporaryFile())
        file.write(content)
        file.seek(0)
        stack.pop_all()
    return file
