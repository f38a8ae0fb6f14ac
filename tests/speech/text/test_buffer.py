"""A text on its way to be spoken: what can be said of it, and when."""

from collections.abc import Sequence

from hypothesis import given, strategies as st

from custom_components.streaming_tts.speech.text.buffer import TextBuffer, TextRules, join
from custom_components.streaming_tts.speech.text.marks import MAX_MARK
from tests.tables import each_row

ANSWER = """\
Sure! Here's what I found for **tomorrow** 🌤️:

## Weather
- Morning: 12.5 °C, *light rain*
- Evening: approx. 18 °C
- See [the forecast](https://example.com/w?d=1)

1. Close the windows in the kitchen.
2. Water the plants

| Room | Temp |
|------|------|
| Hall | 19 |

```yaml
service: light.turn_on
```

Dr. Meyer called at 3.30 p.m. and said "Call me back." Shall I do that? 👍
"""

ANSWER_SENTENCES = (
    "Sure!",
    "Here's what I found for tomorrow:",
    "Weather",
    "Morning: 12.5 °C, light rain",
    "Evening: approx. 18 °C",
    "See the forecast",
    "1. Close the windows in the kitchen.",
    "2. Water the plants",
    "Room, Temp",
    "Hall, 19",
    'Dr. Meyer called at 3.30 p.m. and said "Call me back."',
    "Shall I do that?",
)

MIXED = """\
ठीक है, मैंने **living room** की light चालू कर दी है। क्या AC भी चालू करूँ? 😊

今天**北京**晴，最高25.5度。要开窗吗？好的！
"""

MIXED_SENTENCES = (
    "ठीक है, मैंने living room की light चालू कर दी है।",
    "क्या AC भी चालू करूँ?",
    "今天北京晴，最高25.5度。",
    "要开窗吗？",
    "好的！",
)


def buffer_of(*chunks: str, rules: TextRules | None = None) -> TextBuffer:
    """Return a buffer that was fed and may be fed more."""
    buffer = TextBuffer(rules or TextRules())
    for chunk in chunks:
        buffer.feed(chunk)
    return buffer


def spoken(*chunks: str, rules: TextRules | None = None) -> tuple[str, ...]:
    """Return the sentences of a complete text."""
    buffer = buffer_of(*chunks, rules=rules)
    buffer.end()
    return buffer.take(len(buffer.sentences))


def pieces_of(text: str, size: int) -> list[str]:
    """Return a text as a language model sends it."""
    return [text[place : place + size] for place in range(0, len(text), size)]


@each_row("size", [1, 2, 3, 4, 7, 61, 10_000])
@each_row(("text", "sentences"), [(ANSWER, ANSWER_SENTENCES), (MIXED, MIXED_SENTENCES)])
def test_an_answer_is_spoken_as_a_person_would_read_it(text: str, sentences: tuple[str, ...], size: int) -> None:
    """However it arrives."""
    assert spoken(*pieces_of(text, size)) == sentences


@each_row(
    ("text", "sentences"),
    [
        ("Hello.", ("Hello.",)),
        ("Dinner is ready", ("Dinner is ready",)),
        ("21", ("21",)),
        ("  Hello. \n", ("Hello.",)),
        ("", ()),
        ("👍", ()),
        ("...", ()),
        ("```\ncode\n```", ("code",)),
        ("https://example.com", ()),
        ("? What", ("What",)),
        ("。你好", ("你好",)),
    ],
)
def test_a_short_complete_text(text: str, sentences: tuple[str, ...]) -> None:
    """It is one sentence, or there is nothing to say."""
    buffer = buffer_of(text)
    buffer.end()
    assert tuple(buffer.sentences) == sentences
    assert buffer.tail == ""
    assert buffer.ended


