"""The marks within a line of a written text: which they are, how far they reach, and what is spoken of them."""

from collections.abc import Callable, Mapping
from functools import cache
import html

import regex

from .characters import (
    CITATION_BEGIN,
    CITATION_END,
    CITATION_SEPARATOR,
    GONE,
    KEYCAP,
    MINUS,
    NO,
    PLUS,
    YES,
    CharacterNormalizer,
)
from .cursor import MAX_MARK, Action, Cursor, LineKind, Token
from .unspoken import (
    SENTENCE_END,
    read_cited_links,
    read_colon,
    read_control,
    read_delivery,
    read_element,
    read_hidden,
    read_lenticular,
    read_private,
)
from .writer import is_cjk


def read_mark(cursor: Cursor) -> Token | None:
    """Return what a sign is, or None as long as that can't be told."""
    return _READERS[cursor.sign](cursor)


def _emphasis(cursor: Cursor) -> Token | None:
    """Read a run of `*`, `_` or `~`.

    Emphasis touches a word on one side; in a word, between digits or between spaces it is text.
    """
    if cursor.sign == "*" and (delivery := read_delivery(cursor)):
        return None if delivery is True else delivery
    sign, end = cursor.sign, cursor.at
    while end < len(cursor.text) and cursor.text[end] == sign:
        end += 1
    if (following := cursor.behind(end)) is None:
        return None
    kept = Token(end=end, text=cursor.text[cursor.at : end])
    single = end - cursor.at == 1
    if sign == "~":
        return kept if single else Token(end=end)
    if sign == "_":
        return kept if _in_word(cursor.previous, following) else Token(end=end)
    loose = cursor.previous in {"", " ", "\n"} and following in {"", " ", "\n"}
    joined = _in_word(cursor.previous, following) and not is_cjk(cursor.previous) and not is_cjk(following)
    power = cursor.previous.isdecimal() and following.isdecimal()
    return kept if (single and (loose or joined)) or power else Token(end=end)


def _in_word(previous: str, following: str) -> bool:
    return previous.isalnum() and following.isalnum()


_FOOTNOTE = regex.compile(r"\[(?:\^[^\[\]\s]{1,20}|([1-9]\d{0,2}(?:[,;][ ]?\d{1,3}){0,5}))\](?:\([^()\s]*\)|(?=[^(]))")


def _is_footnote(numbers: str | None) -> bool:
    """Return True if numbers in brackets follow each other: others are an interval, which is spoken."""
    found = [int(number) for number in (numbers or "").replace(";", ",").split(",") if number]
    return found == list(range(found[0], found[0] + len(found))) if found else True


def _bracket(cursor: Cursor) -> Token | None:
    """Read `[`: a footnote is not spoken; the text of a link is, and so is any other text in brackets."""
    match cursor.look(_FOOTNOTE):
        case True:
            return None
        case False:
            delivery = read_delivery(cursor)
            return cursor.dropped() if delivery is False else None if delivery is True else delivery
        case found:
            return Token(end=found.end()) if _is_footnote(found[1]) else cursor.dropped()


_TARGET = regex.compile(r"\]\([ ]?<?(?:[a-z][a-z0-9+.-]*:|www\.|/|#|\.{1,2}/)(?=[^\s])", regex.IGNORECASE)

_SHORT_TARGET = regex.compile(r"\]\([^()\s]*\)")


def _closing_bracket(cursor: Cursor) -> Token | None:
    """Read `]`, behind which the URL of a link may follow."""
    if (following := cursor.behind(cursor.at + 1)) is None:
        return None
    if following == "[":
        return Token(end=cursor.at + 1, action=Action.GAP)
    target = cursor.look(_TARGET)
    if not isinstance(target, bool):
        return Token(end=target.end(), action=Action.TARGET)
    short = cursor.look(_SHORT_TARGET)
    if not isinstance(short, bool):
        return Token(end=short.end())
    return None if target or short else cursor.dropped()


def _exclamation(cursor: Cursor) -> Token | None:
    """Read `!`, which is part of an image where a bracket follows."""
    if cursor.previous not in {"", " ", "\n", "(", "["}:
        return cursor.literal()
    if (following := cursor.behind(cursor.at + 1)) is None:
        return None
    return cursor.dropped() if following == "[" else cursor.literal()


_AUTOLINK = regex.compile(r"<(?:https?|mailto):[^<>\s]*>", regex.IGNORECASE)

_ADDRESS_IN_BRACKETS = regex.compile(r"<([\w.+-]+@[\w.-]+)>")

_HTML_TAG = regex.compile(
    r"""<(/?)([a-z][\w:-]*)((?:[ ]+[\w:@.-]+[ ]*=[ ]*(?:"[^"<>\n]*"|'[^'<>\n]*'|[^\s"'=<>`]+))*[ ]*/?)>""",
    regex.IGNORECASE,
)


