"""The house's lexicon: which entries a language has, and the words of a sentence replaced by them."""

from collections.abc import Iterable, Iterator
import hashlib
import json
from typing import Final

from .letters import fold, is_border, spelled
from .limit import ELEMENT
from .pronunciation import EVERY_LANGUAGE, Pronunciation, canonical


class _Node:
    """A place in the tree of all words, letter by letter; words that end here are kept as they are written."""

    __slots__ = ("any_case", "following", "written")

    def __init__(self) -> None:
        self.following: dict[str, _Node] = {}
        self.written: dict[str, Pronunciation] = {}
        self.any_case: Pronunciation | None = None

    def entry(self, found: str) -> Pronunciation | None:
        """Return the entry for a word as it was found: that is written so, else one in lower case."""
        return self.written.get(spelled(found), self.any_case)


class PronunciationIndex:
    """The entries of one language, ready to be found in a text."""

    def __init__(self, entries: Iterable[Pronunciation] = ()) -> None:
        """Take entries; of those with the same word the first counts."""
        self._root = _Node()
        for entry in entries:
            node = self._root
            for character in entry.word:
                for letter in fold(character):
                    node = node.following.setdefault(letter, _Node())
            word = spelled(entry.word)
            node.written.setdefault(word, entry)
            if node.any_case is None and word == word.lower():
                node.any_case = entry

    def __bool__(self) -> bool:
        """Return True if there are any."""
        return bool(self._root.following)

    def word_end(self, text: str, at: int) -> int | None:
        """Return the end of the word at a place that is said otherwise, None where none begins there."""
        found = self._longest(text, at) if self and is_border(text, at) else None
        return found and found[0]

    def replace(self, text: str) -> str:
        """Return a sentence with its words as they are said; marks pass as they are."""
        if not self:
            return text
        at = copied = 0
        out: list[str] = []
        while at < len(text):
            if text[at] == "<" and (element := ELEMENT.match(text, at)):
                at = element.end()
                continue
            found = self._longest(text, at) if is_border(text, at) else None
            if found is None:
                at += 1
                continue
            end, entry = found
            out += (text[copied:at], entry.said(text[at:end]))
            at = copied = end
        return "".join((*out, text[copied:]))

    def _longest(self, text: str, at: int) -> tuple[int, Pronunciation] | None:
        """Return the longest entry that is a whole word at a place, with its end."""
        node, best, end = self._root, None, at
        while end < len(text):
            for letter in fold(text[end]):
                if (node := node.following.get(letter, _NOWHERE)) is _NOWHERE:
                    return best
            end += 1
            if node.any_case is None and not node.written:
                continue
            if is_border(text, end, behind=True) and (entry := node.entry(text[at:end])) is not None:
                best = end, entry
        return best


_NOWHERE: Final = _Node()

NO_WORDS: Final = PronunciationIndex()


class Lexicon:
    """All entries of the house."""

    def __init__(self, entries: Iterable[Pronunciation] = ()) -> None:
        """Take entries; of those with the same key the last counts."""
        by_key = {entry.key: entry for entry in entries}
        self._entries = tuple(sorted(by_key.values(), key=lambda entry: (entry.language, entry.word)))
        self._words: dict[str, PronunciationIndex] = {}
        self._digests: dict[frozenset[str], str | None] = {}

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._entries)

    def __iter__(self) -> Iterator[Pronunciation]:
        """Yield them by language and word."""
        return iter(self._entries)

    def words(self, language: str) -> PronunciationIndex:
        """Return what is said otherwise in a language (BCP 47).

        Where several entries have a word, the closest counts.
        """
        tag = canonical(language)
        if tag not in self._words:
            ranked = [(rank, entry) for entry in self._entries if (rank := _rank(entry, tag)) is not None]
            self._words[tag] = PronunciationIndex(entry for _, entry in sorted(ranked, key=lambda pair: pair[0]))
        return self._words[tag]

    def digest(self, languages: Iterable[str]) -> str | None:
        """Return what changes with any entry that concerns one of these languages, None where there is none."""
        tags = frozenset(map(canonical, languages))
        if tags not in self._digests:
            self._digests[tags] = self._digest(tags)
        return self._digests[tags]

    def _digest(self, tags: frozenset[str]) -> str | None:
        known = [entry for entry in self._entries if any(_rank(entry, tag) is not None for tag in tags)]
        if not known:
            return None
        content = json.dumps([(*entry.key, entry.fields) for entry in known], sort_keys=True)
        return hashlib.blake2s(content.encode(), digest_size=8).hexdigest()


def _rank(entry: Pronunciation, tag: str) -> tuple[int, int] | None:
    """Return how close an entry is to a language, the closest first; None where it is for another.

    First the same tag, then the language without its region, then a region of the language where none is spoken in
    particular, and last every language.
    """
    own = canonical(entry.language)
    if own == EVERY_LANGUAGE:
        return 3, 0
    if own == tag:
        return 0, 0
    if tag.startswith(f"{own}-"):
        return 1, -len(own)
    return (2, 0) if own.startswith(f"{tag}-") else None
