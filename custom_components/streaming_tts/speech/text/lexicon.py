"""The house's lexicon: which entries a language has, and a text's words replaced by them while it is being written."""

from collections.abc import Iterable, Iterator
import hashlib
import json
from typing import Final

from .letters import fold, is_border, spelled
from .limit import ELEMENT
from .pronunciation import EVERY_LANGUAGE, Pronunciation, canonical

_CONTEXT = 2
"""Characters before a word that tell whether it is one: a digit and its separator."""


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
        """Tell whether there are any."""
        return bool(self._root.following)

    def longest(self, text: str, at: int, *, final: bool) -> tuple[int, Pronunciation] | bool:
        """Return the longest entry that is a whole word at a place, with its end; False where there is none.

        True where more of the text is needed to tell, unless it is `final`.
        """
        node, best, end = self._root, None, at
        while end < len(text):
            for letter in fold(text[end]):
                if (node := node.following.get(letter, _NOWHERE)) is _NOWHERE:
                    return best or False
            end += 1
            if node.any_case is None and not node.written:
                continue
            if (whole := is_border(text, end, behind=True, final=final)) is None:
                return True
            if whole and (entry := node.entry(text[at:end])) is not None:
                best = end, entry
        return True if node.following and not final else best or False


_NOWHERE: Final = _Node()

NO_WORDS: Final = PronunciationIndex()


class PronunciationReplacer:
    """Takes clean text as it is written and gives it on with its words as they are said, the same however it arrives.

    Marks pass as they are. Held back is only what may still become a word: at most the longest one, and the character
    behind it (two where it ends in a digit).
    """

    def __init__(self, words: PronunciationIndex) -> None:
        """Replace these words."""
        self._words = words
        self._text = ""
        self._begin = 0

    def feed(self, text: str) -> str:
        """Take the next piece; return what is certain with it."""
        return self._advance(text, final=False) if self._words else text

    def settle(self) -> str:
        """Return what is held back: nothing follows it for now."""
        return self._advance("", final=True)

    @property
    def held(self) -> str:
        """Return what is held back, as it was written."""
        return self._text[self._begin :]

    def _advance(self, more: str, *, final: bool) -> str:
        text = self._text + more
        at = copied = self._begin
        out: list[str] = []
        while at < len(text):
            if text[at] == "<" and (element := ELEMENT.match(text, at)):
                at = element.end()
                continue
            found = is_border(text, at) is True and self._words.longest(text, at, final=final)
            if found is True:
                break
            if found is False:
                at += 1
                continue
            end, entry = found
            out += (text[copied:at], entry.said(text[at:end]))
            at = copied = end
        out.append(text[copied:at])
        kept = max(0, at - _CONTEXT)
        self._text, self._begin = text[kept:], at - kept
        return "".join(out)


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
        """Return what is said otherwise in a language (BCP 47); where several entries have a word, the closest counts."""
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
