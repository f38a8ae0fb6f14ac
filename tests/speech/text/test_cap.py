"""A text that may not be longer than so much: whole sentences of it, whatever the pieces it comes in."""

from hypothesis import given, strategies as st
import pytest

from custom_components.streaming_tts.speech.text.buffer import TextBuffer, TextRules, join
from tests.tables import each_row

SENTENCES = ["One sentence is this.", "Another one is that.", "A third one follows.", "And the fourth is last."]
TEXT = " ".join(SENTENCES)


def offered(text: str, most: int, *, pieces: int = 1000) -> tuple[list[str], bool]:
    """Return what is offered of a text that comes in pieces, taken as it comes, and whether there was more."""
    buffer = TextBuffer(TextRules(language="en"), most)
    taken: list[str] = []
    for begin in range(0, len(text), pieces):
        buffer.feed(text[begin : begin + pieces])
        taken += buffer.take(len(buffer.sentences))
    buffer.end()
    taken += buffer.take(len(buffer.sentences))
    assert buffer.ended
    assert (buffer.ended, buffer.sentences) == (True, [])
    return taken, buffer.capped


@each_row("pieces", [1, 7, 1000])
@each_row(
    ("most", "sentences", "capped"),
    [(len(TEXT), 4, False), (len(TEXT) - 1, 3, True), (45, 2, True), (21, 1, True), (5000, 4, False)],
)
def test_only_whole_sentences_are_offered(most: int, sentences: int, capped: bool, pieces: int) -> None:
    """As many as there is room for."""
    assert offered(TEXT, most, pieces=pieces) == (SENTENCES[:sentences], capped)


@pytest.mark.parametrize(
    ("most", "sentences", "pause"), [(25, ["Oh.", "Hi.<break time='1s'/>"], 0.0), (24, ["Oh.", "Hi."], 1.0)]
)
def test_a_break_at_the_end_is_sent_only_where_there_is_room(most: int, sentences: list[str], pause: float) -> None:
    """Where there is none, silence is put in."""
    buffer = TextBuffer(TextRules(language="en", tags=frozenset({"break"})), most)
    buffer.feed("Oh. Hi. <break time='1s'/>")
    buffer.end()
    assert (buffer.sentences, buffer.closing_pause) == (sentences, pause)


def test_a_text_that_never_ends_is_cut() -> None:
    """What loops has no ends of sentences."""
    taken, capped = offered("la " * 5000, 300, pieces=10)
    assert capped
    assert 200 <= len(join(taken)) <= 300


def test_what_comes_behind_the_limit_is_let_go() -> None:
    """It is not even kept."""
    buffer = TextBuffer(TextRules(language="en"), 30)
    buffer.feed(TEXT)
    assert (buffer.capped, buffer.tail, list(buffer.sentences)) == (True, "", SENTENCES[:1])
    buffer.feed(TEXT)
    assert list(buffer.take(9)) == SENTENCES[:1]
    assert (buffer.ended, buffer.sentences) == (True, [])


LONG = (
    "When the sun has gone down behind the hill, the lamps in the garden and the hall go on, and they stay on until "
    "the last of you has gone to bed, which is seldom before eleven, as the house has learned in all these years."
)


UNSPACED = "太阳下山以后，花园和大厅里的灯就亮了起来一直亮到最后一个人上床睡觉为止那时很少早于十一点。"


@pytest.mark.parametrize(
    ("language", "text", "clause", "most"),
    [
        ("en", LONG, 30, 120),
        ("en", LONG, 30, 160),
        ("en", LONG, 30, 192),
        ("zh", UNSPACED, 5, 25),
        ("zh", UNSPACED, 5, 40),
    ],
)
def test_a_sentence_that_was_begun_is_spoken_up_to_the_limit(language: str, text: str, clause: int, most: int) -> None:
    """As much of it as where the text is complete, and to the last word that fits."""
    complete, _ = offered(text, most)
    buffer = TextBuffer(TextRules(language=language), most)
    taken: list[str] = []
    for character in f"{text} It is warm.":
        buffer.feed(character)
        buffer.open_with_clause(clause)
        taken += buffer.take(len(buffer.sentences))
    buffer.end()
    taken += buffer.take(len(buffer.sentences))
    assert buffer.capped
    assert (buffer.ended, buffer.sentences) == (True, [])
    spoken = (" " if " " in text else "").join(taken)
    assert text.startswith(spoken)
    assert len(" ".join(complete)) <= len(" ".join(taken)) <= most
    assert len(spoken) >= most - 1


@given(text=st.text(), most=st.integers(200, 400), pieces=st.integers(1, 50))
def test_no_text_is_longer_than_the_limit(text: str, most: int, pieces: int) -> None:
    """As it is sent."""
    taken, _ = offered(text, most, pieces=pieces)
    assert len(" ".join(taken)) <= most
