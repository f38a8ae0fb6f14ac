"""Where sentences end in many languages, and where a text is cut that has no end in time."""

from collections.abc import Callable
import unicodedata

from hypothesis import given, strategies as st
import pytest

from custom_components.streaming_tts.providers import markup as inline
from custom_components.streaming_tts.speech.text.buffer import TextBuffer, TextRules
from custom_components.streaming_tts.speech.text.sentences import is_finished
from tests.tables import each_row


def buffer_of(
    *pieces: str,
    language: str | None = None,
    most: int = 2000,
    length: Callable[[str], int] = len,
    can_speak: Callable[[str], bool] = lambda _text: True,
) -> TextBuffer:
    r"""Return a buffer that was fed a clean text, in which `\n` is a border."""
    rules = TextRules(
        language=language, clean=False, tags=inline.TAGS, max_characters=most, length=length, can_speak=can_speak
    )
    buffer = TextBuffer(rules)
    for piece in pieces:
        buffer.feed(piece.replace("\n", "\n\n"))
    return buffer


def segment(
    text: str, language: str | None = None, *, most: int = 2000, length: Callable[[str], int] = len
) -> list[str]:
    """Return the sentences of a clean text."""
    buffer = buffer_of(text, language=language, most=most, length=length)
    buffer.end()
    return buffer.sentences


@each_row(
    ("language", "sentences"),
    [
        ("en", ["The light is on.", "It is warm!", "Is it?", "Yes."]),
        ("en", ["hi.", "lower case starts.", "are they seen?", "yes."]),
        ("en", ["Yes.", "No.", "OK.", "I do.", "It was I.", "Really."]),
        ("en", ["Dr. Smith and Mrs. J. R. Jones live in St. Paul.", "They are well."]),
        ("en", ["It is e.g. this, i.e. that, cf. the U.S. Army vs. approx. five.", "Fine."]),
        ("en", ["At 5 p.m. tomorrow we eat, drink, etc. together.", "Come at 6 p.m.", "The door is open."]),
        ("en", ["Pi is 3.14159.", "It is 10.30.", "Version 2.0.1 is out.", "See No. 5 and Fig. 3."]),
        ("en", ["Smith et al. say so.", "There are 12.", "5 people came.", "In 1998.", "Then again."]),
        ("en", ["Steps: 1. Open it.", "2. Close it.", "3. Done."]),
        ("en", ["Wait… what?", "Well...", "I think so... maybe."]),
        ("en", ['He said "Stop!"', '"Why?" she asked.', "(It was late.)", "They left."]),
        ("en", ["Really?!", "No!!!", "Go to example.com now.", "Or Node.js."]),
        ("en", ["The end.", "“Quoted,” he said.", "‘So.’", "End."]),
        ("de", ["Am 3. Oktober ist z. B. frei, d.h. zu.", "Das sind ca. 20 bzw. 30 Grad.", "Gut!"]),
        ("de", ["Herr Dr. Müller kommt usw. morgen um 8.30 Uhr.", "Im Jahr 1990.", "Danach."]),
        ("de", ["Sie sagte: „Hallo.“", "Dann ging sie.", "»Gut.«", "Ende."]),
        ("es", ["¿Qué hora es?", "¡Son las tres!", "El Sr. García vive en la pág. 3.", "¿Sí?"]),
        ("fr", ["Bonjour !", "Comment ça va ?", "« Très bien. »", "M. Dupont dort, p. ex. ici."]),
        ("it", ["Il dott. Rossi arriva.", "Compra pane, latte, ecc. domani.", "Ciao!"]),
        ("ru", ["Это т.е. так.", "Проф. Иванов пришёл.", "Да!"]),
        ("hi", ["नमस्ते।", "आप कैसे हैं?", "डॉ. शर्मा घर पर हैं।", "यह अच्छा है.", "फिर मिलेंगे।"]),
        ("ta", ["வணக்கம்.", "நீங்கள் எப்படி இருக்கிறீர்கள்?", "திரு. குமார் வந்தார்.", "நன்றி!"]),
        ("bn", ["আপনি কেমন আছেন?", "আমি ভালো আছি।", "ধন্যবাদ।"]),
        ("ur", ["آپ کیسے ہیں؟", "میں ٹھیک ہوں۔", "شکریہ۔"]),
        ("ar", ["مرحبا.", "كيف حالك؟", "أنا بخير!", "جاء د. أحمد، ثم ذهب."]),
        ("ko", ["네.", "알겠습니다.", "불을 켤까요?"]),
        ("ko", ["방 번호는 101.", "문은 닫혔다."]),
        ("hy", ["Բարեւ։", "Ինչպես եք։"]),
        ("en-IN", ["Theek hai.", "main light on kar deta hoon.", "AC 24 pe set hai!", "Kuch aur chahiye?"]),
        ("hi-IN", ["AC चालू है।", "Temperature 24.5 degree है।", "ok?", "ठीक."]),
    ],
)
def test_sentences_end_where_a_speaker_would_pause(language: str, sentences: list[str]) -> None:
    """Enders, abbreviations, numerals and quotes of many languages."""
    assert segment(" ".join(sentences), language) == sentences


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        ("zh", ["你好。", "今天天气很好！", "我们去公园吧？", "他说：“好。”", "然后走了。"]),
        ("zh", ["温度是３．５度。", "嗯……也许吧。", "真的？！", "是的!", "走吧｡", "好"]),
        ("ja", ["こんにちは。", "「はい。」と言った。", "次の文です！", "（終わり。）", "そう"]),
        ("hi", ["यह ठीक है।", "चलो॥", "फिर"]),
    ],
)
def test_writings_without_spaces_need_none_between_sentences(language: str, sentences: list[str]) -> None:
    """The ender is enough."""
    assert segment("".join(sentences), language) == sentences


