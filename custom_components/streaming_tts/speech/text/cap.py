"""A text of which only so much is spoken: a language model that loops must not spend the month."""

from collections.abc import Sequence
from dataclasses import replace
from typing import override

from .buffer import TextBuffer, TextRules


class CappedText(TextBuffer):
    """Takes a text as it is written and offers whole sentences of it up to a number of characters; then it has ended.

    The characters are counted as the provider counts them, with one between two sentences. A sentence that is longer
    than all that may be spoken is cut where a clause ends.
    """

    def __init__(self, rules: TextRules, most: int) -> None:
        """Offer at most `most` characters."""
        super().__init__(replace(rules, max_characters=min(rules.max_characters, most)))
        self._length = rules.length
        self._left = most

    @property
    def capped(self) -> bool:
        """Tell whether there is a sentence that is not offered any more."""
        return len(self.sentences) < len(super().sentences)

    @property
    @override
    def sentences(self) -> Sequence[str]:
        """Return the finished sentences that may be spoken and have not been taken, in order."""
        offered: list[str] = []
        left = self._left
        for sentence in super().sentences:
            left -= self._length(sentence)
            if left < 0:
                break
            offered.append(sentence)
            left -= 1
        return tuple(offered)

    @override
    def take(self, count: int) -> tuple[str, ...]:
        """Remove the first finished sentences and return them."""
        taken = super().take(min(count, len(self.sentences)))
        self._left -= sum(self._length(sentence) + 1 for sentence in taken)
        return taken

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
        """Tell whether the text is complete, or its cap is reached."""
        return self.capped or super().ended

    @property
    @override
    def is_empty(self) -> bool:
        """Tell whether nothing follows any more."""
        return self.ended and not self.sentences
