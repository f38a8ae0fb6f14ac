"""The lines of a written text.

What a line is, told from its beginning, and where a sentence can't go on over its end.
"""

from dataclasses import dataclass

import regex

from .characters import GONE, KEYCAP, MINUS, NO, PLUS, YES
from .cursor import Cursor, LineKind
from .unspoken import words_of

SHORT_LINE = 40
"""A line of fewer characters that begins in lower case and ends without a stop was not broken for its length: it is an
entry of a list without marks."""

_JOINING = frozenset(",;،؛、，；(–—/&+")
"""What a sentence does not end with, and a line seldom."""

_JOINED = frozenset(",.;:!?)]}…»”’、。，．！？）」』】")
"""What no line begins with but one that goes on."""

_LEADING_WORDS = words_of(
    """
    a an the and or but of to in at for with by from as is are was were than that which who about into your my our
    der die das den dem des ein eine einen einem einer und oder aber von zu zum zur im am mit für bei nach ist sind war
    le la les un une des du de et ou mais à au aux en dans pour par sur avec est sont que qui
    el los las unos unas del y o pero con por para sin es son
    il lo gli uno di da e ed ma nel nella al alla per è sono che
    os as um uma do dos das em no na nos nas ao com sem são
    het een van dat met voor is zijn
    si sau dar pe cu din este sunt
    ve veya ile için bir bu
    и а но в во на с со к по за из от для не что как это
    و في من على إلى عن أو
    """
)
"""Words that no sentence ends with: the next line goes on."""


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
    (LineKind.ITEM, regex.compile(f"[{GONE}{YES}]|[{PLUS}{MINUS}](?=[ ]*[^\\d ])")),
    (LineKind.ROW, regex.compile(r"\|")),
)

_NUMBERED = regex.compile(rf"(?:[(（]?\d{{1,3}}(?:[.)．）、]|{KEYCAP})|[(（]?[A-Za-z]\)|[①-⑳]|{NO})(?=[^\d\s]|[ ])")

_FIRST = regex.compile(r"[*_~`\"'“„«‹(\[¿¡]{0,8}([^*_~`\"'“„«‹(\[¿¡])")


def first_letter(cursor: Cursor) -> str | None:
    """Return the first character of a line after its marks, an empty text if there is none, None if not known yet."""
    found = cursor.look(_FIRST)
    if isinstance(found, bool):
        return None if found else ""
    return found[1]


def read_line_kind(cursor: Cursor) -> Line | None:
    """Return what the line is that begins here, or None as long as that can't be told."""
    for kind, pattern in _BEGINNINGS:
        match cursor.look(pattern):
            case True:
                return None
            case False:
                continue
            case found:
                return Line(kind=kind, begin=found.end())
    # A number is heard, so it stays
    match cursor.look(_NUMBERED):
        case True:
            return None
        case False:
            return Line(kind=LineKind.TEXT, begin=cursor.at)
        case _:
            return Line(kind=LineKind.ITEM, begin=cursor.at)


@dataclass(frozen=True, kw_only=True, slots=True)
class LineEnd:
    """The line before: what it was, how long, whether quoted, and the character and the word with which it ended.

    `is_entry` says that a sentence began with it in lower case, `is_broken` that it ended with a break of its own.
    """

    kind: LineKind
    length: int = 0
    quoted: bool = False
    last: str = ""
    word: str = ""
    is_entry: bool = False
    is_broken: bool = False


def is_border(before: LineEnd, kind: LineKind, *, indented: bool, quoted: bool, first: str) -> bool:
    """Return True if a sentence ends with the line before, judged by how the next one begins (its first letter)."""
    if kind is not LineKind.TEXT or before.kind not in {LineKind.TEXT, LineKind.ITEM} or before.quoted != quoted:
        return True
    if before.is_broken or (before.kind is LineKind.ITEM and not indented):
        return True
    return not _goes_on(before, first)


def _goes_on(before: LineEnd, first: str) -> bool:
    """Return True if a sentence visibly goes on in the next line."""
    if before.last in _JOINING or first in _JOINED or before.word in _LEADING_WORDS:
        return True
    if not first.islower() or (before.is_entry and before.length < SHORT_LINE):
        return False
    return before.last.isalnum() or before.last in "-'’\"”»):.%°_"
