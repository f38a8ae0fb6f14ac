"""Write signs that a speech service may misread as words: units, minus, ISO dates, arrows, entity IDs.

Loading the data of a language is slow (tens of milliseconds). A loaded `Normalizer` is fast, immutable, and can be
reused. It expects complete sentences, because their ends are recognized in the written form.

Uncertain text is left unchanged, because services read numbers well: digits only change if a rule applies, and never
inside a time, a version, a telephone number, an address, an identifier, or a provider's tag.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
import datetime as dt
from decimal import Decimal
from functools import lru_cache
import re
from typing import Final, NamedTuple

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
import regex
from unicode_rbnf import RbnfEngine

from .lexicon import PronunciationIndex
from .sentences import ELEMENT
from .unit_names import Forms, UnitNames
from .units import CAUTIOUS, LETTERS, MINUS, OFTEN_ATTACHED, OTHER_WORDS, SYMBOLS, TO, UP_AND_DOWN, WORD_SYMBOLS
from .word_lists import ORDINAL_LANGUAGES

type FriendlyName = Callable[[str], str | None]
"""Returns the name of an entity by its ID, or None if there is no such ID."""

_MAX_NUMBER = 40

_CONTEXT = 24
"""Characters before an index that decide what follows."""

_FIRST_WITHOUT_WORDS = 10**15

_MINUS_SIGNS = frozenset("-−－﹣")
_DASHES = frozenset("-–—~～〜")
_LEFT_ARROWS = "←⇐⟵"
_ARROWS = "→⇒⟶⟹➔➜➙➞⇨↔⇔" + _LEFT_ARROWS
_VERTICAL = {"↑": 0, "⇑": 0, "↗": 0, "↓": 1, "⇓": 1, "↘": 1}
_SIGNS = rf"(?<!\d)\d|[-−－﹣=<{_ARROWS}{''.join(_VERTICAL)}]"
_SIGN = regex.compile(_SIGNS)
_SIGN_OR_ENTITY = regex.compile(
    rf"{_SIGNS}|(?<![A-Za-z0-9_.@/\\:#&=$-])[a-z][a-z0-9_]{{0,63}}\.[a-z0-9_]{{1,191}}(?![a-z0-9_])"
)
_ASCII_ARROW = regex.compile(r"(?<=\s)([-=])\1?>(?=[ ])")

_PAUSES = frozenset(("", *"\n.,;:!?…。、，；：！？।،؛؟–—"))
"""After these, an arrow adds no pause."""

_UNSPACED = (
    r"\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}ー、。，：；！？「」『』（）…·・"
)
_WORD = rf"(?![{_UNSPACED}])[\p{{L}}\p{{N}}\p{{M}}]"
_CONTINUES = regex.compile(rf"{_WORD}|[_@/\\^]|[.,:;'’#&=+×–-]{_WORD}")
"""Shows that a match is only part of something longer."""

_OPENERS = "([{\"'«„“‚‘‹「『（【《〈~≈<>±+＋¿¡*"
_BEGINS_NUMBER = regex.compile(
    # No other number starts after the dash of a range
    rf"(?:(?<!\d)[–—]|(?![–—])[\s…ـ{_ARROWS}{''.join(_VERTICAL)}{_UNSPACED}]"
    # Arabic attaches "and" and prepositions to a number, Hebrew adds prepositions with a hyphen
    r"|[\u0621-\u064a]|[\u05d0-\u05ea][-־])\Z"
)
"""After these, a number may start without a space."""

_TAG_BEFORE = regex.compile(r"(?:/|</\w+)>\Z")
_UNIT_AND_DASH = regex.compile(r"(?:[%°‰℃℉]|°[CF])[-–—～〜]\Z")

_ISO_DATE = regex.compile(r"(?:19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}")
_CLOCK = regex.compile(
    r"[T ]([0-9]{2}:[0-9]{2})(?::[0-9]{2}(?:[.,][0-9]+)?)?(Z|[+-][0-9]{2}:?[0-9]{2})?(?![0-9Z]|[.,:+-][0-9])"
)
_DATE_WORDS = {"\u202f": " ", "\u00a0": " ", " г.": " года", " թ.": " թվական", " р.": " року", " ค.ศ.": ""}
"""Abbreviations in CLDR's long dates, and words that people omit."""

