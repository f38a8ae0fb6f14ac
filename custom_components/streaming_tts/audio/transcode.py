"""Makes another form of sound while it arrives: PCM of mp3, mp3 of PCM, another rate.

Home Assistant does that too, with a program for each player that takes 15 ms to start and gathers first: a third of a
second of mp3 before it believes in it, and what LAME keeps for leaner times. This is the same code without the program:
PyAV, which Home Assistant has for its cameras. In threads it takes more than twice the computing, as each frame needs
Python's lock; so it computes in the event loop, a little at a time, and one after the other.
"""

import asyncio
from collections.abc import AsyncGenerator, Generator, Iterator
from contextlib import aclosing, contextmanager, suppress
from dataclasses import dataclass
from typing import Final

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame

from homeassistant.core import HomeAssistant
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN
from ..providers.transport.audio_stream import WavStream
from ..providers.types import AudioFormat, Encoding, Failure, ProviderError
from ..speech.playback_clock import SAMPLE_BYTES, wav_header
from ..speech.resume import LISTENING_RATE
from ..speech.segment_stream import whole_samples
from ..speech.synthesizer import Synthesizer

MAX_AT_ONCE: Final = 4 * 1024
"""Bytes that are worked on before others have their turn: a fifth of a millisecond of computing."""

PORTION: Final = 4 * MAX_AT_ONCE
"""Bytes of which what is made leaves together, since each piece wakes up every player."""

MAX_HEARD_BYTES: Final = 1800 * LISTENING_RATE * SAMPLE_BYTES
"""Half an hour of what is listened to: silence in mp3 takes up next to nothing."""

_TURN: HassKey[asyncio.Lock] = HassKey(f"{DOMAIN}_coder")

_ENCODER: Final = "libmp3lame"
_DECODER: Final = "mp3float"
_LEAN: Final = {"compression_level": "7", "reservoir": "0"}
"""Fast, and nothing is kept for leaner times: each frame can be played without the one before it."""

MAKES_MP3: Final = _ENCODER in av.codecs_available
"""Whether mp3 can be made here; where it was built without, Home Assistant's ffmpeg may still have it."""