@cache
def _provider_tags(tags: frozenset[str]) -> regex.Pattern:
    """Return what an element that passes looks like: empty, or with its text, which is not cut either."""
    names = "|".join(sorted(tags))
    attributes = r"(?:[ ]+[\w:-]+=(?:\"[^\"<>\n]*\"|'[^'<>\n]*'))*[ ]*"
    return regex.compile(rf"<(?:{names}){attributes}/>|<({names}){attributes}>[^<>\n]*</\1>")


def _angle(cursor: Cursor) -> Token | None:
    """Read `<`: a tag for the provider, another tag, a comment, an address, or a sign."""
    undecided = not cursor.ended and "<!--".startswith(cursor.text[cursor.at : cursor.at + 4])
    if cursor.text.startswith("<!--", cursor.at):
        return _comment(cursor)
    control = read_control(cursor)
    if isinstance(control, Token):
        return control
    undecided = undecided or control
    if cursor.last in SENTENCE_END:
        hidden = read_hidden(cursor)
        if isinstance(hidden, Token):
            return hidden
        undecided = undecided or hidden
    if cursor.tags:
        tag = cursor.look(_provider_tags(cursor.tags))
        if not isinstance(tag, bool):
            return Token(end=tag.end(), action=Action.VERBATIM, text=tag.group())
        undecided = undecided or tag
    for pattern in (_AUTOLINK, _ADDRESS_IN_BRACKETS, _HTML_TAG):
        found = cursor.look(pattern)
        if isinstance(found, bool):
            undecided = undecided or found
        elif undecided:
            return None
        elif pattern is _AUTOLINK:
            return Token(end=found.end(), action=Action.GAP)
        elif pattern is _ADDRESS_IN_BRACKETS:
            return Token(end=found.end(), text=found[1])
        else:
            return read_element(cursor, found.end(), found[2], is_bare=not (found[1] or found[3]))
    return None if undecided else cursor.literal()


def _comment(cursor: Cursor) -> Token | None:
    reach = cursor.at + MAX_MARK
    if (end := cursor.text.find("-->", cursor.at, reach)) >= 0:
        return Token(end=end + 3, action=Action.GAP)
    return cursor.literal() if cursor.ended or len(cursor.text) >= reach else None


_STAND_INS = regex.compile(f"[{GONE}{YES}{NO}{PLUS}{MINUS}{KEYCAP}{CITATION_BEGIN}{CITATION_SEPARATOR}{CITATION_END}]")

_ENTITY = regex.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,30});", regex.IGNORECASE)


def _entity(cursor: Cursor) -> Token | None:
    """Read `&`: an entity is decoded, once."""
    match cursor.look(_ENTITY):
        case True:
            return None
        case False:
            return cursor.literal()
        case found:
            decoded = CharacterNormalizer(emoji=False).read(html.unescape(found.group()))
            return Token(end=found.end(), text=_STAND_INS.sub(" ", decoded))


_URL = regex.compile(r"(?:https?://|www\.)(?=[\w\[])", regex.IGNORECASE)

_IN_WORD = regex.compile(r"[\p{Latin}\d_]")

_WRAPPED_URL = regex.compile(r"\((?:https?://|www\.)(?=[\w\[])", regex.IGNORECASE)


def _address(cursor: Cursor) -> Token | None:
    """Read the beginning of a word, or an opening parenthesis, that may begin a bare URL."""
    if cursor.sign != "(" and _IN_WORD.fullmatch(cursor.previous):
        return cursor.literal()
    if cursor.sign == "(":
        for known in (read_cited_links(cursor), read_delivery(cursor)):
            if known:
                return None if known is True else known
    match cursor.look(_WRAPPED_URL if cursor.sign == "(" else _URL):
        case True:
            return None
        case False:
            return cursor.literal()
        case found:
            return Token(end=found.end(), action=Action.ADDRESS, wrapped=cursor.sign == "(")


_CLOSING_HASHES = regex.compile(r"#+[ ]*\n")


def _hash(cursor: Cursor) -> Token | None:
    """Read `#`, which may close a heading."""
    if cursor.kind is not LineKind.HEADING or cursor.previous != " ":
        return cursor.literal()
    match cursor.look(_CLOSING_HASHES):
        case True:
            return None
        case False:
            return cursor.literal()
        case found:
            return Token(end=found.end() - 1)


def _bar(cursor: Cursor) -> Token | None:
    """Read `|` between the cells of a table, or between words."""
    end = cursor.at + 1
    while cursor.behind(end) == " ":
        end += 1
    if (following := cursor.behind(end)) is None:
        return None
    if cursor.kind is not LineKind.ROW and not (cursor.previous in {"", " "} and end > cursor.at + 1):
        return cursor.literal()
    if following in {"", "\n", "|"}:
        return Token(end=end)
    return Token(end=end, action=Action.COMMA)


