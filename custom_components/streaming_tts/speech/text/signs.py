"""Numbers with their units, ISO dates and arrows as words, in one language."""

from collections.abc import Iterator
from dataclasses import dataclass, field
import datetime as dt
from decimal import Decimal
from functools import lru_cache
import re
from typing import Final

from babel import Locale
from babel.dates import format_date
import regex
from unicode_rbnf import RbnfEngine

from .text_view import (
    DASHES,
    LEFT_ARROWS,
    MAX_NUMBER,
    MINUS_SIGNS,
    VERTICAL,
    Replacement,
    TextView,
    begins_number,
    continues,
    ends_clause,
    ends_sentence,
    ends_unit,
    is_space_or_end,
    is_upper,
)
from .unit_names import Forms, UnitNames
from .units import CAUTIOUS, LETTERS, MINUS, OFTEN_ATTACHED, OTHER_WORDS, SYMBOLS, TO, UP_AND_DOWN, WORD_SYMBOLS
from .word_lists import ORDINAL_LANGUAGES

_FIRST_WITHOUT_WORDS = 10**15

_SEPARATORS = ".,٫٬’'．，"

_PAUSES = frozenset(("", *"\n.,;:!?…。、，；：！？।،؛؟–—"))
"""Behind these an arrow is no pause of its own."""

_QUANTITY_BEFORE = regex.compile(r"\d(?:[ ]?[%°℃℉\p{L}/²³]{1,6})?[ ]*$")

_HOURS_BEFORE = regex.compile(r"\d[ ]?h[ ]$")

_CLOCK = regex.compile(r"(\d\d:\d\d)(?::\d\d(?:[.,]\d+)?)?(Z|[+-]\d\d:?\d\d)?")

_NUMBERS = re.compile(r"\d+")

_DATE_WORDS = {" г.": " года", " թ.": " թվական", " р.": " року", " ค.ศ.": ""}
"""What CLDR abbreviates in long dates, or a person leaves out."""

_LIKE = {"µ": "μ", "·": "⋅", "∙": "⋅", "•": "⋅", "\u00a0": " ", "\u202f": " "}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Number:
    """A number as it is written; `decimals` is where its decimal sign stands, if it has one."""

    begin: int
    end: int
    written: str
    value: Decimal
    decimals: int | None
    grouped: bool


@dataclass(slots=True)
class _Node:
    """A place in the tree of all symbols, character by character."""

    following: dict[str, _Node] = field(default_factory=dict)
    symbol: str | None = None


