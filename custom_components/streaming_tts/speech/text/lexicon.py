"""Custom pronunciations of all accounts: the entries for a language, and their replacement in a sentence."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from functools import lru_cache
import hashlib
import json
import re
from typing import Any, Final, Self
import unicodedata

import regex

from ...providers import markup as inline
from .sentences import ELEMENT

EVERY_LANGUAGE: Final = "all"

MIN_PAUSE: Final = 80
MAX_PAUSE: Final = 1200
"""Milliseconds of a break that sounds natural (docs/dev/protocols.md A10)."""

_TAG = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{2,8}){0,3}")

_NUMBER = re.compile(r"\d(?:[ ().-]*\d)*")

_FORBIDDEN = frozenset('<>"')
"""Characters of inline tags."""

_SIGNS = frozenset("&%@§#")
"""Punctuation that is spoken, and so may be a word."""


class PronunciationField(StrEnum):
    """The fields of an entry, by which an error names the invalid one."""

    WORD = "word"
    LANGUAGE = "language"
    RESPELLING = "respelling"
    IPA = "ipa"
    DIGITS = "digits"
    PAUSE = "pause"


MAX_CHARACTERS: Final = {PronunciationField.WORD: 60, PronunciationField.RESPELLING: 100, PronunciationField.IPA: 70}
"""Maximum characters of a field: IPA and its alternative form a tag that isn't split, even by the shortest limit."""


class PronunciationError(ValueError):
    """An invalid entry: `reason` is the key of a message about its `part`."""

    def __init__(self, part: PronunciationField, reason: str) -> None:
        """Set the invalid field and the reason."""
        super().__init__(reason)
        self.part = part
        self.reason = reason


@dataclass(frozen=True, kw_only=True, slots=True)
class Pronunciation:
    """How one or more words are pronounced in a language (a BCP 47 tag, or `EVERY_LANGUAGE`); create it with `of`.

    `respelling` replaces the word, `ipa` is used instead if the provider supports IPA, `digits` reads its numbers digit
    by digit, and `pause` is a break after it in ms. None and False leave the word unchanged.
    """

    word: str
    language: str = EVERY_LANGUAGE
    respelling: str | None = None
    ipa: str | None = None
    digits: bool = False
    pause: int | None = None

    @classmethod
    def of(cls, *, word: str, language: str = EVERY_LANGUAGE, **said: Any) -> Self:
        """Return an entry from the input of a user or an action; raises `PronunciationError`."""
        if said.keys() - set(PronunciationField):
            raise PronunciationError(PronunciationField.WORD, "pronunciation_field_unknown")
        if not isinstance(digits := said.get(PronunciationField.DIGITS), bool | None):
            raise PronunciationError(PronunciationField.DIGITS, "pronunciation_flag_invalid")
        entry = cls(
            word=_word(word),
            language=_language(language),
            respelling=_text(PronunciationField.RESPELLING, said.get(PronunciationField.RESPELLING)),
            ipa=_text(PronunciationField.IPA, said.get(PronunciationField.IPA)),
            digits=bool(digits),
            pause=_pause(said.get(PronunciationField.PAUSE)),
        )
        if entry.digits and (entry.respelling or entry.ipa):
            raise PronunciationError(PronunciationField.DIGITS, "pronunciation_digits_alone")
        if entry.digits and _NUMBER.search(entry.word) is None:
            raise PronunciationError(PronunciationField.DIGITS, "pronunciation_no_digits")
        if not entry.fields:
            raise PronunciationError(PronunciationField.RESPELLING, "pronunciation_empty")
        return entry

    @property
    def key(self) -> tuple[str, str]:
        """Return the unique key of an entry: its word (case-sensitive) and language."""
        return self.word, self.language

    @property
    def fields(self) -> dict[str, str | bool | int]:
        """Return the fields that are set, without the word and the language."""
        return {part: value for part, value in asdict(self).items() if value and part not in ("word", "language")}

    def said(self, found: str) -> str:
        """Return the replacement for the word as found; a capital at its start is kept."""
        spoken = found if self.respelling is None else self.respelling
        if self.respelling and found[0].isupper() and not self.word[0].isupper():
            spoken = spoken[0].upper() + spoken[1:]
        if self.ipa:
            spoken = inline.phonemes(self.ipa, spoken)
        elif self.digits:
            spoken = _NUMBER.sub(lambda number: inline.digits(number[0]), found)
        return spoken + (inline.pause(self.pause) if self.pause else "")


