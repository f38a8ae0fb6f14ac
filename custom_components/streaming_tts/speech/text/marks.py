"""The marks within a line of a written text: which they are, how far they reach, and what is spoken of them."""

from collections.abc import Callable, Mapping
from functools import cache
import html

import regex

from .characters import GONE, CharacterNormalizer
from .cursor import MAX_MARK, Action, Cursor, Token
from .writer import is_cjk


def read_mark(place: Cursor) -> Token | None:
    """Return what a sign is, or None as long as that can't be told."""
    return _READERS[place.sign](place)


def _emphasis(place: Cursor) -> Token | None:
    """Read a run of `*`, `_` or `~`.

    Emphasis touches a word on one side; in a word, between digits or between spaces it is text.
    """
    sign, end = place.sign, place.at
    while end < len(place.text) and place.text[end] == sign:
        end += 1
    if (following := place.behind(end)) is None:
        return None
    kept = Token(end=end, text=place.text[place.at : end])
    single = end - place.at == 1
    if sign == "~":
        return kept if single else Token(end=end)
    if sign == "_":
        return kept if _in_word(place.previous, following) else Token(end=end)
    loose = place.previous in {"", " ", "\n"} and following in {"", " ", "\n"}
    joined = _in_word(place.previous, following) and not is_cjk(place.previous) and not is_cjk(following)
    power = place.previous.isdecimal() and following.isdecimal()
    return kept if (single and (loose or joined)) or power else Token(end=end)


def _in_word(previous: str, following: str) -> bool:
    return previous.isalnum() and following.isalnum()


_FOOTNOTE = regex.compile(
    r"\[(?:\^[^\[\]\s]{1,20}|[1-9]\d{0,2}(?:[ ]?[,;–-][ ]?\d{1,3}){0,5})\](?:\([^()\s]*\)|(?=[^(]))"
)


def _bracket(place: Cursor) -> Token | None:
    """Read `[`: a footnote is not spoken; the text of a link is, and so is any other text in brackets."""
    match place.look(_FOOTNOTE):
        case True:
            return None
        case False:
            return place.dropped()
        case found:
            return Token(end=found.end())


_TARGET = regex.compile(r"\]\([ ]?<?(?:[a-z][a-z0-9+.-]*:|www\.|/|#|\.{1,2}/)(?=[^\s])", regex.IGNORECASE)

_SHORT_TARGET = regex.compile(r"\]\([^()\s]*\)")


def _closing_bracket(place: Cursor) -> Token | None:
    """Read `]`, behind which the URL of a link may follow."""
    if (following := place.behind(place.at + 1)) is None:
        return None
    if following == "[":
        return Token(end=place.at + 1, effect=Action.GAP)
    target = place.look(_TARGET)
    if not isinstance(target, bool):
        return Token(end=target.end(), effect=Action.TARGET)
    short = place.look(_SHORT_TARGET)
    if not isinstance(short, bool):
        return Token(end=short.end())
    return None if target or short else place.dropped()


def _exclamation(place: Cursor) -> Token | None:
    """Read `!`, which is part of an image where a bracket follows."""
    if place.previous not in {"", " ", "\n", "(", "["}:
        return place.literal()
    if (following := place.behind(place.at + 1)) is None:
        return None
    return place.dropped() if following == "[" else place.literal()


_AUTOLINK = regex.compile(r"<(?:https?|mailto):[^<>\s]*>", regex.IGNORECASE)

_ADDRESS_IN_BRACKETS = regex.compile(r"<([\w.+-]+@[\w.-]+)>")

_HTML_TAG = regex.compile(
    r"""</?([a-z][\w:-]*)(?:[ ]+[\w:@.-]+[ ]*=[ ]*(?:"[^"<>\n]*"|'[^'<>\n]*'|[^\s"'=<>`]+))*[ ]*/?>""", regex.IGNORECASE
)

_BORDERS = frozenset(
    {"blockquote", "br", "dd", "div", "dt", "hr", "li", "ol", "p", "pre", "section", "table", "td", "th", "tr", "ul"}
    | {f"h{level}" for level in range(1, 7)}
)
"""HTML elements that stand apart from the text around them."""


@cache
def _provider_tags(tags: frozenset[str]) -> regex.Pattern:
    """Return what an element that passes looks like: empty, or with its text, which is not cut either."""
    names = "|".join(sorted(tags))
    attributes = r"(?:[ ]+[\w:-]+=(?:\"[^\"<>\n]*\"|'[^'<>\n]*'))*[ ]*"
    return regex.compile(rf"<(?:{names}){attributes}/>|<({names}){attributes}>[^<>\n]*</\1>")