class SignRules:
    """Numbers, dates and arrows in one language."""

    def __init__(self, locale: Locale, *, words: RbnfEngine | None, thousands_separators: bool) -> None:
        """Read the data of a language."""
        self._locale = locale
        self._key = "zh_Hant" if (locale.language, locale.script) == ("zh", "Hant") else locale.language
        signs = locale.number_symbols["latn"]
        self._decimal: str = signs["decimal"]
        self._group: str = signs["group"]
        self._words = words
        self._thousands_separators = thousands_separators
        self._minus = MINUS.get(self._key)
        self._to = TO.get(self._key)
        self._vertical = UP_AND_DOWN.get(self._key)
        self._unspaced = self._key in {"zh", "zh_Hant", "yue", "ja"}
        pattern = str(locale.datetime_formats["long"]).replace("'", "")
        self._date_and_time = pattern if {"{0}", "{1}"} <= set(re.findall(r"\{\d\}", pattern)) else "{1}, {0}"
        self._forms: dict[str, Forms] = {}
        self._root = _Node()
        self._read_units()
        self._date(dt.date(2000, 1, 1))  # Loads the names of months

    def _read_units(self) -> None:
        names = UnitNames(self._locale)
        for symbol, unit in SYMBOLS.items():
            if symbol in WORD_SYMBOLS and self._key not in WORD_SYMBOLS[symbol]:
                continue
            if self._key in OTHER_WORDS.get(symbol, ()) or (forms := names.forms(unit)) is None:
                continue
            for written in _spellings(symbol):
                self._add(written, forms)
        for unit in dict.fromkeys(SYMBOLS.values()):
            if (forms := names.forms(unit)) is not None:
                for symbol in names.short_symbols(unit):
                    self._add("".join(_LIKE.get(character, character) for character in symbol), forms)

    def _add(self, symbol: str, forms: Forms) -> None:
        node = self._root
        for character in symbol:
            node = node.following.setdefault(character, _Node())
        node.symbol = symbol
        self._forms.setdefault(symbol, forms)

    def arrow(self, text: TextView, at: int, end: int) -> Replacement | None:
        """Read an arrow that is written at a place and ends at another."""
        sign = text.text[at]
        spaced = text.text[at - 1 : at].isspace()
        if sign in VERTICAL:
            if self._vertical is None:
                return None
            words = self._vertical[VERTICAL[sign]]
            return Replacement(end, words if is_space_or_end(text.at(end)) or self._unspaced else f"{words} ")
        if text.before(at).rstrip(" ")[-1:] in _PAUSES:
            return Replacement(end + 1 if text.at(end) == " " else end, "")
        following = end + 1 if text.at(end) == " " else end
        signed = text.at(following) in MINUS_SIGNS and text.at(following) != ""
        to_number = text.at(following + signed).isdecimal()
        if to_number and sign not in LEFT_ARROWS and self._to and _QUANTITY_BEFORE.search(text.before(at)):
            words = self._to
        elif self._unspaced and not spaced:
            return Replacement(following, "、" if self._key == "ja" else "，")
        else:
            words = "–"
        if self._unspaced and not spaced:
            return Replacement(following, words)
        return Replacement(following, f"{'' if spaced else ' '}{words}{' ' if text.at(following) else ''}")

    def number(self, text: TextView, at: int) -> Replacement | None:
        """Read a number with what belongs to it: a sign before, a unit behind, or the date that it begins."""
        negative = text.text[at] in MINUS_SIGNS
        begin = at + 1 if negative else at
        if not begins_number(text, at) or not text.at(begin).isdecimal():
            return None
        if not negative and (found := self._iso_date(text, at)) is not None:
            return found
        number = self._parse(text, begin)
        if number is None or (negative and (self._minus is None or text.before(at).rstrip(" ")[-1:].isdecimal())):
            return None
        last = self._range_end(text, number)
        if (found := self._quantity(text, number, last or number, negative=negative)) is not None:
            return found
        following = text.at(number.end)
        if last is not None or continues(text, number.end) or (following and following in "%°'’"):
            return None
        return self._bare(text, number, negative=negative)

    def _bare(self, text: TextView, number: _Number, *, negative: bool) -> Replacement | None:
        """Say a number that has no unit."""
        ordinal = self._key in ORDINAL_LANGUAGES and text.at(number.end) == "."
        if ordinal and number.decimals is None and len(number.written) <= 2 and not negative:
            return None
        said = self._said(number)
        if not negative and said == number.written:
            return None
        return Replacement(number.end, self._signed(said, negative=negative))

    def _signed(self, said: str, *, negative: bool) -> str:
        return self._minus.replace("{0}", said) if negative and self._minus else said

    def _quantity(self, text: TextView, first: _Number, last: _Number, *, negative: bool) -> Replacement | None:
        """Say a number, or a range, with the unit behind it."""
        gap = 1 if text.at(last.end) == " " else 0
        begin = last.end + gap
        if text.lexicon.word_end(text.text, begin) is not None:
            return None
        for symbol, end in self._units(text, begin):
            if not self._is_unit(text, symbol, end, last, attached=not gap, negative=negative):
                continue
            if symbol.endswith(".") and ends_sentence(text, end):
                end -= 1
            forms = self._minutes(text, first.begin, symbol) or self._forms[symbol]
            form = forms.get(self._locale.plural_form(last.value), forms["other"])
            if "{0}" not in form and (negative or first is not last):  # Such as the Arabic dual
                form = forms["other"]
            said = self._said(first, unit=True)
            if first is not last:
                said += text.text[first.end : last.begin] + self._said(last, unit=True)
            return Replacement(end, form.replace("{0}", self._signed(said, negative=negative)))
        return None

    def _minutes(self, text: TextView, at: int, symbol: str) -> Forms | None:
        """Return minutes where a lone `m` follows hours: `1 h 30 m`."""
        return self._forms.get("min") if symbol == "m" and _HOURS_BEFORE.search(text.before(at)) else None

    def _units(self, text: TextView, begin: int) -> Iterator[tuple[str, int]]:
        """Yield the symbols that are written at a place with their ends, the longest first."""
        node, at = self._root, begin
        found: list[tuple[str, int]] = []
        while node.following:
            character = text.at(at)
            following = node.following.get(_LIKE.get(character, character))
            if following is None:
                break
            node, at = following, at + 1
            if node.symbol is not None:
                found.append((node.symbol, at))
        yield from reversed(found)

    def _is_unit(
        self, text: TextView, symbol: str, end: int, number: _Number, *, attached: bool, negative: bool
    ) -> bool:
        """Return True if what is written like a unit is meant as one."""
        if not ends_unit(text, symbol, end):
            return False
        if symbol == "K":
            return number.decimals is not None or 1000 <= number.value <= 20000
        if number.decimals is not None or (negative and symbol == "°"):
            return True
        if symbol == "°":
            return self._key not in _ORDINAL_DEGREES or ends_clause(text, end)
        english = self._key == "en"
        if symbol in LETTERS:
            if attached and english and (symbol == "m" or (symbol == "s" and number.value % 10 == 0)):
                return _HOURS_BEFORE.search(text.before(number.begin)) is not None
            return not is_upper(text, end)
        if symbol in CAUTIOUS:
            return symbol in OFTEN_ATTACHED if attached else ends_clause(text, end)
        return True

    def _range_end(self, text: TextView, first: _Number) -> _Number | None:
        """Return the second number of a range such as `18-21`."""
        dash = text.at(first.end)
        if not dash or dash not in DASHES or not text.at(first.end + 1).isdecimal():
            return None
        last = self._parse(text, first.end + 1)
        return None if last is None or (text.at(last.end) and text.at(last.end) in f"{DASHES}:/_") else last

    def _parse(self, text: TextView, begin: int) -> _Number | None:
        """Read a number as it is written in this language.

        None for what is no number: a time, a version, an address.
        """
        groups, signs, end = [begin], [], text.digits(begin)
        if end - begin > MAX_NUMBER:
            return None
        while (sign := text.at(end)) and self._joins(text, sign, end, first=end - groups[-1]):
            signs.append(sign)
            groups.append(end + 1)
            end = text.digits(end + 1)
            if end - begin > MAX_NUMBER:
                return None
        if sign and sign in ":/_@#^\\" and text.at(end + 1).isalnum():
            return None
        lengths = [stop - start for start, stop in zip(groups, [*(g - 1 for g in groups[1:]), end], strict=True)]
        decimals = self._decimals(signs, lengths, text.text[begin])
        if decimals is None:
            return None
        written = text.text[begin:end]
        whole = written[: groups[-1] - 1 - begin] if decimals else written
        digits = "".join(character for character in whole if character.isdecimal())
        fraction = written[groups[-1] - begin :] if decimals else ""
        return _Number(
            begin=begin,
            end=end,
            written=written,
            value=Decimal(f"{digits}.{fraction}" if decimals else digits),
            decimals=groups[-1] - 1 - begin if decimals else None,
            grouped=len(signs) > decimals,
        )

    def _joins(self, text: TextView, sign: str, at: int, *, first: int) -> bool:
        """Return True if a sign between digits joins them to one number."""
        if sign in _SEPARATORS:
            return text.at(at + 1).isdecimal()
        if sign.isspace() and self._group.isspace() and sign != "\n" and first <= 3:
            end = at + 1
            while end < at + 5 and text.at(end).isdecimal():
                end += 1
            return end == at + 4
        return False

    def _decimals(self, signs: list[str], lengths: list[int], first_digit: str) -> bool | None:
        """Return whether the last of the separators is a decimal sign, None if they make no number."""
        if not signs:
            return False
        last, others = signs[-1], signs[:-1]
        if last in others:  # 1,234,567
            return False if len(set(signs)) == 1 and _are_groups(lengths) else None
        if others:  # 1,234.5
            return True if len(set(others)) == 1 and _are_groups(lengths[:-1]) and not last.isspace() else None
        if last.isspace() or last in "٬’'":
            return False if _are_groups(lengths) else None
        if last in (self._decimal, "٫") or lengths[-1] != 3 or lengths[0] > 3 or first_digit == "0":
            return True
        return False

    def _said(self, number: _Number, *, unit: bool = False) -> str:
        """Return a number as it is said, with a unit or without."""
        written = number.written
        leading_zero = written[0] == "0" and len(written) > 1 and number.decimals != 1
        if self._words is not None and not leading_zero:
            return _in_words(self._words, number.value) or written
        # People of other languages and templates write a point where a comma is said
        if unit and number.decimals is not None and self._decimal == "," and self._locale.language != "es":
            written = (
                f"{written[: number.decimals]},{written[number.decimals + 1 :]}" if not number.grouped else written
            )
        whole = written if number.decimals is None else written[: number.decimals]
        if self._thousands_separators and not number.grouped and not leading_zero and 5 <= len(whole) <= 9:
            return _grouped(whole, self._group, indian=self._locale.language in _INDIAN) + written[len(whole) :]
        return written

    def _iso_date(self, text: TextView, at: int) -> Replacement | None:
        """Read a date such as `2026-11-29`, and the time behind it."""
        for offset, expected in enumerate("YYYY-MM-DD"):
            character = text.at(at + offset)
            if character != "-" if expected == "-" else character not in _DIGITS or not character:
                return None
            if offset == 1 and text.text[at : at + 2] not in {"19", "20"}:
                return None
        end = at + 10
        try:
            date = dt.date.fromisoformat(text.text[at:end])
        except ValueError:
            return None
        clock = self._clock(text, end)
        if clock is not None:
            end = clock.end
        if continues(text, end):
            return None
        said = self._date(date)
        if clock is not None:
            said = self._date_and_time.replace("{1}", said).replace("{0}", clock.words or "")
        if self._words is not None and clock is None:
            said = _NUMBERS.sub(self._spelled, said)
        return Replacement(end, said)

    def _clock(self, text: TextView, at: int) -> Replacement | None:
        """Read the time of an ISO date: hours and minutes, and whether it is UTC."""
        if text.at(at) not in ("T", " "):
            return None
        end = at + 1
        for expected in "dd:dd":
            character = text.at(end)
            if not character or (character != ":" if expected == ":" else character not in _DIGITS):
                return None
            end += 1
        while (character := text.at(end)) and character in "0123456789:.,Z+-" and end - at < MAX_NUMBER:
            if character in ".,:+-" and text.at(end + 1) not in tuple(_DIGITS):
                break
            end += 1
        found = _CLOCK.fullmatch(text.text, at + 1, end)
        if found is None:
            return None
        utc = found[2] is not None and found[2].replace(":", "") in {"Z", "+0000", "-0000"}
        return Replacement(end, f"{found[1]} UTC" if utc else found[1])

    def _date(self, date: dt.date) -> str:
        said = format_date(date, "long", locale=self._locale).replace("\u202f", " ").replace("\u00a0", " ")
        for abbreviation, words in _DATE_WORDS.items():
            said = said.replace(abbreviation, words)
        return said

    def _spelled(self, found: re.Match[str]) -> str:
        words = None if self._words is None else _in_words(self._words, Decimal(found.group()))
        return words or found.group()


