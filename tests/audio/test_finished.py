"""Whole files say how long they are."""

from io import BytesIO
import struct
import wave

import av
import mutagen
import pytest

from custom_components.streaming_tts.audio.finished import duration, with_length
from custom_components.streaming_tts.audio.level import LeveledAudio
from custom_components.streaming_tts.audio.pcm import wav_header
from custom_components.streaming_tts.audio.transcode import Container, Output, Transcoder
from tests.emulator.sound import tone

RATE = 24000
PCM = tone("Dinner is ready.", RATE)
SECONDS = len(PCM) / 2 / RATE


def made(container: Container, sample_rate: int = RATE, channels: int = 1) -> bytes:
    """Return a file as it is made for a stream."""
    transcoder = Transcoder(RATE, Output(container=container, sample_rate=sample_rate, channels=channels))
    return transcoder.feed(LeveledAudio(PCM)) + transcoder.feed(None)


@pytest.mark.parametrize("container", [Container.WAV, Container.FLAC])
@pytest.mark.parametrize(("sample_rate", "channels"), [(RATE, 1), (16000, 1), (48000, 2)])
def test_the_header_of_a_stream_gets_its_length(container: Container, sample_rate: int, channels: int) -> None:
    """The rest of it stays, to the byte."""
    stream = made(container, sample_rate, channels)
    file = with_length(stream)
    assert len(file) == len(stream)
    assert mutagen.File(BytesIO(file)).info.length == pytest.approx(SECONDS, abs=0.001)
    assert sum(old != new for old, new in zip(stream, file, strict=True)) <= 8
    assert duration(stream) == duration(file) == pytest.approx(SECONDS, abs=0.001)
    assert with_length(file) == file


def test_mp3_is_as_long_as_its_frames() -> None:
    """It has nothing in it to be corrected."""
    file = made(Container.MP3)
    assert with_length(file) == file
    assert SECONDS <= duration(file) <= SECONDS + 0.15


def test_a_wav_may_have_more_than_samples_in_it() -> None:
    """As a program writes one that converts: what is before the samples stays, whatever its length."""
    header = wav_header(RATE)
    note = b"LIST" + struct.pack("<I", 5) + b"abcde\0"
    file = with_length(header[:36] + note + header[36:] + PCM)
    with wave.open(BytesIO(file)) as read:
        assert read.getnframes() == len(PCM) // 2
    assert file[36 : 36 + len(note)] == note
    assert file[4:8] == struct.pack("<I", len(file) - 8)


@pytest.mark.parametrize("file", [b"", b"RIFF", b"RIFF\xff\xff\xff\xffWAVE", b"RIFF\xff\xff\xff\xffWAVEdata", b"ID3"])
def test_what_is_no_audio_is_left_alone(file: bytes) -> None:
    """And has no length."""
    assert with_length(file) == file
    with pytest.raises((av.FFmpegError, IndexError)):
        duration(file)
