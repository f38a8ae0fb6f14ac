"""WAV is written for players without a known length, and parsed as it arrives."""

import io
import wave

import pytest

from custom_components.streaming_tts.audio.pcm import WavError, WavReader, wav_header
from tests.tables import each_row

SAMPLES = b"\x01\x00\x02\x00\x03\x00"


def test_the_header_is_read_by_the_standard_library_as_endless_mono_pcm() -> None:
    """Both sizes are unknown, so every reader takes what is there."""
    header = wav_header(22050)
    assert (header[4:8], header[40:44]) == (b"\xff" * 4, b"\xff" * 4)
    with wave.open(io.BytesIO(header + SAMPLES), "rb") as reader:
        assert (reader.getframerate(), reader.getnchannels(), reader.getsampwidth()) == (22050, 1, 2)
        assert reader.readframes(10) == SAMPLES


@each_row("size", [None, len(SAMPLES)])
@each_row("piece", [1, 7, 100])
def test_what_is_written_is_read(size: int | None, piece: int) -> None:
    """In pieces of any length."""
    file = wav_header(16000, size) + SAMPLES
    reader = WavReader()
    assert b"".join(reader.feed(file[at : at + piece]) for at in range(0, len(file), piece)) == SAMPLES
    assert (reader.sample_rate, reader.whole) == (16000, True)


@pytest.mark.parametrize(
    "file", [b"<html></html>", wav_header(16000, channels=2), wav_header(16000, sample_bytes=3), b"RIFF\0\0\0\0AVI "]
)
def test_what_is_no_16_bit_mono_pcm_is_an_error(file: bytes) -> None:
    """It would play as noise."""
    with pytest.raises(WavError):
        WavReader().feed(file)