_ORDINAL_DEGREES: Final = frozenset({"it", "es", "fr", "pt"})
"""Languages in which `1°` is an ordinal."""

_DIGITS: Final = frozenset("0123456789")

_INDIAN: Final = frozenset({"bn", "gu", "hi", "kn", "ml", "mr", "or", "pa", "ta", "te"})


@lru_cache(maxsize=1024)
def _in_words(engine: RbnfEngine, value: Decimal) -> str | None:
    """Return a number in words, None where the language's rules have none for it."""
    if value >= _FIRST_WITHOUT_WORDS:
        return None
    try:
        return engine.format_number(value).text.replace("\u00ad", "")
    except ArithmeticError, LookupError, ValueError:
        return None


def _spellings(symbol: str) -> set[str]:
    """Return the ways to write a symbol: `m²`, `m2` and `m^2`."""
    plain = symbol.replace("²", "2").replace("³", "3")
    return {symbol, plain, symbol.replace("²", "^2").replace("³", "^3")}


def _are_groups(lengths: list[int]) -> bool:
    """Return True if digits are grouped by thousands, or as in India."""
    return 1 <= lengths[0] <= 3 and lengths[-1] == 3 and all(length in (2, 3) for length in lengths[1:-1])


def _grouped(digits: str, sign: str, *, indian: bool) -> str:
    """Return digits with a sign between the thousands, or the Indian groups."""
    head, groups, size = digits[:-3], [digits[-3:]], 2 if indian else 3
    while head:
        groups.append(head[-size:])
        head = head[:-size]
    return (" " if sign.isspace() else sign).join(reversed(groups))
