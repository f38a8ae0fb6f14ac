"""Signs that a speech service may misread, as words: units behind numbers, minus, ISO dates, arrows, entity ids.

`load_normalizer` reads the data of a language, which is slow (tens of milliseconds); what it returns is fast, never
changes, and normalizes any number of texts. It is given whole sentences: where they end is told from how they are
written.

What is not certain stays as it is written, since services read numbers well: digits change only where a rule says so,
and none does inside of a time, a version, a telephone number, an address, an identifier, or a provider's tag.
"""

from collections.abc import Callable, Mapping
from typing import Final

from babel import Locale, UnknownLocaleError
import regex
from unicode_rbnf import RbnfEngine

from .lexicon import NO_WORDS, PronunciationIndex
from .sentences import ELEMENT
from .signs import SignRules
from .text_view import ARROWS, MINUS_SIGNS, VERTICAL, Replacement, TextView, ascii_arrow, continues

type FriendlyName = Callable[[str], str | None]
"""Returns how an entity is called by its id, None for what is no such id."""

_SIGNS = rf"(?<!\d)\d|[{MINUS_SIGNS}=<{ARROWS}{''.join(VERTICAL)}]"

_ENTITY_ID = r"(?<![A-Za-z0-9_.@/\\:#&=$-])[a-z][a-z0-9_]{0,63}\.[a-z0-9_]{1,191}(?![a-z0-9_])"

_SIGN = regex.compile(_SIGNS)

_SIGN_OR_ENTITY = regex.compile(rf"{_SIGNS}|{_ENTITY_ID}")


class Normalizer:
    """The rules of one language, as `load_normalizer` made them."""

    def __init__(self, language: SignRules | None) -> None:
        """Use `load_normalizer`."""
        self._language = language

    def normalize(
        self, text: str, *, friendly_name: FriendlyName | None = None, lexicon: PronunciationIndex = NO_WORDS
    ) -> str:
        """Return a text as it is said.

        `friendly_name` gives the names of entities; without it their ids stay. What the lexicon has is left to it.
        """
        pattern = _SIGN if friendly_name is None else _SIGN_OR_ENTITY
        view = TextView(text, lexicon)
        at = copied = 0
        out: list[str] = []
        while (sign := pattern.search(text, at)) is not None:
            at = sign.start()
            if (end := lexicon.word_end(text, at)) is not None:
                at = end
                continue
            if friendly_name is not None and sign.end() > at + 1:
                found = _entity(view, at, sign.end(), friendly_name)
            else:
                found = self._read(view, at)
            if found is None:
                at = sign.end()
                continue
            if found.words is not None:
                out += (text[copied:at], found.words)
                copied = found.end
            at = found.end
        return "".join((*out, text[copied:]))

    def _read(self, view: TextView, at: int) -> Replacement | None:
        """Return what is said instead of the sign at a place, None where it stays."""
        character = view.text[at]
        if character == "<":
            found = ELEMENT.match(view.text, at)
            return Replacement(found.end(), None) if found else None
        if self._language is None:
            return None
        if character in ARROWS or character in VERTICAL:
            return self._language.arrow(view, at, at + 1)
        if character in "-=" and (end := ascii_arrow(view, at)):
            return self._language.arrow(view, at, end)
        return self._language.number(view, at)


def _entity(view: TextView, at: int, end: int, friendly_name: FriendlyName) -> Replacement | None:
    """Return the name of an entity whose id stands at a place; it brings no tags."""
    entity_id = view.text[at:end]
    if continues(view, end) or (name := friendly_name(entity_id)) is None:
        return None
    return Replacement(end, " ".join(name.replace("<", " ").split()) or None)


_LANGUAGES: Final = {"od": "or", "iw": "he", "cmn": "zh", "tl": "fil"}
"""Codes that services use, by CLDR's."""

_RBNF: Final[Mapping[str, str]] = {"zh_Hant": "zh_Hant", "nb": "no"}


def load_normalizer(
    language: str | None, *, number_words: bool = False, thousands_separators: bool = False
) -> Normalizer:
    """Read all data of a language (BCP 47); takes tens of milliseconds the first time, and reads files.

    `number_words` writes numbers out, for models that do not read digits; languages without rules for that keep digits.
    `thousands_separators` separates numbers from five digits on. In an unknown language only entity ids are replaced.
    """
    locale = _locale(language)
    if locale is None:
        return Normalizer(None)
    words = _engine(locale) if number_words else None
    return Normalizer(SignRules(locale, words=words, thousands_separators=thousands_separators))


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
