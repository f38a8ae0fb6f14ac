"""Sound is made of another form of it while it arrives, whole or up to where it broke off, and no program is left."""

from array import array
import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

import imageio_ffmpeg
import pytest

from custom_components.streaming_tts.providers.base import AudioFormat, Encoding, Failure, ProviderError
from custom_components.streaming_tts.utterances.coder import Coder, listen
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from tests.emulator.codec import Container, decode, encode
from tests.emulator.sound import Sound, tone

TEXT = "Dinner is ready. Please come to the table."
PCM_24000 = AudioFormat(encoding=Encoding.PCM, sample_rate=24000)
PCM_16000 = AudioFormat(encoding=Encoding.PCM, sample_rate=16000)
MP3 = AudioFormat(encoding=Encoding.MP3, sample_rate=24000, bit_rate=128000)
SAMPLES = tone(TEXT, 24000)
FRAMES = encode(Sound(pcm=SAMPLES, sample_rate=24000), Container.MP3)


async def with_program(hass: HomeAssistant, program: str) -> None:
    """Have Home Assistant take a program for ffmpeg."""
    assert await async_setup_component(hass, "ffmpeg", {"ffmpeg": {"ffmpeg_bin": program}})


@pytest.fixture
async def ffmpeg(hass: HomeAssistant) -> None:
    """Have Home Assistant know the real one."""
    await with_program(hass, imageio_ffmpeg.get_ffmpeg_exe())


class Source:
    """Sound that comes in pieces, may break off, and knows whether it was closed."""

    def __init__(self, sound: bytes, *, error: Exception | None = None, waits: bool = False) -> None:
        """Have a sound."""
        self._sound = sound
        self._error = error
        self._waits = waits
        self.closed = False

    async def pieces(self) -> AsyncGenerator[bytes]:
        """Yield it."""
        try:
            for begin in range(0, len(self._sound), 1000):
                yield self._sound[begin : begin + 1000]
            if self._waits:
                await asyncio.Event().wait()
            if self._error is not None:
                raise self._error
        finally:
            self.closed = True


async def coded(coder: Coder, source: Source, heard: list[bytes] | None = None) -> bytes:
    """Return all that a coder makes of a sound, and let be heard what it is before that breaks off."""
    pieces = [] if heard is None else heard
    async for piece in coder.code(source.pieces()):
        pieces.append(piece)
    return b"".join(pieces)


def loudness(samples: bytes) -> float:
    """Return how loud samples are on the whole."""
    values = array("h", samples)
    return float(sum(value**2 for value in values) / len(values))


@pytest.mark.usefixtures("ffmpeg")
@pytest.mark.parametrize(
    ("given", "wanted"), [(PCM_24000, MP3), (MP3, PCM_24000), (MP3, PCM_16000), (PCM_24000, PCM_16000)]
)
async def test_all_of_a_sound_is_heard_in_the_other_form(
    hass: HomeAssistant, given: AudioFormat, wanted: AudioFormat
) -> None:
    """As long and as loud as before."""
    source = Source(SAMPLES if given.encoding is Encoding.PCM else FRAMES)
    sound = await coded(Coder(hass=hass, source=given, target=wanted), source)
    heard = sound if wanted.encoding is Encoding.PCM else decode(sound, 24000).pcm
    assert len(heard) / 2 / wanted.sample_rate == pytest.approx(len(SAMPLES) / 48000, abs=0.1)
    assert loudness(heard) == pytest.approx(loudness(SAMPLES), rel=0.2)
    assert source.closed


@pytest.mark.usefixtures("ffmpeg")
async def test_what_came_before_a_break_is_heard_before_it_is_told(hass: HomeAssistant) -> None:
    """Nothing of it is lost in the program."""
    source = Source(SAMPLES, error=ProviderError(Failure.BROKEN, code="break"))
    heard: list[bytes] = []
    with pytest.raises(ProviderError) as caught:
        await coded(Coder(hass=hass, source=PCM_24000, target=MP3), source, heard)
    assert caught.value.code == "break"
    assert decode(b"".join(heard), 24000).duration == pytest.approx(len(SAMPLES) / 48000, abs=0.1)


@pytest.mark.usefixtures("ffmpeg")
async def test_what_breaks_before_it_sounds_starts_nothing(hass: HomeAssistant) -> None:
    """The failure is that of the sound."""
    source = Source(b"", error=ProviderError(Failure.QUOTA))
    with pytest.raises(ProviderError) as caught:
        await coded(Coder(hass=hass, source=PCM_24000, target=MP3), source)
    assert caught.value.failure is Failure.QUOTA


@pytest.mark.usefixtures("ffmpeg")
async def test_no_sound_makes_no_sound(hass: HomeAssistant) -> None:
    """And no failure."""
    assert await coded(Coder(hass=hass, source=PCM_24000, target=MP3), Source(b"")) == b""


@pytest.mark.usefixtures("ffmpeg")
async def test_of_what_is_no_mp3_nothing_can_be_made(hass: HomeAssistant) -> None:
    """The program's status tells."""
    with pytest.raises(ProviderError) as caught:
        await coded(Coder(hass=hass, source=MP3, target=PCM_24000), Source(b"no frame" * 1000))
    assert caught.value.failure is Failure.BROKEN


@pytest.mark.parametrize(("program", "failure"), [("no_such_program", Failure.SERVER), ("false", Failure.BROKEN)])
async def test_a_program_that_is_missing_or_ends_is_a_typed_error(
    hass: HomeAssistant, program: str, failure: Failure
) -> None:
    """And the sound is closed, however much of it is to come."""
    await with_program(hass, program)
    source = Source(SAMPLES, waits=True)
    with pytest.raises(ProviderError) as caught:
        await coded(Coder(hass=hass, source=PCM_24000, target=MP3), source)
    assert caught.value.failure is failure
    assert source.closed


@pytest.mark.usefixtures("ffmpeg")
async def test_who_stops_listening_leaves_neither_sound_nor_program_behind(hass: HomeAssistant) -> None:
    """Both end with the listener."""
    source = Source(SAMPLES, waits=True)
    async with aclosing(Coder(hass=hass, source=PCM_24000, target=MP3).code(source.pieces())) as sound:
        assert await anext(sound)
        assert programs()
    assert source.closed
    assert not programs()


def programs() -> list[str]:
    """Return the programs that this process runs."""
    children = Path("/proc/self/task").glob("*/children")
    return [pid for file in children for pid in file.read_text().split()]


@pytest.mark.usefixtures("ffmpeg")
async def test_mp3_is_listened_to(hass: HomeAssistant) -> None:
    """As samples."""
    heard = await listen(hass, FRAMES)
    assert len(heard) / 32000 == pytest.approx(len(SAMPLES) / 48000, abs=0.1)


async def test_nothing_is_heard_where_there_is_no_program(hass: HomeAssistant) -> None:
    """Which sentence was interrupted is then judged by the seconds alone."""
    await with_program(hass, "no_such_program")
    assert await listen(hass, FRAMES) == b""
