"""Signs that a speech service may misread, as words: units behind numbers, minus, ISO dates, arrows, entity ids.

`load_normalizer` reads the data of a language, which is slow (tens of milliseconds); what it returns is fast, never
changes, and normalizes any number of texts. A stream takes a text in pieces and gives it on the same however it arrives:
all rules read the text through `PartialText`, which stops them where the answer depends on what has not arrived.

What is not certain stays as it is written, since services read numbers well: digits change only where a rule says so,
and none does inside of a time, a version, a telephone number, an address, an identifier, or a provider's tag.
"""

from collections.abc import Callable, Mapping
from typing import Final

from babel import Locale, UnknownLocaleError
import regex
from unicode_rbnf import RbnfEngine

from .limit import ELEMENT
from .partial_text import (
    ARROWS,
    CONTEXT,
    MINUS_SIGNS,
    VERTICAL,
    MoreNeeded,
    PartialText,
    Replacement,
    ascii_arrow,
    begins_word,
    continues,
    word_end,
)
from .signs import SignRules

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


_MAX_ENTITY_ID = 255


_SIGN = regex.compile(rf"(?<!\d)\d|[{MINUS_SIGNS}=<{ARROWS}{''.join(VERTICAL)}]")


_SIGN_OR_WORD = regex.compile(rf"(?<!\d)\d|[{MINUS_SIGNS}=<{ARROWS}{''.join(VERTICAL)}]|(?<![a-z0-9_])[a-z]")


class Normalizer:
    """The rules of one language, as `load_normalizer` made them."""

    def __init__(self, *, language: SignRules | None, friendly_name: FriendlyName | None) -> None:
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

    def _read(self, text: PartialText, at: int) -> Replacement | None:
        """Return what is said instead of what begins at a place, None where it stays; raises `MoreNeeded`."""
        character = text.text[at]
        if character == "<":
            found = ELEMENT.match(text.text, at)
            return Replacement(found.end(), None) if found else None
        if "a" <= character <= "z":
            return self._entity(text, at)
        if self._language is None:
            return None
        if character in ARROWS or character in VERTICAL:
            return self._language.arrow(text, at, at + 1)
        if character in "-=" and (end := ascii_arrow(text, at)):
            return self._language.arrow(text, at, end)
        return self._language.number(text, at)

    def _entity(self, text: PartialText, at: int) -> Replacement | None:
        if self._friendly_name is None or not begins_word(text, at):
            return None
        end = word_end(text, at, lambda word: any(domain.startswith(word) for domain in ENTITY_DOMAINS))
        if end is None or text.text[at:end] not in ENTITY_DOMAINS or text.at(end) != ".":
            return None
        begin = end + 1
        end = word_end(text, begin, lambda word: len(word) < _MAX_ENTITY_ID)
        if end is None or end == begin or continues(text, end):
            return None
        name = self._friendly_name(text.text[at:end])
        return Replacement(end, " ".join(name.replace("<", " ").split()) if name else None)


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
        text = PartialText(self._text + more, final=final)
        at = copied = self._begin
        out: list[str] = []
        while (at := normalizer._search(text.text, at)) < len(text.text):  # noqa: SLF001
            try:
                found = normalizer._read(text, at)  # noqa: SLF001
            except MoreNeeded:
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
        kept = max(0, at - CONTEXT)
        self._text, self._begin = text.text[kept:], at - kept
        return "".join(out)


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
    rules = SignRules(locale, words=words, thousands_separators=thousands_separators)
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
