"""The vocabulary of reading a written text: a place in it, as far as it is known, and the mark that was found there."""

from dataclasses import dataclass
from enum import Enum, auto

import regex

MAX_MARK = 300
"""Characters behind which a mark that has not been closed counts as text, so that it holds nothing back for long."""


class Action(Enum):
    """What becomes of a mark."""

    WRITE = auto()
    """Its text is spoken."""
    VERBATIM = auto()
    """It is a tag for the provider."""
    GAP = auto()
    """It is gone like a word."""
    BORDER = auto()
    """It ends a sentence."""
    COMMA = auto()
    """It separates cells."""
    ADDRESS = auto()
    """A bare URL begins here."""
    TARGET = auto()
    """The URL of a link begins here."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """A mark that was recognised: where the text goes on behind it, and what becomes of it.

    `wrapped` says that with a bare URL its parenthesis was opened, which is gone with it.
    """

    end: int
    effect: Action = Action.WRITE
    text: str = ""
    wrapped: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Cursor:
    """A sign that may be a mark: the text around it, as far as it is known.

    `before` is the character in front of `text`; `ended` says that nothing will follow; `tags` are those that pass.
    """

    text: str
    at: int
    before: str
    ended: bool
    tags: frozenset[str]
    heading: bool = False
    row: bool = False

    @property
    def sign(self) -> str:
        """Return the sign itself."""
        return self.text[self.at]

    @property
    def previous(self) -> str:
        """Return the character before the sign."""
        return self.text[self.at - 1] if self.at else self.before

    def look(self, pattern: regex.Pattern, at: int | None = None) -> regex.Match | bool:
        """Return the match here, True where more text is needed to tell, or False."""
        begin = self.at if at is None else at
        reach = begin + MAX_MARK
        match = pattern.match(self.text, begin, reach, partial=True)
        if match is None:
            return False
        if match.partial:
            return not self.ended and len(self.text) < reach
        return match

    def behind(self, end: int) -> str | None:
        """Return the character at a place, nothing behind the end of the text, None if it is not known yet."""
        if end < len(self.text):
            return self.text[end]
        return "" if self.ended else None

    def literal(self) -> Token:
        """Return the sign as text."""
        return Token(end=self.at + 1, text=self.sign)

    def dropped(self) -> Token:
        """Return the sign as nothing."""
        return Token(end=self.at + 1)
