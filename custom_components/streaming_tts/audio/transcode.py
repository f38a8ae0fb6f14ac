"""The output stage: convert 16-bit mono PCM to the format of a player as it arrives.

The level is applied (gain, limiter), then samples are resampled and encoded. Home Assistant could convert as well, with
an FFmpeg process for each player that takes 15 ms to start and buffers. PyAV is the same code in this process. Threads
take more than twice the CPU time, because each frame needs Python's lock; so it runs in the event loop, in small steps,
one stream after the other.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Final, Protocol

import audioop
import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame

from .level import Level, LeveledAudio, Leveler, frame_of, samples_of
from .pcm import SAMPLE_BYTES, silence, wav_header

MAX_BYTES_AT_ONCE: Final = 4 * 1024
"""Input per step before other tasks run: a fifth of a millisecond of CPU time."""

MAX_PORTION_BYTES: Final = 4 * MAX_BYTES_AT_ONCE
"""Input whose output is sent as one chunk, because each chunk wakes up every player."""

MIN_SAMPLE_RATE: Final = 4000
MAX_SAMPLE_RATE: Final = 192_000
DEFAULT_MP3_KBITS: Final = 128
DEFAULT_MP3_RATE: Final = 48000
"""The encoder holds back 48 ms of audio at 48 kHz, but 100 ms at 24 kHz."""

_MPEG_1: Final = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_MPEG_2: Final = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_MPEG_25: Final = (8, 16, 24, 32, 40, 48, 56, 64)
MP3_KBITS: Final = {
    **dict.fromkeys((32000, 44100, 48000), _MPEG_1),
    **dict.fromkeys((16000, 22050, 24000), _MPEG_2),
    **dict.fromkeys((8000, 11025, 12000), _MPEG_25),
}
"""Bit rates of MP3 in kbit/s by sample rate in Hz."""

_MP3_OPTIONS: Final = {"compression_level": "7", "reservoir": "0"}
"""Fast, and without a bit reservoir: each frame can be decoded alone."""

_FLAC_FRAMES_PER_SECOND: Final = 50
"""The encoder's default is 4,608 samples per frame. Half the length takes 1.5 times the CPU time."""

_FLAC_LEVEL: Final = "0"
"""A third larger than by default, for a fifth less CPU time."""

_FLAC_STREAMINFO_IS_LAST: Final = b"\x80"


class TranscodeError(Exception):
    """The encoder failed; its output is incomplete."""


class Container(StrEnum):
    """The supported file types; the value is the extension."""

    WAV = "wav"
    MP3 = "mp3"
    FLAC = "flac"


