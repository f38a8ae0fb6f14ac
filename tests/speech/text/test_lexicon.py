"""The lexicon in a text: which words are found, in which language, and that it is the same however the text arrives."""

from collections.abc import Iterable
from itertools import pairwise
import re
import sys
from types import FrameType
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.streaming_tts.providers import markup as inline
from custom_components.streaming_tts.speech.text import lexicon
from custom_components.streaming_tts.speech.text.buffer import TextBuffer, TextRules
from custom_components.streaming_tts.speech.text.lexicon import Lexicon, Pronunciation, PronunciationIndex
from tests.tables import each_row


def entries(*pairs: tuple[str, str]) -> PronunciationIndex:
    """Return words with their respellings."""
    return PronunciationIndex(Pronunciation.of(word=word, respelling=said) for word, said in pairs)


def said(known: PronunciationIndex | None, *chunks: str) -> str:
    """Return a whole text as it is said."""
    text = "".join(chunks)
    return known.replace(text) if known else text


@each_row(
    ("pairs", "text", "spoken"),
    [
        # Whole words
        ([("cat", "C")], "cat, cats and a bobcat: cat!", "C, cats and a bobcat: C!"),
        ([("cat", "C")], "cat", "C"),
        ([("cat", "C")], "cat_cat-cat'cat 2cat", "C_C-C'C 2cat"),
        ([("Anna", "A")], "Anna's Anna-Maria", "A's A-Maria"),
        ([("für", "F")], "für dafür fürs", "F dafür fürs"),
        ([("C++", "C plus plus"), ("C", "see")], "C++ or C", "C plus plus or see"),
        ([(".NET", "dot net")], "in .NET, not in ASP.NET", "in dot net, not in ASPdot net"),
        ([("°C", "degrees")], "21 °C and 21°C", "21 degrees and 21degrees"),
        ([("&", "and")], "AT&T & you", "ATandT and you"),
        # The longest
        ([("new", "N"), ("New York", "NY"), ("York", "Y")], "New York is new to York", "NY is N to Y"),
        ([("New York Times", "NYT"), ("New", "N")], "New York is New", "N York is N"),
        ([("a b c", "1"), ("b", "2")], "a b d", "a 2 d"),
        # Case
        ([("US", "you ess")], "Us, us and US", "Us, us and you ess"),
        ([("us", "oss")], "Us, us and US", "Oss, oss and Oss"),
        ([("us", "oss"), ("US", "you ess")], "Us, us and US", "Oss, oss and you ess"),
        ([("UStar", "U"), ("us", "oss")], "USTAR US", "USTAR Oss"),
        ([("straße", "S")], "STRASSE Straße", "STRASSE S"),
        ([("istanbul", "I")], "İstanbul", "İstanbul"),
        # Numbers
        ([("112", "D")], "112 112. 112, 112; 1.112 112.5 112:30 0112", "D D. D, D; 1.112 112.5 112:30 0112"),
        ([("3G", "three G")], "3G 13G 1.3G", "three G 13G 1.3G"),
        # Other writings
        ([("दिल्ली", "D")], "दिल्ली में, दिल्लीवाला, नई दिल्ली।", "D में, दिल्लीवाला, नई D।"),
        ([("कम", "K")], "कम काम कमी कम।", "K काम कमी K।"),
        ([("क़लम", "Q")], "\u0958लम \u0915\u093cलम", "Q Q"),
        ([("café", "C")], "caf\u00e9 cafe\u0301 cafe", "C C cafe"),
        ([("می‌خواهم", "M")], "می‌خواهم می", "M می"),
        ([("北京", "B"), ("北京大学", "U"), ("大学", "D")], "我在北京大学，不在北京的大学。", "我在U，不在B的D。"),
        ([("東京", "T")], "東京タワーと東京。", "TタワーとT。"),
        ([("ハ", "H")], "ハ\u3099とハ", "ハ\u3099とH"),
        ([("サーバ", "サーバー")], "サーバーとサーバとサーバを", "サーバーとサーバーとサーバーを"),
        ([("ロス", "L"), ("ﾛｽ", "l")], "クロスワード、ロス、ロスト、ﾛｽﾄ、ﾛｽ", "クロスワード、L、ロスト、ﾛｽﾄ、l"),
        (
            [("ホーム", "H"), ("ラジオ・ホーム", "R")],
            "スマートホーム、ホームは、ラジオ・ホーム、ハム・ホーム",
            "スマートホーム、Hは、R、ハム・H",
        ),
        (
            [("シ", "S"), ("き", "K"), ("ら", "R"), ("ら行", "G")],
            "シャシ、シ。きゃき、らーめん、ら行",
            "シャシ、S。きゃK、らーめん、G",
        ),
        ([("人", "N"), ("時", "T")], "人々と人、時々その時", "人々とN、時々そのT"),
        ([("東京", "T"), ("猫", "C")], "東京って、猫っぽい東京ー", "Tって、CっぽいTー"),
        ([("wi-fi", "W"), ("ai", "A")], "新しいWi-Fiとai機能、大wi-fi", "新しいWとA機能、大W"),
        ([("서울", "S"), ("울", "U")], "서울은 서울에서 남서울 서울", "S은 S에서 남서울 S"),
        ([("เชียงใหม่", "C")], "ไปเชียงใหม่กัน", "ไปCกัน"),
        # What writers take for one another
        ([("O'Brien", "B")], "O’Brien and O'Brien", "B and B"),
        ([("wi-fi", "W")], "Wi\u2011Fi", "W"),
        # Never inside marks
        (
            [("break", "B"), ("time", "T"), ("112", "D"), ("phonemes", "P")],
            "break <break time='400ms'/> <digits>112</digits><phonemes>time</phonemes> time",
            "B <break time='400ms'/> <digits>112</digits><phonemes>time</phonemes> T",
        ),
        ([("b", "B")], "a <b and b> b", "a <B and B> B"),
        # Never across the end of a line
        ([("a b", "X")], "a\nb a b", "a\nb X"),
    ],
)
def test_words_are_said_as_the_lexicon_has_them(pairs: list[tuple[str, str]], text: str, spoken: str) -> None:
    """Whole words only, the longest first."""
    known = entries(*pairs)
    assert said(known, text) == spoken


