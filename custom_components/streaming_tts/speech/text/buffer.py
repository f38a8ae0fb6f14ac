"""A text on its way to be spoken: raw pieces in, clean sentences out, as soon as they are certain."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import override

from ...providers import markup
from .lexicon import NO_WORDS, PronunciationIndex
from .limit import cut
from .markdown import Cleaner
from .normalizer import FriendlyName, Normalizer
from .segmenter import Segmenter, accept, join
from .sentences import is_finished

__all__ = ["RULES_VERSION", "TextBuffer", "TextRules", "join"]

RULES_VERSION = 1
"""Goes up with every change of the rules in this folder that changes what is spoken: what is in caches is then old."""

FIRST_CLAUSE = 30
"""Characters that a clause has at least to be worth a request of its own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TextRules:
    """What may be read aloud and how long one piece may be.

    `language` (BCP 47) decides about numerals with a period. `clean` removes markdown, code, emoji and bare URLs.
    `tags` are the names of the provider's inline tags that pass (`break`, `digits`, `phonemes`: protocols A10); other
    tags are removed, their content stays. `normalizer` writes signs as words, the names of entities too where
    `friendly_name` has one, and `words` are those that are said otherwise than they are written: both read finished
    sentences, so that they hold nothing back, and what is in `words` is left to them. A piece has at most
    `max_characters` characters, and is at most as long by `length`, as the provider counts; tags stay whole where that
    is at least `MAX_MARK`. `can_speak` says whether the service accepts a piece alone; one that it refuses is
    joined with another.
    """

    language: str | None = None
    clean: bool = True
    tags: frozenset[str] = frozenset()
    normalizer: Normalizer | None = None
    friendly_name: FriendlyName | None = None
    words: PronunciationIndex = NO_WORDS
    max_characters: int = 2000
    length: Callable[[str], int] = len
    can_speak: Callable[[str], bool] = accept


class TextBuffer:
    """Takes a text as it is written and offers its sentences. It has no clock: when to flush is for others to say."""

    def __init__(self, rules: TextRules) -> None:
        """Start empty."""
        self._cleaner = Cleaner(marks=rules.clean, tags=rules.tags, language=rules.language)
        self._language = rules.language
        self._normalizer = rules.normalizer
        self._friendly_name = rules.friendly_name
        self._words = rules.words
        self._names_entity = False
        self._segmenter = Segmenter(
            language=rules.language,
            most=rules.max_characters,
            length=rules.length,
            can_speak=rules.can_speak,
            said=self._said,
        )
        self._ended = False

    def feed(self, chunk: str) -> None:
        """Take the next piece of the text, split anywhere."""
        self._segmenter.feed(self._cleaner.feed(chunk))

    def end(self) -> None:
        """Note that the text is complete."""
        self._segmenter.feed(self._cleaner.end())
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
        return (self._segmenter.tail + self._cleaner.undecided).strip()

    @property
    def closing_pause(self) -> float:
        """Return the seconds of breaks at the end of the text, behind a sentence that was taken before."""
        return markup.closing_pause(self._segmenter.closing)

    @property
    def can_flush(self) -> bool:
        """Return True if the tail alone is a sentence: not an abbreviation, a numeral, or within a mark."""
        return is_finished(self.tail, self._language) and self._cleaner.is_settled

    @property
    def ends_in_number(self) -> bool:
        """Return True if the tail ends in a number, whose unit may still come."""
        return self.tail[-1:].isdigit()

    def flush(self) -> None:
        """Make a finished sentence of the tail."""
        self._segmenter.feed(self._cleaner.settle())
        self._segmenter.flush()
        self._cleaner.start_line()

    def open_with_clause(self, minimum: int = FIRST_CLAUSE) -> bool:
        """Make a finished sentence of the tail's first clauses if there is no other; tell whether it was done.

        They have at least `minimum` characters, or fewer that take as long to say (CJK).
        """
        return self._segmenter.open_with_clause(minimum)

    @property
    def has_hidden(self) -> bool:
        """Return True if there was reasoning or a tool call in the text, which is not spoken."""
        return self._cleaner.has_hidden

    @property
    def names_entity(self) -> bool:
        """Return True if there was an id of an entity: the same text may be said otherwise tomorrow."""
        return self._names_entity

    def _said(self, sentence: str) -> str:
        """Return a finished sentence as it is said."""
        if self._normalizer is not None:
            name = None if self._friendly_name is None else self._name_of
            sentence = self._normalizer.normalize(sentence, friendly_name=name, lexicon=self._words)
        return self._words.replace(sentence)

    def _name_of(self, entity_id: str) -> str | None:
        name = None if self._friendly_name is None else self._friendly_name(entity_id)
        self._names_entity |= name is not None
        return name

    @property
    def ended(self) -> bool:
        """Return True if the text is complete."""
        return self._ended

    @property
    def is_empty(self) -> bool:
        """Return True if the text is complete and all of it was taken."""
        return self._ended and not self.sentences


