"""Marks within a text: each provider says them in its own way."""

from hypothesis import given, strategies as st

from custom_components.streaming_tts.providers import PROVIDERS, markup as inline
from custom_components.streaming_tts.providers.provider import Provider
from custom_components.streaming_tts.providers.types import Credentials
from tests.tables import each_row


def provider(key: str) -> Provider:
    """Return a provider that makes no request."""
    return PROVIDERS[key](None, Credentials(key="key"))  # type: ignore[arg-type]  # no wire here


@each_row(
    ("text", "said"),
    [
        ("Nothing < to translate > here", "Nothing < to translate > here"),
        ('It is <phonemes alt="Wye Fye">ˈwaɪ.faɪ</phonemes>.', "It is <phonemes>ˈwaɪ.faɪ</phonemes>."),
        ("It is <phonemes>ˈwaɪ.faɪ</phonemes>.", "It is <phonemes>ˈwaɪ.faɪ</phonemes>."),
        ("Dial <digits>(123) 456-7890</digits>.", "Dial <digits>(123) 456-7890</digits>."),
        ("Dial <digits> </digits>.", "Dial ."),
        ("Hi.<break time='400ms'/>You", "Hi.<break time='400ms'/>You"),
        ('Hi. <break time="0.5s" /> You', "Hi. <break time='500ms'/> You"),
        ("Hi.<break/>You", "Hi.<break time='400ms'/>You"),
        ("Hi.<break time='soon'></break>You", "Hi.<break time='400ms'/>You"),
        ("A <breakfast/> for <digitsum>1</digitsum>", "A <breakfast/> for <digitsum>1</digitsum>"),
    ],
)
def test_asyncflow_has_tags_of_its_own(text: str, said: str) -> None:
    """With nothing in them that its documentation does not name (docs/dev/protocols.md A10)."""
    assert provider("asyncflow").render(text) == said


@each_row("key", ["sarvam", "flow_tts"])
@each_row(
    ("text", "said"),
    [
        ("Nothing < to translate > here", "Nothing < to translate > here"),
        ('It is <phonemes alt="Wye Fye">ˈwaɪ.faɪ</phonemes>.', "It is Wye Fye."),
        ("It is <phonemes alt='Wye Fye'>ˈwaɪ.faɪ</phonemes>.", "It is Wye Fye."),
        ("It is <phonemes>waɪfaɪ</phonemes>.", "It is waɪfaɪ."),
        ("Dial <digits>112</digits>.", "Dial 1 1 2."),
        ("Dial <digits>(123) 456-7890</digits>.", "Dial 1 2 3, 4 5 6, 7 8 9 0."),
        ("Seat <digits>B52</digits>.", "Seat B 5 2."),
        ("डायल <digits>११२</digits>।", "डायल १ १ २।"),
        ("Look out <break time='400ms'/> the door", "Look out, the door"),
        ("Look out<break time='400ms'/><break time='400ms'/>the door", "Look out, the door"),
        ("Look out <break/>, the door", "Look out, the door"),
        ("Look out.<break/>The door", "Look out. The door"),
        ("<break/>The door<break/>", "The door"),
        ("The (<break/>open) door (<break/>)", "The (open) door ()"),
        ("小心<break/>门开了。", "小心，门开了。"),
        ("好<break/>门开了。", "好，门开了。"),
        ("小心。<break/>门开了。", "小心。门开了。"),
        ("انتبه<break/> الباب", "انتبه، الباب"),
        ("A <breakfast/>", "A <breakfast/>"),
    ],
)
def test_who_has_no_marks_gets_words_and_punctuation(key: str, text: str, said: str) -> None:
    """No part of a tag is spoken."""
    assert provider(key).render(text) == said


@each_row(
    ("text", "seconds"),
    [
        ("It is open.", 0.0),
        ("It is open.<break time='1s'/>", 1.0),
        ("It is open <break/> . ", 0.4),
        ("It is <break time='1s'/>open.<break time='0.5s'/> <break time='80ms'/>", 0.58),
        ("It is open.<break time='3s'/><break time='3s'/>", 5.0),
        ("Dial.<break time='1s'/><digits>112</digits>", 0.0),
        ("Dial <digits>112</digits><break time='1s'/>", 1.0),
        ("<break time='1s'/>", 1.0),
    ],
)
def test_the_breaks_behind_the_last_word_are_known(text: str, seconds: float) -> None:
    """They are together no longer than one may be."""
    assert inline.closing_pause(text) == seconds


MARKS = st.sampled_from(
    [
        inline.pause(400),
        inline.digits("12 34"),
        inline.phonemes("a.b", "Ab"),
        "<break/>",
        "<",
        ">",
        "one",
        ". ",
        " ",
        "你",
        "(",
    ]
)


@given(st.lists(MARKS, max_size=30).map("".join))
def test_no_mark_is_left_and_every_word_is_said(text: str) -> None:
    """In any order."""
    said = inline.plain(text)
    assert inline.plain(said) == said
    assert (said.count("word"), said.count("Ab"), said.count("1 2, 3 4")) == (
        text.count("word"),
        text.count(inline.phonemes("a.b", "Ab")),
        text.count(inline.digits("12 34")),
    )
