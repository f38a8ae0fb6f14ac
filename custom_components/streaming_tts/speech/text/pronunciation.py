"""How one word is to be said: an entry of the house's lexicon, checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
import re
from typing import Any, Final, Self
import unicodedata

from ...providers import markup as inline

EVERY_LANGUAGE: Final = "all"

MIN_PAUSE: Final = 80
MAX_PAUSE: Final = 1200
"""Milliseconds of a break that sounds natural (docs/protocols.md A10)."""

_TAG = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{2,8}){0,3}")

_NUMBER = re.compile(r"\d(?:[ ().-]*\d)*")

_FORBIDDEN = frozenset('<>"')
"""What marks are made of."""

_SIGNS = frozenset("&%@§#")
"""Punctuation that is said, and so may be a word."""


class PronunciationField(StrEnum):
    """What of an entry is wrong: the names of its fields."""

    WORD = "word"
    LANGUAGE = "language"
    RESPELLING = "respelling"
    IPA = "ipa"
    DIGITS = "digits"
    PAUSE = "pause"


MAX_CHARACTERS: Final = {PronunciationField.WORD: 60, PronunciationField.RESPELLING: 100, PronunciationField.IPA: 70}
"""What a field may be as long as: IPA and its alternative make a mark that is passed whole, by the shortest limit
too."""


class PronunciationError(ValueError):
    """An entry that cannot be: `reason` is the key of a message about its `part`."""

    def __init__(self, part: PronunciationField, reason: str) -> None:
        """Keep what is wrong with what."""
        super().__init__(reason)
        self.part = part
        self.reason = reason


@dataclass(frozen=True, kw_only=True, slots=True)
class Pronunciation:
    """How a word, or several, is said in a language (a BCP 47 tag, or `EVERY_LANGUAGE`); make one with `of`.

    `respelling` is written in the place of the word, `ipa` is said instead where a provider reads IPA, `digits` says
    its numbers digit by digit, and `pause` is a break behind it in ms. None and False leave the word as it is.
    """

    word: str
    language: str = EVERY_LANGUAGE
    respelling: str | None = None
    ipa: str | None = None
    digits: bool = False
    pause: int | None = None

    @classmethod
    def of(cls, *, word: str, language: str = EVERY_LANGUAGE, **said: Any) -> Self:
        """Return an entry of what a person or an action gave; raises `PronunciationError`."""
        if said.keys() - set(PronunciationField):
            raise PronunciationError(PronunciationField.WORD, "pronunciation_field_unknown")
        entry = cls(
            word=_word(word),
            language=_language(language),
            respelling=_text(PronunciationField.RESPELLING, said.get(PronunciationField.RESPELLING)),
            ipa=_text(PronunciationField.IPA, said.get(PronunciationField.IPA)),
            digits=_flag(said.get(PronunciationField.DIGITS)),
            pause=_pause(said.get(PronunciationField.PAUSE)),
        )
        entry._check()
        return entry

    def _check(self) -> None:
        if self.digits and (self.respelling or self.ipa):
            raise PronunciationError(PronunciationField.DIGITS, "pronunciation_digits_alone")
        if self.digits and _NUMBER.search(self.word) is None:
            raise PronunciationError(PronunciationField.DIGITS, "pronunciation_no_digits")
        if not (self.respelling or self.ipa or self.digits or self.pause):
            raise PronunciationError(PronunciationField.RESPELLING, "pronunciation_empty")

    @property
    def key(self) -> tuple[str, str]:
        """Return what there is one entry of: a word, in its upper and lower case, in a language."""
        return self.word, self.language

    @property
    def fields(self) -> dict[str, str | bool | int]:
        """Return how the word is said, by field, without what it leaves open."""
        said = {
            PronunciationField.RESPELLING: self.respelling,
            PronunciationField.IPA: self.ipa,
            PronunciationField.DIGITS: self.digits,
            PronunciationField.PAUSE: self.pause,
        }
        return {part.value: value for part, value in said.items() if value}

    def said(self, found: str) -> str:
        """Return what is written in the place of the word as it was found; a capital at its beginning stays one."""
        spoken = self._respelled(found)
        if self.ipa:
            spoken = inline.phonemes(self.ipa, spoken)
        elif self.digits:
            spoken = _NUMBER.sub(lambda number: inline.digits(number[0]), found)
        return spoken + (inline.pause(self.pause) if self.pause else "")

    def _respelled(self, found: str) -> str:
        if self.respelling is None:
            return found
        if found[0].isupper() and not self.word[0].isupper():
            return self.respelling[0].upper() + self.respelling[1:]
        return self.respelling


def normalised(word: str) -> str:
    """Return a word as it is stored: composed characters and single spaces."""
    return " ".join(unicodedata.normalize("NFC", word).split())


def canonical(tag: str) -> str:
    """Return a language tag in lower case, with hyphens."""
    return tag.strip().replace("_", "-").lower()


def _word(given: str) -> str:
    word = normalised(given)
    if not word:
        raise PronunciationError(PronunciationField.WORD, "pronunciation_word_missing")
    if len(word) > MAX_CHARACTERS[PronunciationField.WORD]:
        raise PronunciationError(PronunciationField.WORD, "pronunciation_too_long")
    if not _is_clean(word) or not any(unicodedata.category(sign)[0] in "LNS" or sign in _SIGNS for sign in word):
        raise PronunciationError(PronunciationField.WORD, "pronunciation_word_invalid")
    return word


def _language(given: str) -> str:
    tag = canonical(given)
    if tag == EVERY_LANGUAGE:
        return tag
    if _TAG.fullmatch(tag) is None:
        raise PronunciationError(PronunciationField.LANGUAGE, "pronunciation_language_invalid")
    primary, *rest = tag.split("-")
    return "-".join([primary, *(part.title() if len(part) == 4 else part.upper() for part in rest)])


def _text(part: PronunciationField, given: object) -> str | None:
    """Return a text, None where it is empty."""
    if given is None:
        return None
    if isinstance(given, bool | Mapping | list):
        raise PronunciationError(part, "pronunciation_text_invalid")
    text = normalised(str(given))
    if len(text) > MAX_CHARACTERS[part]:
        raise PronunciationError(part, "pronunciation_too_long")
    if not _is_clean(text):
        raise PronunciationError(part, "pronunciation_text_invalid")
    return text or None


def _is_clean(text: str) -> bool:
    """Return True if there is nothing in a text that marks are made of, and nothing that is not seen."""
    joiners = "\u200c\u200d"
    return not any(
        sign in _FORBIDDEN or (unicodedata.category(sign)[0] == "C" and sign not in joiners) for sign in text
    )


def _flag(given: object) -> bool:
    if given is None or isinstance(given, bool):
        return bool(given)
    raise PronunciationError(PronunciationField.DIGITS, "pronunciation_flag_invalid")


def _pause(given: object) -> int | None:
    """Return milliseconds, None where there is no break."""
    if given is None or given == "":
        return None
    try:
        milliseconds = 0 if isinstance(given, bool) else round(float(str(given)))
    except ValueError, OverflowError:
        milliseconds = 0
    if not MIN_PAUSE <= milliseconds <= MAX_PAUSE:
        raise PronunciationError(PronunciationField.PAUSE, "pronunciation_pause_invalid")
    return milliseconds
