"""What is read aloud of a written text, and what is not."""

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.streaming_tts.speech.text.markdown import Cleaner
from custom_components.streaming_tts.speech.text.marks import MAX_MARK
from tests.tables import each_row

TAGS = frozenset({"break", "digits", "phonemes"})


def clean(*chunks: str, marks: bool = True, tags: frozenset[str] = frozenset()) -> str:
    """Return the whole clean text of some pieces."""
    cleaner = Cleaner(marks=marks, tags=tags)
    return ("".join([cleaner.feed(chunk) for chunk in chunks]) + cleaner.end()).rstrip("\n")


@each_row(
    ("written", "spoken"),
    [
        ("This is **bold**, this is *not*.", "This is bold, this is not."),
        ("__Bold__ and _italic_ and ***both***.", "Bold and italic and both."),
        ("It was ~~cold~~ warm.", "It was cold warm."),
        ("Call `light.turn_on` now.", "Call light.turn_on now."),
        ("``a `tick` inside``", "a tick inside"),
        ("**未完**の*文*です。", "未完の文です。"),
        ("रोशनी **चालू** है।", "रोशनी चालू है।"),
        ("An **open mark is dropped", "An open mark is dropped"),
        ("A closing one** too.", "A closing one too."),
        (r"\*not emphasised\* and \# no heading", "*not emphasised* and # no heading"),
    ],
)
def test_emphasis_is_not_spoken(written: str, spoken: str) -> None:
    """The words are."""
    assert clean(written) == spoken


@each_row(
    "text",
    [
        "2 * 3 is 6 and 2*3*4 is 24.",
        "2**3 is 8.",
        "Set snake_case_names and a_b and a__b.",
        "I like C# and F# and #1 and #hashtags.",
        "5 < 6 and 7 > 6 and a <3 for you.",
        "x <= y, y >= z, x <- y",
        "Write to some_one@example.com or visit example.com.",
        "It is -5 degrees, about ~5 less.",
        "AT&T and R&D and Q&A & more.",
        "f(x) and foo() and (this).",
        "C:\\Users and \\frac{a}{b}",
        "a|b or a||b",
        "Wait! What? No!!",
        "The war, whose http was hot.",
        "$5, 50%, 3°C, €3.50, 10:30, 1/2, 3-4",
        "x = y == z",
        "क्षमा करें, यह नहीं हो सका।",
        "می‌خواهم",
        "ക്‍ഷ ശ്രീ",
        "L'été, « déjà » ? Oui !",
    ],
)
def test_what_only_looks_like_a_mark_stays(text: str) -> None:
    """Signs with spaces around them or inside words."""
    assert clean(text) == text


@each_row(
    ("written", "spoken"),
    [
        ("# Weather\nSunny.", "Weather\nSunny."),
        ("## Weather ##\nSunny.", "Weather\nSunny."),
        ("Weather\n=======\nSunny.", "Weather\nSunny."),
        ("One\n\n---\n\nTwo", "One\nTwo"),
        ("One\n* * *\nTwo", "One\nTwo"),
        ("> A quote\n> goes on.\nNot here.", "A quote goes on.\nNot here."),
        ("- Milk\n- Eggs\n* Bread\n+ Tea", "Milk\nEggs\nBread\nTea"),
        ("• Milk\n• Eggs", "Milk\nEggs"),
        ("- [ ] Milk\n- [x] Eggs", "Milk\nEggs"),
        ("- Milk\n  - Skimmed\n  - Whole", "Milk\nSkimmed\nWhole"),
        ("- a long entry\n  that goes on\nNew text", "a long entry that goes on\nNew text"),
        ("Here:\n1. Open\n2. Close\n\nDone.", "Here:\n1. Open\n2. Close\nDone."),
        ("1️⃣ Open\n2️⃣ Close", "1. Open\n2. Close"),
        ("✅ Lights on\n🔥 Heating off", "Lights on\nHeating off"),
        ("-5 degrees\n- 5 degrees", "-5 degrees\n5 degrees"),
        ("The text goes on\nin the next line.", "The text goes on in the next line."),
        ("Two  spaces\tand\u00a0others\r\nend.", "Two spaces and others end."),
        ("One paragraph.\n\n\nAnother.\r\n\r\nThird.", "One paragraph.\nAnother.\nThird."),
        ("今天天气很好，\n我们去公园。", "今天天气很好，我们去公园。"),
        ("Milk\nEggs\nBread", "Milk\nEggs\nBread"),
        (
            "Set the living room to 21 degrees and the\nKitchen to 19.",
            "Set the living room to 21 degrees and the Kitchen to 19.",
        ),
        ("牛奶\n鸡蛋", "牛奶\n鸡蛋"),
    ],
)
def test_lines_are_read_as_what_they_are(written: str, spoken: str) -> None:
    """A border is where a sentence can't go on."""
    assert clean(written) == spoken


