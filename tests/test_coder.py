"""Sound is made of another form of it while it arrives, whole or up to where it broke off."""

from array import array
import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from custom_components.streaming_tts.audio.mpeg import Frame
from custom_components.streaming_tts.audio.transcode import MAX_HEARD_BYTES, Transcoder, listen
from custom_components.streaming_tts.providers.types import AudioFormat, Encoding, Failure, ProviderError
from homeassistant.core import HomeAssistant
from tests.emulator.codec import Container, decode, encode
from tests.emulator.sound import Sound, tone

TEXT = "Dinner is ready. Please come to the table."
PCM_24000 = AudioFormat(encoding=Encoding.PCM, sample_rate=24000)
PCM_16000 = AudioFormat(encoding=Encoding.PCM, sample_rate=16000)
MP3 = AudioFormat(encoding=Encoding.MP3, sample_rate=24000, bit_rate=128000)
SAMPLES = tone(TEXT, 24000)
FRAMES = encode(Sound(pcm=SAMPLES, sample_rate=24000), Container.MP3)


class Source:
    """Sound that comes in pieces, may break off, and knows whether it was closed."""

    def __init__(self, sound: bytes, *, error: Exception | None = None, waits: bool = False, piece: int = 1000) -> None:
        """Have a sound."""
        self._sound = sound
        self._piece = piece
        self._error = error
        self._waits = waits
        self.closed = False

    async def pieces(self) -> AsyncGenerator[bytes]:
        """Yield it."""
        try:
            for begin in range(0, len(self._sound), self._piece):
                yield self._sound[begin : begin + self._piece]
            if self._waits:
                await asyncio.Event().wait()
            if self._error is not None:
                raise self._error
        finally:
            self.closed = True


async def coded(coder: Transcoder, source: Source, heard: list[bytes] | None = None) -> bytes:
    """Return all that a coder makes of a sound, and let be heard what it is before that breaks off."""
    pieces = [] if heard is None else heard
    async for piece in coder.code(source.pieces()):
        pieces.append(piece)
    return b"".join(pieces)


def loudness(samples: bytes) -> float:
    """Return how loud samples are on the whole."""
    values = array("h", samples)
    return float(sum(value**2 for value in values) / len(values))


@pytest.mark.parametrize(
    ("given", "wanted"), [(PCM_24000, MP3), (MP3, PCM_24000), (MP3, PCM_16000), (PCM_24000, PCM_16000)]
)
async def test_all_of_a_sound_is_heard_in_the_other_form(
    hass: HomeAssistant, given: AudioFormat, wanted: AudioFormat
) -> None:
    """As long and as loud as before."""
    source = Source(SAMPLES if given.encoding is Encoding.PCM else FRAMES)
    sound = await coded(Transcoder(hass=hass, source=given, target=wanted), source)
    heard = sound if wanted.encoding is Encoding.PCM else decode(sound, 24000).pcm
    assert len(heard) / 2 / wanted.sample_rate == pytest.approx(len(SAMPLES) / 48000, abs=0.1)
    assert loudness(heard) == pytest.approx(loudness(SAMPLES), rel=0.2)
    assert source.closed


async def test_what_came_before_a_break_is_heard_before_it_is_told(hass: HomeAssistant) -> None:
    """Nothing of it is kept back."""
    source = Source(SAMPLES, error=ProviderError(Failure.BROKEN, code="break"))
    heard: list[bytes] = []
    with pytest.raises(ProviderError) as caught:
        await coded(Transcoder(hass=hass, source=PCM_24000, target=MP3), source, heard)
    assert caught.value.code == "break"
    assert decode(b"".join(heard), 24000).duration == pytest.approx(len(SAMPLES) / 48000, abs=0.1)


async def test_what_breaks_before_it_sounds_is_nothing_but_the_failure(hass: HomeAssistant) -> None:
    """As the sound had it."""
    source = Source(b"", error=ProviderError(Failure.QUOTA))
    with pytest.raises(ProviderError) as caught:
        await coded(Transcoder(hass=hass, source=PCM_24000, target=MP3), source)
    assert caught.value.failure is Failure.QUOTA