def test_a_border_ends_a_sentence_without_a_stop() -> None:
    """Headings, entries of lists, cells of tables."""
    assert segment("Shopping list\nMilk\n2 eggs\n1. Open it\n2. Close it\nDone") == [
        "Shopping list", "Milk", "2 eggs", "1. Open it", "2. Close it", "Done",
    ]  # fmt: skip


@each_row(
    ("text", "sentences"),
    [
        ("Hello.", []),
        ("Hello. ", []),
        ("Hello. T", ["Hello."]),
        ("Hello. t", ["Hello."]),
        ("Hello\n", ["Hello"]),
        ("你好。", []),
        ("你好。今", ["你好。"]),
        ("Dr. Smi", []),
        ("It is 3.", []),
        ('"Hello." he', []),
        ('"Hello." He', ['"Hello."']),
        ("« Oui. »", []),
        ("« Oui. » Il", ["« Oui. »"]),
        ("Oui. «", ["Oui."]),
        ("Ja. »", []),
        ("Ja. »N", ["Ja."]),
    ],
)
def test_a_sentence_is_finished_as_soon_as_what_follows_tells(text: str, sentences: list[str]) -> None:
    """One character is enough."""
    assert buffer_of(text).sentences == sentences


@each_row("text", ["Hello.", "What?", "Wait...", "Let me see…", "你好。", "ठीक है।", "كيف؟", '"Yes."', "(No.)",
    "Oui !", "« Oui. »", "So here it is:", "我来看看吧：", "No.", "It is 3.14.", "Apples, pears, etc.", "It was I.", "Bar۔"])  # fmt: skip  # noqa: E501
def test_what_can_be_spoken_when_nothing_follows(text: str) -> None:
    """It ends like a sentence."""
    assert is_finished(text) == (text != "It is 3.14.")


@each_row(
    "text",
    [
        "Hello",
        "with Dr.",
        "at 3.",
        "Mr. J.",
        "e.g.",
        "z. B.",
        "at 10:",
        "Living room:",
        "温度：",
        "so,",
        "and then —",
        "",
        "डॉ.",
        "the U.S.",
    ],
)
def test_what_would_be_torn_apart_when_nothing_follows(text: str) -> None:
    """An abbreviation, a numeral, no ender at all."""
    assert not is_finished(text)