_CLAUSE_ENDS = (*",;:–—،؛、，；：",)


class CappedText(TextBuffer):
    """Takes a text as it is written and offers whole sentences of it up to a number of characters; then it has ended.

    The characters are counted as the provider counts them, with one between two sentences. A sentence that is longer
    than all that may be spoken, or that was begun with a clause, is cut where a clause or a word ends.
    """

    def __init__(self, rules: TextRules, most: int) -> None:
        """Offer at most `most` characters."""
        super().__init__(replace(rules, max_characters=min(rules.max_characters, most)))
        self._length = rules.length
        self._left = most
        self._is_begun = False
        self._is_spent = False

    @property
    def capped(self) -> bool:
        """Return True if there is something that is not offered any more."""
        return self._is_spent or self._offer()[1]

    @property
    @override
    def sentences(self) -> Sequence[str]:
        """Return the finished sentences that may be spoken and have not been taken, in order."""
        return () if self._is_spent else tuple(self._offer()[0])

    def _offer(self) -> tuple[list[str], bool]:
        """Return what may be spoken, and whether that is not all."""
        offered: list[str] = []
        left, is_begun = self._left, self._is_begun
        for sentence in super().sentences:
            if (length := self._length(sentence)) > left:
                if is_begun and (beginning := self._beginning(sentence, left)):
                    offered.append(beginning)
                return offered, True
            offered.append(sentence)
            left -= length + 1
            is_begun = sentence.endswith(_CLAUSE_ENDS)
        return offered, False

    def _beginning(self, sentence: str, most: int) -> str:
        """Return what of a sentence may still be spoken, nothing where that would end within a word."""
        end = cut(sentence, most=most, length=self._length) if most > 0 else 0
        is_within_word = sentence[max(0, end - 1) : end + 1].isalnum() and sentence.find(" ") > 0
        return "" if is_within_word else sentence[:end].strip()

    @override
    def take(self, count: int) -> tuple[str, ...]:
        """Remove the first finished sentences and return them."""
        offered = tuple(self.sentences[:count])
        taken = super().take(len(offered))
        self._left -= sum(self._length(sentence) + 1 for sentence in offered)
        if offered:
            self._is_begun = offered[-1].endswith(_CLAUSE_ENDS)
        self._is_spent = self._is_spent or taken != offered
        return offered

    @override
    def feed(self, chunk: str) -> None:
        """Take the next piece of the text; what comes behind the cap is let go."""
        if not self.capped:
            super().feed(chunk)

    @property
    @override
    def tail(self) -> str:
        """Return the clean text behind the last finished sentence, nothing where that is not offered any more."""
        return "" if self.capped else super().tail

    @property
    @override
    def ended(self) -> bool:
        """Return True if the text is complete, or its cap is reached."""
        return self.capped or super().ended

    @property
    @override
    def is_empty(self) -> bool:
        """Return True if nothing follows any more."""
        return self.ended and not self.sentences