@each_row(
    ("written", "spoken"),
    [
        ("Before:\n```python\nprint('hi')\n```\nAfter.", "Before:\nAfter."),
        ("````\n~~~\n````\nAfter.", "After."),
        ("~~~\n# no heading\n```\n~~~\nAfter.", "After."),
        ("- Entry\n  ```\n  code\n  ```\nAfter.", "Entry\nAfter."),
        ("Before.\n```\nnever closed\nat all", "Before."),
        ("Before.\n```\nnever: closed.\n\nIt is on.\nIt is **well**.", "Before.\nIt is on.\nIt is well."),
        ("Here: ```yaml\ncode\n``` Then. ```\ncode```\nEnd.", "Here:\nThen.\nEnd."),
        ("```text\nThe lamp is on.\n```", "The lamp is on."),
        ("```yaml\na: b\nc: d", "a: b\nc: d"),
        ("Use ```inline``` code.", "Use inline code."),
        ("```inline``` at the beginning.", "inline at the beginning."),
    ],
)
def test_blocks_of_code_are_not_spoken(written: str, spoken: str) -> None:
    """Code within a line is, without its marks."""
    assert clean(written) == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("| Room | Light |\n|---|:-:|\n| Kitchen | on |\n| Hall | |\n\nDone.", "Room, Light\nKitchen, on\nHall\nDone."),
        ("Room | Light\n--- | ---\nHall | off", "Room, Light\nHall, off"),
        ("| **Sum:** | 5 |", "Sum: 5"),
    ],
)
def test_rows_of_tables_are_read_cell_by_cell(written: str, spoken: str) -> None:
    """The line under the head is not spoken."""
    assert clean(written) == spoken


@each_row(
    ("written", "spoken"),
    [
        ("See [the manual](https://example.com/a_(b)?c=d#e).", "See the manual."),
        ('See [it](https://example.com "A title"), please.', "See it, please."),
        ("See [it](https://example.com, please.", "See it please."),
        ("See [it](docs/page.md) or [that](#here).", "See it or that."),
        ("See [it][1] and [that][ref].\n\n[ref]: https://example.com 'x'\nEnd.", "See it and that ref.\nEnd."),
        ("An ![old cat](cat.png) sleeps.", "An old cat sleeps."),
        ("[![badge](https://a.b/c.svg)](https://a.b)", "badge"),
        ("![](data:image/png;base64," + "A" * 5000 + ") Text.", "Text."),
        ("Known [1], proven [2, 3] and shown.[^note]\n\n[^note]: By someone.", "Known, proven and shown.\nBy someone."),
        ("Cited [1](https://example.com).", "Cited."),
        ("From [0, 10] to a[0].", "From 0, 10 to a0."),
        ("An [aside] (not linked) and [x](as you see).", "An aside (not linked) and x(as you see)."),
        ("Go to https://example.com/a?b=c_d*e. Then wait.", "Go to. Then wait."),
        ("It (see https://example.com/x) works (https://example.com).", "It (see) works."),
        ("Visit www.example.com, please!", "Visit, please!"),
        ("<https://example.com> or <me@example.com>", "or me@example.com"),
        ("请访问https://example.com/路。谢谢！", "请访问 路。谢谢！"),
        ("देखें https://example.com।", "देखें।"),
        ("**https://example.com**", ""),
        ("A " + "https://example.com/" + "x" * 5000 + " b", "A b"),
    ],
)
def test_links_are_spoken_by_their_text_and_urls_not_at_all(written: str, spoken: str) -> None:
    """The punctuation of the sentence stays."""
    assert clean(written) == spoken


