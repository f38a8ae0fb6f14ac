"""The lines of a written text: what a line is, told from its beginning, and where a sentence can't go on over its end."""

from dataclasses import dataclass
from enum import Enum, auto

import regex

from .characters import GONE
from .cursor import Cursor
from .writer import is_cjk

SHORT_LINE = 40
"""A line of fewer characters that ends without a stop, and goes on with a new beginning, was not broken for its length:
it is a verse, or an entry of a list without marks."""


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
class Line:
    """A line of which the beginning was read: what it is, and where its text begins."""

    kind: LineKind
    begin: int


_BULLETS = "*+•‣⁃◦∙·▪▫●○■□–—-"

_BEGINNINGS = (
    (LineKind.FENCE, regex.compile(r"(?:`{3,}|~{3,})[^`\n]*\n")),
    (LineKind.RULE, regex.compile(r"([-*_=])[ ]*(?:\1[ ]*){2,}\n")),
    # The line between a table's head and its body
    (LineKind.RULE, regex.compile(r"(?=[ :-]*\|)(?=[ :|]*-)[-:| ]+\n")),
    # Where the links of the text lead to
    (LineKind.RULE, regex.compile(r"\[[^\[\]\n]{1,60}\]:[ ]*<?(?:https?:|/|#)[^\n]*\n")),
    (LineKind.TEXT, regex.compile(r"\[\^[^\[\]\s]{1,20}\]:[ ]")),
    (LineKind.HEADING, regex.compile(r"#{1,6}[ ]")),
    (LineKind.ITEM, regex.compile(r"[-*+][ ]+\[[ xX]\][ ]")),
    (LineKind.ITEM, regex.compile(rf"[{_BULLETS}][ ]")),
    (LineKind.ITEM, regex.compile(GONE)),
    (LineKind.ROW, regex.compile(r"\|")),
)

_NUMBERED = regex.compile(r"(?:\d{1,3}[.)]|[A-Za-z]\))[ ]")


def read_line(place: Cursor) -> Line | None:
    """Return what the line is that begins here, or None as long as that can't be told."""
    for kind, pattern in _BEGINNINGS:
        match place.look(pattern):
            case True:
                return None
            case False:
                continue
            case found:
                return Line(kind=kind, begin=found.end())
    # A number is heard, so it stays
    match place.look(_NUMBERED):
        case True:
            return None
        case False:
            return Line(kind=LineKind.TEXT, begin=place.at)
        case _:
            return Line(kind=LineKind.ITEM, begin=place.at)


@dataclass(frozen=True, kw_only=True, slots=True)
class LineEnd:
    """The line before: what it was, how long, whether quoted, and the character with which it ended."""

    kind: LineKind
    length: int
    quoted: bool
    last: str


def is_border(before: LineEnd, kind: LineKind, *, indented: bool, quoted: bool, first: str) -> bool:
    """Tell whether a sentence ends with the line before, judged by how the next one begins."""
    if kind is not LineKind.TEXT or before.kind not in {LineKind.TEXT, LineKind.ITEM} or before.quoted != quoted:
        return True
    if before.kind is LineKind.ITEM:
        return not indented
    new_beginning = first.isupper() or is_cjk(first)
    return new_beginning and before.length < SHORT_LINE and before.last.isalnum()
