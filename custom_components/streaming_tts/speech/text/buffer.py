"""A text on its way to be spoken: raw pieces in, clean sentences out, as soon as they are certain."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from .lexicon import NO_WORDS, PronunciationIndex, PronunciationReplacer
from .markdown import Cleaner
from .segmenter import Segmenter
from .sentences import is_finished
from .writer import is_cjk

FIRST_CLAUSE = 30
"""Characters that a clause has at least to be worth a request of its own."""

_CLOSERS = "'\"’”»›)]}」』）》】〕"

_STOPS = (*".!?…,;:–—-؟।॥،؛。！？，、；：｡．۔።။។៕։‼⁇⁈⁉", "/>")
"""What needs no stop behind it, a break included."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TextRules:
    """What may be read aloud and how long one piece may be.

    `language` (BCP 47) decides about numerals with a period. `clean` removes markdown, code, emoji and bare URLs. `tags`
    are the names of the provider's inline tags that pass (`break`, `digits`, `phonemes`: protocols A10); other tags are
    removed, their content stays. `words` are those that are said otherwise than they are written. A piece has at most
    `max_characters` characters, and is at most as long by `length`, as the provider counts; tags stay whole where that
    is at least `LONGEST_MARK`.
    """

    language: str | None = None
    clean: bool = True
    tags: frozenset[str] = frozenset()
    words: PronunciationIndex = NO_WORDS
    max_characters: int = 2000
    length: Callable[[str], int] = len


class TextBuffer:
    """Takes a text as it is written and offers its sentences. It has no clock: when to flush is for others to say."""

    def __init__(self, rules: TextRules) -> None:
        """Start empty."""
        self._cleaner = Cleaner(marks=rules.clean, tags=rules.tags)
        self._speller = PronunciationReplacer(rules.words)
        self._segmenter = Segmenter(language=rules.language, most=rules.max_characters, length=rules.length)
        self._ended = False

    def feed(self, chunk: str) -> None:
        """Take the next piece of the text, split anywhere."""
        self._segmenter.feed(self._speller.feed(self._cleaner.feed(chunk)))

    def end(self) -> None:
        """Note that the text is complete."""
        self._segmenter.feed(self._speller.feed(self._cleaner.end()) + self._speller.settle())
        self._segmenter.end()
        self._ended = True

    @property
    def sentences(self) -> Sequence[str]:
        """Return the finished sentences that have not been taken, in order."""
        return self._segmenter.sentences

    def take(self, count: int) -> tuple[str, ...]:
        """Remove the first finished sentences and return them."""
        return self._segmenter.take(count)

    @property
    def tail(self) -> str:
        """Return the clean text behind the last finished sentence, without what may become a mark."""
        return (self._segmenter.tail + self._speller.held + self._cleaner.undecided).strip()

    @property
    def can_flush(self) -> bool:
        """Tell whether the tail is a sentence if nothing follows: not an abbreviation, a numeral, or within a mark."""
        return is_finished(self.tail) and self._cleaner.is_settled

    def flush(self) -> None:
        """Make a finished sentence of the tail."""
        self._segmenter.feed(self._speller.feed(self._cleaner.settle()) + self._speller.settle())
        self._segmenter.flush()

    def open_with_clause(self, minimum: int = FIRST_CLAUSE) -> bool:
        """Make a finished sentence of the tail's first clauses if there is no other; tell whether it was done.

        They have at least `minimum` characters, or fewer that take as long to say (CJK).
        """
        return self._segmenter.open_with_clause(minimum)

    @property
    def ended(self) -> bool:
        """Tell whether the text is complete."""
        return self._ended

    @property
    def is_empty(self) -> bool:
        """Tell whether the text is complete and all of it was taken."""
        return self._ended and not self.sentences


def join(sentences: Iterable[str]) -> str:
    """Return sentences as one text; those without a stop (headings, entries of a list) get one if another follows."""
    text = ""
    for sentence in sentences:
        text += f"{_seam(text, sentence)}{sentence}" if text else sentence
    return text


def _seam(text: str, following: str) -> str:
    stop = "" if text.rstrip(_CLOSERS).endswith(_STOPS) else _stop_of(text)
    return stop + ("" if is_cjk((text + stop)[-1]) and is_cjk(following[0]) else " ")


def _stop_of(text: str) -> str:
    """Return the stop of the writing in which a text ends."""
    last = text.rstrip(_CLOSERS)[-1:]
    if last and is_cjk(last):
        return "。"
    return "।" if "\u0900" <= last <= "\u097f" else "."
