"""Audio chunks of any length, with or without a WAV header, are passed on as whole samples."""

from collections.abc import Iterable
import struct

import pytest

from custom_components.streaming_tts.providers.transport.audio_stream import SpeechStream
from custom_components.streaming_tts.providers.transport.http import ResponseTimeouts
from custom_components.streaming_tts.providers.types import AudioFormat, Failure, ProviderError, Timeouts
from tests.emulator.codec import Container, Encoding as Samples, encode, wav_header
from tests.emulator.sound import Sound, tone
from tests.tables import each_row

from .tools import PCM, failure, speech_stream

TONE = tone("Hello.", 16000)
WAV = encode(Sound(pcm=TONE, sample_rate=16000), Container.WAV)
STREAMED_WAV = encode(Sound(pcm=TONE, sample_rate=16000), Container.WAV_STREAM)


def chunk(kind: bytes, content: bytes) -> bytes:
    """Return a chunk of a RIFF file."""
    return kind + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def wav(*chunks: bytes) -> bytes:
    """Return a RIFF file."""
    return b"RIFF\xff\xff\xff\xffWAVE" + b"".join(chunks)


def form(*, tag: int = 1, channels: int = 1, rate: int = 16000, bits: int = 16) -> bytes:
    """Return the chunk that says what the samples are."""
    return chunk(b"fmt ", struct.pack("<HHIIHH", tag, channels, rate, rate * 2, 2, bits))


def split(data: bytes, size: int) -> list[bytes]:
    """Return the data in pieces."""
    return [data[at : at + size] for at in range(0, len(data), size)]


def fed(pieces: Iterable[bytes], rate: int = 16000) -> list[bytes]:
    """Return what a stream makes of pieces."""
    stream = speech_stream(rate)
    return [*(stream.feed(piece) for piece in pieces), stream.end()]


@each_row("size", [1, 2, 3, 7, 43, 44, 45, 1000, 10**6])
@each_row("data", [TONE, WAV, STREAMED_WAV], ids=["bare", "wav", "streamed wav"])
def test_samples_are_whole_wherever_pieces_end(data: bytes, size: int) -> None:
    """Samples are whole wherever pieces end."""
    pieces = fed(split(data, size))

    assert b"".join(pieces) == TONE
    assert all(len(piece) % 2 == 0 for piece in pieces)


@each_row(
    "data",
    [
        pytest.param(wav(form(), chunk(b"data", TONE)), id="plain"),
        pytest.param(wav(chunk(b"LIST", b"odd"), form(), chunk(b"data", TONE)), id="something before"),
        pytest.param(wav(form(), chunk(b"data", TONE), chunk(b"LIST", b"name")), id="something behind"),
        pytest.param(wav(form(), b"data\0\0\0\0", TONE), id="size 0"),
        pytest.param(wav(form(), b"data\xff\xff\xff\x7f", TONE), id="size 0x7fffffff"),
        pytest.param(wav(form(tag=0xFFFE), chunk(b"data", TONE)), id="extensible"),
    ],
)
@each_row("size", [1, 5, 10**6])
def test_only_the_samples_of_a_wav_are_sound(data: bytes, size: int) -> None:
    """Only the samples of a WAV are audio."""
    assert b"".join(fed(split(data, size))) == TONE


def test_a_header_of_almost_64_kib_is_read() -> None:
    """It may have a picture."""
    data = wav(chunk(b"LIST", b"x" * 63 * 1024), form(), chunk(b"data", TONE))
    assert b"".join(fed(split(data, 1000))) == TONE


@each_row(
    "data",
    [
        pytest.param(wav(form(channels=2), chunk(b"data", TONE)), id="stereo"),
        pytest.param(wav(form(bits=8), chunk(b"data", TONE)), id="8 bit"),
        pytest.param(wav(form(tag=7), chunk(b"data", TONE)), id="mu-law"),
        pytest.param(wav(chunk(b"data", TONE)), id="no format"),
        pytest.param(b"RIFF\0\0\0\0AVI LIST", id="another RIFF"),
        pytest.param(wav(chunk(b"LIST", b"x" * 70_000), form(), chunk(b"data", TONE)), id="long header"),
        pytest.param(wav(form())[:20], id="cut off header"),
    ],
)
def test_a_wav_of_another_kind_is_broken(data: bytes) -> None:
    """A WAV of another kind is broken."""
    with pytest.raises(ProviderError) as caught:
        fed(split(data, 1000))

    assert caught.value.failure is Failure.BROKEN


def test_a_wav_at_another_rate_is_broken() -> None:
    """A WAV at another rate is broken."""
    with pytest.raises(ProviderError) as caught:
        fed([WAV], rate=24000)

    assert (caught.value.failure, caught.value.code) == (Failure.BROKEN, "sample_rate")


@pytest.mark.parametrize("beginning", [b"ID3\x04", b"OggS", b"fLaC"])
def test_encoded_sound_is_not_taken_for_samples(beginning: bytes) -> None:
    """It would be noise."""
    with pytest.raises(ProviderError) as caught:
        fed([beginning[:1], beginning[1:] + TONE])

    assert (caught.value.failure, caught.value.code) == (Failure.BROKEN, "format")


@pytest.mark.parametrize("data", [TONE + b"x", STREAMED_WAV[:-1], b"abc", b"x"])
def test_an_end_within_a_sample_is_broken(data: bytes) -> None:
    """An end within a sample is broken."""
    with pytest.raises(ProviderError) as caught:
        fed([data])

    assert caught.value.failure is Failure.BROKEN


def test_a_sound_may_be_as_short_as_a_sample() -> None:
    """Audio may be as short as a sample."""
    assert b"".join(fed([b"ab"])) == b"ab"


def test_a_header_of_the_emulator_is_understood() -> None:
    """A header of the emulator is understood."""
    assert b"".join(fed([wav_header(16000, Samples.S16LE), TONE])) == TONE


async def heard(text: str, audio_format: AudioFormat, *pieces: bytes) -> bytes:
    """Return the audio of a text."""
    stream = SpeechStream(audio_format, text, ResponseTimeouts(Timeouts()))
    return b"".join([*map(stream.feed, pieces), stream.end()])


async def test_a_text_that_made_no_sound_is_broken() -> None:
    """A text without audio is BROKEN."""
    error = await failure(heard("Hello", PCM))

    assert (error.failure, error.code) == (Failure.BROKEN, "no_sound")


@pytest.mark.parametrize("text", ["...", " ", "—", "?!"])
async def test_a_text_that_has_nothing_to_say_may_be_silent(text: str) -> None:
    """A text that has nothing to say may be silent."""
    assert await heard(text, PCM) == b""
