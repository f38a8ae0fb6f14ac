"""An entry of the lexicon: what it may be, and what is written in the place of its word."""

from typing import Any

import pytest

from custom_components.streaming_tts.account.options import MIN_CHARACTERS
from custom_components.streaming_tts.speech.text.lexicon import (
    MAX_CHARACTERS,
    MAX_PAUSE,
    MIN_PAUSE,
    Pronunciation,
    PronunciationError,
    PronunciationField,
)
from custom_components.streaming_tts.speech.text.marks import MAX_MARK
from tests.tables import each_row


@each_row(
    ("fields", "found", "said"),
    [
        ({"word": "Sarvam", "respelling": "Sarvum"}, "Sarvam", "Sarvum"),
        ({"word": "sarvam", "respelling": "sarvum"}, "Sarvam", "Sarvum"),
        ({"word": "sarvam", "respelling": "sarvum"}, "sarvam", "sarvum"),
        ({"word": "Gif", "respelling": "jif"}, "Gif", "jif"),
        ({"word": "wi-fi", "ipa": "ˈwaɪ.faɪ"}, "Wi-Fi", '<phonemes alt="Wi-Fi">ˈwaɪ.faɪ</phonemes>'),
        (
            {"word": "wi-fi", "ipa": "ˈwaɪ.faɪ", "respelling": "wye fye"},
            "wi-fi",
            '<phonemes alt="wye fye">ˈwaɪ.faɪ</phonemes>',
        ),
        ({"word": "112", "digits": True}, "112", "<digits>112</digits>"),
        ({"word": "B2B 12", "digits": True}, "B2B 12", "B<digits>2</digits>B <digits>12</digits>"),
        ({"word": "(030) 12-34", "digits": True}, "(030) 12-34", "(<digits>030) 12-34</digits>"),
        ({"word": "look out", "pause": 400}, "Look out", "Look out<break time='400ms'/>"),
        ({"word": "112", "digits": True, "pause": "80"}, "112", "<digits>112</digits><break time='80ms'/>"),
    ],
)
def test_what_is_written_for_a_word(fields: dict[str, Any], found: str, said: str) -> None:
    """Its respelling, or marks that every provider translates."""
    assert Pronunciation.of(**fields).said(found) == said


@each_row(
    ("fields", "part", "reason"),
    [
        ({"word": " "}, PronunciationField.WORD, "pronunciation_word_missing"),
        ({"word": "..."}, PronunciationField.WORD, "pronunciation_word_invalid"),
        ({"word": "<b>"}, PronunciationField.WORD, "pronunciation_word_invalid"),
        ({"word": "a\x00b"}, PronunciationField.WORD, "pronunciation_word_invalid"),
        ({"word": "a" * 61}, PronunciationField.WORD, "pronunciation_too_long"),
        ({"word": "a", "language": "English"}, PronunciationField.LANGUAGE, "pronunciation_language_invalid"),
        ({"word": "a", "language": ""}, PronunciationField.LANGUAGE, "pronunciation_language_invalid"),
        ({"word": "a", "respelling": 'say "a"'}, PronunciationField.RESPELLING, "pronunciation_text_invalid"),
        ({"word": "a", "respelling": ["b"]}, PronunciationField.RESPELLING, "pronunciation_text_invalid"),
        ({"word": "a", "respelling": "b" * 101}, PronunciationField.RESPELLING, "pronunciation_too_long"),
        ({"word": "a", "ipa": "a<"}, PronunciationField.IPA, "pronunciation_text_invalid"),
        ({"word": "a", "ipa": "a" * 71}, PronunciationField.IPA, "pronunciation_too_long"),
        ({"word": "a", "digits": True}, PronunciationField.DIGITS, "pronunciation_no_digits"),
        ({"word": "1", "digits": True, "ipa": "a"}, PronunciationField.DIGITS, "pronunciation_digits_alone"),
        ({"word": "1", "digits": "perhaps"}, PronunciationField.DIGITS, "pronunciation_flag_invalid"),
        ({"word": "a", "pause": MIN_PAUSE - 1}, PronunciationField.PAUSE, "pronunciation_pause_invalid"),
        ({"word": "a", "pause": MAX_PAUSE + 1}, PronunciationField.PAUSE, "pronunciation_pause_invalid"),
        ({"word": "a", "pause": "nan"}, PronunciationField.PAUSE, "pronunciation_pause_invalid"),
        ({"word": "a", "pause": "1e999"}, PronunciationField.PAUSE, "pronunciation_pause_invalid"),
        ({"word": "a", "pause": True}, PronunciationField.PAUSE, "pronunciation_pause_invalid"),
        ({"word": "a"}, PronunciationField.RESPELLING, "pronunciation_empty"),
        (
            {"word": "a", "respelling": " ", "pause": "", "digits": False},
            PronunciationField.RESPELLING,
            "pronunciation_empty",
        ),
        ({"word": "a", "spelling": "b"}, PronunciationField.WORD, "pronunciation_field_unknown"),
    ],
)
def test_what_cannot_be_is_refused(fields: dict[str, Any], part: PronunciationField, reason: str) -> None:
    """With the field that is wrong."""
    with pytest.raises(PronunciationError) as refused:
        Pronunciation.of(**fields)
    assert (refused.value.part, refused.value.reason) == (part, reason)


@each_row(
    ("given", "kept"),
    [("all", "all"), ("ALL", "all"), ("EN", "en"), ("en_in", "en-IN"), ("zh-hant-tw", "zh-Hant-TW"), ("yue", "yue")],
)
def test_a_language_has_one_spelling(given: str, kept: str) -> None:
    """However it was given."""
    assert Pronunciation.of(word="a", language=given, respelling="b").language == kept


def test_a_word_has_one_spelling() -> None:
    """Composed, and with single spaces."""
    assert Pronunciation.of(word=" Cafe\u0301   Müller ", respelling="b").word == "Café Müller"


@each_row("sign", ["°C", "&", "%", "€", "C++", ".NET", "AT&T", "O'Brien", "北京", "दूध"])
def test_signs_that_are_said_may_be_words(sign: str) -> None:
    """They are said in words."""
    assert Pronunciation.of(word=sign, respelling="b").word == sign


def test_the_longest_entry_makes_a_mark_that_passes_whole() -> None:
    """It is never cut, however little of an utterance is spoken at most."""
    respelling, ipa = "r" * MAX_CHARACTERS[PronunciationField.RESPELLING], "i" * MAX_CHARACTERS[PronunciationField.IPA]
    entry = Pronunciation.of(word="w" * MAX_CHARACTERS[PronunciationField.WORD], respelling=respelling, ipa=ipa)
    assert len(entry.said(entry.word)) <= min(MAX_MARK, MIN_CHARACTERS)
    assert entry.fields == {"respelling": respelling, "ipa": ipa}
