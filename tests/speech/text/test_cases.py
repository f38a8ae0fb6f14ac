"""What is spoken of real answers: a table of texts, each whole and cut at every place."""

import pytest

from custom_components.streaming_tts.speech.text.buffer import TextBuffer, join
from tests.speech.text.case_table import EACH_CASE, Case, rules_of


def spoken(case: Case, *chunks: str) -> tuple[str, ...]:
    """Return the sentences of a text that comes in pieces."""
    buffer = TextBuffer(rules_of(case))
    for chunk in chunks:
        buffer.feed(chunk)
    buffer.end()
    return buffer.take(len(buffer.sentences))


def spoken_early(case: Case, *, slowly: bool) -> tuple[str, ...]:
    """Return the sentences of a text that comes by the character, begun with a clause or flushed as soon as can be."""
    buffer = TextBuffer(rules_of(case))
    taken: list[str] = []
    for character in case["text"]:
        buffer.feed(character)
        if slowly and buffer.can_flush:
            buffer.flush()
        buffer.open_with_clause(8)
        taken += buffer.take(len(buffer.sentences))
    buffer.end()
    return (*taken, *buffer.take(len(buffer.sentences)))


@EACH_CASE
def test_a_text_is_spoken_as_a_person_would_read_it(case: Case) -> None:
    """Sentences, pauses between lines, and the words that are in them and those that are not."""
    sentences = spoken(case, case["text"])
    text = join(sentences)
    assert list(sentences) == case.get("spoken", list(sentences))
    assert len(sentences) == case.get("sentences", len(sentences))
    assert len(sentences) == case.get("borders", len(sentences) - 1) + 1
    assert [part for part in case.get("whole", ()) if not any(part in sentence for sentence in sentences)] == []
    assert [part for part in case.get("contains", ()) if part not in text] == []
    assert [part for part in case.get("absent", ()) if part in text] == []
    assert case.get("heard", "") in text
    assert text != case.get("absent_alone")
    assert bool(sentences) != ("result" in case)


@EACH_CASE
def test_it_is_the_same_wherever_it_is_cut(case: Case) -> None:
    """In two pieces, and by the character."""
    text = case["text"]
    whole = spoken(case, text)
    assert spoken(case, *text) == whole
    assert [place for place in range(len(text)) if spoken(case, text[:place], text[place:]) != whole] == []


@EACH_CASE
@pytest.mark.parametrize("slowly", [False, True])
def test_what_belongs_together_is_one_request_also_of_a_slow_writer(case: Case, slowly: bool) -> None:
    """Numbers, ranges, times with what they count; and what is to be heard is the same."""
    sentences = spoken_early(case, slowly=slowly)
    assert [part for part in case.get("whole", ()) if not any(part in sentence for sentence in sentences)] == []
    assert [part for part in case.get("absent", ()) if part in join(sentences)] == []
    assert case.get("heard", "") in join(sentences)
    assert bool(sentences) != ("result" in case)