_NUMBER = r"(?>\d+(?:[.,٫٬’'．，]\d+%s)*)(?![:/_@#^\\][\p{L}\p{N}])"
_SPACED_GROUP = r"|(?<=(?<!\d)\d{1,3})[^\S\n]\d{3}(?!\d)"
_PLAIN = regex.compile(r"(?P<whole>\d+)(?:(?P<sign>[.,٫．，])(?P<decimals>\d+))?")
_GROUPED = regex.compile(
    r"(?P<whole>\d{1,3}(?P<group>[.,٫٬’'．，\s])(?:\d{2,3}(?P=group))*\d{3})"
    r"(?:(?P<sign>(?!(?P=group))[.,٫٬’'．，])(?P<decimals>\d+))?"
)
"""Digits in groups of thousands, or in Indian groups."""

_DIGITS = re.compile(r"\d+")
_ENDS_CLAUSE = regex.compile(rf"""[ ]?\Z|[ ][(–—=→|-]|[.,;:!?…)\]}}»”"'\n।॥؟،؛{_UNSPACED}]""")
_ENDS_SENTENCE = regex.compile(r"[ ]?(?:\Z|\n|\p{Uppercase})")
_UPPER_CASE = regex.compile(r"[ ]?\p{Uppercase}")
_QUANTITY_BEFORE = regex.compile(r"\d(?:[ ]?[%°℃℉\p{L}/²³]{1,6})?[ ]*$")
_BEHIND_HOURS = regex.compile(r"(?<=\d[ ]?h[ ])")

_LIKE = str.maketrans({"µ": "μ", "·": "⋅", "∙": "⋅", "•": "⋅", "\u00a0": " ", "\u202f": " "})
_WORD_CHARACTER = regex.compile(_WORD)
_NO_UNIT_BEFORE = frozenset("/\\^_²³@⋅·")
_LATIN = regex.compile(r"[\p{Latin}\p{Greek}]")

_ORDINAL_DEGREES: Final = frozenset({"it", "es", "fr", "pt"})
"""Languages in which `1°` is an ordinal."""

_INDIAN: Final = frozenset({"bn", "gu", "hi", "kn", "ml", "mr", "or", "pa", "ta", "te"})
"""Languages that group digits by hundreds above the thousands."""


class Replacement(NamedTuple):
    """Words that replace the text up to an index."""

    end: int
    words: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Number:
    """A number as it is written; `decimals` is the index of its decimal sign in `written`, or None."""

    begin: int
    end: int
    written: str
    value: Decimal
    decimals: int | None
    grouped: bool


