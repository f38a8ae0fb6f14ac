"""Letters and words in every writing: what is the same letter, and where a word begins and ends."""

from functools import lru_cache
import unicodedata

_LIKE = {"’": "'", "‘": "'", "ʼ": "'", "\u2010": "-", "\u2011": "-"}
"""Signs that are written for one another."""

_JOINERS = "\u200c\u200d"

_UNSPACED = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x2E80, 0x312F),  # CJK signs, kana, bopomofo
    (0x31A0, 0x9FFF),  # Kana and CJK ideographs
    (0xF900, 0xFAFF),
    (0xFF66, 0xFF9F),  # Half-width kana
    (0x20000, 0x3FFFF),
)
"""Writings without spaces between words: there a word is wherever its characters are, unless these are plainly of
another."""

_KATAKANA = (
    (0x30A1, 0x30FA),
    (0x30FC, 0x30FF),  # The sign for a long vowel, and those for what was just written
    (0x31F0, 0x31FF),
    (0xFF66, 0xFF9F),  # Half-width
)
"""What words from elsewhere are written in: what stands between other signs is one word, as Unicode has it too."""

_KANA = ((0x3041, 0x3096), *_KATAKANA)

_GOES_ON = frozenset("ーｰゝゞぁぃぅぇぉゃゅょゎゕゖ")
"""What makes one sound with the kana before it. A small っ may begin a word: って."""

_AGAIN = "々"

_SEPARATORS = ".,:"
"""What joins digits to one number."""


@lru_cache(maxsize=4096)
def fold(character: str) -> tuple[str, ...]:
    """Return a character in lower case and taken apart, so that all ways to write it are the same."""
    return tuple(unicodedata.normalize("NFD", _LIKE.get(character, character).lower()))


def spelled(word: str) -> str:
    """Return a word in one way to write it, its upper and lower case kept."""
    return unicodedata.normalize("NFC", "".join(_LIKE.get(character, character) for character in word))


def is_border(text: str, at: int, *, behind: bool = False) -> bool:
    """Return True if a word may begin at a place of a sentence, or end there (`behind`)."""
    if at in {0, len(text)}:
        return True
    before, following = text[at - 1], text[at]
    if _is_attached(following) or _is_one_word(before, following):
        return False
    if behind and before.isdecimal() and following in _SEPARATORS:
        return not text[at + 1 : at + 2].isdecimal()
    if not behind and following.isdecimal() and before in _SEPARATORS:
        return not text[at - 2 : at - 1].isdecimal()
    if behind and _is_hangul(before) and _is_hangul(following):
        return True  # A particle
    return not (_is_letter(before) and _is_letter(following))


@lru_cache(maxsize=4096)
def _is_letter(character: str) -> bool:
    """Return True if a character is part of a word in a writing that has spaces between words."""
    if _is_in(_UNSPACED, character):
        return False
    return character in _JOINERS or unicodedata.category(character)[0] in "LMN"


@lru_cache(maxsize=4096)
def _is_attached(character: str) -> bool:
    """Return True if a character belongs to the one before it in any writing: a vowel sign, an accent, a joiner."""
    return character in _JOINERS or unicodedata.category(character)[0] == "M"


@lru_cache(maxsize=4096)
def _is_one_word(before: str, following: str) -> bool:
    """Return True if Chinese or Japanese signs are certainly of one word, in a writing without spaces."""
    if following == _AGAIN or (_is_in(_KATAKANA, before) and _is_in(_KATAKANA, following)):
        return True
    return following in _GOES_ON and _is_in(_KANA, before)


def _is_in(ranges: tuple[tuple[int, int], ...], character: str) -> bool:
    return any(first <= ord(character) <= last for first, last in ranges)


def _is_hangul(character: str) -> bool:
    return "\uac00" <= character <= "\ud7a3"
