"""Recognize markup in a text: where it ends, and what of it is spoken.

Besides Markdown and HTML, this is what language models write that isn't speech: reasoning, tool calls, control tokens,
citations, delivery tags.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import cache
import html
from itertools import pairwise
from typing import Final

import regex

from .characters import CJK, GONE, KEYCAP, MINUS, NO, PLUS, YES, readable
from .word_lists import BORDER_ELEMENTS, ELEMENTS, HIDDEN_ELEMENTS, MOODS, SOUNDS

MAX_MARK = 300
"""Maximum characters of markup; if it isn't closed by then, it counts as text, so that it delays nothing for long."""

_SENTENCE_END: Final = frozenset(".!?…:\n。！？：｡।॥؟۔።։") | {""}
"""The last character before the possible start of a message or a sentence."""


class Undecided(Exception):
    """More text is needed to recognize the markup."""


class Action(Enum):
    """How markup is processed."""

    WRITE = auto()  # speak its text
    VERBATIM = auto()  # keep it: a tag for the provider
    GAP = auto()  # remove it like a word
    BORDER = auto()  # end the sentence
    COMMA = auto()  # separate cells
    ADDRESS = auto()  # skip a bare URL
    TARGET = auto()  # skip the URL of a link
    CODE = auto()  # start a code block
    SENSE = auto()  # speak the meaning of an emoji
    HIDE = auto()  # skip everything up to its closer


class LineKind(Enum):
    """The kind of a line."""

    TEXT = auto()
    BLANK = auto()
    HEADING = auto()
    ITEM = auto()
    ROW = auto()
    RULE = auto()
    FENCE = auto()  # the start of a code block


@dataclass(kw_only=True, slots=True)
class Line:
    """What is known about a line.

    `length` are the characters read so far, `words` the last of them, `blanks` the spaces after these, `last` the last
    character written for it. `is_entry` is True if a sentence started with it in lower case, `is_sensed` if a tick or a
    cross was spoken in it.
    """

    kind: LineKind = LineKind.BLANK
    indent: int = 0
    is_quoted: bool = False
    length: int = 0
    words: str = ""
    blanks: int = 0
    last: str = ""
    is_entry: bool = False
    is_sensed: bool = False


@dataclass(frozen=True, slots=True)
class Token:
    """Recognized markup: where the text continues after it, and how it is processed.

    `wrapped` is True if a bare URL was opened with a parenthesis, which is removed with it; `closer` matches the end of
    hidden text.
    """

    end: int
    text: str = ""
    action: Action = Action.WRITE
    wrapped: bool = False
    closer: regex.Pattern | None = None


@dataclass(kw_only=True, slots=True)
class Cursor:
    r"""A position in a text, which is known up to the end of `text`.

    `sign` is the character there, `previous` the one before it; `ended` is True if nothing follows; `tags` are the
    names of tags that are kept; `senses` are the words for a tick and a cross. `last` is the last character that is
    spoken before the position (`\n` after a border, empty at the start).
    """

    tags: frozenset[str]
    senses: tuple[str, str] | None = None
    text: str = ""
    at: int = 0
    sign: str = ""
    previous: str = ""
    ended: bool = False
    last: str = ""
    line: Line = field(default_factory=Line)

    def look(self, pattern: regex.Pattern, at: int | None = None, *, reach: int = MAX_MARK) -> regex.Match | None:
        """Return the match at an index, by default the current one, or None; raises `Undecided`."""
        begin = self.at if at is None else at
        match = pattern.match(self.text, begin, begin + reach, partial=True)
        if match is None or not match.partial:
            return match
        if self.ended or len(self.text) >= begin + reach:
            return None
        raise Undecided

    def behind(self, end: int) -> str:
        """Return the character at an index, empty after the end of the text; raises `Undecided`."""
        if end >= len(self.text) and not self.ended:
            raise Undecided
        return self.text[end : end + 1]

    def skip_spaces(self) -> int:
        """Return the index of the next character that isn't a space; raises `Undecided`."""
        end = self.at + 1
        while self.behind(end) == " ":
            end += 1
        return end


