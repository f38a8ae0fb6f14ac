"""Recordings of typical devices: speech in each file type, and unsuitable ones."""

from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
import subprocess
from tempfile import TemporaryDirectory, TemporaryFile
from typing import BinaryIO

import imageio_ffmpeg

from tests.emulator.recorded import spoken

KINDS = {
    "wav": ("-c:a", "pcm_s16le"),
    "mp3": ("-c:a", "libmp3lame", "-b:a", "128k"),
    "flac": ("-c:a", "flac"),
    "aiff": ("-c:a", "pcm_s16be"),
    "m4a": ("-c:a", "aac", "-b:a", "128k"),
    "ogg": ("-c:a", "libvorbis"),
    "opus": ("-c:a", "libopus"),
    "aac": ("-c:a", "aac", "-b:a", "128k"),
    "mp4": ("-c:a", "aac", "-b:a", "128k"),
    "3gp": ("-c:a", "aac", "-b:a", "128k"),
    "qta": ("-c:a", "aac", "-b:a", "128k", "-f", "mov"),
    "webm": ("-c:a", "libopus"),
}
OPUS_KINDS = frozenset({"opus", "webm"})
"""How each kind is encoded, by how its files end."""


@cache
def recorded(kind: str, seconds: float = 6.0, *, rate: int = 44100, channels: int = 1) -> bytes:
    """Return a person who speaks for so long, as a file of a kind."""
    return converted(spoken(seconds), kind, "-ar", str(48000 if kind in OPUS_KINDS else rate), "-ac", str(channels))


@contextmanager
def opened(content: bytes) -> Generator[BinaryIO]:
    """Yield a file that is open to be read, as an upload is."""
    with TemporaryFile() as file:
        file.write(content)
        file.seek(0)
        yield file


def converted(content: bytes, kind: str, *options: str) -> bytes:
    """Return audio as a file type, like a phone: an m4a has its index at the end."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / f"recording.{kind}"
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", "-", *KINDS[kind], *options, str(file)]
        subprocess.run(command, input=content, check=True)
        return file.read_bytes()