def normalised(word: str) -> str:
    """Return a word in its stored form: composed characters and single spaces."""
    return " ".join(unicodedata.normalize("NFC", word).split())


def canonical(tag: str) -> str:
    """Return a language tag in lower case, with hyphens."""
    return tag.strip().replace("_", "-").lower()


def _word(given: str) -> str:
    if (word := _text(PronunciationField.WORD, given)) is None:
        raise PronunciationError(PronunciationField.WORD, "pronunciation_word_missing")
    if not any(unicodedata.category(sign)[0] in "LNS" or sign in _SIGNS for sign in word):
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
    """Return a text, or None if it is empty; raises `PronunciationError`."""
    if given is None:
        return None
    text = normalised(str(given))
    # Neither inline tags nor invisible characters
    unseen = (unicodedata.category(sign)[0] == "C" and sign not in "\u200c\u200d" for sign in text)
    if isinstance(given, bool | Mapping | list) or not _FORBIDDEN.isdisjoint(text) or any(unseen):
        kind = "word" if part is PronunciationField.WORD else "text"
        raise PronunciationError(part, f"pronunciation_{kind}_invalid")
    if len(text) > MAX_CHARACTERS[part]:
        raise PronunciationError(part, "pronunciation_too_long")
    return text or None


def _pause(given: object) -> int | None:
    """Return milliseconds, or None without a break; raises `PronunciationError`."""
    if given is None or given == "":
        return None
    try:
        milliseconds = 0 if isinstance(given, bool) else round(float(str(given)))
    except ValueError, OverflowError:
        milliseconds = 0
    if not MIN_PAUSE <= milliseconds <= MAX_PAUSE:
        raise PronunciationError(PronunciationField.PAUSE, "pronunciation_pause_invalid")
    return milliseconds


_LIKE = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "\u2010": "-", "\u2011": "-"})
"""Interchangeable signs."""