# The way of a text


def sentences(known: PronunciationIndex, *chunks: str) -> tuple[str, ...]:
    """Return the sentences of a complete text."""
    buffer = TextBuffer(TextRules(words=known, tags=inline.TAGS))
    for chunk in chunks:
        buffer.feed(chunk)
    buffer.end()
    return buffer.take(len(buffer.sentences))


HOUSE = PronunciationIndex(
    [
        Pronunciation.of(word="Sarvam", respelling="Sarvum"),
        Pronunciation.of(word="wi-fi", ipa="ˈwaɪ.faɪ", respelling="wye fye"),
        Pronunciation.of(word="112", digits=True),
        Pronunciation.of(word="attention", pause=400),
        Pronunciation.of(word="Dr. Who", respelling="Doctor Who"),
    ]
)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_the_lexicon_is_applied_to_each_sentence_of_clean_text(size: int) -> None:
    """Marks of the writer's are gone by then, and those of the lexicon are never cut."""
    text = "**Sar**vam `wi-fi` is [down](https://sarvam.example/wi-fi). Attention: call 112! Ask Dr. Who.\n- Wi-Fi\n- <b>Sarvam</b>"  # noqa: E501
    assert sentences(HOUSE, *(text[at : at + size] for at in range(0, len(text), size))) == (
        'Sarvum <phonemes alt="wye fye">ˈwaɪ.faɪ</phonemes> is down.',
        "Attention<break time='400ms'/>: call <digits>112</digits>!",
        "Ask Doctor Who.",
        '<phonemes alt="Wye fye">ˈwaɪ.faɪ</phonemes>',
        "Sarvum",
    )