def _emphasis(cursor: Cursor) -> Token | None:
    """Read a run of `*`, `_` or `~`.

    Emphasis touches a word on one side; inside a word, between digits, or between spaces, the signs are text.
    """
    if cursor.sign == "*" and (delivery := _delivery(cursor)):
        return delivery
    previous, sign, end = cursor.previous, cursor.sign, cursor.at
    while cursor.text.startswith(sign, end):
        end += 1
    following = cursor.behind(end)
    is_single = end - cursor.at == 1
    is_in_word = previous.isalnum() and following.isalnum()
    if sign == "~":
        is_kept = is_single
    elif sign == "_":
        is_kept = is_in_word
    else:
        is_loose = previous in {"", " ", "\n"} and following in {"", " ", "\n"}
        is_joined = is_in_word and not CJK.match(previous) and not CJK.match(following)
        is_power = previous.isdecimal() and following.isdecimal()
        is_kept = (is_single and (is_loose or is_joined)) or is_power
    return Token(end, cursor.text[cursor.at : end] if is_kept else "")


_FOOTNOTE = regex.compile(r"\[(?:\^[^\[\]\s]{1,20}|([1-9]\d{0,2}(?:[,;][ ]?\d{1,3}){0,5}))\](?:\([^()\s]*\)|(?=[^(]))")
_DIGITS = regex.compile(r"\d+")


def _bracket(cursor: Cursor) -> Token | None:
    """Read `[`: a footnote is removed; the text of a link and other text in brackets is spoken.

    Several numbers in brackets are a footnote if they are consecutive; others are an interval, which is spoken.
    """
    if (found := cursor.look(_FOOTNOTE)) is None:
        return _delivery(cursor) or Token(cursor.at + 1)
    numbers = (int(number.group()) for number in _DIGITS.finditer(found[1] or ""))
    is_row = all(following == number + 1 for number, following in pairwise(numbers))
    return Token(found.end() if is_row else cursor.at + 1)


_TARGET = regex.compile(r"\]\([ ]?<?(?:[a-z][a-z0-9+.-]*:|www\.|/|#|\.{1,2}/)(?=[^\s])", regex.IGNORECASE)
_SHORT_TARGET = regex.compile(r"\]\([^()\s]*\)")


def _closing_bracket(cursor: Cursor) -> Token | None:
    """Read `]`, which the URL of a link may follow."""
    if cursor.behind(cursor.at + 1) == "[":
        return Token(cursor.at + 1, action=Action.GAP)
    if target := cursor.look(_TARGET):
        return Token(target.end(), action=Action.TARGET)
    short = cursor.look(_SHORT_TARGET)
    return Token(short.end() if short else cursor.at + 1)


def _exclamation(cursor: Cursor) -> Token | None:
    """Read `!`, which is part of an image if a bracket follows."""
    may_begin = cursor.previous in {"", " ", "\n", "(", "["}
    return Token(cursor.at + 1) if may_begin and cursor.behind(cursor.at + 1) == "[" else None


_COMMENT_OR_LINK = regex.compile(r"(?s)<!(?=--).*?-->|<(?:https?|mailto):[^<>\s]*>", regex.IGNORECASE)
_ADDRESS_IN_BRACKETS = regex.compile(r"<([\w.+-]+@[\w.-]+)>")
_HTML_TAG = regex.compile(
    r"""<(/?)([a-z][\w:-]*)((?:[ ]+[\w:@.-]+[ ]*=[ ]*(?:"[^"<>\n]*"|'[^'<>\n]*'|[^\s"'=<>`]+))*[ ]*/?)>""",
    regex.IGNORECASE,
)


@cache
def _provider_tags(tags: frozenset[str]) -> regex.Pattern:
    """Return the pattern of elements that are kept: empty, or with text, which isn't split either."""
    names = "|".join(sorted(tags))
    attributes = r"(?:[ ]+[\w:-]+=(?:\"[^\"<>\n]*\"|'[^'<>\n]*'))*[ ]*"
    return regex.compile(rf"<(?:{names}){attributes}/>|<({names}){attributes}>[^<>\n]*</\1>")


def _angle(cursor: Cursor) -> Token | None:
    """Read `<`: a comment, a tag for the provider, another tag, an address, or a sign."""
    if found := cursor.look(_COMMENT_OR_LINK):
        return Token(found.end(), action=Action.GAP)
    if control := _control(cursor):
        return control
    if cursor.last in _SENTENCE_END and (hidden := read_hidden(cursor)):
        return hidden
    if cursor.tags and (found := cursor.look(_provider_tags(cursor.tags))):
        return Token(found.end(), found.group(), Action.VERBATIM)
    if found := cursor.look(_ADDRESS_IN_BRACKETS):
        return Token(found.end(), found[1])
    if (found := cursor.look(_HTML_TAG)) is None:
        return None
    # A name in angle brackets that isn't an element is a placeholder: `<device>`
    name, is_bare = found[2].lower(), not (found[1] or found[3])
    if name in BORDER_ELEMENTS or (name in HIDDEN_ELEMENTS and not is_bare):
        return Token(found.end(), action=Action.BORDER)
    is_element = not is_bare or name in ELEMENTS or ":" in name
    return Token(found.end(), "" if is_element else found[2])