def test_what_was_taken_is_gone() -> None:
    """The buffer is empty when the text has ended and all was taken."""
    buffer = buffer_of("One. Two. Three. Fo")
    assert list(buffer.sentences) == ["One.", "Two.", "Three."]
    assert buffer.take(2) == ("One.", "Two.")
    assert list(buffer.sentences) == ["Three."]
    assert buffer.tail == "Fo"
    buffer.feed("ur.")
    buffer.end()
    assert not buffer.ended or buffer.sentences
    assert buffer.take(5) == ("Three.", "Four.")
    assert (buffer.ended, buffer.sentences) == (True, [])


def test_a_buffer_that_may_be_fed_more_is_not_empty() -> None:
    """There is nothing in it yet."""
    buffer = buffer_of()
    assert not buffer.ended or buffer.sentences
    assert not buffer.ended
    assert not buffer.can_flush


@each_row(
    ("text", "tail"),
    [
        ("Just a moment, I will check.", "Just a moment, I will check."),
        ("**Just a moment.**", "Just a moment."),
        ("Just a moment... ", "Just a moment..."),
        ("Let me see what it is: ", "Let me see what it is:"),
        ("Living room: ", None),
        ("Let me see 🔍", None),
        ("Let me see! 🔍", "Let me see!"),
        ("Bonjour !", "Bonjour !"),
        ("It is known.[1]", "It is known."),
        ("See [it](https://example.com).", "See it."),
        ("Moment bitte.\n\n", None),
        ("Ek minute, main dekhta hoon.", "Ek minute, main dekhta hoon."),
        ("एक क्षण, मैं देखता हूँ।", "एक क्षण, मैं देखता हूँ।"),
        ("请稍等，我查一下。", "请稍等，我查一下。"),
        ("Ask Dr.", None),
        ("It is 3.", None),
        ("Well,", None),
        ("Look here. <break time=", "Look here."),
        ("Hold on.\n```python\nprint('.')", None),
    ],
)
def test_what_can_be_spoken_when_the_writer_falls_silent(text: str, tail: str | None) -> None:
    """A finished sentence, but nothing that what comes next could change."""
    buffer = buffer_of(text, rules=TextRules(tags=frozenset({"break"})))
    buffer.take(len(buffer.sentences))
    assert buffer.can_flush == (tail is not None and "<" not in text)
    assert tail is None or buffer.tail == tail


@each_row(
    ("first", "then", "sentences"),
    [
        ("Just a moment, I will check.", " It is warm.", ("Just a moment, I will check.", "It is warm.")),
        ("**Just a moment.**", "\n\nIt is **warm**.", ("Just a moment.", "It is warm.")),
        ("Bonjour !", " Ça va ?", ("Bonjour !", "Ça va ?")),
        ("Let me look", " for it.", ("Let me look", "for it.")),
        ("Let me [look", "](https://example.com) for it.", ("Let me look", "for it.")),
        ("请稍等。", "今天很热。", ("请稍等。", "今天很热。")),
    ],
)
def test_a_flushed_tail_is_a_sentence_and_the_text_goes_on(first: str, then: str, sentences: tuple[str, ...]) -> None:
    """Nothing is lost or said twice."""
    buffer = buffer_of(first)
    buffer.flush()
    assert tuple(buffer.sentences) == sentences[:1]
    assert buffer.tail == ""
    buffer.feed(then)
    buffer.end()
    assert tuple(buffer.sentences) == sentences


def test_a_long_first_sentence_is_opened_at_a_clause() -> None:
    """Its first clause is spoken while the rest is being written."""
    buffer = buffer_of("When the sun has gone down behind the **hill**, the lamps")
    buffer.open_with_clause(30)
    assert list(buffer.sentences) == ["When the sun has gone down behind the hill,"]
    buffer.feed(" go on.")
    buffer.end()
    assert list(buffer.sentences[1:]) == ["the lamps go on."]


def test_a_short_first_clause_is_not_worth_it() -> None:
    """The tail stays as it is."""
    buffer = buffer_of("Yes, the lamps in the hall")
    buffer.open_with_clause(30)
    assert not buffer.sentences
    assert buffer.tail == "Yes, the lamps in the hall"