async def test_no_sound_makes_no_sound(hass: HomeAssistant) -> None:
    """And no failure."""
    assert await coded(Transcoder(hass=hass, source=PCM_24000, target=MP3), Source(b"")) == b""


async def test_of_what_is_no_mp3_nothing_can_be_made(hass: HomeAssistant) -> None:
    """Not even silence."""
    with pytest.raises(ProviderError) as caught:
        await coded(Transcoder(hass=hass, source=MP3, target=PCM_24000), Source(b"no frame" * 1000))
    assert caught.value.failure is Failure.BROKEN


async def test_who_stops_listening_closes_the_sound(hass: HomeAssistant) -> None:
    """However much of it is to come."""
    source = Source(SAMPLES, waits=True)
    async with aclosing(Transcoder(hass=hass, source=PCM_24000, target=MP3).code(source.pieces())) as sound:
        assert await anext(sound)
    assert source.closed


async def test_the_beginning_of_a_long_sound_leaves_before_all_of_it_is_coded(hass: HomeAssistant) -> None:
    """What was said before is there at once, as long as it may be."""
    source = Source(SAMPLES * 10, piece=len(SAMPLES) * 10)
    async with aclosing(Transcoder(hass=hass, source=PCM_24000, target=MP3).code(source.pieces())) as sound:
        first = await anext(sound)
        assert decode(first, 24000).duration < 1


async def test_a_sample_that_is_cut_in_two_is_one_sample(hass: HomeAssistant) -> None:
    """Half of one at the end is nothing."""
    whole = await coded(Transcoder(hass=hass, source=PCM_24000, target=PCM_16000), Source(SAMPLES))
    assert (
        await coded(Transcoder(hass=hass, source=PCM_24000, target=PCM_16000), Source(SAMPLES + b"x", piece=333))
        == whole
    )


async def test_what_is_no_frame_among_frames_is_passed_over(hass: HomeAssistant) -> None:
    """The sound goes on behind it."""
    middle = len(FRAMES) // 2
    sound = await coded(
        Transcoder(hass=hass, source=MP3, target=PCM_24000),
        Source(FRAMES[:middle] + b"no frame" * 50 + FRAMES[middle:]),
    )
    assert len(sound) == pytest.approx(len(SAMPLES), abs=0.2 * 48000)


async def test_sound_that_becomes_stereo_is_broken_and_what_came_before_is_heard(hass: HomeAssistant) -> None:
    """Nobody speaks so; whoever hears it has a typed failure, and somebody else takes over."""
    stereo = b"\xff\xf3\xc4\x04" + bytes(380)
    heard: list[bytes] = []
    with pytest.raises(ProviderError) as caught:
        await coded(Transcoder(hass=hass, source=MP3, target=PCM_24000), Source(FRAMES + stereo * 4), heard)
    assert caught.value.failure is Failure.BROKEN
    assert len(b"".join(heard)) == pytest.approx(len(SAMPLES), abs=0.2 * 48000)


async def test_no_more_than_half_an_hour_is_listened_to() -> None:
    """Of silence in little space a service could send a day."""
    frame = Frame.at(FRAMES, 0)
    assert frame is not None
    heard = await listen(frame.silent * 80_000)
    assert MAX_HEARD_BYTES < len(heard) < 1.01 * MAX_HEARD_BYTES


async def test_mp3_that_broke_off_is_listened_to() -> None:
    """As samples, as far as it goes."""
    heard = await listen(FRAMES[: len(FRAMES) // 2 + 7])
    assert len(heard) / 32000 == pytest.approx(len(SAMPLES) / 48000 / 2, abs=0.1)


async def test_nothing_is_heard_of_what_is_no_mp3() -> None:
    """Which sentence was interrupted is then judged by the seconds alone."""
    assert await listen(b"no frame" * 100) == b""
    assert await listen(b"") == b""