_HIDDEN_ELEMENT = regex.compile(
    rf"<((?:[a-z]{{2,8}}:)?(?:{'|'.join(sorted(HIDDEN_ELEMENTS))}))(?:[ =][^<>\n]{{0,120}})?>", regex.IGNORECASE
)
_HIDDEN_BRACKET = regex.compile(r"\[(THINK|TOOL_CALLS?|TOOL_RESULTS?|AVAILABLE_TOOLS)\]|◁(think)▷")


def read_hidden(cursor: Cursor) -> Token | None:
    """Return the start of reasoning or of a tool call at the start of a message, or None; raises `Undecided`."""
    if found := cursor.look(_HIDDEN_ELEMENT):
        closer = rf"(?i)</{found[1]}[ ]*>"
    elif found := cursor.look(_HIDDEN_BRACKET):
        closer = r"◁/think▷" if found[2] else rf"\[/{found[1]}\]" + (r"|\n" if "CALL" in found[1] else "")
    else:
        return None
    return Token(found.end(), action=Action.HIDE, closer=regex.compile(closer))


_CHANNEL = regex.compile(r"<\|channel\|>([^<\n]{0,120})(?:<\|constrain\|>[^<\n]{0,60})?<\|message\|>", regex.IGNORECASE)
_ROLE = regex.compile(
    r"<\|(?:start|im_start|start_header_id|header_start|start_of_role|role)\|>[\w.=: -]{0,60}"
    r"(?:\n|<\|(?:end_header_id|header_end|end_of_role|im_middle|im_sep|message)\|>|(?=<\|channel))",
    regex.IGNORECASE,
)
_THOUGHT_CHANNEL = regex.compile(r"<\|channel>", regex.IGNORECASE)
_TURN = regex.compile(r"<(?:start_of_turn>[a-z]{0,20}(?:\n|(?=[^a-z\n]))|end_of_turn>|/?s>|[be]os>)", regex.IGNORECASE)
_CONTROL = regex.compile(r"<([|｜])([^<>|｜\n]{1,60})\1>")
_HIDING_CONTROL = regex.compile(
    r"(?:begin|start)?[_▁ ]?(?:of[_▁ ])?(?:think|thought|reason|tool|python|function)", regex.IGNORECASE
)


def _control(cursor: Cursor) -> Token | None:
    """Return a control token of a model's own format with its part of the message, or None; raises `Undecided`."""
    for pattern in (_CHANNEL, _ROLE, _THOUGHT_CHANNEL, _TURN, _CONTROL):
        if found := cursor.look(pattern):
            break
    else:
        return None
    closer = None
    if pattern is _THOUGHT_CHANNEL:
        closer = r"(?i)<channel\|>"
    elif pattern is _CHANNEL:
        header = found[1].lower()
        if "final" not in header and ("commentary" not in header or "to=" in header):
            closer = r"(?i)<\|(?:end|return|call)\|>|(?=<\|(?:start|channel)\|>)"
    elif pattern is _CONTROL and _HIDING_CONTROL.match(found[2]) and "end" not in found[2].lower():
        closer = r"(?i)<([|｜])(?:/|[^<>|｜\n]{0,40}(?:end|eom|eot))[^<>|｜\n]{0,40}\1>"
    if closer is None:
        return Token(found.end(), action=Action.BORDER)
    return Token(found.end(), action=Action.HIDE, closer=regex.compile(closer))


_CITATION_SIGNS = "\ue200\ue201\ue202"
"""Private-use characters around and inside citations of one family of models."""

_STAND_INS = regex.compile(f"[{GONE}{YES}{NO}{PLUS}{MINUS}{KEYCAP}{_CITATION_SIGNS}]")
_ENTITY = regex.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,30});", regex.IGNORECASE)


def _entity(cursor: Cursor) -> Token | None:
    """Read `&`: an HTML entity is decoded once."""
    if (found := cursor.look(_ENTITY)) is None:
        return None
    return Token(found.end(), _STAND_INS.sub(" ", readable(html.unescape(found.group()), emoji=False)))


_URL = regex.compile(r"\(?(?:https?://|www\.)(?=[\w\[])", regex.IGNORECASE)
_IN_WORD = regex.compile(r"[\p{Latin}\d_]")