@each_row(
    ("written", "spoken"),
    [
        ("Hi 👋! All good 👍🏽.", "Hi! All good."),
        ("The 👨‍👩‍👧‍👦 family in 🇩🇪 and 🏴󠁧󠁢󠁥󠁮󠁧󠁿 ❤️‍🔥 you", "The family in and you"),
        ("Warm☀️and dry", "Warm and dry"),
        ("One\u200btwo\u2060three \u202eright\u202c so\u00adft \x07bell \ufeffend", "Onetwothree right soft bell end"),
        ("A lone \ud83d half and \ude00 another", "A lone half and another"),
        ("Icons \ue000 are gone \U000f0001", "Icons are gone"),
        ("Wait" + "." * 50 + " what" + "?!" * 50, "Wait...... what?!?!?!"),
    ],
)
def test_emoji_and_controls_are_not_spoken(written: str, spoken: str) -> None:
    """However they are put together."""
    assert clean(written) == spoken


@each_row(
    ("written", "spoken"),
    [
        ("<think>never closed. It is", ""),
        ("One moment.\n\n<think>\nnever closed", "One moment."),
        ("<|channel|>analysis<|message|>never closed", ""),
        ("Wait. <think>a</think> Yes. Say <think> now.", "Wait.\nYes. Say think now."),
        ("thoughts of before</think>Yes.", "thoughts of before\nYes."),
        ("<seed:think>a</seed:think><tool_call>{}</tool_call><function=x>y</function>Yes.", "Yes."),
        ("[THINK]a[/THINK]Yes.\n[TOOL_CALLS][{}]\nNo.", "Yes.\nNo."),
        ("◁think▷a◁/think▷Yes.", "Yes."),
        ("<|channel>thought\na<channel|>Yes.", "Yes."),
        (
            (
                "<|start|>assistant<|channel|>commentary to=functions.x <|constrain|>json<|message|>{}<|call|>"
                "<|start|>assistant<|channel|>commentary<|message|>One moment.<|end|>"
                "<|start|>assistant<|channel|>final<|message|>Yes.<|return|>"
            ),
            "One moment.\nYes.",
        ),
        ("Yes.<|im_end|>\n<|im_start|>assistant\nNo.<end_of_turn>", "Yes.\nNo."),
        ("<｜tool▁calls▁begin｜>{}<｜tool▁call▁end｜><｜tool▁calls▁end｜>Yes.", "Yes."),
    ],
)
def test_what_is_not_said_to_the_listener_is_not_spoken(written: str, spoken: str) -> None:
    """Reasoning, tool calls, and the tokens of a model's own format."""
    assert clean(written) == spoken
    assert clean(*written) == spoken


@each_row(
    ("written", "spoken"),
    [
        ("Known [1], proven [2, 3], set [18, 24] or [1-5].", "Known, proven, set 18, 24 or 1-5."),
        ("It says so:contentReference[oaicite:0]{index=0}. Then: so.", "It says so. Then: so."),
        ("So says it【12†source】. 【重要】Read.", "So says it. 【重要】Read."),
        ("It is old \ue200cite\ue202turn0search0\ue202turn1\ue201.", "It is old."),
        ("Paris ([wikipedia.org](https://a.b/c)), in France.", "Paris, in France."),
        ("It is. ([One](https://a.b), [Two](https://c.d))", "It is."),
        ("Buy it ([in the shop](https://a.b)) now.", "Buy it (in the shop) now."),
    ],
)
def test_where_it_was_read_is_not_spoken(written: str, spoken: str) -> None:
    """An interval is no footnote, a title no source."""
    assert clean(written) == spoken
    assert clean(*written) == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("[laughs softly] Well. [short pause] So. [Kitchen light] is on.", "Well. So. Kitchen light is on."),
        ("*clears throat* So. She *sighs* a lot. I am *happy*.", "So. She sighs a lot. I am happy."),
        ("(laughs) So (laughs).", "So (laughs)."),
        ("<laugh> So. <emotion value='happy'/>Yes.", "So. Yes."),
        ('Say "<room> in <color name>" or <device>.', 'Say "room in < color name>" or device.'),
    ],
)
def test_how_it_is_to_be_said_is_not_spoken(written: str, spoken: str) -> None:
    """Of a closed list; what stands for something is."""
    assert clean(written) == spoken
    assert clean(*written) == spoken


