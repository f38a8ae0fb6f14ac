"""Signs that a speech service may misread, as words: units behind numbers, minus, ISO dates, arrows, entity ids.

`load_normalizer` reads the data of a language, which is slow (tens of milliseconds); what it returns is fast, never
changes, and normalizes any number of texts. A stream takes a text in pieces and gives it on the same however it arrives:
all rules read the text through `_Text`, which stops them where the answer depends on what has not arrived.

What is not certain stays as it is written, since services read numbers well: digits change only where a rule says so,
and none does inside of a time, a version, a telephone number, an address, an identifier, or a provider's tag.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
import datetime as dt
from decimal import Decimal
import re
from typing import Final, NamedTuple
import unicodedata

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
import regex
from unicode_rbnf import RbnfEngine

from .abbreviations import ORDINAL_LANGUAGES
from .limit import ELEMENT
from .unit_names import Forms, UnitNames
from .units import CAUTIOUS, LETTERS, MINUS, OFTEN_ATTACHED, OTHER_WORDS, SYMBOLS, TO, UP_AND_DOWN, WORD_SYMBOLS

type FriendlyName = Callable[[str], str | None]
"""Returns the name of an entity by its id, None where there is no such entity."""

ENTITY_DOMAINS: Final = frozenset(
    [
        "ai_task",
        "air_quality",
        "alarm_control_panel",
        "assist_satellite",
        "automation",
        "binary_sensor",
        "button",
        "calendar",
        "camera",
        "climate",
        "conversation",
        "counter",
        "cover",
        "date",
        "datetime",
        "device_tracker",
        "event",
        "fan",
        "geo_location",
        "group",
        "humidifier",
        "image",
        "image_processing",
        "infrared",
        "input_boolean",
        "input_button",
        "input_datetime",
        "input_number",
        "input_select",
        "input_text",
        "lawn_mower",
        "light",
        "lock",
        "media_player",
        "notify",
        "number",
        "person",
        "plant",
        "proximity",
        "radio_frequency",
        "remote",
        "scene",
        "schedule",
        "script",
        "select",
        "sensor",
        "siren",
        "stt",
        "sun",
        "switch",
        "tag",
        "text",
        "time",
        "timer",
        "todo",
        "tts",
        "update",
        "vacuum",
        "valve",
        "wake_word",
        "water_heater",
        "weather",
        "zone",
    ]
)
"""The domains of entities: a word is held back only while it may become one of them."""

_CONTEXT = 24
"""Characters before a place that tell what stands there."""

_LONGEST_NUMBER = 40

_FIRST_WITHOUT_WORDS = 10**15

_LONGEST_ENTITY_ID = 255

_MINUS_SIGNS = "-−－﹣"

_DASHES = "-–—~～〜"

_SEPARATORS = ".,٫٬’'．，"

_OPENERS = "([{\"'«„“‚‘‹「『（【《〈~≈<>±+＋¿¡*"

_LEFT_ARROWS = "←⇐⟵"

_ARROWS = "→⇒⟶⟹➔➜➙➞⇨↔⇔" + _LEFT_ARROWS

_VERTICAL = {"↑": 0, "⇑": 0, "↗": 0, "↓": 1, "⇓": 1, "↘": 1}

_PAUSES = frozenset(("", *"\n.,;:!?…。、，；：！？।،؛؟–—"))
"""Behind these an arrow is no pause of its own."""

_BORDERS = f"–—…ـ{_ARROWS}{''.join(_VERTICAL)}"
"""Behind these a number may begin without a space."""

_SIGN = regex.compile(rf"(?<!\d)\d|[{_MINUS_SIGNS}=<{_ARROWS}{''.join(_VERTICAL)}]")

_SIGN_OR_WORD = regex.compile(rf"(?<!\d)\d|[{_MINUS_SIGNS}=<{_ARROWS}{''.join(_VERTICAL)}]|(?<![a-z0-9_])[a-z]")

_UNSPACED = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}ー、。，：；！？「」『』（）…·・]"
)

_LATIN = regex.compile(r"[\p{Latin}\p{Greek}]")

_QUANTITY_BEFORE = regex.compile(r"\d(?:[ ]?[%°℃℉\p{L}/²³]{1,6})?[ ]*$")

_UNIT_AND_DASH = regex.compile(rf"(?:[%°‰℃℉]|°[CF])[{_DASHES}]$")

_TAG_BEFORE = regex.compile(r"(?:/|</\w+)>$")

_HOURS_BEFORE = regex.compile(r"\d[ ]?h[ ]$")

_WORD_ID = re.compile(r"[a-z0-9_]*")

_CLOCK = regex.compile(r"(\d\d:\d\d)(?::\d\d(?:[.,]\d+)?)?(Z|[+-]\d\d:?\d\d)?")

_NUMBERS = re.compile(r"\d+")

_DATE_WORDS = {" г.": " года", " թ.": " թվական", " р.": " року", " ค.ศ.": ""}
"""What CLDR abbreviates in long dates, or a person leaves out."""

_LIKE = {"µ": "μ", "·": "⋅", "∙": "⋅", "•": "⋅", "\u00a0": " ", "\u202f": " "}


class _MoreNeeded(Exception):
    """Raised where a rule looks behind the end of what has arrived."""


class _Replacement(NamedTuple):
    """Words for the text up to a place; None keeps the text."""

    end: int
    words: str | None


class _Text:
    """A text as far as it has arrived; `final` says that nothing follows it."""

    __slots__ = ("_length", "final", "text")

    def __init__(self, text: str, *, final: bool) -> None:
        """Take what is known."""
        self.text = text
        self.final = final
        self._length = len(text)

    def at(self, place: int) -> str:
        """Return the character at a place, nothing behind the end."""
        if place < self._length:
            return self.text[place]
        if self.final:
            return ""
        raise _MoreNeeded

    def before(self, place: int) -> str:
        """Return what tells the character before a place."""
        return self.text[max(0, place - _CONTEXT) : place]

    def digits(self, place: int) -> int:
        """Return the end of the digits at a place, or of the longest number."""
        last = place + _LONGEST_NUMBER
        while place <= last and self.at(place).isdecimal():
            place += 1
        return place


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


class Normalizer:
    """The rules of one language, as `load_normalizer` made them."""

    def __init__(self, *, language: _Language | None, friendly_name: FriendlyName | None) -> None:
        """Use `load_normalizer`."""
        self._language = language
        self._friendly_name = friendly_name
        self._next = _SIGN if friendly_name is None else _SIGN_OR_WORD

    def stream(self) -> NormalizedStream:
        """Return what normalizes one text that is being written."""
        return NormalizedStream(self)

    def normalize(self, text: str) -> str:
        """Return a whole text."""
        stream = self.stream()
        return stream.feed(text) + stream.settle()

    def _search(self, text: str, at: int) -> int:
        """Return the next place where a rule may apply, or the end."""
        found = self._next.search(text, at)
        return found.start() if found else len(text)

    def _read(self, text: _Text, at: int) -> _Replacement | None:
        """Return what is said instead of what begins at a place, None where it stays; raises `_MoreNeeded`."""
        character = text.text[at]
        if character == "<":
            found = ELEMENT.match(text.text, at)
            return _Replacement(found.end(), None) if found else None
        if "a" <= character <= "z":
            return self._entity(text, at)
        if self._language is None:
            return None
        if character in _ARROWS or character in _VERTICAL:
            return self._language.arrow(text, at, at + 1)
        if character in "-=" and (end := _ascii_arrow(text, at)):
            return self._language.arrow(text, at, end)
        return self._language.number(text, at)

    def _entity(self, text: _Text, at: int) -> _Replacement | None:
        if self._friendly_name is None or not _begins_word(text, at):
            return None
        end = _word_end(text, at, lambda word: any(domain.startswith(word) for domain in ENTITY_DOMAINS))
        if end is None or text.text[at:end] not in ENTITY_DOMAINS or text.at(end) != ".":
            return None
        begin = end + 1
        end = _word_end(text, begin, lambda word: len(word) < _LONGEST_ENTITY_ID)
        if end is None or end == begin or _continues(text, end):
            return None
        name = self._friendly_name(text.text[at:end])
        return _Replacement(end, " ".join(name.replace("<", " ").split()) if name else None)


class NormalizedStream:
    """Takes clean text as it is written and gives it on as it is said, the same however it arrives.

    Held back is only what may still be replaced: a number until it is seen that no unit follows, and the beginning of a
    date or of an entity id.
    """

    def __init__(self, normalizer: Normalizer) -> None:
        """Start with nothing."""
        self._normalizer = normalizer
        self._text = ""
        self._begin = 0
        self._entity_replaced = False

    def feed(self, text: str) -> str:
        """Take the next piece; return what is certain with it."""
        return self._advance(text, final=False)

    def settle(self) -> str:
        """Return what is held back: nothing follows it for now."""
        return self._advance("", final=True)

    @property
    def held(self) -> str:
        """Return what is held back, as it was written."""
        return self._text[self._begin :]

    @property
    def entity_replaced(self) -> bool:
        """Return True if the name of an entity was said: the same text may be said otherwise tomorrow."""
        return self._entity_replaced

    def _advance(self, more: str, *, final: bool) -> str:
        # The class and its rules are one unit: the stream only keeps what they have not decided
        normalizer = self._normalizer
        text = _Text(self._text + more, final=final)
        at = copied = self._begin
        out: list[str] = []
        while (at := normalizer._search(text.text, at)) < len(text.text):  # noqa: SLF001
            try:
                found = normalizer._read(text, at)  # noqa: SLF001
            except _MoreNeeded:
                break
            if found is None:
                at += 1
                continue
            if found.words is not None:
                self._entity_replaced |= "a" <= text.text[at] <= "z"
                out += (text.text[copied:at], found.words)
                copied = found.end
            at = found.end
        out.append(text.text[copied:at])
        kept = max(0, at - _CONTEXT)
        self._text, self._begin = text.text[kept:], at - kept
        return "".join(out)


class _Language:
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

    def arrow(self, text: _Text, at: int, end: int) -> _Replacement | None:
        """Read an arrow that is written at a place and ends at another."""
        sign = text.text[at]
        spaced = text.text[at - 1 : at].isspace()
        if sign in _VERTICAL:
            if self._vertical is None:
                return None
            words = self._vertical[_VERTICAL[sign]]
            return _Replacement(end, words if _is_space_or_end(text.at(end)) or self._unspaced else f"{words} ")
        if text.before(at).rstrip(" ")[-1:] in _PAUSES:
            return _Replacement(end + 1 if text.at(end) == " " else end, "")
        following = end + 1 if text.at(end) == " " else end
        signed = text.at(following) in _MINUS_SIGNS and text.at(following) != ""
        to_number = text.at(following + signed).isdecimal()
        if to_number and sign not in _LEFT_ARROWS and self._to and _QUANTITY_BEFORE.search(text.before(at)):
            words = self._to
        elif self._unspaced and not spaced:
            return _Replacement(following, "、" if self._key == "ja" else "，")
        else:
            words = "–"
        if self._unspaced and not spaced:
            return _Replacement(following, words)
        return _Replacement(following, f"{'' if spaced else ' '}{words}{' ' if text.at(following) else ''}")

    def number(self, text: _Text, at: int) -> _Replacement | None:
        """Read a number with what belongs to it: a sign before, a unit behind, or the date that it begins."""
        negative = text.text[at] in _MINUS_SIGNS
        begin = at + 1 if negative else at
        if not _begins_number(text, at) or not text.at(begin).isdecimal():
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
        if last is not None or _continues(text, number.end) or (following and following in "%°'’"):
            return None
        return self._bare(text, number, negative=negative)

    def _bare(self, text: _Text, number: _Number, *, negative: bool) -> _Replacement | None:
        """Say a number that has no unit."""
        ordinal = self._key in ORDINAL_LANGUAGES and text.at(number.end) == "."
        if ordinal and number.decimals is None and len(number.written) <= 2 and not negative:
            return None
        said = self._said(number)
        if not negative and said == number.written:
            return None
        return _Replacement(number.end, self._signed(said, negative=negative))

    def _signed(self, said: str, *, negative: bool) -> str:
        return self._minus.replace("{0}", said) if negative and self._minus else said

    def _quantity(self, text: _Text, first: _Number, last: _Number, *, negative: bool) -> _Replacement | None:
        """Say a number, or a range, with the unit behind it."""
        gap = 1 if text.at(last.end) == " " else 0
        begin = last.end + gap
        for symbol, end in self._units(text, begin):
            if not self._is_unit(text, symbol, end, last, attached=not gap, negative=negative):
                continue
            if symbol.endswith(".") and _ends_sentence(text, end):
                end -= 1
            forms = self._minutes(text, first.begin, symbol) or self._forms[symbol]
            form = forms.get(self._locale.plural_form(last.value), forms["other"])
            if "{0}" not in form and (negative or first is not last):  # Such as the Arabic dual
                form = forms["other"]
            said = self._said(first, unit=True)
            if first is not last:
                said += text.text[first.end : last.begin] + self._said(last, unit=True)
            return _Replacement(end, form.replace("{0}", self._signed(said, negative=negative)))
        return None

    def _minutes(self, text: _Text, at: int, symbol: str) -> Forms | None:
        """Return minutes where a lone `m` follows hours: `1 h 30 m`."""
        return self._forms.get("min") if symbol == "m" and _HOURS_BEFORE.search(text.before(at)) else None

    def _units(self, text: _Text, begin: int) -> Iterator[tuple[str, int]]:
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

    def _is_unit(self, text: _Text, symbol: str, end: int, number: _Number, *, attached: bool, negative: bool) -> bool:
        """Return True if what is written like a unit is meant as one."""
        if not _ends_unit(text, symbol, end):
            return False
        if symbol == "K":
            return number.decimals is not None or 1000 <= number.value <= 20000
        if number.decimals is not None or (negative and symbol == "°"):
            return True
        if symbol == "°":
            return self._key not in _ORDINAL_DEGREES or _ends_clause(text, end)
        english = self._key == "en"
        if symbol in LETTERS:
            if attached and english and (symbol == "m" or (symbol == "s" and number.value % 10 == 0)):
                return _HOURS_BEFORE.search(text.before(number.begin)) is not None
            return not _is_upper(text, end)
        if symbol in CAUTIOUS:
            return symbol in OFTEN_ATTACHED if attached else _ends_clause(text, end)
        return True

    def _range_end(self, text: _Text, first: _Number) -> _Number | None:
        """Return the second number of a range such as `18-21`."""
        dash = text.at(first.end)
        if not dash or dash not in _DASHES or not text.at(first.end + 1).isdecimal():
            return None
        last = self._parse(text, first.end + 1)
        return None if last is None or (text.at(last.end) and text.at(last.end) in f"{_DASHES}:/_") else last

    def _parse(self, text: _Text, begin: int) -> _Number | None:
        """Read a number as it is written in this language; None for what is no number: a time, a version, an address."""
        groups, signs, end = [begin], [], text.digits(begin)
        if end - begin > _LONGEST_NUMBER:
            return None
        while (sign := text.at(end)) and self._joins(text, sign, end, first=end - groups[-1]):
            signs.append(sign)
            groups.append(end + 1)
            end = text.digits(end + 1)
            if end - begin > _LONGEST_NUMBER:
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

    def _joins(self, text: _Text, sign: str, at: int, *, first: int) -> bool:
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
            return self._in_words(number.value) or written
        # People of other languages and templates write a point where a comma is said
        if unit and number.decimals is not None and self._decimal == "," and self._locale.language != "es":
            written = (
                f"{written[: number.decimals]},{written[number.decimals + 1 :]}" if not number.grouped else written
            )
        whole = written if number.decimals is None else written[: number.decimals]
        if self._thousands_separators and not number.grouped and not leading_zero and 5 <= len(whole) <= 9:
            return _grouped(whole, self._group, indian=self._locale.language in _INDIAN) + written[len(whole) :]
        return written

    def _iso_date(self, text: _Text, at: int) -> _Replacement | None:
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
        if _continues(text, end):
            return None
        said = self._date(date)
        if clock is not None:
            said = self._date_and_time.replace("{1}", said).replace("{0}", clock.words or "")
        if self._words is not None:
            said = _NUMBERS.sub(self._spelled, said) if clock is None else said
        return _Replacement(end, said)

    def _clock(self, text: _Text, at: int) -> _Replacement | None:
        """Read the time of an ISO date: hours and minutes, and whether it is UTC."""
        if text.at(at) not in ("T", " "):
            return None
        end = at + 1
        for expected in "dd:dd":
            character = text.at(end)
            if not character or (character != ":" if expected == ":" else character not in _DIGITS):
                return None
            end += 1
        while (character := text.at(end)) and character in "0123456789:.,Z+-" and end - at < _LONGEST_NUMBER:
            if character in ".,:+-" and text.at(end + 1) not in tuple(_DIGITS):
                break
            end += 1
        found = _CLOCK.fullmatch(text.text, at + 1, end)
        if found is None:
            return None
        utc = found[2] is not None and found[2].replace(":", "") in {"Z", "+0000", "-0000"}
        return _Replacement(end, f"{found[1]} UTC" if utc else found[1])

    def _date(self, date: dt.date) -> str:
        said = format_date(date, "long", locale=self._locale).replace("\u202f", " ").replace("\u00a0", " ")
        for abbreviation, words in _DATE_WORDS.items():
            said = said.replace(abbreviation, words)
        return said

    def _spelled(self, found: re.Match[str]) -> str:
        return self._in_words(Decimal(found.group())) or found.group()

    def _in_words(self, value: Decimal) -> str | None:
        """Return a number in words, None where the language's rules have none for it."""
        if self._words is None or value >= _FIRST_WITHOUT_WORDS:
            return None
        try:
            return self._words.format_number(value).text.replace("\u00ad", "")
        except ArithmeticError, LookupError, ValueError:
            return None


