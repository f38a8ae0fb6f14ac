"""Audio that ends long before its text can have been spoken is doubted."""

import pytest

from custom_components.streaming_tts.speech.speech_rate import MIN_MEASUREMENTS, SpeechRate, is_too_short

from .conftest import sound_of

TEXT = "The washing machine has finished, and the dryer will need ten more minutes for the towels."


def seconds_of(text: str) -> float:
    """Return how long a text takes to say."""
    return len(sound_of(text)) / 32000


@pytest.mark.parametrize(("share", "short"), [(1.0, False), (0.8, False), (0.5, False), (0.15, True)])
def test_a_fast_voice_is_believed_but_no_voice_says_all_in_a_fraction_of_the_time(share: float, short: bool) -> None:
    """Nobody knows yet how fast it is."""
    assert is_too_short(TEXT, share * seconds_of(TEXT), SpeechRate()) is short
    assert is_too_short(TEXT, share * seconds_of(TEXT), SpeechRate()) is short


def test_a_voice_that_is_known_is_judged_more_strictly() -> None:
    """It has not become twice as fast over night; but if it has, it is learned."""
    seconds = 0.4 * seconds_of(TEXT)
    assert is_too_short(TEXT, seconds, SpeechRate(speed=20.0, spoken=MIN_MEASUREMENTS))
    assert not is_too_short(TEXT, seconds, SpeechRate())


def test_a_short_announcement_of_which_a_syllable_is_left_is_doubted() -> None:
    """A service cut 1.9 s to 0.18 s and said that this was the end."""
    assert is_too_short("The kettle has boiled now.", 0.18, SpeechRate())


def test_a_voice_that_only_told_times_and_temperatures_is_believed_its_first_sentence() -> None:
    """What took it so long were the numbers: it says as many words a minute as ever."""
    speech_rate = SpeechRate()
    for text, seconds in (
        ("It is 22:45 on 17.11.2026.", 4.6),
        ("12:34, 13.8 °C", 3.0),
        ("In 2026, 1234 of 5678.", 6.3),
        ("Outside 21.5 °C, inside 23.4 °C, humidity 57 %.", 7.2),
    ):
        for _ in range(5):
            speech_rate.note_speech(text, seconds)
    assert not is_too_short(TEXT, seconds_of(TEXT), speech_rate)


def test_a_word_may_be_as_short_as_it_likes() -> None:
    """Its length says nothing."""
    assert not is_too_short("Good day.", 0.05, SpeechRate())