@each_row(
    ("text", "most", "pieces"),
    [
        ("one two, three four five, six seven", 26, ["one two, three four five,", "six seven"]),
        ("one two three four five six", 12, ["one two", "three four", "five six"]),
        ("a, bbbb cccc dddd eeee", 15, ["a, bbbb cccc", "dddd eeee"]),
        (
            "digits<digits>1 2 3 4 5 6 7 8 9 0 1 2 3</digits>",
            44,
            ["digits", "<digits>1 2 3 4 5 6 7 8 9 0 1 2 3</digits>"],
        ),
        ("abcdefghijklmnop", 6, ["abcdef", "ghijkl", "mnop"]),
        ("it is 1,234,567.89 now", 12, ["it is", "1,234,567.89", "now"]),
        ("over 12 345 678 people", 12, ["over", "12 345 678", "people"]),
        ("一二三四，五六七八九十", 7, ["一二三四，", "五六七八九十"]),
        ("一二三四五六七八九十", 4, ["一二三四", "五六七八", "九十"]),
        ("नमस्ते दुनिया आप कैसे हैं", 12, ["नमस्ते", "दुनिया आप", "कैसे हैं"]),
        ("क्षक्षक्षक्ष", 4, ["क्ष", "क्ष", "क्ष", "क्ष"]),
        ("e\u0301e\u0301e\u0301", 3, ["e\u0301", "e\u0301", "e\u0301"]),
        ("dial <digits>12 34</digits> now", 25, ["dial", "<digits>12 34</digits>", "now"]),
        ("so <break time='1s'/>here we go on", 26, ["so <break time='1s'/>here", "we go on"]),
        ("in the cellar 21 kWh was used", 18, ["in the cellar", "21 kWh was used"]),
        ("in the cellar 21.5 °C", 19, ["in the cellar", "21.5 °C"]),
        ("今天厨房里有21度", 8, ["今天厨房里有", "21度"]),
        ("The first, long sentence. Short.", 20, ["The first,", "long sentence.", "Short."]),
    ],
)
def test_what_is_too_long_is_cut_where_it_is_heard_least(text: str, most: int, pieces: list[str]) -> None:
    """At a clause, between words, between characters; not in numbers, tags and what looks like one character."""
    assert segment(text, most=most) == pieces


def test_a_limit_is_kept_as_the_provider_counts() -> None:
    """In bytes, for instance."""
    pieces = segment("grüße und öl", most=9, length=lambda text: len(text.encode()))
    assert pieces == ["grüße", "und öl"]


@each_row(
    ("text", "opened", "tail"),
    [
        ("When the sun has set, the lamps and", "When the sun has set,", "the lamps and"),
        ("When the sun has set, the lamps are on, and then", "When the sun has set, the lamps are on,", "and then"),
        ("The lamps of the house — all of them", "The lamps of the house —", "all of them"),
        ("wenn die Sonne weg ist; dann", "wenn die Sonne weg ist;", "dann"),
        ("जब सूरज ढल जाता है और रात होती है, तब", "जब सूरज ढल जाता है और रात होती है,", "तब"),
        ("عندما تغرب الشمس في المساء، تضيء", "عندما تغرب الشمس في المساء،", "تضيء"),
        ("当太阳下山的时候，灯", "当太阳下山的时候，", "灯"),
    ],
)
def test_a_long_first_sentence_is_opened_with_its_first_clauses(text: str, opened: str, tail: str) -> None:
    """As many as are there."""
    buffer = buffer_of(text)
    buffer.open_with_clause(20)
    assert buffer.sentences == [opened]
    assert buffer.tail == tail


@pytest.mark.parametrize(
    "text",
    [
        "Well, the sun is going down",
        "It costs 1,000,000,000,000,000",
        "The lamps of the house are on,",
        "Dial <digits>123, 456, 789, 012, 345</digits>",
    ],
)
def test_no_clause_is_cut_that_is_short_or_may_go_on(text: str) -> None:
    """A breath behind the first word is heard as a stumble."""
    buffer = buffer_of(text)
    buffer.open_with_clause(20)
    assert not buffer.sentences
    assert buffer.tail == text


def test_what_is_finished_needs_no_clause() -> None:
    """It is spoken first."""
    buffer = buffer_of("Done. When the sun has set behind the hill, the")
    buffer.open_with_clause(20)
    assert buffer.sentences == ["Done."]


@each_row(
    ("text", "sentences"),
    [
        ("...\n?!\n—\nWord", ["Word"]),
        ("Hi.<break time='1s'/>You", ["Hi.", "<break time='1s'/>You"]),
        ("Hi.<break time='1s'/>\nYou", ["Hi.", "<break time='1s'/>You"]),
        ("<break time='1s'/>. Hi. You", ["<break time='1s'/>. Hi.", "You"]),
        ("Hi <break time='1s'/>", ["Hi <break time='1s'/>"]),
        ("Hi.<break time='1s'/>", ["Hi.<break time='1s'/>"]),
        ("<break time='1s'/>", []),
        ("Say <phonemes>a. B</phonemes>. So", ["Say <phonemes>a. B</phonemes>.", "So"]),
    ],
)
def test_only_what_can_be_said_is_a_sentence(text: str, sentences: list[str]) -> None:
    """Punctuation alone is not; a tag waits for the words that follow it."""
    assert segment(text) == sentences


