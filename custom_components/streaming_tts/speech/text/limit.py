"""Where a text may be cut that has no end of a sentence in time: at a clause, between words, or at least characters."""

from collections.abc import Callable, Iterator

import regex

MIN_SHARE = 0.25
"""A clause is not worth a cut if it fills less than this share of what is allowed."""

ELEMENT = regex.compile(r"<([a-z]\w*)[^<>]*>[^<>]*</\1>|<[a-z]\w*[^<>]*/>")
"""A provider's tag, with its text if it has any."""

_DIGITS = r"\d+(?:[.,:/．，：／]\d+|[ ]?[–—-][ ]?\d+|[ ]\d{3}(?!\d))*"

_NUMBER = regex.compile(rf"{_DIGITS}(?:[ ]?[%‰°€$£¥₹])?")
"""A number, a range or a time."""

_QUANTITY = regex.compile(rf"{_DIGITS}(?:[ ]?[\p{{L}}\p{{M}}%‰°℃℉€$£¥₹²³µ/·⋅]{{1,12}})?")
"""The same with what it counts, if that is written behind it."""

_CLAUSE = regex.compile(
    r"[,;،؛၊፣፤]['\"’”»)\]]*(?=[ ])|[ ][–—-](?=[ ])|(?<=\w)—(?=\w)|(?:[、，；﹐﹔]|——|……)[」』”’）]*"
)

_TAG = regex.compile(r"</?[a-z]\w*[^<>]*>")

_GRAPHEME = regex.compile(r"\X")

_MAX_ELEMENT = 320

_MAX_GRAPHEME = 32


def is_speakable(text: str) -> bool:
    """Return True if there is a letter or a digit to say."""
    return any(map(str.isalnum, _TAG.sub("", text)))


def has_tag(text: str) -> bool:
    """Return True if there is a provider's tag in a text."""
    return _TAG.search(text) is not None


def behind_element(text: str, place: int) -> int:
    """Return the end of the tag, with its text, that a place is in, or the place."""
    elements = ELEMENT.finditer(text, max(0, place - _MAX_ELEMENT), place + _MAX_ELEMENT)
    return next((found.end() for found in elements if found.start() < place < found.end()), place)


def clause_ends(text: str) -> Iterator[int]:
    """Yield where clauses end, each with its punctuation, nowhere inside a tag, a number or a row of numbers.

    A colon ends none: what is before it is a label of what follows.
    """
    inside = _inside(text)
    return (
        found.end()
        for found in _CLAUSE.finditer(text)
        if found.end() not in inside and not _is_within(text, found.start(), found.end())
    )


def _is_within(text: str, begin: int, end: int) -> bool:
    """Return True if a clause's end is in a title, or has a number before it and one is or may come behind it."""
    following = text[end : end + 2].lstrip()[:1]
    if any(
        text.rfind(opener, 0, end) > text.rfind(closer, 0, end)
        for opener, closer in (("《", "》"), ("『", "』"), ("〈", "〉"))
    ):
        return True
    return text[begin - 1 : begin].isdigit() and (not following or following.isdigit())


def cut(text: str, *, most: int, length: Callable[[str], int]) -> int:
    """Return where to cut a text that is too long, so that what is before has at most `most` characters and length.

    A tag or a number is only cut where it is too long itself, and a number from what it counts where both are.
    """
    reach = fitting(text, most=most, length=length)
    near = text[: reach + _MAX_ELEMENT]
    inside = _inside(near)
    clauses = [end for end in clause_ends(text[: reach + 1]) if end <= reach and end not in inside]
    if clauses and clauses[-1] >= reach * MIN_SHARE:
        return clauses[-1]
    inside_of_quantity = inside | _places(_QUANTITY, near)
    for is_end in (_is_space, _is_between_graphemes):
        for kept in (inside_of_quantity, inside):
            for place in range(reach, 0, -1):
                if place not in kept and is_end(text, place):
                    return place
    return reach


def fitting(text: str, *, most: int, length: Callable[[str], int]) -> int:
    """Return how many of the first characters are together within a limit; one at least."""
    low, high = 1, min(most, len(text))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if length(text[:middle]) <= most else (low, middle - 1)
    return low


def _inside(text: str) -> set[int]:
    """Return the places inside tags and numbers."""
    return _places(ELEMENT, text) | _places(_NUMBER, text)


def _places(pattern: regex.Pattern, text: str) -> set[int]:
    return {place for found in pattern.finditer(text) for place in range(found.start() + 1, found.end())}


def _is_space(text: str, place: int) -> bool:
    return text[place] == " "


def _is_between_graphemes(text: str, place: int) -> bool:
    around = max(0, place - _MAX_GRAPHEME)
    return any(found.end() == place for found in _GRAPHEME.finditer(text, around, place + _MAX_GRAPHEME))
