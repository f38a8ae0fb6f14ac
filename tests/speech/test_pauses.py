"""Which sentences have been spoken is judged by the pauses in their sound, and in doubt by the speech rate."""

import pytest

from custom_components.streaming_tts.providers.types import AudioFormat
from custom_components.streaming_tts.speech.resume import Pause, pauses, spoken
from custom_components.streaming_tts.speech.speech_rate import SpeechRate

from .conftest import sound_of

SENTENCES = ("The kettle is on.", "It will take about four minutes.", "Shall I tell you then?", "Good.")


PCM = AudioFormat(sample_rate=16000)


def heard(seconds: float) -> list[Pause]:
    """Return the pauses in the sound of the sentences up to a moment."""
    return pauses(sound_of(" ".join(SENTENCES))[: int(seconds * 16000) * 2], 16000)


def ends() -> list[float]:
    """Return the seconds at which each sentence's sound has ended, its pause included."""
    texts = [" ".join(SENTENCES[: count + 1]) for count in range(len(SENTENCES))]
    return [len(sound_of(text)) / 32000 for text in texts]


@pytest.mark.parametrize("speed", [18.0, 20.0, 26.0])
@pytest.mark.parametrize("after", [0, 1, 2])
async def test_a_break_just_before_a_sentence_ends_leaves_those_before_it_spoken(after: int, speed: float) -> None:
    """Pauses are found although the voice is faster or slower than expected; what lacks a syllable is said again."""
    moment = ends()[after] - 0.4
    assert spoken(SENTENCES, moment, heard(moment), SpeechRate(speed=speed)) == after


@pytest.mark.parametrize("after", [1, 2])
async def test_of_a_voice_that_is_much_faster_than_expected_one_sentence_at_most_is_said_again(after: int) -> None:
    """A first pause may be that of a comma then."""
    moment = ends()[after] - 0.4
    assert after - 1 <= spoken(SENTENCES, moment, heard(moment), SpeechRate(speed=13.0)) <= after


async def test_a_break_in_a_pause_that_may_be_that_of_a_comma_has_the_sentence_said_again() -> None:
    """Only what is heard behind it tells."""
    sentences = ("Rain, thunder and hail until noon.", "Then the sun.")
    moment = 1.1
    quiet = [Pause(start=0.9, end=moment, is_over=False)]
    assert spoken(sentences, moment, quiet, SpeechRate(speed=20.0)) == 0


def test_a_pause_that_a_text_asks_for_is_not_taken_for_the_end_of_its_sentence() -> None:
    """Nobody knows how long it lasts."""
    sentences = ("Ding dong <break time='3s'/> dinner for you is ready in the kitchen now.", "Come down.", "Now.")
    quiet = [Pause(start=0.6, end=3.6)]
    assert spoken(sentences, 5.0, quiet, SpeechRate(speed=14.0, spoken=5)) == 0


async def test_the_last_sentence_is_never_taken_for_spoken() -> None:
    """Sound that breaks off without its end mark may lack anything behind the last pause."""
    assert spoken(SENTENCES, 60, heard(60), SpeechRate()) == len(SENTENCES) - 1
    assert spoken(("a" * 20, "b" * 20), 60, (), SpeechRate(speed=10.0, spoken=1)) == 1


def test_without_pauses_a_sentence_counts_late_rather_than_too_early() -> None:
    """What is said twice is better than what is never said."""
    speech_rate = SpeechRate(speed=10.0, spoken=1)
    assert spoken(("a" * 20, "b" * 20), 2.1, (), speech_rate) == 0
    assert spoken(("a" * 20, "b" * 20), 4.5, (), speech_rate) == 1


@pytest.mark.parametrize(
    ("sentences", "speed", "expected"),
    [
        (("a" * 20, "b" * 20, "c" * 40), 10.0, [3490, 5930]),
        (("a" * 20, "b" * 20, "c" * 40), 14.0, [2490, 4230]),
        (("It is 12345 and 678.", "Then, at noon, it rains.", "Go."), 14.0, [5230, 5260]),
    ],
)
def test_each_sentence_counts_from_a_moment_on(sentences: tuple[str, ...], speed: float, expected: list[int]) -> None:
    """To 10 ms, so that a change of the model is noticed; `scripts/resume-statistics` shows if it's better."""
    speech_rate = SpeechRate(speed=speed, spoken=1)
    counts = [spoken(sentences, moment / 1000, (), speech_rate) for moment in range(0, 8000, 10)]
    assert [10 * counts.index(count) for count in range(1, max(counts) + 1)] == expected


@pytest.mark.parametrize(
    ("speed", "expected"), [(18.0, [2020, 3300, 4220]), (20.0, [1820, 3260, 4220]), (24.0, [1570, 3200, 4230])]
)
def test_with_pauses_each_sentence_counts_from_a_moment_on(speed: float, expected: list[int]) -> None:
    """To 10 ms, too."""
    counts = [
        spoken(SENTENCES, moment / 1000, heard(moment / 1000), SpeechRate(speed=speed))
        for moment in range(100, 4540, 10)
    ]
    assert [100 + 10 * counts.index(count) for count in (1, 2, 3)] == expected


def test_a_voice_that_was_never_measured_may_be_a_slow_one() -> None:
    """Told to speak at half its speed it would otherwise lose the end of a sentence when its first sound breaks off."""
    slow = SpeechRate().speed / 2
    sentences = ("a" * 70, "b" * 70)
    assert spoken(sentences, 0.7 * 70 / slow, (), SpeechRate()) == 0
    assert spoken(sentences, 1.3 * 70 / slow, (), SpeechRate()) == 1


def test_a_sentence_of_numbers_is_not_taken_for_spoken_before_its_end() -> None:
    """A voice that says 18 letters a second needs more than five seconds for this one."""
    sentences = ("It is 22:45 on 17.11.2026.", "Good night.")
    assert spoken(sentences, 3.5, (), SpeechRate(speed=18.0, spoken=5)) == 0
