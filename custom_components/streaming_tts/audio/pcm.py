"""16-bit mono PCM, little endian, the internal format; and WAV as input and output."""

from dataclasses import dataclass, field
import io
import struct
from typing import Final
import wave

import audioop

SAMPLE_BYTES: Final = 2
_WAV_HEADER_BYTES: Final = 44


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
        return len(self.samples) + _WAV_HEADER_BYTES

    def as_wav(self) -> bytes:
        """Return the audio as a WAV file; blocks."""
        file = io.BytesIO()
        with wave.open(file, "wb") as wav:
            wav.setnchannels(self.channels)
            wav.setsampwidth(2)
            wav.setframerate(self.sample_rate)
            wav.writeframes(self.samples)
        return file.getvalue()


def silence(seconds: float, sample_rate: int) -> bytes:
    """Return silence of so many seconds, in whole samples."""
    return bytes(int(seconds * sample_rate) * SAMPLE_BYTES)


def amplify(samples: bytes, decibels: float) -> bytes:
    """Return whole samples with another volume, with clipping."""
    return audioop.mul(samples, SAMPLE_BYTES, 10 ** (decibels / 20))


@dataclass(slots=True, eq=False)
class WholeSamples:
    """Splits audio at whole samples; an incomplete sample at the end is dropped."""

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


class WavReader:
    """Parses a WAV file as it arrives: its rate and samples; ignores everything after them.

    `sample_rate` is in Hz, None until the header is complete.
    """

    def __init__(self) -> None:
        """Start before the header."""
        self.sample_rate: int | None = None
        self._head = bytearray()
        self._at = _RIFF_BYTES
        self._rate: int | None = None
        self._left: int | None = None

    def feed(self, piece: bytes) -> bytes:
        """Return the samples in the next chunk; raises `WavError` if it isn't 16-bit mono PCM."""
        if self.sample_rate is not None:
            return self._samples(piece)
        self._head += piece
        start = self._parse()
        if start is None:
            if len(self._head) > MAX_HEADER_BYTES:
                raise WavError
            return b""
        rest = bytes(self._head[start:])
        self._head.clear()
        return self._samples(rest)

    @property
    def whole(self) -> bool:
        """Return True if all samples announced in the header have arrived."""
        return self.sample_rate is not None and not self._left

    def _samples(self, piece: bytes) -> bytes:
        """Return the part of a chunk that is samples."""
        if self._left is None:
            return piece
        samples = piece[: self._left]
        self._left -= len(samples)
        return samples

    def _parse(self) -> int | None:
        """Return the offset of the samples, or None if the header is incomplete; resumes where it stopped."""
        head = self._head
        if head[:4] != b"RIFF"[: len(head)] or head[8:_RIFF_BYTES] != b"WAVE"[: max(0, len(head) - 8)]:
            raise WavError
        while len(head) >= (begin := self._at + _CHUNK_BYTES):
            kind, size = struct.unpack_from("<4sI", head, self._at)
            if kind == b"data":
                if self._rate is None:
                    raise WavError
                self._left = size if 0 < size < _MIN_UNKNOWN_SIZE else None
                self.sample_rate = self._rate
                return begin
            if kind == b"fmt ":
                if len(head) < begin + _FMT_BYTES:
                    return None
                self._rate = _rate_of(head, begin)
            self._at = begin + size + size % 2
        return None


def _rate_of(head: bytearray, at: int) -> int:
    """Return the rate in a format chunk; raises `WavError` unless it's 16-bit mono PCM."""
    tag, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", head, at)
    if tag not in (_PCM, _EXTENSIBLE) or channels != 1 or bits != SAMPLE_BYTES * 8:
        raise WavError
    return int(rate)