_CODECS: Final = {Container.MP3: "libmp3lame", Container.FLAC: "flac"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Output:
    """The format for a player. `sample_bytes` is per channel and doesn't apply to MP3, `kbits` only applies to MP3."""

    container: Container
    sample_rate: int
    channels: int = 1
    sample_bytes: int = SAMPLE_BYTES
    kbits: int = DEFAULT_MP3_KBITS

    @property
    def is_makeable(self) -> bool:
        """Return True if exactly this format is supported."""
        if self.channels not in (1, 2) or _CODECS.get(self.container, "flac") not in av.codecs_available:
            return False
        if self.container is Container.MP3:
            return self.kbits in MP3_KBITS.get(self.sample_rate, ())
        widths = (1, 2, 3, 4) if self.container is Container.WAV else (SAMPLE_BYTES,)
        return MIN_SAMPLE_RATE <= self.sample_rate <= MAX_SAMPLE_RATE and self.sample_bytes in widths


class _Encoder(Protocol):
    def encode(self, samples: bytes | None) -> bytes:
        """Return the complete output for more samples, or the rest at the end (None)."""


class Transcoder:
    """One audio stream for a player; uses CPU time, and never waits."""

    def __init__(self, sample_rate: int, output: Output) -> None:
        """Set the rate in Hz of 16-bit mono PCM."""
        self._leveler = Leveler(sample_rate)
        self._resampler = _Resampler(sample_rate, output.sample_rate) if sample_rate != output.sample_rate else None
        self._encoder: _Encoder
        self._header: bytes | None
        if output.container is Container.WAV:
            self._encoder = _WavEncoder(output)
            self._header = wav_header(output.sample_rate, channels=output.channels, sample_bytes=output.sample_bytes)
        else:
            codec = _codec(output)
            self._encoder = _CodecEncoder(codec)
            self._header = _flac_header(codec) if output.container is Container.FLAC else b""

    def feed(self, audio: LeveledAudio | None) -> bytes:
        """Return the complete output for more audio, starting with the header, or the rest at the end (None).

        The output is empty if there was no audio at all. Raises `TranscodeError`.
        """
        is_end = audio is None
        if is_end and self._header is not None:
            return b""
        header, self._header = self._header or b"", None
        try:
            samples = self._leveler.feed(audio)
            if self._resampler is not None:
                samples = self._resampler.feed(samples, is_end=is_end)
            made = self._encoder.encode(samples) if samples else b""
            return header + made + (self._encoder.encode(None) if is_end else b"")
        except (av.FFmpegError, audioop.error, ValueError) as error:
            raise TranscodeError(type(error).__name__) from None


class _Resampler:
    """Resamples 16-bit mono PCM to the same duration, rounded up to a whole sample."""

    def __init__(self, source: int, target: int) -> None:
        self._source = source
        self._target = target
        self._resampler = av.AudioResampler(format="s16", layout="mono", rate=target)
        self._taken = self._made = 0

    def feed(self, samples: bytes, *, is_end: bool) -> bytes:
        frames: list[AudioFrame | None] = [frame_of(samples, self._source)] if samples else []
        self._taken += len(samples) // SAMPLE_BYTES
        if is_end and self._taken:
            frames.append(None)
        made = b"".join(samples_of(self._resampler.resample(frame)) for frame in frames)
        if is_end:
            size = (-(-self._taken * self._target // self._source) - self._made) * SAMPLE_BYTES
            return made[:size].ljust(size, b"\0")
        self._made += len(made) // SAMPLE_BYTES
        return made


@dataclass(slots=True, eq=False)
class _WavEncoder:
    """Writes PCM with another width or more channels; 8 bits are unsigned, as in WAV."""

    output: Output

    def encode(self, samples: bytes | None) -> bytes:
        samples, width = samples or b"", self.output.sample_bytes
        if self.output.channels == 2:
            samples = audioop.tostereo(samples, SAMPLE_BYTES, 1, 1)
        if width != SAMPLE_BYTES:
            samples = audioop.lin2lin(samples, SAMPLE_BYTES, width)
        return audioop.bias(samples, 1, 128) if width == 1 else samples


@dataclass(slots=True, eq=False)
class _CodecEncoder:
    """Writes MP3 or FLAC, frame by frame."""

    codec: AudioCodecContext
    _samples: bytearray = field(default_factory=bytearray, init=False)

    def encode(self, samples: bytes | None) -> bytes:
        codec, is_end = self.codec, samples is None
        self._samples += samples or b""
        size = codec.frame_size * SAMPLE_BYTES
        whole = len(self._samples) - (0 if is_end else len(self._samples) % size)
        pieces = [bytes(self._samples[at : min(at + size, whole)]) for at in range(0, whole, size)]
        del self._samples[:whole]
        frames: list[AudioFrame | None] = [
            frame_of(piece, codec.sample_rate, codec.format.name, codec.layout.name) for piece in pieces
        ]
        if is_end:
            frames.append(None)
        return b"".join(bytes(packet) for frame in frames for packet in codec.encode(frame))


def _codec(output: Output) -> AudioCodecContext:
    codec = av.CodecContext.create(_CODECS[output.container], "w")
    assert isinstance(codec, AudioCodecContext)
    codec.sample_rate = output.sample_rate
    codec.layout = "mono" if output.channels == 1 else "stereo"
    if output.container is Container.MP3:
        codec.format = "s16p"
        codec.bit_rate = output.kbits * 1000
        codec.options = _MP3_OPTIONS
    else:
        codec.format = "s16"
        samples = output.sample_rate // _FLAC_FRAMES_PER_SECOND
        codec.options = {"frame_size": str(samples), "compression_level": _FLAC_LEVEL}
    codec.open()
    return codec


def _flac_header(codec: AudioCodecContext) -> bytes:
    """Return the header of a FLAC stream without a length; it's available before any audio."""
    streaminfo = codec.extradata
    if streaminfo is None:
        raise TranscodeError("flac")
    return b"fLaC" + _FLAC_STREAMINFO_IS_LAST + len(streaminfo).to_bytes(3) + streaminfo


@cache
def warm() -> None:
    """Load everything for a first stream, which takes up to 0.2 s; blocks."""
    for container in Container:
        output = Output(container=container, sample_rate=48000)
        if output.is_makeable:
            transcoder = Transcoder(24000, output)
            loud = Level(gain=1.0, note=lambda _blocks: None)
            transcoder.feed(LeveledAudio(samples=silence(0.1, 24000), level=loud))
            transcoder.feed(None)


async def transcode(
    audio: AsyncGenerator[LeveledAudio], make: Callable[[], Transcoder], turn: asyncio.Lock
) -> AsyncGenerator[bytes]:
    """Yield the converted audio; an empty chunk sends the header. Closes `audio` at the end.

    If the audio fails, its output so far is yielded, then the error is raised; so is `TranscodeError`. The caller holds
    the `turn` while it runs, also while the transcoder is made: FFmpeg's FLAC encoder fills 7 MB with zeros, which
    takes 4 ms.
    """
    failure: Exception | None = None
    async with aclosing(audio):
        await turn.acquire()
        try:
            transcoder = make()
        finally:
            # Released later, so that the event loop gets to other things before the next one is made
            asyncio.get_running_loop().call_soon(turn.release)
        try:
            async for chunk in audio:
                made, size = b"", len(chunk.samples)
                for end in range(MAX_BYTES_AT_ONCE, max(1, size) + MAX_BYTES_AT_ONCE, MAX_BYTES_AT_ONCE):
                    async with turn:
                        part = LeveledAudio(chunk.samples[end - MAX_BYTES_AT_ONCE : end], chunk.level)
                        made += transcoder.feed(part)
                        await asyncio.sleep(0)
                    if made and (end >= size or end % MAX_PORTION_BYTES == 0):
                        yield made
                        made = b""
        except TranscodeError:
            raise
        except Exception as error:  # noqa: BLE001 - raised below, after the audio so far was yielded
            failure = error
    try:
        rest = transcoder.feed(None)
    except TranscodeError as error:
        failure, rest = failure or error, b""
    if rest:
        yield rest
    if failure is not None:
        raise failure
