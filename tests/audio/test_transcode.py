"""A player gets exactly what it asked for, while the audio arrives, whole or up to where it broke off."""

from array import array
import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import partial
from math import ceil, log10, pi, sin
from typing import override

from av import AudioCodecContext, CodecContext
import pytest

from custom_components.streaming_tts.audio.level import UNCHANGED, Level, LeveledAudio
from custom_components.streaming_tts.audio.pcm import wav_header
from custom_components.streaming_tts.audio.transcode import (
    DEFAULT_MP3_RATE,
    MP3_KBITS,
    Container,
    Output,
    TranscodeError,
    Transcoder,
    transcode,
    warm,
)
from tests.audio.decoded import decoded
from tests.emulator.sound import tone
from tests.tables import each_row

RATE = 24000
SAMPLES = tone("Dinner is ready.", RATE)
MP3 = Output(container=Container.MP3, sample_rate=RATE)
MP3_48000 = Output(container=Container.MP3, sample_rate=DEFAULT_MP3_RATE)
FLAC_48000 = Output(container=Container.FLAC, sample_rate=48000)
WAV_16000 = Output(container=Container.WAV, sample_rate=16000)


def made(samples: bytes, output: Output, *, rate: int = RATE, level: Level = UNCHANGED, piece: int = 1000) -> bytes:
    """Return all that is made of samples that come in pieces."""
    transcoder = Transcoder(rate, output)
    pieces = [LeveledAudio(samples[at : at + piece], level) for at in range(0, len(samples), piece)]
    return b"".join([*map(transcoder.feed, pieces), transcoder.feed(None)])


def loudness(samples: bytes) -> float:
    """Return how loud samples are on the whole."""
    values = array("h", samples)
    return float(sum(value**2 for value in values) / len(values))


def sine(seconds: float, rate: int, frequency: float = 997.0) -> bytes:
    """Return a pure tone of half the full level."""
    values = (round(16000 * sin(2 * pi * frequency * at / rate)) for at in range(int(seconds * rate)))
    return array("h", values).tobytes()


@each_row("sample_bytes", [1, 2, 3, 4])
@each_row("channels", [1, 2])
@each_row("rate", [8000, 11025, 16000, 22050, 24000, 44100, 48000])
def test_wav_of_every_rate_width_and_number_of_channels(rate: int, channels: int, sample_bytes: int) -> None:
    """With the same duration, and a header without a length."""
    output = Output(container=Container.WAV, sample_rate=rate, channels=channels, sample_bytes=sample_bytes)
    heard = made(SAMPLES, output)
    assert heard[:44] == wav_header(rate, channels=channels, sample_bytes=sample_bytes)
    assert heard[40:44] == b"\xff" * 4
    audio = decoded(heard, "wav")
    assert (audio.sample_rate, audio.channels, audio.sample_bytes) == (rate, channels, sample_bytes)
    assert audio.frames == ceil(len(SAMPLES) / 2 * rate / RATE)
    assert loudness(audio.mono) == pytest.approx(loudness(SAMPLES), rel=0.05)


@each_row("channels", [1, 2])
@each_row("rate", [8000, 16000, 22050, 24000, 44100, 48000, 96000])
def test_flac_of_every_rate_and_number_of_channels(rate: int, channels: int) -> None:
    """Sample for sample."""
    heard = made(SAMPLES, Output(container=Container.FLAC, sample_rate=rate, channels=channels))
    audio = decoded(heard, "flac")
    assert (audio.sample_rate, audio.channels, audio.sample_bytes) == (rate, channels, 2)
    assert audio.mono == made(SAMPLES, Output(container=Container.WAV, sample_rate=rate))[44:]


@each_row(
    ("rate", "kbits", "channels"),
    [
        *((rate, kbits, 1) for rate, every in MP3_KBITS.items() for kbits in every),
        *((rate, 64, 2) for rate in MP3_KBITS),
    ],
)
def test_mp3_of_every_rate_and_bit_rate(rate: int, kbits: int, channels: int) -> None:
    """Each frame has the bit rate that was asked for."""
    heard = made(SAMPLES, Output(container=Container.MP3, sample_rate=rate, channels=channels, kbits=kbits))
    audio = decoded(heard, "mp3")
    assert (audio.sample_rate, audio.channels) == (rate, channels)
    assert len(heard) * 8 / (audio.frames / rate) == pytest.approx(kbits * 1000, rel=0.02)
    assert audio.frames / rate == pytest.approx(len(SAMPLES) / 2 / RATE, abs=0.25)