def _backslash(cursor: Cursor) -> Token | None:
    r"""Read `\`, behind which a mark is only a sign, a parenthesis or a bracket the edge of a formula."""
    if (following := cursor.behind(cursor.at + 1)) is None:
        return None
    if following == "\n":
        return Token(end=cursor.at + 1, action=Action.BORDER)
    if following and following in "()[]":
        return Token(end=cursor.at + 2)
    if following and following in "*_`~<>#|!\\+-.":
        return Token(end=cursor.at + 2, text=following)
    return cursor.literal()


_FORMULA = regex.compile(r"(\${1,2})(?!\d[\d.,]*[ ])((?=[^\s$])(?:[^$\n<>]|[<>](?=[ =\d])){1,80}(?<!\s))\1(?=[^\d$])")

_IN_FORMULA = regex.compile(r".*[\\^_{}=].*|\p{L}|[\d ]+[+*/<>-][\d ]+")


def _dollar(cursor: Cursor) -> Token | None:
    """Read `$`, which may be the edge of a formula, as LaTeX has it."""
    found = cursor.look(_FORMULA)
    if isinstance(found, bool):
        return None if found else cursor.literal()
    if _IN_FORMULA.fullmatch(found[2]):
        return Token(end=found.end(), text=found[2])
    return cursor.literal()


def _joiner(cursor: Cursor) -> Token | None:
    """Read a joiner, which matters between letters only."""
    return cursor.literal() if cursor.previous.strip(f"{GONE}\u200d") else cursor.dropped()


_FENCE_IN_LINE = regex.compile(r"`{3,}[ ]*[\w+#.-]{0,30}[ ]*\n")


def _backtick(cursor: Cursor) -> Token | None:
    """Read a backtick: what it marks is spoken, unless it opens a block of code behind other text."""
    if cursor.previous not in {"", " "}:
        return cursor.dropped()
    match cursor.look(_FENCE_IN_LINE):
        case True:
            return None
        case False:
            return cursor.dropped()
        case found:
            return Token(end=found.end(), action=Action.CODE)


def _emoji(cursor: Cursor) -> Token | None:
    """Read what stands for an emoji."""
    return Token(end=cursor.at + 1, action=Action.GAP)


_YES_BEFORE = frozenset(",;|)、，；")

_LABEL_ENDS = frozenset(":：")


def _sense(cursor: Cursor) -> Token | None:
    """Read a tick or a cross: it is spoken where it answers what it follows, and a cross always."""
    end = cursor.at + 1
    while cursor.behind(end) == " ":
        end += 1
    if (following := cursor.behind(end)) is None:
        return None
    gone = Token(end=cursor.at + 1, action=Action.GAP)
    if cursor.last.isdecimal() and following.isdecimal() and cursor.sign == NO:
        return Token(end=cursor.at + 1, text=" × ")
    behind_label = cursor.last in _LABEL_ENDS
    decorates = cursor.length and cursor.last in SENTENCE_END and not behind_label
    if cursor.senses is None or following == cursor.sign or decorates:
        return gone
    yes, no = cursor.senses
    if cursor.sign == NO:
        return Token(end=cursor.at + 1, action=Action.SENSE, text=f" {no}" if cursor.length else f"{no}:")
    is_entry = cursor.kind in {LineKind.ITEM, LineKind.ROW}
    answers = cursor.sensed or following in _YES_BEFORE or is_entry or behind_label
    return Token(end=cursor.at + 1, action=Action.SENSE, text=f" {yes}") if answers and cursor.length else gone


def _calculation(cursor: Cursor) -> Token | None:
    """Read a heavy plus or minus: with a number it is a sign, else it marks an entry."""
    end = cursor.at + 1
    while cursor.behind(end) == " ":
        end += 1
    if (following := cursor.behind(end)) is None:
        return None
    if not following.isdecimal():
        return _emoji(cursor)
    return Token(end=cursor.at + 1, text="+" if cursor.sign == PLUS else "-")


def _keycap(cursor: Cursor) -> Token | None:
    """Read the end of a keycap, which numbers an entry at the beginning of a line, and is a number else."""
    return Token(end=cursor.at + 1, text="." if cursor.length == 1 else "")


_READERS: Mapping[str, Callable[[Cursor], Token | None]] = {
    "*": _emphasis,
    "_": _emphasis,
    "~": _emphasis,
    "`": _backtick,
    "[": _bracket,
    "]": _closing_bracket,
    "!": _exclamation,
    "<": _angle,
    "&": _entity,
    "#": _hash,
    "|": _bar,
    "\\": _backslash,
    "(": _address,
    "\u200d": _joiner,
    GONE: _emoji,
    YES: _sense,
    NO: _sense,
    PLUS: _calculation,
    MINUS: _calculation,
    KEYCAP: _keycap,
    "$": _dollar,
    ":": read_colon,
    "【": read_lenticular,
    CITATION_BEGIN: read_private,
    CITATION_SEPARATOR: read_private,
    CITATION_END: read_private,
} | dict.fromkeys("hHwW", _address)
