"""Speech and clipping in a recording."""

from array import array

import pytest

from custom_components.streaming_tts.audio.loudness import clipped_share, heard_seconds, mono
from custom_components.streaming_tts.audio.pcm import Pcm
from tests.tables import each_row

RATE = 1000


def pcm(*samples: int) -> Pcm:
    """Return audio with these samples."""
    return Pcm(samples=memoryview(array("h", samples).tobytes()), sample_rate=RATE)


@each_row(
    ("sample", "clipped"),
    [
        (32767, True),
        (32766, True),
        (32765, False),
        (32513, False),
        (32512, False),
        (-32768, True),
        (-32767, True),
        (-32766, False),
        (-32514, False),
        (-32513, False),
        (0, False),
        (1, False),
        (-1, False),
        (-2, False),
        (254, False),
        (255, False),
    ],
)
def test_what_is_at_the_end_of_the_scale_is_cut_off(sample: int, clipped: bool) -> None:
    """At either end; nothing else is."""
    assert clipped_share(pcm(0, sample, 1000, -1000)) == (0.25 if clipped else 0.0)


@pytest.mark.parametrize(("sample", "heard"), [(255, False), (-256, False), (256, True), (-257, True), (20000, True)])
def test_what_is_louder_than_a_quiet_room_is_heard(sample: int, heard: bool) -> None:
    """For as long as the window that it is in."""
    assert heard_seconds(pcm(*[0] * 100, sample, *[0] * 99)) == (0.05 if heard else 0.0)


@pytest.mark.parametrize("place", [0, 49, 50, 199])
def test_a_sample_is_heard_wherever_it_is(place: int) -> None:
    """Also the first and the last one of the audio, and of a window."""
    samples = [0] * 200
    samples[place] = 20000
    assert heard_seconds(pcm(*samples)) == 0.05


def test_no_more_is_heard_than_there_is() -> None:
    """The last window may be a short one."""
    assert heard_seconds(pcm(*[5000] * 120)) == pytest.approx(0.12)


@each_row(
    ("left", "right", "heard"),
    [
        (1000, 1000, 1000),
        (1000, 0, 500),
        (0, 1000, 500),
        (1000, -1000, 1000),
        (1000, -900, 1000),
        (-900, 1000, 1000),
    ],
)
def test_channels_that_cancel_each_other_out_are_not_mixed(left: int, right: int, heard: int) -> None:
    """The louder one is taken; what they have in common, and what one alone has, is mixed."""
    samples = memoryview(array("h", [left, right] * 5000).tobytes())
    mixed = mono(Pcm(samples=samples, sample_rate=RATE, channels=2))
    assert mixed.channels == 1
    assert array("h", bytes(mixed.samples)) == array("h", [heard] * 5000)