@each_row(
    "output",
    [
        Output(container=Container.WAV, sample_rate=16000, channels=6),
        Output(container=Container.WAV, sample_rate=16000, sample_bytes=8),
        Output(container=Container.WAV, sample_rate=7),
        Output(container=Container.FLAC, sample_rate=48000, sample_bytes=3),
        Output(container=Container.MP3, sample_rate=96000),
        Output(container=Container.MP3, sample_rate=24000, kbits=320),
        Output(container=Container.MP3, sample_rate=24000, kbits=100),
    ],
)
def test_what_cannot_be_made_exactly_is_known(output: Output) -> None:
    """The caller has to convert it."""
    assert not output.is_makeable


@each_row(
    ("source", "target"),
    [(24000, 16000), (24000, 22050), (24000, 44100), (24000, 48000), (16000, 48000), (22050, 16000)],
)
def test_resampling_adds_no_noise(source: int, target: int) -> None:
    """A pure tone is 80 dB above everything else."""
    heard = array("h", made(sine(1.0, source), Output(container=Container.WAV, sample_rate=target), rate=source)[44:])
    wanted = array("h", sine(1.0, target))
    middle = range(target // 10, target * 9 // 10)
    noise = sum((heard[at] - wanted[at]) ** 2 for at in middle) / len(middle)
    rounding = 1 / 6  # both sides are rounded to whole numbers
    assert 10 * log10(16000**2 / 2 / max(noise - rounding, 1e-9)) > 80


@pytest.mark.parametrize(
    ("output", "milliseconds"),
    [
        (MP3, 60),
        (MP3_48000, 60),
        (FLAC_48000, 25),
        (Output(container=Container.FLAC, sample_rate=16000), 25),
        (WAV_16000, 5),
    ],
)
def test_something_leaves_soon(output: Output, milliseconds: int) -> None:
    """Silence is passed on as it arrives."""
    transcoder = Transcoder(RATE, output)
    transcoder.feed(LeveledAudio(b""))
    step = SAMPLES[: RATE // 1000 * 2]
    assert any(transcoder.feed(LeveledAudio(step)) for _ in range(milliseconds))


@pytest.mark.parametrize("pieces", [1, 10])
def test_the_default_mp3_is_audible_after_three_quarters_of_the_time_of_24_khz(pieces: int) -> None:
    """The encoder holds back as many samples, but they are shorter."""
    start = SAMPLES[: RATE * 3 // 40 * 2]
    step = len(start) // pieces // 2 * 2
    transcoder = Transcoder(RATE, MP3_48000)
    made = b"".join(transcoder.feed(LeveledAudio(start[at : at + step])) for at in range(0, len(start), step))
    decoder = CodecContext.create("mp3", "r")
    assert isinstance(decoder, AudioCodecContext)
    frames = [frame for packet in decoder.parse(made) for frame in decoder.decode(packet)]
    assert max(frame.to_ndarray().max() for frame in frames) > 0.1


@pytest.mark.parametrize(("output", "size"), [(MP3, 0), (FLAC_48000, 42), (WAV_16000, 44)])
def test_a_header_leaves_ahead_of_the_sound(output: Output, size: int) -> None:
    """Once."""
    transcoder = Transcoder(RATE, output)
    header = transcoder.feed(LeveledAudio(b""))
    assert len(header) == size
    assert transcoder.feed(LeveledAudio(b"")) == b""
    audio = transcoder.feed(LeveledAudio(SAMPLES)) + transcoder.feed(None)
    assert header + audio == made(SAMPLES, output, piece=len(SAMPLES))


@pytest.mark.parametrize("output", [MP3, FLAC_48000, WAV_16000])
def test_no_sound_makes_no_file(output: Output) -> None:
    """And no failure."""
    assert Transcoder(RATE, output).feed(None) == b""


@pytest.mark.parametrize("output", [FLAC_48000, WAV_16000])
def test_the_shortest_sound_is_whole(output: Output) -> None:
    """One sample is one."""
    audio = decoded(made(b"\1\0", output), output.container.value)
    assert audio.frames == ceil(output.sample_rate / RATE)


@pytest.mark.parametrize("output", [MP3, FLAC_48000, WAV_16000, Output(container=Container.WAV, sample_rate=RATE)])
def test_how_audio_arrives_is_not_heard(output: Output) -> None:
    """In one piece or in many."""
    assert made(SAMPLES, output, piece=len(SAMPLES)) == made(SAMPLES, output, piece=334)


def test_all_is_loaded_ahead() -> None:
    """Without a word about what is not there."""
    warm()


class Source:
    """Audio that comes in pieces, may break off, and knows whether it was closed."""

    def __init__(self, *pieces: bytes, error: Exception | None = None, waits: bool = False) -> None:
        """Have pieces."""
        self._pieces = pieces
        self._error = error
        self._waits = waits
        self.closed = False

    async def audio(self) -> AsyncGenerator[LeveledAudio]:
        """Yield it."""
        try:
            for piece in self._pieces:
                yield LeveledAudio(piece)
            if self._waits:
                await asyncio.Event().wait()
            if self._error is not None:
                raise self._error
        finally:
            self.closed = True


async def heard(source: Source, output: Output, audio: bytearray) -> bytes:
    """Return all that is made of audio; it is there however that ends."""
    async for chunk in transcode(source.audio(), partial(Transcoder, RATE, output), asyncio.Lock()):
        audio += chunk
    return bytes(audio)


@pytest.mark.parametrize("output", [MP3, FLAC_48000, WAV_16000])
async def test_all_of_it_is_heard(output: Output) -> None:
    """And the source is closed."""
    source = Source(SAMPLES[:5000], b"", SAMPLES[5000:])
    assert await heard(source, output, bytearray()) == made(SAMPLES, output, piece=len(SAMPLES))
    assert source.closed


@pytest.mark.parametrize("output", [MP3, FLAC_48000, WAV_16000])
async def test_what_came_before_a_break_is_heard_before_it_is_raised(output: Output) -> None:
    """An end that is no end must not be taken for one."""
    chunks = bytearray()
    source = Source(SAMPLES, error=ConnectionError("break"))
    with pytest.raises(ConnectionError):
        await heard(source, output, chunks)
    audio = decoded(bytes(chunks), output.container.value)
    assert audio.frames / output.sample_rate == pytest.approx(len(SAMPLES) / 2 / RATE, abs=0.1)


async def test_a_failure_before_the_first_sound_is_all_there_is() -> None:
    """Not even a header leaves."""
    chunks = bytearray()
    with pytest.raises(ConnectionError):
        await heard(Source(error=ConnectionError("refused")), WAV_16000, chunks)
    assert not chunks


async def test_who_stops_listening_closes_the_audio() -> None:
    """However much of it is to come."""
    source = Source(SAMPLES, waits=True)
    async with aclosing(transcode(source.audio(), partial(Transcoder, RATE, MP3), asyncio.Lock())) as audio:
        assert await anext(audio)
    assert source.closed


async def test_the_beginning_of_long_audio_leaves_before_all_of_it_is_encoded() -> None:
    """What was said before is there at once, as long as it may be."""
    async with aclosing(
        transcode(Source(SAMPLES * 10).audio(), partial(Transcoder, RATE, MP3), asyncio.Lock())
    ) as audio:
        assert decoded(await anext(audio), "mp3").frames < RATE


async def test_an_encoder_that_fails_is_no_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it raises is typed."""

    with pytest.raises(TranscodeError):
        await heard(Source(SAMPLES, b"half a sample"), WAV_16000, bytearray())


class Unfinished(Transcoder):
    """An encoder that fails at the end."""

    @override
    def feed(self, audio: LeveledAudio | None) -> bytes:
        if audio is None:
            raise TranscodeError("flush")
        return super().feed(audio)


@pytest.mark.parametrize(("error", "raised"), [(None, TranscodeError), (ConnectionError("break"), ConnectionError)])
async def test_an_end_that_fails_is_no_end(error: Exception | None, raised: type[Exception]) -> None:
    """Earlier audio is passed on; of two errors, the first is raised."""
    audio = bytearray()

    async def hear() -> None:
        async for chunk in transcode(
            Source(SAMPLES, error=error).audio(), partial(Unfinished, RATE, WAV_16000), asyncio.Lock()
        ):
            audio.extend(chunk)

    with pytest.raises(raised):
        await hear()
    assert len(audio) == pytest.approx(44 + len(SAMPLES) * 16000 / RATE, abs=400)


def test_only_samples_are_encoded() -> None:
    """The WAV header is created once, and isn't counted as audio."""
    audio = decoded(made(SAMPLES, FLAC_48000), "flac")
    assert audio.frames == len(SAMPLES) // 2 * 2
    assert made(SAMPLES, WAV_16000).count(b"RIFF") == 1


async def test_of_streams_that_start_at_once_only_one_is_made_at_a_time() -> None:
    """Making one takes time, in which nothing else runs."""
    order, turn = list[str](), asyncio.Lock()

    def make() -> Transcoder:
        order.append("made")
        asyncio.get_running_loop().call_soon(order.append, "something else")
        return Transcoder(RATE, FLAC_48000)

    async def play() -> None:
        async for _ in transcode(Source(SAMPLES).audio(), make, turn):
            pass

    await asyncio.gather(*(play() for _ in range(3)))
    assert order == ["made", "something else"] * 3
