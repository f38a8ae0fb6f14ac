"""What can be told of a place in a text: where words, numbers and clauses end."""

from typing import NamedTuple
import unicodedata

import regex

from .lexicon import NO_WORDS, PronunciationIndex
from .units import CAUTIOUS, LETTERS

_CONTEXT = 24
"""Characters before a place that tell what stands there."""

MAX_NUMBER = 40

MINUS_SIGNS = "-−－﹣"

DASHES = "-–—~～〜"

_OPENERS = "([{\"'«„“‚‘‹「『（【《〈~≈<>±+＋¿¡*"

LEFT_ARROWS = "←⇐⟵"

ARROWS = "→⇒⟶⟹➔➜➙➞⇨↔⇔" + LEFT_ARROWS

VERTICAL = {"↑": 0, "⇑": 0, "↗": 0, "↓": 1, "⇓": 1, "↘": 1}

_BORDERS = f"–—…ـ{ARROWS}{''.join(VERTICAL)}"
"""Behind these a number may begin without a space."""

_UNSPACED = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}ー、。，：；！？「」『』（）…·・]"
)

_LATIN = regex.compile(r"[\p{Latin}\p{Greek}]")

_UNIT_AND_DASH = regex.compile(rf"(?:[%°‰℃℉]|°[CF])[{DASHES}]$")

_TAG_BEFORE = regex.compile(r"(?:/|</\w+)>$")


class Replacement(NamedTuple):
    """Words for the text up to a place; None keeps the text."""

    end: int
    words: str | None


class TextView:
    """A text that is looked at by place; there is nothing behind its end.

    Units that are in `lexicon` stay as they are written.
    """

    __slots__ = ("_length", "lexicon", "text")

    def __init__(self, text: str, lexicon: PronunciationIndex = NO_WORDS) -> None:
        """Take a whole text."""
        self.text = text
        self.lexicon = lexicon
        self._length = len(text)

    def at(self, place: int) -> str:
        """Return the character at a place, nothing behind the end."""
        return self.text[place] if place < self._length else ""

    def before(self, place: int) -> str:
        """Return what tells the character before a place."""
        return self.text[max(0, place - _CONTEXT) : place]

    def digits(self, place: int) -> int:
        """Return the end of the digits at a place, or of the longest number."""
        last = place + MAX_NUMBER
        while place <= last and self.at(place).isdecimal():
            place += 1
        return place


def ascii_arrow(text: TextView, at: int) -> int | None:
    """Return the end of `->`, `-->` or `=>` between spaces."""
    if not text.text[max(0, at - 1) : at].isspace():
        return None
    end = at + 1
    if text.at(end) == text.text[at]:
        end += 1
    return end + 1 if text.at(end) == ">" and text.at(end + 1) == " " else None


def continues(text: TextView, end: int) -> bool:
    """Return True if what ends at a place is only part of something longer."""
    following = text.at(end)
    if not following:
        return False
    if _is_word_character(following) or following in "_@/\\^²³":
        return _UNSPACED.match(following) is None
    return following in ".,:;-–'’#&=+×x" and _goes_on(text.at(end + 1))


def _goes_on(following: str) -> bool:
    return bool(following) and _is_word_character(following) and _UNSPACED.match(following) is None


def _is_word_character(character: str) -> bool:
    return character.isalnum() or unicodedata.category(character)[0] == "M"


def begins_number(text: TextView, at: int) -> bool:
    """Return True if a number that may be changed begins at a place: behind a space, an opening sign, or CJK."""
    before = text.before(at)
    bare = before.rstrip(_OPENERS)
    if not bare or bare[-1].isspace() or bare[-1] in _BORDERS or _UNSPACED.match(bare[-1]):
        return not (bare and bare[-1] in "–—" and bare[-2:-1].isdecimal())
    if _TAG_BEFORE.search(before):
        return True
    if len(bare) == len(before) and _UNIT_AND_DASH.search(bare):
        return text.text[at] not in MINUS_SIGNS
    if "\u0621" <= bare[-1] <= "\u064a":  # Arabic writes "and" and prepositions together with a number
        return True
    # Hebrew puts prepositions in front of a number with a hyphen
    return bare[-1] in "-־" and "\u05d0" <= bare[-2:-1] <= "\u05ea"


def ends_unit(text: TextView, symbol: str, end: int) -> bool:
    """Return True if a symbol is not only the beginning of something."""
    following = text.at(end)
    if not following:
        return True
    if following.isdecimal() or following in "/\\^_²³@⋅·":
        return False
    if _is_word_character(following):
        own = symbol[-1].isascii() or symbol[-1] in "Ωμ°℃℉²³％٪‰"
        return _UNSPACED.match(following) is not None or (own and not _is_latin(following))
    if following == "-":
        behind = text.at(end + 1)
        return not behind.isalnum() or (symbol not in LETTERS and symbol not in CAUTIOUS)
    if following == "." and (symbol in LETTERS or symbol in CAUTIOUS):
        return not text.at(end + 1).isalnum()
    return True


def _is_latin(character: str) -> bool:
    return _LATIN.match(character) is not None


def is_upper(text: TextView, end: int) -> bool:
    """Return True if a word in upper case follows."""
    following = text.at(end)
    if following == " ":
        following = text.at(end + 1)
    return following.isupper()


def ends_clause(text: TextView, end: int) -> bool:
    """Return True if no word follows."""
    following = text.at(end)
    if following == " ":
        following = text.at(end + 1)
        return not following or following in "(–—-=→|"
    return (
        not following or following in ".,;:!?…)]}»”\"'\n。、，；：！？）।॥؟،؛" or _UNSPACED.match(following) is not None
    )


def ends_sentence(text: TextView, end: int) -> bool:
    """Return True if the period of an abbreviation that ends at a place is that of the sentence too."""
    following = text.at(end)
    if following == " ":
        following = text.at(end + 1)
    return not following or following == "\n" or following.isupper()


def is_space_or_end(following: str) -> bool:
    """Return True if no word follows at once."""
    return not following or following.isspace() or following in ".,;:!?)"