def _angle(place: Cursor) -> Token | None:
    """Read `<`: a tag for the provider, another tag, a comment, an address, or a sign."""
    undecided = not place.ended and "<!--".startswith(place.text[place.at : place.at + 4])
    if place.text.startswith("<!--", place.at):
        return _comment(place)
    if place.tags:
        tag = place.look(_provider_tags(place.tags))
        if not isinstance(tag, bool):
            return Token(end=tag.end(), effect=Action.VERBATIM, text=tag.group())
        undecided = undecided or tag
    for pattern in (_AUTOLINK, _ADDRESS_IN_BRACKETS, _HTML_TAG):
        found = place.look(pattern)
        if isinstance(found, bool):
            undecided = undecided or found
        elif undecided:
            return None
        elif pattern is _AUTOLINK:
            return Token(end=found.end(), effect=Action.GAP)
        elif pattern is _ADDRESS_IN_BRACKETS:
            return Token(end=found.end(), text=found[1])
        else:
            return Token(end=found.end(), effect=Action.BORDER if found[1].lower() in _BORDERS else Action.WRITE)
    return None if undecided else place.literal()


def _comment(place: Cursor) -> Token | None:
    reach = place.at + MAX_MARK
    if (end := place.text.find("-->", place.at, reach)) >= 0:
        return Token(end=end + 3, effect=Action.GAP)
    return place.literal() if place.ended or len(place.text) >= reach else None


_ENTITY = regex.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,30});", regex.IGNORECASE)


def _entity(place: Cursor) -> Token | None:
    """Read `&`: an entity is decoded, once."""
    match place.look(_ENTITY):
        case True:
            return None
        case False:
            return place.literal()
        case found:
            decoded = CharacterNormalizer(emoji=False).read(html.unescape(found.group()))
            return Token(end=found.end(), text=decoded.replace(GONE, " "))


_URL = regex.compile(r"(?:https?://|www\.)(?=[\w\[])", regex.IGNORECASE)

_IN_WORD = regex.compile(r"[\p{Latin}\d_]")

_WRAPPED_URL = regex.compile(r"\((?:https?://|www\.)(?=[\w\[])", regex.IGNORECASE)


def _address(place: Cursor) -> Token | None:
    """Read the beginning of a word, or an opening parenthesis, that may begin a bare URL."""
    if place.sign != "(" and _IN_WORD.fullmatch(place.previous):
        return place.literal()
    match place.look(_WRAPPED_URL if place.sign == "(" else _URL):
        case True:
            return None
        case False:
            return place.literal()
        case found:
            return Token(end=found.end(), effect=Action.ADDRESS, wrapped=place.sign == "(")


_CLOSING_HASHES = regex.compile(r"#+[ ]*\n")


def _hash(place: Cursor) -> Token | None:
    """Read `#`, which may close a heading."""
    if not place.heading or place.previous != " ":
        return place.literal()
    match place.look(_CLOSING_HASHES):
        case True:
            return None
        case False:
            return place.literal()
        case found:
            return Token(end=found.end() - 1)


def _bar(place: Cursor) -> Token | None:
    """Read `|` between the cells of a table, or between words."""
    end = place.at + 1
    while place.behind(end) == " ":
        end += 1
    if (following := place.behind(end)) is None:
        return None
    if not place.row and not (place.previous in {"", " "} and end > place.at + 1):
        return place.literal()
    if following in {"", "\n", "|"}:
        return Token(end=end)
    return Token(end=end, effect=Action.COMMA)


def _backslash(place: Cursor) -> Token | None:
    r"""Read `\`, behind which a mark is only a sign."""
    if (following := place.behind(place.at + 1)) is None:
        return None
    if following and following in "*_`~[]<>#|!\\+-.()":
        return Token(end=place.at + 2, text=following)
    return place.literal()


def _joiner(place: Cursor) -> Token | None:
    """Read a joiner, which matters between letters only."""
    return place.literal() if place.previous.strip(f"{GONE}\u200d") else place.dropped()


def _backtick(place: Cursor) -> Token | None:
    """Read a backtick: what it marks is spoken."""
    return place.dropped()


def _emoji(place: Cursor) -> Token | None:
    """Read the place of an emoji."""
    return Token(end=place.at + 1, effect=Action.GAP)


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
} | dict.fromkeys("hHwW", _address)
