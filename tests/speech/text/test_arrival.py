"""What is spoken does not depend on how a text arrived, and leaves as early with the normalizer as without."""

from functools import cache
from itertools import pairwise
from typing import Final

from hypothesis import given, strategies as st
import pytest

from custom_components.streaming_tts.providers import markup as inline
from custom_components.streaming_tts.speech.text.buffer import TextBuffer, TextRules, join
from custom_components.streaming_tts.speech.text.lexicon import Pronunciation, PronunciationIndex
from custom_components.streaming_tts.speech.text.normalizer import Normalizer

NAMES: Final = {"light.kitchen": "Kitchen lamp", "sensor.living_room_2": "Living room"}

LEXICON: Final = PronunciationIndex(
    [
        Pronunciation.of(word="WLAN", respelling="W Lan", pause=200),
        Pronunciation.of(word="kWh", respelling="units"),
        Pronunciation.of(word="112", digits=True),
        Pronunciation.of(word="Wye", ipa="waɪ"),
    ]
)

PIECES: Final = st.sampled_from(
    (
        *("5", "21.5", "1,000", "112", "-", "−", "–", "→", "->", " ", " ", " ", " ", ". ", ".", ",", "\n", "(", ")"),
        *("%", "°", "°C", "C", "m", "h", "km/h", "kWh", "k", "W", "in", "fl. oz.", "K", "A", "2026-11-29", "2026-"),
        *("T14:30:00Z", "11", "light", ".kitchen", "light.kitchen", "sensor", "The ", "kitchen ", "です", "。", "है"),
        *("मी", "км/ч", "12:30", "x", "_", "/", "’", "²", "100", "00", "WLAN", "Wye", "**", "`", "```", "- ", "# "),
        *("1. ", "[a](https://b.c)", "<think>", "</think>", "<break time='1s'/>", "✅", "👍", "! ", "? ", "Dr. ", "|"),
    )
)


@cache
def normalizer_of(language: str, flag: str) -> Normalizer:
    """Return the normalizer of a language for a kind of model."""
    return Normalizer(language, number_words=flag == "words", thousands_separators=flag == "thousands")


def spoken(rules: TextRules, *pieces: str) -> tuple[str, ...]:
    """Return the sentences of a text that arrives in pieces."""
    buffer = TextBuffer(rules)
    for piece in pieces:
        buffer.feed(piece)
    buffer.end()
    return tuple(buffer.sentences)


@given(
    parts=st.lists(PIECES, max_size=16),
    cuts=st.sets(st.integers(0, 80), max_size=8),
    language=st.sampled_from(("en", "de", "fr", "ja", "ar", "hi")),
    flag=st.sampled_from(("", "words", "thousands")),
    is_cleaned=st.booleans(),
    is_normalized=st.booleans(),
    has_lexicon=st.booleans(),
    most=st.sampled_from((2000, 40)),
)
def test_what_is_spoken_does_not_depend_on_how_the_text_arrived(
    *,
    parts: list[str],
    cuts: set[int],
    language: str,
    flag: str,
    is_cleaned: bool,
    is_normalized: bool,
    has_lexicon: bool,
    most: int,
) -> None:
    """With and without cleaning, normalizer and lexicon, within any limit."""
    text = "".join(parts)
    rules = TextRules(
        language=language,
        clean=is_cleaned,
        tags=inline.TAGS,
        normalizer=normalizer_of(language, flag) if is_normalized else None,
        friendly_name=NAMES.get,
        words=LEXICON if has_lexicon else None,
        max_characters=most,
    )
    places = sorted({0, *(cut for cut in cuts if cut < len(text)), len(text)})
    whole = spoken(rules, text)
    assert spoken(rules, *(text[begin:end] for begin, end in pairwise(places))) == whole
    assert spoken(rules, *text) == whole
    assert all(len(sentence) <= most for sentence in whole)


@pytest.mark.parametrize(
    "text",
    [
        "It is 21 °C. The rest of the house is colder.",
        "The meter is at 12345 kWh. That is more than last year.",
        "Look at light.kitchen. It is on.",
        "When it is 5 °C or less, and the door of the garage is open, I tell you of it.",
        "从2026-11-29起20→22°C。然后更冷。",
    ],
)
def test_the_first_sentence_is_there_with_the_same_character(text: str) -> None:
    """The normalizer holds nothing back: it is given finished sentences."""

    def first(rules: TextRules) -> int:
        buffer = TextBuffer(rules)
        for place, character in enumerate(text):
            buffer.feed(character)
            buffer.open_with_clause(30)
            if buffer.sentences:
                return place
        pytest.fail("No sentence was finished before the end")

    language = "zh" if text[0] > "z" else "en"
    plain = TextRules(language=language)
    rules = TextRules(language=language, normalizer=normalizer_of(language, "words"), friendly_name=NAMES.get)
    assert first(rules) == first(plain)
    assert spoken(rules, text) != spoken(plain, text)


def test_a_sentence_that_grows_beyond_the_limit_is_split() -> None:
    """In words it is longer than in digits."""
    text = "The meters are at 123456 kWh and 234567 kWh now."
    rules = TextRules(language="en", normalizer=normalizer_of("en", "words"), max_characters=60)
    sentences = spoken(rules, text)
    assert len(text) <= 60
    assert max(map(len, sentences)) <= 60
    assert " ".join(sentences) == join(spoken(TextRules(language="en", normalizer=normalizer_of("en", "words")), text))
