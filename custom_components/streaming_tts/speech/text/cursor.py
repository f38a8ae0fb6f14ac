"""The vocabulary of reading a written text.

A cursor in it, as far as it is known, and the token that was found there.
"""

from dataclasses import dataclass
from enum import Enum, auto

import regex

MAX_MARK = 300
"""CharacterNormalizer behind which a mark that has not been closed counts as text, so that it holds nothing back for
long."""


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
    CODE = auto()
    """A block of code begins here."""
    SENSE = auto()
    """What an emoji says is spoken."""
    HIDE = auto()
    """Nothing is spoken from here to what closes it."""


class LineKind(Enum):
    """What a line is."""

    TEXT = auto()
    BLANK = auto()
    HEADING = auto()
    ITEM = auto()
    ROW = auto()
    RULE = auto()
    FENCE = auto()
    """The beginning of a block of code."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """A mark that was recognised: where the text goes on behind it, and what becomes of it.

    `wrapped` says that with a bare URL its parenthesis was opened, which is gone with it; `closer` is what ends that
    which is hidden.
    """

    end: int
    action: Action = Action.WRITE
    text: str = ""
    wrapped: bool = False
    closer: regex.Pattern | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Cursor:
    r"""A sign that may be a mark: the text around it, as far as it is known.

    `before` is the character in front of `text`; `ended` says that nothing will follow; `tags` are those that pass.
    `last` is the last character that will be spoken before the sign (`\n` behind a pause, nothing at the start),
    `length` how much of the line was read, `kind` what the line is, and `sensed` whether a tick or a cross was spoken
    in it; `senses` are the words for these.
    """

    text: str
    at: int
    before: str
    ended: bool
    tags: frozenset[str]
    last: str = ""
    length: int = 0
    kind: LineKind | None = None
    sensed: bool = False
    senses: tuple[str, str] | None = None

    @property
    def sign(self) -> str:
        """Return the sign itself."""
        return self.text[self.at]

    @property
    def previous(self) -> str:
        """Return the character before the sign."""
        return self.text[self.at - 1] if self.at else self.before

    def look(self, pattern: regex.Pattern, at: int | None = None, *, reach: int = MAX_MARK) -> regex.Match | bool:
        """Return the match here, True where more text is needed to tell, or False."""
        begin = self.at if at is None else at
        match = pattern.match(self.text, begin, begin + reach, partial=True)
        if match is None:
            return False
        if match.partial:
            return not self.ended and len(self.text) < begin + reach
        return match

    def behind(self, end: int) -> str | None:
        """Return the character at an index, nothing behind the end of the text, None if it is not known yet."""
        if end < len(self.text):
            return self.text[end]
        return "" if self.ended else None

    def literal(self) -> Token:
        """Return the sign as text."""
        return Token(end=self.at + 1, text=self.sign)

    def dropped(self) -> Token:
        """Return the sign as nothing."""
        return Token(end=self.at + 1)
