"""The playhead knows what is left to play, and adds what belongs around the sound."""

from array import array
import io
import wave

import pytest

from custom_components.streaming_tts.providers.types import AudioFormat, Encoding
from custom_components.streaming_tts.speech.playback_clock import PlaybackClock, Sound, wav_header
from tests.emulator.codec import Container, decode, encode
from tests.emulator.sound import Sound as Tone, tone

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
    playhead = PlaybackClock(PCM_16000, Sound(), Now())
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
    playhead = PlaybackClock(PCM_16000, Sound(), now)
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
    playhead = PlaybackClock(PCM_16000, Sound(lead_in=0.25), Now())
    first = playhead.play(samples(7))
    assert first == wav_header(16000) + bytes(8000) + samples(7)
    assert playhead.ahead == pytest.approx(0.25, abs=0.001)
    assert playhead.play(samples(8)) == samples(8)


def test_gain_makes_louder_and_clips_instead_of_wrapping_around() -> None:
    """6 dB are twice the level."""
    playhead = PlaybackClock(PCM_16000, Sound(gain=6.0206), Now())
    loud = playhead.play(samples(100, -100, 20000, -20000, 0))[44:]
    assert loud == samples(200, -200, 32767, -32768, 0)


def test_a_pause_is_whole_samples_of_silence() -> None:
    """It keeps a player that would run dry."""
    playhead = PlaybackClock(PCM_16000, Sound(), Now())
    playhead.play(samples(1))
    assert playhead.pause(0.1) == bytes(3200)


MP3_24000 = AudioFormat(encoding=Encoding.MP3, sample_rate=24000, bit_rate=64000)


def mp3(text: str) -> bytes:
    """Return the frames of a text's sound."""
    return encode(Tone(pcm=tone(text, 24000), sample_rate=24000), Container.MP3, bit_rate=64000)


def test_mp3_passes_untouched() -> None:
    """It has no header, and as long as its frames last is left to play."""
    playhead = PlaybackClock(MP3_24000, Sound(), Now())
    sound = mp3("The kettle is on.")
    assert playhead.play(sound) == sound
    assert playhead.ahead == pytest.approx(decode(sound, 24000).duration, abs=0.05)


def test_silence_in_mp3_is_whole_frames_that_go_with_the_sound() -> None:
    """It is heard as nothing, between sound that is heard as before."""
    playhead = PlaybackClock(MP3_24000, Sound(), Now())
    sound = mp3("The kettle is on.")
    silence = playhead.play(sound)[:0] + playhead.pause(0.5)
    assert playhead.ahead == pytest.approx(decode(sound + silence, 24000).duration, abs=0.05)
    heard = array("h", decode(sound + silence + sound, 24000).pcm)
    frames = len(decode(sound, 24000).pcm) // 2
    between = heard[frames + 2000 : frames + int(0.5 * 24000) - 2000]
    assert max(map(abs, between)) <= 1
    assert len(heard) == pytest.approx(2 * frames + 0.5 * 24000, abs=1200)


def test_lead_in_of_mp3_is_frames_of_silence() -> None:
    """Which leave with the first sound."""
    playhead = PlaybackClock(MP3_24000, Sound(lead_in=0.25), Now())
    sound = mp3("The kettle is on.")
    first = playhead.play(sound)
    assert first.endswith(sound)
    assert max(map(abs, array("h", decode(first, 24000).pcm)[: int(0.2 * 24000)])) <= 1
    assert playhead.play(sound) == sound