class Normalizer:
    """Rewrites signs as words in one language."""

    def __init__(self, language: str | None, *, number_words: bool = False, thousands_separators: bool = False) -> None:
        """Load the data of a language (BCP 47) from files; takes tens of milliseconds the first time.

        `number_words` spells out numbers, for models that can't read digits; languages without rules for that keep
        digits. `thousands_separators` are added to numbers of five digits or more. For an unknown language, only entity
        IDs are replaced.
        """
        self._locale = locale = _locale(language)
        if locale is None:
            return
        self._plural_form = locale.plural_form
        self._key = "zh_Hant" if (locale.language, locale.script) == ("zh", "Hant") else locale.language
        signs = locale.number_symbols["latn"]
        self._decimal: str = signs["decimal"]
        self._group: str = signs["group"]
        self._number = regex.compile(_NUMBER % (_SPACED_GROUP if self._group.isspace() else ""))
        self._words: RbnfEngine | None = None
        if number_words:
            with suppress(ValueError):
                self._words = RbnfEngine.for_language({"nb": "no"}.get(locale.language, self._key))
                self._words.format_number(1)
        self._thousands_separators = thousands_separators
        self._unspaced = self._key in {"zh", "zh_Hant", "yue", "ja"}
        pattern = str(locale.datetime_formats["long"]).replace("'", "")
        self._date_and_time = pattern if {"{0}", "{1}"} <= set(re.findall(r"\{\d\}", pattern)) else "{1}, {0}"
        self._forms = _units(locale, self._key)
        self._max_symbol = max(map(len, self._forms), default=0)
        format_date(dt.date(2000, 1, 1), "long", locale=locale)  # Loads the names of months

    def normalize(
        self, text: str, *, friendly_name: FriendlyName | None = None, lexicon: PronunciationIndex | None = None
    ) -> str:
        """Return a text in its spoken form.

        `friendly_name` returns the names of entities; without it, their IDs are kept. Words in the lexicon are skipped.
        """
        pattern = _SIGN if friendly_name is None else _SIGN_OR_ENTITY
        at = copied = 0
        out: list[str] = []
        while (sign := pattern.search(text, at)) is not None:
            begin, at = sign.start(), sign.end()
            if lexicon and (word := lexicon.find(text, begin)):
                at = word[0]
                continue
            if text[begin] == "<":
                if element := ELEMENT.match(text, begin):
                    at = element.end()
                continue
            found: Replacement | None = None
            if friendly_name is not None and text[begin].isalpha():
                # A name must not contain tags
                name = None if _CONTINUES.match(text, at) else friendly_name(sign.group())
                if said := " ".join((name or "").replace("<", " ").split()):
                    found = Replacement(at, said)
            elif self._locale is None:
                continue
            elif text[begin] in _ARROWS or text[begin] in _VERTICAL:
                found = self._arrow(text, begin, at)
            elif arrow := _ASCII_ARROW.match(text, begin):
                found = self._arrow(text, begin, arrow.end())
            else:
                found = self._quantity(text, begin, lexicon)
            if found is None:
                continue
            out += (text[copied:begin], found.words)
            at = copied = found.end
        return "".join((*out, text[copied:]))

    def _arrow(self, text: str, at: int, end: int) -> Replacement | None:
        """Return the replacement of an arrow between two indexes, or None to keep it."""
        before = text[max(0, at - _CONTEXT) : at]
        is_spaced = before[-1:].isspace()
        following = text[end : end + 1]
        if text[at] in _VERTICAL:
            if self._key not in UP_AND_DOWN:
                return None
            words = UP_AND_DOWN[self._key][_VERTICAL[text[at]]]
            is_apart = self._unspaced or not following or following.isspace() or following in ".,;:!?)"
            return Replacement(end, words if is_apart else f"{words} ")
        end += following == " "
        if before.rstrip(" ")[-1:] in _PAUSES:
            return Replacement(end, "")
        number = end + (text[end : end + 1] in _MINUS_SIGNS)
        is_to_number = text[number : number + 1].isdecimal()
        words = "–"
        if is_to_number and text[at] not in _LEFT_ARROWS and self._key in TO and _QUANTITY_BEFORE.search(before):
            words = TO[self._key]
        elif self._unspaced and not is_spaced:
            words = "、" if self._key == "ja" else "，"
        if self._unspaced and not is_spaced:
            return Replacement(end, words)
        return Replacement(end, f"{'' if is_spaced else ' '}{words}{' ' if text[end:] else ''}")

    def _quantity(self, text: str, at: int, lexicon: PronunciationIndex | None) -> Replacement | None:
        """Return the replacement of a number with its minus sign and unit, or of an ISO date; None keeps it."""
        is_negative = text[at] in _MINUS_SIGNS
        before = text[max(0, at - _CONTEXT) : at]
        if (bare := before.rstrip(_OPENERS)) and not (
            bare[-1] == " "
            or _BEGINS_NUMBER.search(bare[-2:])
            or (before[-1] == ">" and _TAG_BEFORE.search(before))
            or (not is_negative and _UNIT_AND_DASH.search(before[-3:]))
        ):
            return None
        if (date := _ISO_DATE.match(text, at)) and (spoken := self._date(text, date)):
            return spoken
        number, minus = self._parse(text, at + is_negative), MINUS.get(self._key) if is_negative else None
        if number is None or (is_negative and (minus is None or before.rstrip(" ")[-1:].isdecimal())):
            return None
        last = number
        if text[number.end : number.end + 1] in _DASHES and (second := self._parse(text, number.end + 1)):
            # A range such as `18-21`
            last = number if text[second.end : second.end + 1] in _DASHES | {*":/_"} else second
        if found := self._with_unit(text, number, last, minus, lexicon):
            return found
        following = text[number.end : number.end + 1]
        if last is not number or _CONTINUES.match(text, number.end) or following in {*"%°'’"}:
            return None
        if minus:
            return Replacement(number.end, minus.replace("{0}", self._said(number)))
        is_ordinal = self._key in ORDINAL_LANGUAGES and following == "." and len(number.written) <= 2
        if (is_ordinal and number.decimals is None) or (said := self._said(number)) == number.written:
            return None
        return Replacement(number.end, said)

    def _with_unit(
        self, text: str, first: _Number, last: _Number, minus: str | None, lexicon: PronunciationIndex | None
    ) -> Replacement | None:
        """Return the replacement of a number or a range with the unit after it: the longest possible symbol."""
        begin = last.end + (text[last.end : last.end + 1] == " ")
        if lexicon and lexicon.find(text, begin):
            return None
        symbols = text[begin : begin + self._max_symbol].translate(_LIKE)
        for length in range(len(symbols), 0, -1):
            symbol, end = symbols[:length], begin + length
            if symbol not in self._forms or not self._is_unit(
                text, symbol, end, last, is_attached=begin == last.end, is_negative=minus is not None
            ):
                continue
            if symbol.endswith(".") and _ENDS_SENTENCE.match(text, end):
                end -= 1
            forms = self._forms[symbol]
            if symbol == "m" and _BEHIND_HOURS.match(text, first.begin):  # Minutes: `1 h 30 m`
                forms = self._forms.get("min", forms)
            form = forms.get(self._plural_form(last.value), forms["other"])
            if "{0}" not in form and (minus or first is not last):  # Such as the Arabic dual
                form = forms["other"]
            said = self._said(first, has_unit=True)
            if first is not last:
                said += text[first.end : last.begin] + self._said(last, has_unit=True)
            return Replacement(end, form.replace("{0}", minus.replace("{0}", said) if minus else said))
        return None

    def _is_unit(
        self, text: str, symbol: str, end: int, number: _Number, *, is_attached: bool, is_negative: bool
    ) -> bool:
        """Return True if a symbol is meant as a unit, and isn't only the start of something else."""
        following, behind = text[end : end + 1], text[end + 1 : end + 2]
        if following.isdecimal() or following in _NO_UNIT_BEFORE:
            return False
        if _WORD_CHARACTER.match(text, end):
            is_own = symbol[-1].isascii() or symbol[-1] in "Ωμ°℃℉²³％٪‰"
            if not is_own or _LATIN.match(text, end):
                return False
        elif (symbol in LETTERS or symbol in CAUTIOUS) and following in {"-", "."} and behind.isalnum():
            return False
        if symbol == "K":
            return number.decimals is not None or 1000 <= number.value <= 20000
        if number.decimals is not None or (is_negative and symbol == "°"):
            return True
        if symbol == "°":
            return self._key not in _ORDINAL_DEGREES or _ENDS_CLAUSE.match(text, end) is not None
        if symbol in LETTERS:
            if is_attached and self._key == "en" and (symbol == "m" or (symbol == "s" and number.value % 10 == 0)):
                return _BEHIND_HOURS.match(text, number.begin) is not None
            return _UPPER_CASE.match(text, end) is None
        if symbol in CAUTIOUS:
            return symbol in OFTEN_ATTACHED if is_attached else _ENDS_CLAUSE.match(text, end) is not None
        return True

    def _parse(self, text: str, begin: int) -> _Number | None:
        """Return the number at an index, as this language writes it; None for a time, a version, or an address."""
        found = self._number.match(text, begin, begin + _MAX_NUMBER + 8)
        if found is None or found.end() - begin > _MAX_NUMBER:
            return None
        written = found.group()
        number, grouped = _PLAIN.fullmatch(written), _GROUPED.fullmatch(written)
        # In 1,234 the sign may be a decimal or a thousands separator
        if grouped and not (number and (number["sign"] in (self._decimal, "٫") or written[0] == "0")):
            number = grouped
        if number is None:
            return None
        digits = "".join(filter(str.isdecimal, number["whole"]))
        return _Number(
            begin=begin,
            end=found.end(),
            written=written,
            value=Decimal(f"{digits}.{number['decimals']}" if number["decimals"] else digits),
            decimals=number.start("sign") if number["decimals"] else None,
            grouped=number is grouped,
        )

    def _said(self, number: _Number, *, has_unit: bool = False) -> str:
        """Return a number in its spoken form, with a unit or without."""
        written, decimals = number.written, number.decimals
        has_leading_zero = written[0] == "0" and len(written) > 1 and decimals != 1
        if self._words is not None and not has_leading_zero:
            return _in_words(self._words, number.value) or written
        # Templates, and people with other languages, write a point for a decimal comma
        if has_unit and decimals is not None and not number.grouped and self._decimal == "," and self._key != "es":
            written = f"{written[:decimals]},{written[decimals + 1 :]}"
        whole = written[:decimals]
        if self._thousands_separators and not number.grouped and not has_leading_zero and 5 <= len(whole) <= 9:
            size = 2 if self._key in _INDIAN else 3
            head, groups = whole[:-3], [whole[-3:]]
            while head:
                head, groups = head[:-size], [head[-size:], *groups]
            return (" " if self._group.isspace() else self._group).join(groups) + written[len(whole) :]
        return written

    def _date(self, text: str, found: regex.Match) -> Replacement | None:
        """Return the replacement of an ISO date and the time after it: hours, minutes, and whether that is UTC."""
        try:
            date = dt.date.fromisoformat(found.group())
        except ValueError:
            return None
        clock = _CLOCK.match(text, found.end())
        end = clock.end() if clock else found.end()
        if _CONTINUES.match(text, end):
            return None
        said = format_date(date, "long", locale=self._locale)
        for abbreviation, full in _DATE_WORDS.items():
            said = said.replace(abbreviation, full)
        words = self._words
        if clock:
            is_utc = (clock[2] or "").replace(":", "") in {"Z", "+0000", "-0000"}
            said = self._date_and_time.replace("{1}", said).replace("{0}", f"{clock[1]}{' UTC' if is_utc else ''}")
        elif words is not None:
            said = _DIGITS.sub(lambda number: _in_words(words, Decimal(number[0])) or number[0], said)
        return Replacement(end, said)