@pytest.mark.parametrize(
    ("text", "can_flush", "flushed"),
    [
        ("I have asked Sarvam", False, "I have asked Sarvum"),
        ("I have asked Sarvam.", True, "I have asked Sarvum."),
        ("I have asked Sar", False, "I have asked Sar"),
        ("Ask Dr.", False, "Ask Dr."),
        ("Wi-Fi!", True, '<phonemes alt="Wye fye">ˈwaɪ.faɪ</phonemes>!'),
    ],
)
def test_a_writer_who_falls_silent_is_spoken_as_before(text: str, can_flush: bool, flushed: str) -> None:
    """What is held back is part of the tail, and is said when that is."""
    buffer = TextBuffer(TextRules(words=HOUSE, tags=inline.TAGS))
    buffer.feed(text)
    assert bool(buffer.tail)
    assert buffer.can_flush == can_flush
    buffer.flush()
    assert buffer.take(1) == (flushed,)
    assert buffer.tail == ""


# Languages


def lexicon_of(*given: tuple[str, str, str]) -> Lexicon:
    """Return a lexicon of words with a language and a respelling."""
    return Lexicon(Pronunciation.of(word=word, language=tag, respelling=to) for word, tag, to in given)


@each_row(
    ("language", "spoken"),
    [("en", "E"), ("en-GB", "G"), ("en-IN", "E"), ("EN_gb", "G"), ("hi-IN", "A"), ("de", "A"), ("eng", "A")],
)
def test_the_closest_entry_counts(language: str, spoken: str) -> None:
    """First the tag itself, then its language, then every language."""
    house = lexicon_of(("x", "all", "A"), ("x", "en", "E"), ("x", "en-GB", "G"))
    assert said(house.words(language), "x") == spoken


@each_row(
    ("language", "spoken"),
    [("hi-IN", "I y"), ("hi", "I y"), ("en-GB", "x G"), ("en", "x G"), ("en-IN", "x N"), ("fr", "x y")],
)
def test_an_entry_for_a_region_is_said_where_no_other_region_is_spoken(language: str, spoken: str) -> None:
    """By a voice of that region, and by one of the language as a whole."""
    house = lexicon_of(("x", "hi-IN", "I"), ("y", "en-GB", "G"), ("y", "en-IN", "N"))
    assert said(house.words(language), "x y") == spoken


def test_a_digest_changes_with_what_concerns_a_language_and_nothing_else() -> None:
    """Neither with the order nor with other languages."""
    first = lexicon_of(("a", "en", "1"), ("b", "hi", "2"))
    second = lexicon_of(("b", "hi", "2"), ("a", "en", "1"), ("c", "de-AT", "3"))
    assert first.digest(["en"]) == second.digest(["en"]) == second.digest(["en-GB", "fr"]) is not None
    assert first.digest(["en", "hi-IN"]) == second.digest(["hi", "en"]) != first.digest(["en"])
    assert first.digest(["de"]) is None
    assert second.digest(["de"]) is not None
    assert lexicon_of(("a", "en", "2")).digest(["en"]) != first.digest(["en"])
    assert lexicon_of(("a", "all", "1")).digest(["en"]) != first.digest(["en"])
    assert Lexicon().digest(["en"]) is None


def test_of_the_same_word_in_a_language_the_last_entry_counts() -> None:
    """An entry is replaced by the next."""
    house = lexicon_of(("x", "en", "1"), ("x", "en", "2"), ("X", "en", "3"))
    assert len(house) == 2
    assert said(house.words("en"), "x X") == "2 3"


# Any text

