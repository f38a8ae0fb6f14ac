"""What has been handed out and what is left to play: header, lead-in, silence, gain."""

from array import array
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import ceil
import struct
import sys

from ..audio.mpeg import Frame
from ..providers.types import AudioFormat, Encoding

SAMPLE_BYTES = 2
UNKNOWN_SIZE = 0xFFFFFFFF
"""The data size of a WAV whose end is not known yet; Home Assistant passes such a stream on without ffmpeg."""

_HEADER_BYTES_BEHIND_SIZE = 36

DEFAULT_MP3_BIT_RATE = 128_000
"""What an mp3 is taken to have whose bit rate was left to the provider, in bit/s."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sound:
    """What is added to a voice: silence before the first word in s, and gain in dB."""

    lead_in: float = 0.0
    gain: float = 0.0

    @property
    def amplifies(self) -> bool:
        """Tell whether each sample is changed, which only PCM allows."""
        return self.gain != 0


def wav_header(sample_rate: int, size: int | None = None) -> bytes:
    """Return the header of a WAV: 16-bit mono PCM of so many bytes, None where that is not known yet; 44 bytes."""
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        UNKNOWN_SIZE if size is None else size + _HEADER_BYTES_BEHIND_SIZE,
        b"WAVE",
        b"fmt ",
        16,
        1,
        1,
        sample_rate,
        sample_rate * SAMPLE_BYTES,
        SAMPLE_BYTES,
        8 * SAMPLE_BYTES,
        b"data",
        UNKNOWN_SIZE if size is None else size,
    )


def duration(audio_format: AudioFormat, size: int) -> float:
    """Return how many seconds so many bytes of sound are."""
    if audio_format.encoding is Encoding.PCM:
        return size / (audio_format.sample_rate * SAMPLE_BYTES)
    return size * 8 / (audio_format.bit_rate or DEFAULT_MP3_BIT_RATE)


class PlaybackClock:
    """The place where a real-time player is, modelled on a clock: Home Assistant pulls ahead and tells no position."""

    def __init__(self, audio_format: AudioFormat, sound: Sound, clock: Callable[[], float]) -> None:
        """Start with nothing handed out; `clock` is in seconds and may be any monotonic one."""
        self.audio_format = audio_format
        self._sound = sound
        self._clock = clock
        self._ends_at = 0.0
        self._loudness = _gain_table(sound.gain) if sound.amplifies and self.is_pcm else None
        self._frame: Frame | None = None
        self.started = False
        self.headed = not self.is_pcm

    @property
    def is_pcm(self) -> bool:
        """Tell whether the sound is PCM, which has a header and can be made louder."""
        return self.audio_format.encoding is Encoding.PCM

    @property
    def ahead(self) -> float:
        """Return how many seconds of sound a real-time player still has."""
        return max(0.0, self._ends_at - self._clock())

    def header(self) -> bytes:
        """Return the header, which is then not handed out with the first sound."""
        self.headed = True
        return wav_header(self.audio_format.sample_rate)

    def play(self, chunk: bytes) -> bytes:
        """Return a piece of sound (whole samples or frames) as it leaves: behind header and lead-in if it is the first."""
        if not self.is_pcm:
            self._frame = Frame.at(chunk, 0) or self._frame
        elif self._loudness is not None:
            chunk = _amplify(chunk, self._loudness)
        return self._opening() + self._out(chunk)

    def pause(self, seconds: float) -> bytes:
        """Return silence for a player that would run dry; whole samples or frames."""
        return self._out(self._silence(seconds))

    def _opening(self) -> bytes:
        if self.started:
            return b""
        self.started = True
        header = b"" if self.headed else self.header()
        return header + self._out(self._silence(self._sound.lead_in))

    def _silence(self, seconds: float) -> bytes:
        if not self.is_pcm:
            return b"" if self._frame is None else self._frame.silent * ceil(seconds / self._frame.seconds)
        return bytes(int(seconds * self.audio_format.sample_rate) * SAMPLE_BYTES)

    def _out(self, sound: bytes) -> bytes:
        self._ends_at = max(self._ends_at, self._clock()) + duration(self.audio_format, len(sound))
        return sound


@lru_cache(maxsize=8)
def _gain_table(decibels: float) -> array[int]:
    """Return the amplified, clipped value of each 16-bit sample, indexed by the sample as an unsigned number."""
    factor = 10 ** (decibels / 20)
    signed = (*range(32768), *range(-32768, 0))
    return array("h", (max(-32768, min(32767, round(sample * factor))) for sample in signed))


def _amplify(chunk: bytes, table: array[int]) -> bytes:
    samples = array("H", chunk)
    if sys.byteorder == "big":
        samples.byteswap()
    louder = array("h", [table[sample] for sample in samples])
    if sys.byteorder == "big":
        louder.byteswap()
    return louder.tobytes()
