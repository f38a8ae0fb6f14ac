"""A text of which only so much is spoken: a language model that loops must not spend the month."""

from collections.abc import Sequence
from dataclasses import replace
from typing import override

from .buffer import TextBuffer, TextRules
from .limit import cut

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
