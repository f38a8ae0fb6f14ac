"""16-bit mono PCM, little endian, the internal format; and WAV as input and output."""

from collections.abc import Iterator
from dataclasses import dataclass, field
import struct
from typing import Final

import audioop

SAMPLE_BYTES: Final = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Pcm:
    """16-bit samples, little-endian, interleaved, without a header; `sample_rate` in Hz."""

    samples: memoryview = field(repr=False)
    sample_rate: int
    channels: int = 1

    @property
    def seconds(self) -> float:
        """Return the duration in s."""
        return len(self.samples) / (2 * self.channels) / self.sample_rate

    @property
    def wav_bytes(self) -> int:
        """Return the size as a WAV file in bytes."""
        return len(self.samples) + WAV_HEADER_BYTES

    def as_wav(self) -> bytes:
        """Return the audio as a WAV file; blocks."""
        return wav_header(self.sample_rate, len(self.samples), channels=self.channels) + self.samples


def silence(seconds: float, sample_rate: int) -> bytes:
    """Return silence of so many seconds, in whole samples."""
    return bytes(int(seconds * sample_rate) * SAMPLE_BYTES)


def amplify(samples: bytes, decibels: float) -> bytes:
    """Return whole samples at another volume; they may clip."""
    return audioop.mul(samples, SAMPLE_BYTES, 10 ** (decibels / 20))


@dataclass(slots=True, eq=False)
class WholeSamples:
    """Splits audio at sample boundaries; an incomplete sample at the end is dropped."""

    carry: bytes = b""

    def feed(self, chunk: bytes) -> bytes:
        """Return the samples that are complete with this chunk."""
        chunk = self.carry + chunk if self.carry else chunk
        whole = len(chunk) - len(chunk) % SAMPLE_BYTES
        self.carry = chunk[whole:]
        return chunk[:whole]


UNKNOWN_SIZE: Final = 0xFFFFFFFF
"""The data size of a WAV of unknown length; Home Assistant passes such a stream on without FFmpeg."""

MAX_HEADER_BYTES: Final = 64 * 1024
"""Maximum bytes of a WAV file before its samples."""

WAV_HEADER_BYTES: Final = 44
"""Bytes of our WAV header."""

_HEADER_BYTES_BEHIND_SIZE: Final = WAV_HEADER_BYTES - 8
_RIFF_BYTES: Final = 12
_CHUNK_BYTES: Final = 8
_FIRST_CHUNK: Final = _RIFF_BYTES + _CHUNK_BYTES
_FMT_BYTES: Final = 16
_PCM: Final = 1
_EXTENSIBLE: Final = 0xFFFE
_MIN_UNKNOWN_SIZE: Final = 0x7FFF0000
"""Streaming encoders write 0 or at least this for an unknown size."""


class WavError(ValueError):
    """A file isn't a WAV of 16-bit mono PCM."""


def wav_header(
    sample_rate: int, size: int | None = None, *, channels: int = 1, sample_bytes: int = SAMPLE_BYTES
) -> bytes:
    """Return the WAV header for a number of bytes, or None if it's unknown; 44 bytes."""
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        UNKNOWN_SIZE if size is None else size + _HEADER_BYTES_BEHIND_SIZE,
        b"WAVE",
        b"fmt ",
        _FMT_BYTES,
        _PCM,
        channels,
        sample_rate,
        sample_rate * channels * sample_bytes,
        channels * sample_bytes,
        8 * sample_bytes,
        b"data",
        UNKNOWN_SIZE if size is None else size,
    )


def wav_chunks(file: bytes | bytearray, begin: int = _FIRST_CHUNK) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, offset and size of the chunks of a WAV file up to its samples, as far as the file has arrived.

    The first one has the offset `begin`. Raises `WavError` if it's another file.
    """
    if file[:4] != b"RIFF"[: len(file)] or file[8:_RIFF_BYTES] != b"WAVE"[: max(0, len(file) - 8)]:
        raise WavError
    name = b""
    while name != b"data" and begin <= len(file):
        name, size = struct.unpack_from("<4sI", file, begin - _CHUNK_BYTES)
        yield name, begin, size
        begin += size + size % 2 + _CHUNK_BYTES


@dataclass(slots=True, eq=False)
class WavReader:
    """Parses a WAV file as it arrives: its rate and samples; ignores everything after them.

    `sample_rate` is in Hz, None until the header is complete.
    """

    sample_rate: int | None = field(default=None, init=False)
    _head: bytearray = field(default_factory=bytearray, init=False)
    _left: int | None = field(default=None, init=False)
    _rate: int | None = field(default=None, init=False)
    _begin: int = field(default=_FIRST_CHUNK, init=False)

    def feed(self, piece: bytes) -> bytes:
        """Return the samples in the next chunk; raises `WavError` if it isn't 16-bit mono PCM."""
        if self.sample_rate is None:
            self._head += piece
            if (begin := self._parse()) is None:
                if len(self._head) > MAX_HEADER_BYTES:
                    raise WavError
                return b""
            piece = bytes(self._head[begin:])
            self._head.clear()
        if self._left is not None:
            piece = piece[: self._left]
            self._left -= len(piece)
        return piece

    @property
    def whole(self) -> bool:
        """Return True if all samples announced in the header have arrived."""
        return self.sample_rate is not None and not self._left

    def _parse(self) -> int | None:
        """Return the offset of the samples, or None if the header is incomplete; resumes where it stopped."""
        for name, begin, size in wav_chunks(self._head, self._begin):
            self._begin = begin
            if name == b"fmt ":
                if len(self._head) < begin + _FMT_BYTES:
                    return None
                tag, channels, self._rate, _, _, bits = struct.unpack_from("<HHIIHH", self._head, begin)
                if tag not in (_PCM, _EXTENSIBLE) or channels != 1 or bits != SAMPLE_BYTES * 8:
                    raise WavError
            elif name == b"data":
                if self._rate is None:
                    raise WavError
                self._left = size if 0 < size < _MIN_UNKNOWN_SIZE else None
                self.sample_rate = self._rate
                return begin
        return None