LANGUAGES = st.sampled_from([None, "en", "de", "hi", "zh"])
CLEAN = st.lists(
    st.sampled_from(
        [
            "Hello",
            "world",
            "a",
            "B",
            "3",
            "3.14",
            "12",
            "2024",
            "1,000",
            ".",
            "?",
            "!",
            "…",
            "...",
            ",",
            ";",
            ":",
            "—",
            "–",
            "(",
            ")",
            '"',
            "'",
            "“",
            "”",
            "„",
            "«",
            "»",
            "。",
            "？",
            "，",
            "「",
            "」",
            "と",
            "你好",
            "नमस्ते",
            "।",
            "क्ष",
            "Dr.",
            "e.g.",
            "etc.",
            "p.m.",
            "I",
            "No.",
            "<break\xa0time='1s'/>",
            "<digits>1\xa02.\xa03</digits>",
            "<\xa0",
            "\xa0>",
            "한국어",
            "؟",
            "مرحبا",
        ]
    )
    | st.sampled_from([" ", " ", " ", "\n"]),
    max_size=50,
).map(lambda words: "".join(words).replace("\u00a0", " "))
BREAK = "<break time='1s'/>"
LENGTHS = st.sampled_from([len, lambda text: len(text.encode())])


@given(CLEAN, LANGUAGES, st.sampled_from([30, 45, 100, 2000]), LENGTHS, st.data())
def test_it_does_not_matter_how_a_text_arrives(
    text: str, language: str | None, most: int, length: Callable[[str], int], data: st.DataObject
) -> None:
    """Split anywhere but in a tag, which comes as a whole, the sentences are the same."""
    places = data.draw(st.sets(st.integers(0, len(text))))
    places = {place for place in places if text.rfind("<", 0, place) <= text.rfind(">", 0, place)}
    places = {place for place in places if text.count("<d", 0, place) == text.count("</d", 0, place)}
    pieces = [text[begin:end] for begin, end in zip([0, *sorted(places)], [*sorted(places), len(text)], strict=True)]
    buffer = buffer_of(*pieces, language=language, most=most, length=length)
    buffer.end()
    assert buffer.sentences == segment(text, language, most=most, length=length)


@given(CLEAN, LANGUAGES, st.sampled_from([30, 45, 100, 2000]), LENGTHS)
def test_nothing_is_lost_and_every_limit_kept(
    text: str, language: str | None, most: int, length: Callable[[str], int]
) -> None:
    """All letters and digits are there, in order, and each tag is whole."""
    pieces = segment(text, language, most=most, length=length)
    # A pause before nothing may be left out
    said = "".join(pieces).replace(BREAK, "")
    assert [sign for sign in said if sign.isalnum()] == [sign for sign in text.replace(BREAK, "") if sign.isalnum()]
    for piece in pieces:
        assert len(piece) <= most
        assert length(piece) <= most
        assert piece.count("<digits>") == piece.count("</digits>")
        assert not unicodedata.combining(piece[0])


def has_latin(text: str) -> bool:
    """Return True if there is a Latin letter: a service that refuses any other text."""
    return any("a" <= sign <= "z" for sign in text.lower())


@each_row(
    ("text", "sentences"),
    [
        ("Спасибо! That is thank you.", ["Спасибо! That is thank you."]),
        ("Спасибо! Да! Yes.\nНет.\nNo.", ["Спасибо! Да! Yes.", "Нет. No."]),
        ("Yes. Спасибо! Да!", ["Yes. Спасибо! Да!"]),
        ("Спасибо! Да!", []),
        ("谢谢。Thanks.\n你好\n", ["谢谢。 Thanks. 你好"]),
        ("Спасибо\nThat is it.", ["Спасибо. That is it."]),
    ],
)
@each_row("size", [1, 5, 100])
def test_what_a_service_refuses_alone_is_joined_with_what_it_speaks(text: str, sentences: list[str], size: int) -> None:
    """With what follows, at the end with what came before, and skipped where there is nothing else."""
    pieces = (text[begin : begin + size] for begin in range(0, len(text), size))
    buffer = buffer_of(*pieces, can_speak=has_latin)
    buffer.end()
    assert buffer.sentences == sentences


def test_no_clause_is_opened_that_a_service_refuses() -> None:
    """It waits for the words that make a request of it."""
    buffer = buffer_of("Спасибо большое за вашу помощь, says the neighbour, and", can_speak=has_latin)
    buffer.open_with_clause(20)
    assert buffer.sentences == ["Спасибо большое за вашу помощь, says the neighbour,"]


def test_what_a_service_refuses_is_left_out_where_it_fits_nowhere() -> None:
    """A limit is kept, and all that can be spoken is."""
    buffer = buffer_of("Спасибо большое! This is a full one. Да, конечно! Yes.", most=20, can_speak=has_latin)
    buffer.end()
    assert buffer.sentences == ["This is a full one.", "Да, конечно! Yes."]
