"""The playhead knows what is left to play, and adds what belongs around the sound."""

import io
import wave

import pytest

from custom_components.streaming_tts.providers.base import AudioFormat, Encoding
from custom_components.streaming_tts.speech.playhead import Playhead, Sound, wav_header

from .conftest import PCM_16000


class Now:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        """Begin at 100 s."""
        self.time = 100.0

    def __call__(self) -> float:
        """Return the time."""
        return self.time


def samples(*values: int) -> bytes:
    """Return 16-bit samples."""
    return b"".join(value.to_bytes(2, "little", signed=True) for value in values)


def test_the_first_sound_stands_behind_one_header() -> None:
    """The header is that of a streaming WAV."""
    playhead = Playhead(PCM_16000, Sound(), Now())
    assert playhead.play(samples(1, 2)) == wav_header(16000) + samples(1, 2)
    assert playhead.play(samples(3)) == samples(3)


def test_the_header_is_read_by_the_standard_library_as_endless_mono_pcm() -> None:
    """Both sizes are unknown, so every reader takes what is there."""
    header = wav_header(22050)
    assert (header[4:8], header[40:44]) == (b"\xff" * 4, b"\xff" * 4)
    with wave.open(io.BytesIO(header + samples(1, 2, 3)), "rb") as reader:
        assert (reader.getframerate(), reader.getnchannels(), reader.getsampwidth()) == (22050, 1, 2)
        assert reader.readframes(10) == samples(1, 2, 3)


def test_what_is_ahead_shrinks_as_time_passes_and_never_below_nothing() -> None:
    """A second of sound is a second ahead."""
    now = Now()
    playhead = Playhead(PCM_16000, Sound(), now)
    playhead.play(bytes(32000))
    assert playhead.ahead == pytest.approx(1.0)
    now.time += 0.4
    assert playhead.ahead == pytest.approx(0.6)
    now.time += 5
    assert playhead.ahead == 0
    playhead.play(bytes(16000))
    assert playhead.ahead == pytest.approx(0.5)


def test_lead_in_is_silence_before_the_first_word_only() -> None:
    """It counts as sound that is to be played."""
    playhead = Playhead(PCM_16000, Sound(lead_in=0.25), Now())
    first = playhead.play(samples(7))
    assert first == wav_header(16000) + bytes(8000) + samples(7)
    assert playhead.ahead == pytest.approx(0.25, abs=0.001)
    assert playhead.play(samples(8)) == samples(8)


def test_gain_makes_louder_and_clips_instead_of_wrapping_around() -> None:
    """6 dB are twice the level."""
    playhead = Playhead(PCM_16000, Sound(gain=6.0206), Now())
    loud = playhead.play(samples(100, -100, 20000, -20000, 0))[44:]
    assert loud == samples(200, -200, 32767, -32768, 0)


def test_a_pause_is_whole_samples_of_silence() -> None:
    """It keeps a player that would run dry."""
    playhead = Playhead(PCM_16000, Sound(), Now())
    playhead.play(samples(1))
    assert playhead.pause(0.1) == bytes(3200)


def test_mp3_passes_untouched() -> None:
    """Nothing can be added to it."""
    mp3 = AudioFormat(encoding=Encoding.MP3, sample_rate=24000, bit_rate=64000)
    playhead = Playhead(mp3, Sound(), Now())
    assert playhead.play(b"\xff\xfb\x00") == b"\xff\xfb\x00"
    playhead.play(bytes(8000))
    assert playhead.ahead == pytest.approx(1.0, abs=0.001)