KNOWN = [
    "cat",
    "cats",
    "New York",
    "New",
    "US",
    "us",
    "112",
    "दिल्ली",
    "北京",
    "北京大学",
    "서울",
    "C++",
    "a b c",
    "O'Brien",
]
PARTS = st.sampled_from(
    [
        *KNOWN,
        "ca",
        "t",
        "s",
        " ",
        " ",
        "N",
        "ew ",
        "York",
        "1",
        "2",
        ".",
        ",",
        "5",
        "दि",
        "ल्",
        "ली",
        "京",
        "大",
        "서",
        "울",
        "'",
        "-",
        "\u0301",
    ]
)
TEXT = st.lists(PARTS, max_size=40).map("".join)
SILENT = entries(*zip(KNOWN, KNOWN, strict=True))


@given(TEXT, st.lists(st.integers(0, 80), max_size=12))
def test_any_chunking_gives_the_same_text(text: str, cuts: list[int]) -> None:
    """However it was cut, at its end it is the same."""
    known = entries(*((word, f"«{number}»") for number, word in enumerate(KNOWN)))
    places = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    assert sentences(known, *(text[begin:end] for begin, end in pairwise(places))) == sentences(known, text)


@given(TEXT | st.text(max_size=80))
def test_no_text_is_lost(text: str) -> None:
    """Words that are said as they are written leave it as it was."""
    assert lexicon.spelled(said(SILENT, *text)).casefold() == lexicon.spelled(text).casefold()


@given(
    st.lists(st.sampled_from(["cat", "cats", "New", "York", "ew", "a", "b", "c", " ", " ", ".", "-"]), max_size=40).map(
        "".join
    )
)
def test_what_is_found_is_what_an_expression_for_whole_words_finds(text: str) -> None:
    """In plain writing, where there is such an expression."""
    plain = {"cat": "C", "cats": "CC", "New York": "NY", "New": "N", "a b c": "ABC", "b": "B"}
    expression = "|".join(re.escape(word) for word in sorted(plain, key=len, reverse=True))
    wanted = re.sub(rf"\b(?:{expression})\b", lambda found: plain[found[0]], text)
    exact = entries(*((word, to) for word, to in plain.items()))
    assert said(exact, *text) == wanted


def steps_for(known: PronunciationIndex, chunks: Iterable[str]) -> int:
    """Return how many lines of the lexicon are run to read a text."""
    count = 0

    def trace(frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal count
        if frame.f_code.co_filename != lexicon.__file__:
            return None
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        said(known, *chunks)
    finally:
        sys.settrace(before)
    return count


HOSTILE = {
    "one word again and again": "a" * 400,
    "almost the longest word": "a " * 400,
    "words in a writing without spaces": "京" * 400,
    "open marks": "<a" * 400,
    "numbers": "1." * 400,
    "accents": "a\u0301" * 400,
}


@each_row("whole", [True, False], ids=["whole", "in pieces"])
@each_row("text", HOSTILE.values(), ids=HOSTILE)
def test_twice_the_text_takes_twice_the_steps(text: str, whole: bool) -> None:
    """And no more, also where everything nearly is a word."""
    known = entries(
        ("a " * 29 + "b", "x"), ("a" * 60, "y"), ("京" * 59 + "都", "z"), ("1" * 60, "1"), ("1.1.1.1.2", "2")
    )
    once, twice = (steps_for(known, [each] if whole else each) for each in (text, 2 * text))
    assert twice < 2.5 * once


def test_more_words_take_no_more_steps() -> None:
    """250 of them are read as fast as 25."""
    text = "The word7 of the house is word24x, and word3. " * 10
    few, many = (
        steps_for(entries(*((f"word{number}", str(number)) for number in range(size))), [text]) for size in (25, 250)
    )
    assert many < 1.2 * few


def test_an_entry_for_all_languages_beats_none_for_a_region_of_the_language() -> None:
    """A voice of the language as a whole says it as the region does, in whichever order they were added."""
    entries = [("x", "all", "A"), ("x", "en-GB", "G")]
    for ordered in (entries, entries[::-1]):
        house = lexicon_of(*ordered)
        assert [said(house.words(language), "x") for language in ("en", "en-GB", "en-IN", "de")] == ["G", "G", "A", "A"]