class Coding:
    """One sound on its way from one form to another; it computes, and waits for nothing."""

    def __init__(self, source: AudioFormat, target: AudioFormat) -> None:
        """Expect 16-bit mono PCM or frames of mp3, and make the same of it."""
        self._source = source
        self._decoder = _decoder() if source.encoding is Encoding.MP3 else None
        self._encoder = _encoder(target) if target.encoding is Encoding.MP3 else None
        self._resampler = av.AudioResampler(
            format="s16" if self._encoder is None else self._encoder.format,
            layout="mono",
            rate=target.sample_rate,
            frame_size=None if self._encoder is None else self._encoder.frame_size,
        )
        self._fed = self._heard = False

    @property
    def fruitless(self) -> bool:
        """Tell whether something came in which there was no sound."""
        return self._fed and not self._heard

    def feed(self, piece: bytes) -> bytes:
        """Return what is complete with this piece: whole samples or frames; raises BROKEN where it changes its kind."""
        if not piece:
            return b""
        self._fed = True
        with _typed():
            return b"".join(self._made(frame) for frame in self._frames(piece))

    def end(self) -> bytes:
        """Return the rest; raises BROKEN as `feed`."""
        if not self._fed:
            return b""
        with _typed():
            rest = [] if self._decoder is None else [self._made(frame) for frame in self._decoded(None)]
            if self._heard:
                rest.append(self._made(None))
            return b"".join(rest)

    def _frames(self, piece: bytes) -> Iterator[AudioFrame]:
        """Yield the sound of a piece."""
        if self._decoder is not None:
            yield from self._decoded(piece)
            return
        frame = AudioFrame(format="s16", layout="mono", samples=len(piece) // SAMPLE_BYTES)
        frame.sample_rate = self._source.sample_rate
        frame.planes[0].update(piece)
        self._heard = True
        yield frame

    def _decoded(self, piece: bytes | None) -> Iterator[AudioFrame]:
        """Yield the sound of frames, without those that have none; None is the end."""
        assert self._decoder is not None
        ended = [] if piece is not None else [None]
        for packet in [*self._decoder.parse(piece), *ended]:
            with suppress(av.FFmpegError):
                for frame in self._decoder.decode(packet):
                    self._heard = True
                    yield frame

    def _made(self, frame: AudioFrame | None) -> bytes:
        """Return the other form of a frame; of None, which is the end, the rest."""
        frames = self._resampler.resample(frame)
        if self._encoder is None:
            return b"".join(bytes(each.planes[0])[: each.samples * SAMPLE_BYTES] for each in frames)
        for each in frames:
            each.pts = None
        ended = [] if frame is not None else [None]
        return b"".join(bytes(packet) for each in [*frames, *ended] for packet in self._encoder.encode(each))


@contextmanager
def _typed() -> Generator[None]:
    """Type what PyAV makes of sound that it can't go on with, such as one that becomes stereo."""
    try:
        yield
    except av.FFmpegError, ValueError:
        raise ProviderError(Failure.BROKEN, code="converter") from None


def _portions(sound: bytes, size: int) -> Iterator[bytes]:
    return (sound[begin : begin + size] for begin in range(0, len(sound), size))


def _decoder() -> AudioCodecContext:
    decoder = av.CodecContext.create(_DECODER, "r")
    assert isinstance(decoder, AudioCodecContext)
    return decoder


def _encoder(target: AudioFormat) -> AudioCodecContext:
    encoder = av.CodecContext.create(_ENCODER, "w")
    assert isinstance(encoder, AudioCodecContext)
    encoder.sample_rate = target.sample_rate
    encoder.layout = "mono"
    encoder.format = "s16p"
    encoder.bit_rate = target.bit_rate
    encoder.options = _LEAN
    encoder.open()
    return encoder


@dataclass(frozen=True, kw_only=True, slots=True)
class Transcoder:
    """Makes one form of sound of another."""

    hass: HomeAssistant
    source: AudioFormat
    target: AudioFormat

    async def code(self, sound: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
        """Yield what is made of a sound, which is closed with it; what came before it broke off is yielded, then it raises.

        Raises `ProviderError`: BROKEN where nothing can be made of the sound.
        """
        coding = Coding(self.source, self.target)
        failure: Exception | None = None
        async with aclosing(sound):
            try:
                async for chunk in whole_samples(sound) if self.source.encoding is Encoding.PCM else sound:
                    for portion in _portions(chunk, PORTION):
                        if made := b"".join(
                            [await self._fed(coding, piece) for piece in _portions(portion, MAX_AT_ONCE)]
                        ):
                            yield made
            except Exception as error:  # noqa: BLE001 - raised below, once the listener has what came before
                failure = error
        try:
            rest = coding.end()
        except ProviderError as error:
            failure, rest = failure or error, b""
        if rest:
            yield rest
        if failure is not None:
            raise failure
        if coding.fruitless:
            raise ProviderError(Failure.BROKEN, code="converter")

    async def _fed(self, coding: Coding, piece: bytes) -> bytes:
        async with self.hass.data.setdefault(_TURN, asyncio.Lock()):
            made = coding.feed(piece)
            await asyncio.sleep(0)
        return made


class TranscodedAudio:
    """A speaker whose sound is made of another form of it, as it arrives."""

    def __init__(self, speaker: Synthesizer, coder: Transcoder) -> None:
        """Let a speaker be heard in the form that a coder makes of it."""
        self._speaker = speaker
        self._coder = coder
        self.audio_format = coder.target

    async def speak(self, text: str, deadline: float) -> AsyncGenerator[bytes]:
        """Yield the sound of a text, as `Synthesizer.speak`."""
        async with aclosing(self._coder.code(self._speaker.speak(text, deadline))) as sound:
            async for chunk in sound:
                yield chunk


async def listen(mp3: bytes) -> bytes:
    """Return what is heard of mp3 that broke off, as PCM at `LISTENING_RATE`; of a very long one the beginning."""
    return await asyncio.to_thread(_listen, mp3)


def _listen(mp3: bytes) -> bytes:
    coding = Coding(
        AudioFormat(encoding=Encoding.MP3, sample_rate=LISTENING_RATE),
        AudioFormat(encoding=Encoding.PCM, sample_rate=LISTENING_RATE),
    )
    heard = bytearray()
    with suppress(ProviderError):
        for piece in _portions(mp3, MAX_AT_ONCE):
            heard += coding.feed(piece)
            if len(heard) > MAX_HEARD_BYTES:
                break
        heard += coding.end()
    return bytes(heard)


async def recoded(sound: AsyncGenerator[bytes], coder: Transcoder) -> AsyncGenerator[bytes]:
    """Yield another form of a sound: a WAV or mp3 of what comes as a WAV or mp3; see `Coder.code`."""
    header = wav_header(coder.target.sample_rate) if coder.target.encoding is Encoding.PCM else b""
    async with aclosing(coder.code(_bare(sound, coder.source))) as coded:
        async for piece in coded:
            yield header + piece if header else piece
            header = b""


async def _bare(sound: AsyncGenerator[bytes], audio_format: AudioFormat) -> AsyncGenerator[bytes]:
    """Yield what of a sound are samples or frames."""
    wav = WavStream()
    async with aclosing(sound):
        async for chunk in sound:
            bare = wav.feed(chunk) if audio_format.encoding is Encoding.PCM else chunk
            if bare:
                yield bare
