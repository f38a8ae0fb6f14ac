"""Makes another form of sound while it arrives, with Home Assistant's ffmpeg: PCM of mp3, mp3 of PCM, another rate.

Home Assistant does that too, but gathers first: a third of a second of mp3 before it believes in it, and what LAME keeps
for leaner times; and it starts a program for each player at the same moment. 2026.10 gathers 64 KiB besides.
"""

import asyncio
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass

from homeassistant.components.ffmpeg import get_ffmpeg_manager
from homeassistant.core import HomeAssistant
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN
from ..providers.base import AudioFormat, Encoding, Failure, ProviderError
from ..providers.sound import WavStream
from ..recordings.decoder import decode
from ..recordings.flaws import FlawedRecording
from ..speech.delivery import happens
from ..speech.perform import HEAD_START
from ..speech.playhead import wav_header
from ..speech.position import LISTENING_RATE
from ..speech.speaker import Speaker

PIECE = 4096
"""Bytes that are taken from ffmpeg at once."""

MOST_SECONDS = 1800.0
"""Seconds of mp3 that are listened to."""

_STARTING: HassKey[asyncio.Lock] = HassKey(f"{DOMAIN}_coder")

_AT_ONCE = ("-probesize", "32")
"""The least that ffmpeg reads before it begins."""

_LEAN = ("-c:a", "libmp3lame", "-compression_level", "7", "-reservoir", "0")
"""Nothing is kept for leaner times."""

_BARE = ("-write_xing", "0", "-id3v2_version", "0", "-flush_packets", "1")
"""Frames alone, each as soon as it is there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Coder:
    """Makes one form of sound of another."""

    hass: HomeAssistant
    source: AudioFormat
    target: AudioFormat

    async def code(self, sound: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
        """Yield what is made of a sound, which is closed with it; what came before it broke off is yielded, then it raises.

        Raises `ProviderError`: SERVER where there is no ffmpeg, BROKEN where it can make nothing of the sound.
        """
        arrived = asyncio.Event()
        started: asyncio.Future[Process] = self.hass.loop.create_future()
        feeding = asyncio.create_task(_feed(sound, arrived, started), name="sound to be coded")
        try:
            await happens(arrived, HEAD_START)
            if not feeding.done():
                async with self._ffmpeg() as process:
                    started.set_result(process)
                    assert process.stdout is not None
                    while piece := await process.stdout.read(PIECE):
                        yield piece
                    failed = await process.wait() != 0
                    if not feeding.done() or (failed and feeding.exception() is None):
                        raise ProviderError(Failure.BROKEN, code="converter")
            await feeding
        finally:
            feeding.cancel()
            await asyncio.gather(feeding, return_exceptions=True)

    @asynccontextmanager
    async def _ffmpeg(self) -> AsyncGenerator[Process]:
        """Run ffmpeg, which ends with the context; one is started after the other, since each holds the event loop up."""
        command = (get_ffmpeg_manager(self.hass).binary, "-hide_banner", "-loglevel", "quiet", "-nostdin", *_AT_ONCE)
        async with self.hass.data.setdefault(_STARTING, asyncio.Lock()):
            try:
                process = await asyncio.create_subprocess_exec(
                    *(*command, *_read(self.source), "-i", "pipe:0", *_written(self.target), "pipe:1"),
                    stdin=PIPE,
                    stdout=PIPE,
                    stderr=DEVNULL,
                )
            except OSError:
                raise ProviderError(Failure.SERVER, code="no_converter") from None
        try:
            yield process
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
            # What is still in the pipe has to be taken, or its end is never seen
            with suppress(ConnectionError):
                await process.communicate()


async def _feed(sound: AsyncGenerator[bytes], arrived: asyncio.Event, started: asyncio.Future[Process]) -> None:
    """Let ffmpeg have the sound, once it has started, and know its end."""
    try:
        async with aclosing(sound):
            async for chunk in sound:
                arrived.set()
                stdin = (await asyncio.shield(started)).stdin
                assert stdin is not None
                stdin.write(chunk)
                await stdin.drain()
    except ConnectionError:
        # It has ended by itself, which its status tells
        pass
    finally:
        arrived.set()
        if started.done() and not started.cancelled() and (stdin := started.result().stdin) is not None:
            stdin.close()


def _read(audio_format: AudioFormat) -> tuple[str, ...]:
    """Return how ffmpeg is told what comes."""
    if audio_format.encoding is Encoding.MP3:
        return ("-f", "mp3")
    return ("-f", "s16le", "-ar", str(audio_format.sample_rate), "-ac", "1")


def _written(audio_format: AudioFormat) -> tuple[str, ...]:
    """Return how ffmpeg is told what is wanted."""
    form = ("-map", "0:a:0", "-ac", "1", "-ar", str(audio_format.sample_rate))
    if audio_format.encoding is Encoding.PCM:
        return (*form, "-f", "s16le")
    return (*form, *_LEAN, "-b:a", str(audio_format.bit_rate), *_BARE, "-f", "mp3")


class Coded:
    """A speaker whose sound is made of another form of it, as it arrives."""

    def __init__(self, speaker: Speaker, coder: Coder) -> None:
        """Let a speaker be heard in the form that a coder makes of it."""
        self._speaker = speaker
        self._coder = coder
        self.audio_format = coder.target

    async def speak(self, text: str, deadline: float) -> AsyncGenerator[bytes]:
        """Yield the sound of a text, as `Speaker.speak`."""
        async with aclosing(self._coder.code(self._speaker.speak(text, deadline))) as sound:
            async for chunk in sound:
                yield chunk


async def listen(hass: HomeAssistant, mp3: bytes) -> bytes:
    """Return what is heard of mp3 that broke off, as PCM at `LISTENING_RATE`; nothing where there is no ffmpeg."""
    ffmpeg = get_ffmpeg_manager(hass).binary
    try:
        return (await decode(ffmpeg, mp3, "mp3", most_seconds=MOST_SECONDS, sample_rate=LISTENING_RATE)).samples
    except FlawedRecording:
        return b""


async def recoded(sound: AsyncGenerator[bytes], coder: Coder) -> AsyncGenerator[bytes]:
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