# Thai, Lao; Myanmar; Khmer; CJK signs, kana, bopomofo; kana and CJK ideographs; half-width kana
_UNSPACED = (
    r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u312f\u31a0-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
"""Scripts without spaces between words: a word matches anywhere, unless its characters clearly belong to another
word."""

# With the prolonged sound mark, iteration marks, and half-width forms
_KATAKANA = r"\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\uff66-\uff9f"
"""The script of loanwords: characters between other scripts are one word, as in Unicode."""

# In any script, vowel signs, accents and joiners belong to the character before them. So do kana that form one sound
# with the one before (but a small っ may start a word: って). A separator joins digits into one number
_GOES_ON = (
    rf"[\p{{M}}\u200c\u200d々]|(?<=[{_KATAKANA}])[{_KATAKANA}]"
    rf"|(?<=[\u3041-\u3096{_KATAKANA}])[ーｰゝゞぁぃぅぇぉゃゅょゎゕゖ]"
)
_LETTER = rf"(?![{_UNSPACED}])[\p{{L}}\p{{M}}\p{{N}}\u200c\u200d]"
_BEHIND_LETTER = rf"(?<=(?![{_UNSPACED}])[\p{{L}}\p{{M}}\p{{N}}\u200c\u200d])"
_NO_BEGINNING = regex.compile(rf"{_GOES_ON}|(?<=\d[.,:])\d|{_BEHIND_LETTER}{_LETTER}")
# A particle may follow a Korean word
_NO_END = regex.compile(rf"{_GOES_ON}|(?<=\d)[.,:]\d|{_BEHIND_LETTER}(?!(?<=[가-힣])[가-힣]){_LETTER}")


@lru_cache(maxsize=4096)
def _folded(character: str) -> str:
    """Return a character in lower case and decomposed, so that all its spellings are equal."""
    return unicodedata.normalize("NFD", character.translate(_LIKE).lower())


def spelled(word: str) -> str:
    """Return a word in its canonical spelling; upper and lower case are kept."""
    return unicodedata.normalize("NFC", word.translate(_LIKE))


@dataclass(slots=True)
class _Node:
    """A node in the trie of all words; the words that end here are kept as they are written."""

    following: dict[str, _Node] = field(default_factory=dict)
    written: dict[str, Pronunciation] = field(default_factory=dict)
    any_case: Pronunciation | None = None


class PronunciationIndex:
    """The entries of one language, indexed to be found in a text."""

    def __init__(self, entries: Iterable[Pronunciation] = ()) -> None:
        """Index entries; of those with the same word, the first one is used."""
        self._root = _Node()
        for entry in entries:
            node = self._root
            for letter in "".join(map(_folded, entry.word)):
                node = node.following.setdefault(letter, _Node())
            word = spelled(entry.word)
            node.written.setdefault(word, entry)
            if node.any_case is None and word == word.lower():
                node.any_case = entry

    def find(self, text: str, at: int) -> tuple[int, Pronunciation] | None:
        """Return the longest entry that is a whole word at an index, with its end.

        Of entries that differ in case, the one in the same case is used, or else one in lower case.
        """
        node, best, end = self._root, None, at
        if at and _NO_BEGINNING.match(text, at):
            return None
        while end < len(text):
            for letter in _folded(text[end]):
                if (following := node.following.get(letter)) is None:
                    return best
                node = following
            end += 1
            if node.written and (end == len(text) or not _NO_END.match(text, end)):
                entry = node.written.get(spelled(text[at:end]), node.any_case)
                best = best if entry is None else (end, entry)
        return best

    def replace(self, text: str) -> str:
        """Return a sentence with its words replaced; tags are left unchanged."""
        at = copied = 0
        out: list[str] = []
        while at < len(text):
            if text[at] == "<" and (element := ELEMENT.match(text, at)):
                at = element.end()
            elif found := self.find(text, at):
                out += (text[copied:at], found[1].said(text[at : found[0]]))
                at = copied = found[0]
            else:
                at += 1
        return "".join((*out, text[copied:]))


class Lexicon:
    """All custom pronunciations."""

    def __init__(self, entries: Iterable[Pronunciation] = ()) -> None:
        """Set the entries; of those with the same key, the last one is used."""
        by_key = {entry.key: entry for entry in entries}
        self._entries = tuple(sorted(by_key.values(), key=lambda entry: (entry.language, entry.word)))
        self._words: dict[str, PronunciationIndex | None] = {}
        self._digests: dict[frozenset[str], str | None] = {}

    def __len__(self) -> int:
        """Return the number of entries."""
        return len(self._entries)

    def __iter__(self) -> Iterator[Pronunciation]:
        """Yield the entries by language and word."""
        return iter(self._entries)

    def words(self, language: str) -> PronunciationIndex | None:
        """Return the index of a language (BCP 47), or None if it has no entries.

        If several entries have the same word, the one for the closest language is used.
        """
        tag = canonical(language)
        if tag not in self._words:
            ranked = [(rank, entry) for entry in self._entries if (rank := _rank(entry, tag)) is not None]
            closest = [entry for _, entry in sorted(ranked, key=lambda pair: pair[0])]
            self._words[tag] = PronunciationIndex(closest) if closest else None
        return self._words[tag]

    def digest(self, languages: Iterable[str]) -> str | None:
        """Return a hash of all entries that apply to these languages, or None if there are none."""
        tags = frozenset(map(canonical, languages))
        if tags not in self._digests:
            known = [entry for entry in self._entries if any(_rank(entry, tag) is not None for tag in tags)]
            content = json.dumps([(*entry.key, entry.fields) for entry in known], sort_keys=True)
            digest = hashlib.blake2s(content.encode(), digest_size=8).hexdigest()
            self._digests[tags] = digest if known else None
        return self._digests[tags]


def _rank(entry: Pronunciation, tag: str) -> tuple[int, int] | None:
    """Return the distance of an entry from a language, or None if it is for another language.

    The order is: the same tag, the language without region, a regional tag if the language has no region, and all
    languages.
    """
    own = canonical(entry.language)
    if own == EVERY_LANGUAGE:
        return 3, 0
    if own == tag:
        return 0, 0
    if tag.startswith(f"{own}-"):
        return 1, -len(own)
    return (2, 0) if own.startswith(f"{tag}-") else None