def _address(cursor: Cursor) -> Token | None:
    """Read the start of a word, or an opening parenthesis, which may start a bare URL."""
    is_wrapped = cursor.sign == "("
    if is_wrapped:
        if known := _cited_links(cursor) or _delivery(cursor):
            return known
    elif _IN_WORD.fullmatch(cursor.previous):
        return None
    found = cursor.look(_URL)
    return Token(found.end(), action=Action.ADDRESS, wrapped=is_wrapped) if found else None


_CLOSING_HASHES = regex.compile(r"#+[ ]*\n")


def _hash(cursor: Cursor) -> Token | None:
    """Read `#`, which may close a heading."""
    may_close = cursor.line.kind is LineKind.HEADING and cursor.previous == " "
    return Token(found.end() - 1) if may_close and (found := cursor.look(_CLOSING_HASHES)) else None


def _bar(cursor: Cursor) -> Token | None:
    """Read `|` between the cells of a table, or between words."""
    end = cursor.skip_spaces()
    if cursor.line.kind is not LineKind.ROW and not (cursor.previous in {"", " "} and end > cursor.at + 1):
        return None
    return Token(end, action=Action.WRITE if cursor.behind(end) in {"", "\n", "|"} else Action.COMMA)


def _backslash(cursor: Cursor) -> Token | None:
    r"""Read `\`, which escapes a sign, or with a parenthesis or a bracket delimits a formula."""
    following = cursor.behind(cursor.at + 1)
    if following == "\n":
        return Token(cursor.at + 1, action=Action.BORDER)
    if following and following in "()[]":
        return Token(cursor.at + 2)
    return Token(cursor.at + 2, following) if following and following in "*_`~<>#|!\\+-." else None


_FORMULA = regex.compile(r"(\${1,2})(?!\d[\d.,]*[ ])((?=[^\s$])(?:[^$\n<>]|[<>](?=[ =\d])){1,80}(?<!\s))\1(?=[^\d$])")
_IN_FORMULA = regex.compile(r".*[\\^_{}=].*|\p{L}|[\d ]+[+*/<>-][\d ]+")


def _dollar(cursor: Cursor) -> Token | None:
    """Read `$`, which may delimit a LaTeX formula."""
    found = cursor.look(_FORMULA)
    return Token(found.end(), found[2]) if found and _IN_FORMULA.fullmatch(found[2]) else None


def _joiner(cursor: Cursor) -> Token | None:
    """Read a zero-width joiner, which only matters between letters."""
    return None if cursor.previous.strip(f"{GONE}\u200d") else Token(cursor.at + 1)


_FENCE_IN_LINE = regex.compile(r"`{3,}[ ]*[\w+#.-]{0,30}[ ]*\n")


def _backtick(cursor: Cursor) -> Token | None:
    """Read a backtick: the text inside is spoken, unless it opens a code block after other text."""
    found = cursor.look(_FENCE_IN_LINE) if cursor.previous in {"", " "} else None
    return Token(found.end(), action=Action.CODE) if found else Token(cursor.at + 1)


def _emoji(cursor: Cursor) -> Token | None:
    """Read the placeholder of an emoji."""
    return Token(cursor.at + 1, action=Action.GAP)


def _sense(cursor: Cursor) -> Token | None:
    """Read a tick or a cross: unless it decorates, a cross is spoken, and a tick if it answers the text before it."""
    following = cursor.behind(cursor.skip_spaces())
    if cursor.last.isdecimal() and following.isdecimal() and cursor.sign == NO:
        return Token(cursor.at + 1, " × ")
    line, is_behind_label = cursor.line, cursor.last in {":", "："}
    decorates = line.length and cursor.last in _SENTENCE_END and not is_behind_label
    if cursor.senses is None or following == cursor.sign or decorates:
        return _emoji(cursor)
    yes, no = cursor.senses
    if cursor.sign == NO:
        return Token(cursor.at + 1, f" {no}" if line.length else f"{no}:", Action.SENSE)
    is_entry = line.kind in {LineKind.ITEM, LineKind.ROW}
    answers = line.is_sensed or following in {*",;|)、，；"} or is_entry or is_behind_label
    return Token(cursor.at + 1, f" {yes}", Action.SENSE) if answers and line.length else _emoji(cursor)


def _calculation(cursor: Cursor) -> Token | None:
    """Read a heavy plus or minus: a sign before a number, otherwise a bullet."""
    if not cursor.behind(cursor.skip_spaces()).isdecimal():
        return _emoji(cursor)
    return Token(cursor.at + 1, "+" if cursor.sign == PLUS else "-")


