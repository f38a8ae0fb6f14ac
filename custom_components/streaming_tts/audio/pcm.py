"""16-bit mono PCM, little endian: the one form that audio has inside."""

from dataclasses import dataclass, field
import io
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
        """Return how long it plays."""
        return len(self.samples) / (2 * self.channels) / self.sample_rate

    @property
    def wav_bytes(self) -> int:
        """Return how large it is as a WAV file."""
        return len(self.samples) + _WAV_HEADER_BYTES

    def as_wav(self) -> bytes:
        """Return it as a WAV file; blocks."""
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
    """Return whole samples louder or quieter; what is too loud is clipped."""
    return audioop.mul(samples, SAMPLE_BYTES, 10 ** (decibels / 20))


class WholeSamples:
    """Cuts audio anew at whole samples; half a sample at the end is dropped."""

    def __init__(self) -> None:
        """Begin with the first sample."""
        self._carry = b""

    def feed(self, chunk: bytes) -> bytes:
        """Return the samples that are whole with this chunk."""
        chunk = self._carry + chunk if self._carry else chunk
        whole = len(chunk) - len(chunk) % SAMPLE_BYTES
        self._carry = chunk[whole:]
        return chunk[:whole]
