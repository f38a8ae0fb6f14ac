"""The playback knows what is left to play, and adds what belongs around the sound."""

import pytest

from custom_components.streaming_tts.speech.scheduler import PlaybackClock

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


def test_what_is_ahead_shrinks_as_time_passes_and_never_below_nothing() -> None:
    """A second of sound is a second ahead."""
    now = Now()
    playback = PlaybackClock(PCM_16000, now)
    playback.play(bytes(32000))
    assert playback.ahead == pytest.approx(1.0)
    now.time += 0.4
    assert playback.ahead == pytest.approx(0.6)
    now.time += 5
    assert playback.ahead == 0
    playback.play(bytes(16000))
    assert playback.ahead == pytest.approx(0.5)


def test_lead_in_is_silence_before_the_first_word_only() -> None:
    """It counts as sound that is to be played."""
    playback = PlaybackClock(PCM_16000, Now(), lead_in=0.25)
    first = playback.play(samples(7))
    assert first == bytes(8000) + samples(7)
    assert playback.ahead == pytest.approx(0.25, abs=0.001)
    assert playback.play(samples(8)) == samples(8)


def test_lead_out_is_silence_behind_the_pause_that_ends_the_text() -> None:
    """Where nothing was said, nothing is behind it."""
    playback = PlaybackClock(PCM_16000, Now(), lead_out=0.25)
    assert playback.end() == b""
    playback.play(samples(7))
    assert playback.end(0.5) == bytes(24000)
    assert playback.ahead == pytest.approx(0.75, abs=0.001)


def test_a_pause_is_whole_samples_of_silence() -> None:
    """It keeps a player that would run dry."""
    playback = PlaybackClock(PCM_16000, Now())
    playback.play(samples(1))
    assert playback.pause(0.1) == bytes(3200)