@lru_cache(maxsize=1024)
def _in_words(engine: RbnfEngine, value: Decimal) -> str | None:
    """Return a number in words, or None if the language's rules have none for it."""
    if value >= _FIRST_WITHOUT_WORDS:
        return None
    try:
        return engine.format_number(value).text.replace("\u00ad", "")
    except ArithmeticError, LookupError, ValueError:
        return None


_LANGUAGES: Final = {"od": "or", "iw": "he", "cmn": "zh", "tl": "fil"}
"""CLDR's codes for other codes that services use."""


def _locale(language: str | None) -> Locale | None:
    if not language:
        return None
    first, _, rest = language.replace("_", "-").partition("-")
    first = _LANGUAGES.get(first.lower(), first.lower())
    if first == "zh" and rest.upper() in {"HK", "MO"}:
        first, rest = "yue", ""
    for tag in (f"{first}-{rest}", first) if rest else (first,):
        try:
            return Locale.parse(tag, sep="-")
        except UnknownLocaleError, ValueError:
            continue
    return None


def _units(locale: Locale, key: str) -> dict[str, Forms]:
    """Return the names of units in a language by symbol."""
    names = UnitNames(locale, key)
    units: dict[str, Forms] = {}
    for symbol, unit in SYMBOLS.items():
        if key not in WORD_SYMBOLS.get(symbol, (key,)) or key in OTHER_WORDS.get(symbol, ()):
            continue
        if (forms := names.forms(unit)) is not None:
            units[symbol] = forms
            units.setdefault(symbol.replace("²", "2").replace("³", "3"), forms)
            units.setdefault(symbol.replace("²", "^2").replace("³", "^3"), forms)
    for unit in dict.fromkeys(SYMBOLS.values()):
        if (forms := names.forms(unit)) is not None:
            for symbol in names.short_symbols(unit):
                units.setdefault(symbol.translate(_LIKE), forms)
    return units