_ORDINAL_DEGREES: Final = frozenset({"it", "es", "fr", "pt"})
"""Languages in which `1°` is an ordinal."""

_DIGITS: Final = frozenset("0123456789")

_INDIAN: Final = frozenset({"bn", "gu", "hi", "kn", "ml", "mr", "or", "pa", "ta", "te"})

_LANGUAGES: Final = {"od": "or", "iw": "he", "cmn": "zh", "tl": "fil"}
"""Codes that services use, by CLDR's."""

_RBNF: Final[Mapping[str, str]] = {"zh_Hant": "zh_Hant", "nb": "no"}


def load_normalizer(
    language: str | None,
    *,
    number_words: bool = False,
    thousands_separators: bool = False,
    friendly_name: FriendlyName | None = None,
) -> Normalizer:
    """Read all data of a language (BCP 47); takes tens of milliseconds the first time, and reads files.

    `number_words` writes numbers out, for models that do not read digits; languages without rules for that keep digits.
    `thousands_separators` separates numbers from five digits on. `friendly_name` is called in the thread that feeds the
    text. In an unknown language only entity ids are replaced.
    """
    locale = _locale(language)
    if locale is None:
        return Normalizer(language=None, friendly_name=friendly_name)
    words = _engine(locale) if number_words else None
    rules = _Language(locale, words=words, thousands_separators=thousands_separators)
    return Normalizer(language=rules, friendly_name=friendly_name)


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


