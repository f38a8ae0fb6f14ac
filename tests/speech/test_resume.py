"""Real speech that breaks off is resumed without the loss of a word, wherever it breaks off."""

import pytest

from benchmarks.resume import LEARNED, TEXTS, VOICES, Case, Count
from tests.tables import each_row

STEP = 0.74
"""Seconds between breaks, no multiple of how long anything takes in a text, so that they fall on all parts of words and
pauses."""


@each_row("learned", LEARNED)
@each_row(("language", "text"), [("en", "history"), ("de", "lichter"), ("de", "briefing")])
def test_no_break_loses_a_word_and_few_repeat_a_whole_sentence(language: str, text: str, learned: str) -> None:
    """`scripts/resume-statistics` does the same with all voices and texts, and at every frame."""
    voices = list(VOICES)[LEARNED.index(learned) :: 4]
    cases = [Case(language=language, text=text, voice=voice, learned=learned, step=STEP) for voice in voices]
    total = sum((case.counted() for case in cases), Count())
    assert total.moments > 20
    assert total.lost == 0
    assert total.repeats < 0.5 * total.moments
    assert total.more_repeats == 0


@pytest.mark.parametrize(("text", "voice"), [("kettle", "g"), ("lights", "c")])
def test_one_sentence_at_most_is_repeated_where_two_places_are_as_plausible(text: str, voice: str) -> None:
    """Short sentences of a voice whose speed is not known: the end of one and that of the next look alike."""
    assert Case(language="en", text=text, voice=voice, learned="nothing").counted().more_repeats == 0


def test_a_break_is_counted_as_a_loss_where_a_sentence_would_be_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The statistics can fail: without any doubt some words would be lost."""
    monkeypatch.setattr("custom_components.streaming_tts.speech.resume.DOUBT", 0.0)
    cases = (
        Case(language="de", text="briefing", voice=voice, learned="nothing", step=STEP / 2) for voice in ("a", "b")
    )
    assert sum((case.counted() for case in cases), Count()).lost > 0


def test_every_text_is_of_sentences_that_can_be_told_apart() -> None:
    """A text of one sentence could lose none."""
    assert all(text.count(". ") + text.count("? ") >= 2 for texts in TEXTS.values() for text in texts.values())
