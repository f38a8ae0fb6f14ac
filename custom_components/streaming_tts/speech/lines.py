"""The lines of a written text: what a line is, told from its beginning, and where a sentence can't go on over its end."""

from dataclasses import dataclass
from enum import Enum, auto

import regex

from .characters import GONE
from .place import Place
from .writer import is_cjk

SHORT_LINE = 40
"""A line of fewer characters that ends without a stop, and goes on with a new beginning, was not broken for its length:
it is a verse, or an entry of a list without marks."""


class Kind(Enum):
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

    kind: Kind
    begin: int


_BULLETS = "*+•‣⁃◦∙·▪▫●○■□–—-"

_BEGINNINGS = (
    (Kind.FENCE, regex.compile(r"(?:`{3,}|~{3,})[^`\n]*\n")),
    (Kind.RULE, regex.compile(r"([-*_=])[ ]*(?:\1[ ]*){2,}\n")),
    # The line between a table's head and its body
    (Kind.RULE, regex.compile(r"(?=[ :-]*\|)(?=[ :|]*-)[-:| ]+\n")),
    # Where the links of the text lead to
    (Kind.RULE, regex.compile(r"\[[^\[\]\n]{1,60}\]:[ ]*<?(?:https?:|/|#)[^\n]*\n")),
    (Kind.TEXT, regex.compile(r"\[\^[^\[\]\s]{1,20}\]:[ ]")),
    (Kind.HEADING, regex.compile(r"#{1,6}[ ]")),
    (Kind.ITEM, regex.compile(r"[-*+][ ]+\[[ xX]\][ ]")),
    (Kind.ITEM, regex.compile(rf"[{_BULLETS}][ ]")),
    (Kind.ITEM, regex.compile(GONE)),
    (Kind.ROW, regex.compile(r"\|")),
)

_NUMBERED = regex.compile(r"(?:\d{1,3}[.)]|[A-Za-z]\))[ ]")


def read_line(place: Place) -> Line | None:
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
            return Line(kind=Kind.TEXT, begin=place.at)
        case _:
            return Line(kind=Kind.ITEM, begin=place.at)


@dataclass(frozen=True, kw_only=True, slots=True)
class LineEnd:
    """The line before: what it was, how long, whether quoted, and the character with which it ended."""

    kind: Kind
    length: int
    quoted: bool
    last: str


def is_border(before: LineEnd, kind: Kind, *, indented: bool, quoted: bool, first: str) -> bool:
    """Tell whether a sentence ends with the line before, judged by how the next one begins."""
    if kind is not Kind.TEXT or before.kind not in {Kind.TEXT, Kind.ITEM} or before.quoted != quoted:
        return True
    if before.kind is Kind.ITEM:
        return not indented
    new_beginning = first.isupper() or is_cjk(first)
    return new_beginning and before.length < SHORT_LINE and before.last.isalnum()