@each_row(
    ("written", "language", "spoken"),
    [
        ("Windows: bath ❌, hall ✅.", "en", "Windows: bath no, hall yes."),
        ("- Küche ✅\n- Bad ❌", "de-DE", "Küche ja\nBad nein"),
        ("| Cuisine | ✔️ |\n| Bain | ✖️ |", "fr", "Cuisine, oui\nBain, non"),
        ("✅ On\n❌ Off", "en", "On\nno: Off"),
        ("Done ✅ All set! ✅✅", "en", "Done All set!"),
        ("रसोई: ✅, स्नानघर: ❌", "hi-IN", "रसोई: हाँ, स्नानघर: नहीं"),
        ("厨房 ✅，浴室 ❌。", "zh", "厨房 是，浴室 否。"),
        ("Kitchen ✅, bath ❌", None, "Kitchen, bath"),
        ("5 ➕ 3 is not 5 ✖ 3, ➖2 is.", "en", "5 + 3 is not 5 × 3, -2 is."),
        ("➕ Milk\n➖ Tea", "en", "Milk\nTea"),
        ("Press 1️⃣ or 2️⃣.", "en", "Press 1 or 2."),
        ("Garage: ✅(closed)", "en", "Garage: yes (closed)"),
        ("❌Closed", "en", "no: Closed"),
    ],
)
def test_an_emoji_that_is_the_answer_is_spoken(written: str, language: str | None, spoken: str) -> None:
    """In the words of the language; others are for the eye."""
    for chunks in ([written], list(written)):
        cleaner = Cleaner(language=language)
        assert ("".join([cleaner.feed(chunk) for chunk in chunks]) + cleaner.end()).rstrip("\n") == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("$E = mc^2$ and $$a_1$$ and \\[x\\]", "E = mc^2 and a_1 and x"),
        ("It costs $5, $6 or US$7, $HOME and $x.", "It costs $5, $6 or US$7, $HOME and $x."),
    ],
)
def test_of_a_formula_only_the_edges_are_removed(written: str, spoken: str) -> None:
    """Money stays."""
    assert clean(written) == spoken
    assert clean(*written) == spoken


@each_row(
    ("written", "spoken"),
    [
        ("<p>One</p><p>Two<br/>three</p>", "One\nTwo\nthree"),
        ("A <b class='x'>bold</b> word<!-- not -- this --> here.", "A bold word here."),
        ("Fish &amp; chips&nbsp;&gt; &#8364;5 &eacute; &unknown; &amp;lt;", "Fish & chips > €5 é &unknown; &lt;"),
        ("A <!-- comment <b>with</b> tags --> word, <!-- an open one", "A word, < !-- an open one"),
        ("a<b and c>d", "a< b and c>d"),
        ("<break time='1s'/>Hello <digits>12 34</digits>", "Hello 12 34"),
        ("&lt;break time='1s'/&gt;", "< break time='1s'/>"),
        ("<br<b>eak time='1s'/>", "< break time='1s'/>"),
    ],
)
def test_html_is_not_spoken(written: str, spoken: str) -> None:
    """Nor can a tag come into being from what was not one."""
    assert clean(written) == spoken


@each_row(
    ("written", "spoken"),
    [
        ("Hi.<break time='400ms'/>You", "Hi.<break time='400ms'/>You"),
        ('One <break time="0.5s" /> two', 'One <break time="0.5s" /> two'),
        ("<phonemes>ˈeɪ.sɪŋk</phonemes> is <b>it</b>", "<phonemes>ˈeɪ.sɪŋk</phonemes> is it"),
        ("Dial <digits>(123) 456-7890</digits>.", "Dial <digits>(123) 456-7890</digits>."),
        ("Dial <digits>*1_2*</digits>.", "Dial <digits>*1_2*</digits>."),
        ("An open <digits>123 only", "An open 123 only"),
        ("A <voice>voice</voice>", "A voice"),
    ],
)
@each_row("marks", [True, False])
def test_tags_that_the_user_allows_pass_as_they_are(written: str, spoken: str, marks: bool) -> None:
    """The provider reads them; others are removed, and their text stays."""
    assert clean(written, tags=TAGS, marks=marks) == spoken