def _keycap(cursor: Cursor) -> Token | None:
    """Read the end of a keycap: a list number at the start of a line, otherwise a number."""
    return Token(cursor.at + 1, "." if cursor.line.length == 1 else "")


_LINK = r"\[[^\[\]\n]{1,120}\]\((?:https?:|www\.)[^()\s]*(?:\([^()\s]*\)[^()\s]*)?\)"
_CITED_LINKS = regex.compile(rf"\({_LINK}(?:[ ]?[,;]?[ ]?{_LINK}){{0,5}}\)", regex.IGNORECASE)
_LABEL = regex.compile(r"\[([^\[\]\n]+)\]\(")
_HOST = regex.compile(r"[\w-]+(?:\.[\w-]+)+(?:[ ]?[-–|:][^\[\]]*)?")


def _cited_links(cursor: Cursor) -> Token | None:
    """Return links in parentheses that cite the source of a sentence, or None; raises `Undecided`.

    They are at the end of a sentence, or have the names of their sites.
    """
    if (found := cursor.look(_CITED_LINKS, reach=4 * MAX_MARK)) is None:
        return None
    following = cursor.behind(found.end())
    labels = [label[1] for label in _LABEL.finditer(found.group())]
    is_source = cursor.last in _SENTENCE_END or following in _SENTENCE_END or all(map(_HOST.fullmatch, labels))
    return Token(found.end(), action=Action.GAP) if is_source else None


_CITATIONS: Final = {
    ":": regex.compile(r":contentReference\[oaicite:[^\[\]\n]{0,40}\](?:\{[^{}\n]{0,60}\}|(?=[^{]))"),
    "【": regex.compile(r"【[^【】\n]{0,120}†[^【】\n]{0,120}】"),
    "\ue200": regex.compile(r"\ue200\w{1,30}\ue202[^\ue200\ue201\n]{0,240}\ue201"),
}


def _citation(cursor: Cursor) -> Token | None:
    """Read what may start a citation; characters that only occur in citations are never spoken."""
    pattern = _CITATIONS.get(cursor.sign)
    if pattern and (found := cursor.look(pattern)):
        return Token(found.end())
    return Token(cursor.at + 1) if cursor.sign in _CITATION_SIGNS else None


_IN_BRACKETS = regex.compile(r"\[[ ]?(\p{L}[\p{L} '-]{1,28})\](?=[^(\[:])")
_IN_STARS = regex.compile(r"\*{1,2}(\p{L}[\p{L} ]{1,24})\*{1,2}(?=[^*])")
_IN_PARENTHESES = regex.compile(r"\((\p{L}[\p{L} ]{1,24})\)")


def _delivery(cursor: Cursor) -> Token | None:
    """Return a delivery tag in brackets, stars or parentheses, or None; raises `Undecided`.

    Stars also emphasize a word, and parentheses add one: there, only a sound at the start of a sentence is a tag.
    """
    if cursor.sign == "[":
        pattern, known = _IN_BRACKETS, MOODS
    elif cursor.last in _SENTENCE_END:
        pattern, known = (_IN_STARS if cursor.sign == "*" else _IN_PARENTHESES), SOUNDS
    else:
        return None
    try:
        found = cursor.look(pattern)
    except Undecided:
        # Text that can no longer become one of them isn't held back
        begun = cursor.text[cursor.at :].lstrip(f"{cursor.sign} ").rstrip("]*)").lower().replace(" ", "_")
        if any(word.startswith(begun) for word in known):
            raise
        return None
    is_known = found and found[1].strip().lower().replace(" ", "_") in known
    return Token(found.end(), action=Action.GAP) if found and is_known else None


MARK_READERS: Final[Mapping[str, Callable[[Cursor], Token | None]]] = {
    **dict.fromkeys("*_~", _emphasis),
    "`": _backtick,
    "[": _bracket,
    "]": _closing_bracket,
    "!": _exclamation,
    "<": _angle,
    "&": _entity,
    "#": _hash,
    "|": _bar,
    "\\": _backslash,
    **dict.fromkeys("(hHwW", _address),
    "\u200d": _joiner,
    GONE: _emoji,
    **dict.fromkeys(YES + NO, _sense),
    **dict.fromkeys(PLUS + MINUS, _calculation),
    KEYCAP: _keycap,
    "$": _dollar,
    **dict.fromkeys(f":【{_CITATION_SIGNS}", _citation),
}
"""Readers of signs; they return None for plain text, and raise `Undecided`."""
