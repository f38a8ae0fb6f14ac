"""Text on its way to be spoken: by the cleaner, the lexicon and the segmenter together, as a voice uses them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
import re

from hypothesis import strategies as st

from custom_components.streaming_tts.providers import markup as inline
from custom_components.streaming_tts.speech.text.buffer import TextBuffer, TextRules, join
from custom_components.streaming_tts.speech.text.lexicon import Pronunciation, PronunciationIndex

TAGS = frozenset({"break", "digits", "phonemes"})
MARKS = (
    *("*", "**", "_", "~~", "`", "```", "```\n", "#", "## ", "- ", "1. ", "[", "](", ")", "!", "![", "|", "\n|", "|-|"),
    *(
        "<",
        ">",
        "</",
        "/>",
        "<b>",
        "<!--",
        "-->",
        "<br>",
        "&amp;",
        "&#x41;",
        "&#",
        ";",
        "\\",
        "http://",
        "www.",
        "x.y/z",
    ),
    *(
        "(",
        "~",
        "---\n",
        "===\n",
        "> ",
        "\n",
        "\n\n",
        "\r\n",
        "\t",
        "  ",
        "|\n",
        "[^1]",
        "[ ] ",
        "$",
        "{",
        "}",
        ":",
        "@",
    ),
)
WORDS = (
    *("so", "Anna", "Dr. ", "z.B. ", "3.14", "1,000", "e.g. ", "end.", "what?", "no!", "…", "—", ", ", " and ", "NASA"),
    *(
        "你好",
        "。",
        "「",
        "」",
        "नमस्ते",
        "।",
        "שלום",
        "مرحبا",
        "؟",
        "한국어",
        "😀",
        "👩‍🚀",
        "\u200d",
        "\ufe0f",
        "\u0301",
    ),
)
TAGGED_WORDS = (
    *("<break time='400ms'/>", '<break time="1s"/>', "<digits>12. 34</digits>", "<phonemes>ˈeɪ.sɪŋk</phonemes>"),
    *("so ", "the end. ", "really? ", "x" * 40 + " ", ", ", "12 ", "e.g. ", "你好。", "\n", "'", " "),
)
LEXICON = PronunciationIndex(
    Pronunciation.of(word=word, respelling=said)
    for word, said in (("NASA", "Nassa"), ("3.14", "pi"), ("你好", "ni hao"), ("e.g.", "for example"), ("Anna", "Anne"))
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Writing:
    """A text in pieces, and by which rules it is read; `steps` are what else happens while it is written."""

    pieces: tuple[str, ...]
    rules: TextRules
    steps: tuple[str, ...]


@st.composite
def _writings(
    draw: st.DrawFn, texts: st.SearchStrategy[str], words: PronunciationIndex | None, *, shortest: int
) -> Writing:
    whole = draw(texts)
    places = sorted({0, len(whole), *draw(st.lists(st.integers(0, len(whole)), max_size=10))})
    pieces = tuple(whole[begin:end] for begin, end in pairwise(places))
    rules = TextRules(
        language=draw(st.sampled_from([None, "en", "de-DE", "zh-CN", "hi-IN"])),
        clean=draw(st.booleans()),
        tags=draw(st.sampled_from([TAGS, frozenset[str]()])),
        words=draw(st.sampled_from([None, words])),
        max_characters=draw(st.sampled_from([shortest, 2 * shortest, 2000])),
        length=draw(st.sampled_from([len, lambda text: len(text.encode(errors="replace"))])),
    )
    events = st.sampled_from(["wait", "take", "flush", "open"])
    return Writing(pieces=pieces, rules=rules, steps=tuple(draw(st.lists(events, min_size=len(pieces), max_size=12))))


_MESS = st.lists(st.sampled_from(MARKS) | st.sampled_from(WORDS) | st.text(max_size=4), max_size=40).map("".join)
_PLAIN = st.text(st.characters(categories=["Lu", "Ll", "Lo", "Nd"]) | st.sampled_from(" .,!?\n"), max_size=200)
WRITTEN = _writings(_MESS | st.text(max_size=80), LEXICON, shortest=200)
PROSE = _writings(_PLAIN, None, shortest=30)
TAGGED = _writings(st.lists(st.sampled_from(TAGGED_WORDS), max_size=30).map("".join), None, shortest=330)


def read(writing: Writing) -> list[str]:
    """Return the pieces in which a text is spoken, written as it is."""
    buffer = TextBuffer(writing.rules)
    said: list[str] = []
    for piece, step in zip(writing.pieces, (*writing.steps, *writing.pieces), strict=False):
        buffer.feed(piece)
        match step:
            case "take" if buffer.sentences:
                said += buffer.take(1)
            case "flush" if buffer.can_flush:
                buffer.flush()
            case "open":
                buffer.open_with_clause(5)
    buffer.end()
    said += buffer.take(len(buffer.sentences))
    assert (buffer.ended, buffer.sentences) == (True, [])
    return said


def letters(texts: Sequence[str]) -> str:
    """Return what is said of texts, however it is cut."""
    return "".join(sign for text in texts for sign in text if sign.isalnum())


def text_is_spoken_whole(writing: Writing) -> None:
    """See that it does not matter how a text is written; each piece is within its limit and has something to say."""
    said = read(writing)
    rules = writing.rules
    for piece in said:
        assert piece == piece.strip()
        assert len(piece) <= rules.max_characters
        assert rules.length(piece) <= rules.max_characters
        assert letters([piece])
        assert letters([inline.plain(piece)]) or "<" in piece
    at_once = read(Writing(pieces=("".join(writing.pieces),), rules=rules, steps=("wait",)))
    assert letters(said) == letters(at_once)
    assert letters([join(said)]) == letters(said)


def prose_is_spoken_in_order(writing: Writing) -> None:
    """See that no letter and no digit is lost or out of place."""
    assert letters(read(writing)) == letters(writing.pieces)


def tags_stay_whole(writing: Writing) -> None:
    """See that no tag of a provider is cut, and none lost but a pause before nothing.

    Without tags only words are left.
    """
    said = read(writing)
    names = writing.rules.tags
    for piece in said:
        bare = re.sub(r"<(digits|phonemes)>[^<>]*</\1>|<break time=['\"]\w+['\"]/>", "", piece) if names else piece
        assert not {"<", ">"} & set(bare)
    if names:
        assert not {"<", ">"} & set("".join(map(inline.plain, said)))
        for name in ("digits", "phonemes"):
            assert sum(piece.count(f"<{name}>") for piece in said) == "".join(writing.pieces).count(f"<{name}>")