def test_cleaning_can_be_left_out() -> None:
    """What is left to do is to find the paragraphs, and to remove what no provider could read."""
    written = "# A *b* `c` 😀 https://example.com\x00 <b>d</b>\nso\n\n- e"
    assert clean(written, marks=False) == "# A *b* `c` 😀 https://example.com d so\n- e"
    code = "So:\n```\nname: *e*\n```\nf"
    assert clean(code, marks=False) == code


def test_halves_of_a_character_are_joined() -> None:
    """JSON escapes are split between them at times."""
    assert clean("A \ud83d", "\ude00 smile \ud835", "\udc00 and\r", "\nso on.") == "A smile 𝐀 and so on."


@pytest.mark.parametrize(
    "mark",
    [
        "[",
        "![",
        "[^",
        "[1",
        "](",
        "](x",
        "<b",
        "<b c='",
        "<a href=x ",
        "<!--",
        "&",
        "&am",
        "*",
        "**",
        "_",
        "~~",
        "`",
        "\\",
        "|",
        "(",
    ],
)
@given(st.lists(st.sampled_from(["word", "two", "x1"]), min_size=100, max_size=120).map(" ".join))
@settings(max_examples=3)
def test_an_open_mark_holds_back_little(mark: str, rest: str) -> None:
    """Text goes on to be spoken behind a mark that is never closed."""
    cleaner = Cleaner(tags=TAGS)
    spoken = cleaner.feed(f"Here {mark}") + cleaner.feed(rest)
    assert len(spoken) >= len(rest) - MAX_MARK


PIECES = st.sampled_from(
    [
        "*",
        "**",
        "_",
        "__",
        "~~",
        "`",
        "```",
        "#",
        "##",
        ">",
        "-",
        "+",
        "1.",
        "2)",
        "|",
        "|---|",
        "[",
        "]",
        "](",
        ")",
        "(",
        "!",
        "![",
        "<",
        "<b>",
        "</b>",
        "<br>",
        "<break\xa0time='1s'/>",
        "<digits>",
        "</digits>",
        "&",
        "&amp;",
        "&lt;",
        "https://a.b/c",
        "www.",
        "h",
        "w",
        "Hello",
        "world",
        "a",
        "B",
        "3.14",
        "12",
        ".",
        "?",
        "…",
        "。",
        "「",
        "」",
        "你好",
        "नमस्ते",
        "।",
        "Dr.",
        ",",
        ":",
        "—",
        "\\",
        "'",
        '"',
        "<!--",
        "-->",
        "---",
        "===",
        "mailto:",
        "x@y.z",
    ]
) | st.sampled_from(
    [" ", "  ", "\n", "\n\n", "\r\n", "\r", "\t", "😀", "\u200d", "\ufe0f", "\ud83d", "\ude00", "\u0301", "- [ ] "]
)
WRITTEN = st.lists(PIECES, max_size=40).map("".join).map(lambda text: text.replace("\u00a0", " ")) | st.text(
    max_size=60
)


@given(WRITTEN, st.data(), st.booleans(), st.sampled_from([TAGS, frozenset[str]()]))
def test_it_does_not_matter_how_a_text_arrives(
    text: str, data: st.DataObject, marks: bool, tags: frozenset[str]
) -> None:
    """Split anywhere, what is spoken is the same."""
    places = sorted(data.draw(st.sets(st.integers(0, len(text)))))
    chunks = [text[begin:end] for begin, end in zip([0, *places], [*places, len(text)], strict=True)]
    assert clean(*chunks, marks=marks, tags=tags) == clean(text, marks=marks, tags=tags)
    assert clean(*text, marks=marks, tags=tags) == clean(text, marks=marks, tags=tags)


@given(WRITTEN)
def test_no_tag_passes_that_is_not_allowed(text: str) -> None:
    """However it is put together."""
    spoken = clean(text)
    assert "<b" not in spoken
    assert "<d" not in spoken


@given(st.text(st.characters(categories=["Lu", "Ll", "Lo", "Nd"]) | st.sampled_from(" .,!?\n"), max_size=200))
def test_no_word_of_plain_prose_is_lost(text: str) -> None:
    """All letters and digits are there, in order."""
    assert [sign for sign in clean(text) if sign.isalnum()] == [sign for sign in text if sign.isalnum()]