def _engine(locale: Locale) -> RbnfEngine | None:
    key = "zh_Hant" if (locale.language, locale.script) == ("zh", "Hant") else locale.language
    try:
        engine = RbnfEngine.for_language(_RBNF.get(key, key))
    except ValueError:
        return None
    engine.format_number(1)
    return engine


def _spellings(symbol: str) -> set[str]:
    """Return the ways to write a symbol: `m²`, `m2` and `m^2`."""
    plain = symbol.replace("²", "2").replace("³", "3")
    return {symbol, plain, symbol.replace("²", "^2").replace("³", "^3")}


def _ascii_arrow(text: _Text, at: int) -> int | None:
    """Return the end of `->`, `-->` or `=>` between spaces."""
    if not text.text[max(0, at - 1) : at].isspace():
        return None
    end = at + 1
    if text.at(end) == text.text[at]:
        end += 1
    return end + 1 if text.at(end) == ">" and text.at(end + 1) == " " else None


def _begins_word(text: _Text, at: int) -> bool:
    """Return True if an identifier may begin at a place."""
    before = text.text[at - 1 : at]
    return not before or (not (before.isascii() and before.isalnum()) and before not in "_.@/\\-:#&=$")


def _word_end(text: _Text, at: int, may_go_on: Callable[[str], bool]) -> int | None:
    """Return the end of an identifier's part; None where it becomes something else."""
    found = _WORD_ID.match(text.text, at)
    end = found.end() if found else at
    if not may_go_on(text.text[at:end]):
        return None
    text.at(end)
    return end


