"""Where two requests meet there is a natural pause and no click; within a request nothing changes."""

from array import array
from itertools import pairwise
from math import pi, sin

import pytest

from custom_components.streaming_tts.audio.seams import FADE_SECONDS, LEAD_SECONDS, MAX_PAUSE_SECONDS, SeamJoiner

RATE = 16000
PIECES = (2, 320, 1600, 100_000)


def quiet(seconds: float) -> bytes:
    """Return silence."""
    return bytes(2 * round(RATE * seconds))


def loud(seconds: float, level: int = 8000) -> bytes:
    """Return speech: a level that begins and ends in the middle of nowhere."""
    return level.to_bytes(2, "little", signed=True) * round(RATE * seconds)


def joined(*requests: bytes, piece: int = 320, keeps_pause: bool = False) -> bytes:
    """Return what leaves of requests that come in pieces."""
    joiner = SeamJoiner(RATE)
    made = b""
    for request in requests:
        made += joiner.next(keeps_pause=keeps_pause)
        made += b"".join(joiner.feed(request[at : at + piece]) for at in range(0, len(request), piece))
    return made + joiner.end()


def pauses(samples: bytes) -> list[float]:
    """Return the seconds of each stretch of silence that is longer than 10 ms."""
    lengths, count = [], 0
    for value in (*array("h", samples), 1000):
        if abs(value) <= 100:
            count += 1
        else:
            if count > RATE // 100:
                lengths.append(count / RATE)
            count = 0
    return lengths


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize(
    ("before", "behind", "pause"),
    [
        (0.0, 0.0, None),
        (0.2, 0.0, 0.2),
        (0.0, 0.2, 0.2),
        (0.1, 0.2, 0.3),
        (0.2, 0.2, MAX_PAUSE_SECONDS),
        (0.8, 0.0, MAX_PAUSE_SECONDS - LEAD_SECONDS),
        (0.0, 0.8, MAX_PAUSE_SECONDS),
        (0.8, 0.02, MAX_PAUSE_SECONDS - LEAD_SECONDS + 0.02),
        (1.5, 1.5, MAX_PAUSE_SECONDS),
    ],
)
def test_a_pause_where_requests_meet_is_a_natural_one(
    before: float, behind: float, pause: float | None, piece: int
) -> None:
    """However long the quiet on both sides is, and however it arrives; short quiet stays as it is."""
    made = joined(loud(0.5) + quiet(before), quiet(behind) + loud(0.5), piece=piece)
    if pause is None:
        assert pauses(made) == []
        assert len(made) == len(loud(1.0))
    else:
        assert pauses(made) == [pytest.approx(pause, abs=0.011)]
        assert len(made) == pytest.approx(len(loud(1.0 + pause)), abs=2 * RATE * 0.011)


@pytest.mark.parametrize("piece", PIECES)
def test_quiet_elsewhere_stays(piece: int) -> None:
    """Within a request, and at both ends of all of them."""
    request = quiet(0.6) + loud(0.3) + quiet(0.9) + loud(0.3) + quiet(0.7)
    made = joined(request, piece=piece)
    assert len(made) == len(request)
    assert pauses(made) == pytest.approx([0.6, 0.9, 0.7], abs=0.001)


def test_a_pause_that_the_text_asks_for_stays() -> None:
    """At a seam between two segments, no sample is lost."""
    made = joined(loud(0.5) + quiet(1.0), quiet(0.4) + loud(0.5), keeps_pause=True)
    assert pauses(made) == [pytest.approx(1.4, abs=0.001)]


def test_a_request_of_nothing_but_quiet_is_a_pause_too() -> None:
    """Together with the quiet on both sides of it."""
    made = joined(loud(0.5) + quiet(0.2), quiet(2.0), quiet(0.2) + loud(0.5))
    assert pauses(made) == [pytest.approx(MAX_PAUSE_SECONDS, abs=0.011)]


@pytest.mark.parametrize("level", [30000, -30000])
def test_nothing_clicks_where_requests_meet(level: int) -> None:
    """Both sides are faded for 2 ms; so are the beginning and the end of all."""
    values = array("h", joined(loud(0.2, level), loud(0.2, -level)))
    fade = round(RATE * FADE_SECONDS)
    steps = [abs(one - other) for one, other in pairwise((0, *values, 0))]
    assert max(steps) <= abs(level) / fade + 2
    middle = len(values) // 2
    assert values[middle - fade - 1] == level
    assert values[middle + fade] == -level


def test_speech_is_the_same_but_for_its_edges() -> None:
    """Sample for sample."""
    tone = array("h", (round(9000 * sin(2 * pi * 440 * at / RATE)) for at in range(RATE))).tobytes()
    made, edge = joined(tone, tone), 2 * round(RATE * FADE_SECONDS)
    assert len(made) == 2 * len(tone)
    for begin in (0, len(tone)):
        assert made[begin + edge : begin + len(tone) - edge] == tone[edge : len(tone) - edge]


@pytest.mark.parametrize(("level", "pause"), [(100, MAX_PAUSE_SECONDS), (101, 1.5)])
def test_what_is_as_loud_as_a_breath_is_no_silence(level: int, pause: float) -> None:
    """Up to -50 dBFS it is, behind a request as before one."""
    before = joined(loud(0.3) + loud(0.75, level), loud(0.75, level) + loud(0.3))
    assert len(before) == pytest.approx(len(loud(0.6 + pause)), abs=len(loud(0.011)))


def test_the_first_audio_waits_for_nothing() -> None:
    """But for the 2 ms that may have to be faded."""
    assert len(SeamJoiner(RATE).feed(quiet(0.02) + loud(0.08))) == len(loud(0.1 - FADE_SECONDS))


def test_a_player_that_runs_dry_gets_what_is_held_back() -> None:
    """The silence that follows counts for the pause, and what follows that begins softly."""
    joiner = SeamJoiner(RATE)
    made = joiner.feed(loud(0.3) + quiet(1.0))
    assert len(made) == pytest.approx(len(loud(0.3 + MAX_PAUSE_SECONDS)), abs=2 * RATE * LEAD_SECONDS)
    made += joiner.release()
    assert len(made) == len(loud(1.3))
    joiner.note_silence(len(quiet(0.5)))
    made += quiet(0.5) + joiner.next() + joiner.feed(quiet(0.4) + loud(0.3)) + joiner.end()
    assert pauses(made) == [pytest.approx(1.0 + 0.5 + LEAD_SECONDS, abs=0.011)]


def test_a_word_that_stops_short_neither_clicks_nor_is_lost() -> None:
    """Silence is put in where a service stalls in the middle of it."""
    joiner = SeamJoiner(RATE)
    made = joiner.feed(loud(0.2, 30000)) + joiner.release()
    joiner.note_silence(len(quiet(0.1)))
    made += quiet(0.1) + joiner.feed(loud(0.2, 30000)) + joiner.end()
    assert len(made) == len(loud(0.5))
    assert max(abs(one - other) for one, other in pairwise(array("h", made))) <= 30000 / (RATE * FADE_SECONDS) + 2


def test_nothing_is_joined_of_nothing() -> None:
    """A request may fail before its first sample."""
    joiner = SeamJoiner(RATE)
    assert joiner.next() + joiner.next() + joiner.release() + joiner.end() == b""