@each_row(
    ("sentences", "text"),
    [
        ((), ""),
        (("One.",), "One."),
        (("One.", "Two?", "Three"), "One. Two? Three"),
        (("Shopping list", "Milk", "2 eggs (fresh)", "Tea"), "Shopping list. Milk. 2 eggs (fresh). Tea"),
        (("When it rains,", "it pours."), "When it rains, it pours."),
        (("Warm", "50 %", "Cold"), "Warm. 50 %. Cold"),
        (('"Yes."', "Then"), '"Yes." Then'),
        (("你好。", "再见。"), "你好。再见。"),
        (("牛奶", "鸡蛋"), "牛奶。鸡蛋"),
        (("房间A", "厨房"), "房间A. 厨房"),
        (("A座", "B座"), "A座。 B座"),
        (("今天很热。", "Really?", "是的。"), "今天很热。 Really? 是的。"),
        (("दूध", "अंडे"), "दूध। अंडे"),
        (("நன்றி.", "பால்"), "நன்றி. பால்"),
        (("네.", "알겠습니다."), "네. 알겠습니다."),
        (("Hi.", "<break time='1s'/>You"), "Hi. <break time='1s'/>You"),
        (("Hi <break time='1s'/>", "You"), "Hi <break time='1s'/> You"),
        (("Room <digits>12</digits>", "You"), "Room <digits>12</digits>. You"),
    ],
)
def test_sentences_become_one_text(sentences: Sequence[str], text: str) -> None:
    """With a stop where a line had none, and without spaces in writings that have none."""
    assert join(sentences) == text


TAGS = frozenset({"break", "digits"})
MARKS = st.sampled_from(
    [
        " ",
        " ",
        "\n",
        "\n\n",
        "**",
        "*",
        "`code`",
        "__",
        "[",
        "](https://a.b/c)",
        "- ",
        "# ",
        "> ",
        "😀",
        ". ",
        "? ",
        ", ",
    ]
)
WORDS = st.sampled_from(["one", "Two", "3rd", "4.5", "वर्ण", "你好。", "e.g.", "Dr.", "snake_case", "2 * 3"])
TEXT = st.lists(MARKS | WORDS, max_size=60).map("".join)


@given(TEXT, st.data())
def test_all_words_are_spoken_once_and_in_order_whenever_they_are_cut(text: str, data: st.DataObject) -> None:
    """Whatever is fed, flushed and taken when."""
    buffer = TextBuffer(TextRules())
    said: list[str] = []
    for chunk in pieces_of(text, data.draw(st.integers(1, 12))):
        buffer.feed(chunk)
        match data.draw(st.sampled_from(["wait", "take", "flush", "open"])):
            case "take":
                said += buffer.take(1)
            case "flush":
                buffer.flush()
            case "open":
                buffer.open_with_clause(5)
    buffer.end()
    said += buffer.take(len(buffer.sentences))
    assert letters("".join(said)) == letters(text.replace("https://a.b/c", ""))


@given(TEXT)
def test_nothing_is_held_back_for_long(text: str) -> None:
    """What can't be spoken yet is a mark's length at most."""
    buffer = buffer_of(text)
    there = letters("".join(buffer.sentences) + buffer.tail)
    assert len(there) >= len(letters(text.replace("https://a.b/c", ""))) - MAX_MARK
    assert letters(text.replace("https://a.b/c", "")).startswith(there)


@given(
    st.lists(st.sampled_from(["so ", "<break time='1s'/>", "<digits>12. 34</digits>", "end. ", "x" * 50, ", "])).map(
        "".join
    )
)
def test_tags_are_never_cut(text: str) -> None:
    """Even where a piece has to be short."""
    rules = TextRules(tags=TAGS, max_characters=30)
    for sentence in spoken(*pieces_of(text, 3), rules=rules):
        assert sentence.count("<break time='1s'/>") == sentence.count("<break") == sentence.count("/>")
        assert sentence.count("<digits>12. 34</digits>") == sentence.count("<digits") == sentence.count("</digits")
        assert len(sentence) <= 30


def letters(text: str) -> str:
    """Return the letters and digits of a text."""
    return "".join(filter(str.isalnum, text))