def _continues(text: _Text, end: int) -> bool:
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


def _begins_number(text: _Text, at: int) -> bool:
    """Return True if a number that may be changed begins at a place: behind a space, an opening sign, or CJK."""
    before = text.before(at)
    bare = before.rstrip(_OPENERS)
    if not bare or bare[-1].isspace() or bare[-1] in _BORDERS or _UNSPACED.match(bare[-1]):
        return not (bare and bare[-1] in "–—" and bare[-2:-1].isdecimal())
    if _TAG_BEFORE.search(before):
        return True
    if len(bare) == len(before) and _UNIT_AND_DASH.search(bare):
        return text.text[at] not in _MINUS_SIGNS
    if "\u0621" <= bare[-1] <= "\u064a":  # Arabic writes "and" and prepositions together with a number
        return True
    # Hebrew puts prepositions in front of a number with a hyphen
    return bare[-1] in "-־" and "\u05d0" <= bare[-2:-1] <= "\u05ea"


def _ends_unit(text: _Text, symbol: str, end: int) -> bool:
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


def _is_upper(text: _Text, end: int) -> bool:
    """Return True if a word in upper case follows."""
    following = text.at(end)
    if following == " ":
        following = text.at(end + 1)
    return following.isupper()


def _ends_clause(text: _Text, end: int) -> bool:
    """Return True if no word follows."""
    following = text.at(end)
    if following == " ":
        following = text.at(end + 1)
        return not following or following in "(–—-=→|"
    return (
        not following or following in ".,;:!?…)]}»”\"'\n。、，；：！？）।॥؟،؛" or _UNSPACED.match(following) is not None
    )


def _ends_sentence(text: _Text, end: int) -> bool:
    """Return True if the period of an abbreviation that ends at a place is that of the sentence too."""
    following = text.at(end)
    if following == " ":
        following = text.at(end + 1)
    return not following or following == "\n" or following.isupper()


def _is_space_or_end(following: str) -> bool:
    return not following or following.isspace() or following in ".,;:!?)"


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
