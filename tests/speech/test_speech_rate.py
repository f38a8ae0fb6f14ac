"""How long a text takes to say is estimated by its script and by what was measured."""

import pytest

from custom_components.streaming_tts.speech.speech_rate import SpeechMeter, SpeechRate, is_too_short, weigh
from tests.tables import each_row


@each_row(
    ("text", "weight"),
    [
        ("hello", 5),
        ("", 0),
        ("你好", 6),
        ("こんにちは", 15),
        ("naïve", 5),
        ("नमस्ते", 5),
        ("22:45", 21),
        ("1000", 11),
        ("२२", 10),
        ("２２", 10),
        ("5 €", 12),
        ("21 °C", 18),
        ("<break time='5s'/>Now", 3),
    ],
)
def test_a_text_is_weighed_in_latin_letters(text: str, weight: float) -> None:
    """An ideograph takes as long as a few letters, a digit as a short word, a combining mark no time of its own."""
    assert weigh(text) == weight


def test_a_pause_that_a_text_asks_for_does_not_make_a_slow_voice() -> None:
    """How long it lasts is not known here."""
    speech_rate = SpeechRate()
    speech_rate.note_speech("Ding dong.<break time='5s'/> Dinner is ready.", 6.8)
    assert (speech_rate.speed, speech_rate.spoken) == (SpeechRate().speed, 0)


def test_a_first_measurement_replaces_the_guess_and_later_ones_smooth_it() -> None:
    """One slow request does not make a slow voice."""
    speech_rate = SpeechRate()
    speech_rate.note_first_byte(0.2)
    assert speech_rate.first_byte == 0.2
    speech_rate.note_first_byte(1.0)
    assert 0.2 < speech_rate.first_byte < 0.6
    assert speech_rate.first_byte_spread > 0


def test_a_steady_voice_is_trusted_more_and_more() -> None:
    """The margin shrinks with the spread."""
    speech_rate = SpeechRate()
    for _ in range(30):
        speech_rate.note_first_byte(0.3)
    assert (speech_rate.first_byte, speech_rate.first_byte_spread) == pytest.approx((0.3, 0.0), abs=0.005)


@pytest.mark.parametrize(("text", "seconds"), [("Hi.", 0.5), ("A long enough text.", 0.0)])
def test_what_is_too_short_to_measure_teaches_nothing(text: str, seconds: float) -> None:
    """A word or an empty sound says nothing of the speech rate."""
    speech_rate = SpeechRate()
    speech_rate.note_speech(text, seconds)
    assert speech_rate.speed == SpeechRate().speed


@pytest.mark.parametrize(("spoken", "too_short"), [(2, False), (3, True), (4, True)])
def test_a_third_of_the_sound_is_too_little_of_a_voice_that_was_measured_three_times(
    spoken: int, *, too_short: bool
) -> None:
    """Before, it may be a fast one."""
    speech_rate = SpeechRate(speed=10.0, spoken=spoken)
    assert is_too_short("a" * 30, 1.0, speech_rate) is too_short


def metered(pcm: bytes, *, piece: int) -> float:
    """Return the seconds of speech in PCM at 16 kHz that comes in pieces."""
    meter = SpeechMeter(16000)
    for begin in range(0, len(pcm), piece):
        meter.hear(pcm[begin : begin + piece])
    return meter.seconds


@pytest.mark.parametrize("piece", [333, 640, 4096, 100_000])
def test_quiet_at_both_ends_is_no_speech(piece: int) -> None:
    """Quiet within it is, however the sound is cut into chunks."""
    quiet, loud = bytes(9600), b"\x00\x10" * 8000
    assert metered(quiet + loud + quiet + loud + quiet, piece=piece) == pytest.approx(1.3)
    assert metered(quiet + loud, piece=piece) == pytest.approx(0.5)
    assert metered(loud + quiet, piece=piece) == pytest.approx(0.5)


def test_sound_that_is_all_quiet_is_no_speech() -> None:
    """It teaches nothing."""
    assert metered(bytes(32000), piece=640) == 0
    assert metered(b"", piece=640) == 0
