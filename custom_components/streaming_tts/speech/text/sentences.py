"""Find the ends of sentences: by the terminators of many scripts, closing quotes, and the word before a period.

Also find places to cut a text that has no end in time: at a clause, between words, or between characters.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from functools import lru_cache

import regex

from .word_lists import (
    ABBREVIATED_PHRASES,
    ABBREVIATIONS,
    ABBREVIATIONS_BY_LANGUAGE,
    ALSO_WORDS,
    AMBIGUOUS_LETTER_NAMES,
    BEFORE_NUMBERS,
    CLOSING_ABBREVIATIONS,
    CLOSING_PHRASES,
    DATE_LANGUAGES,
    DAYS_AND_MONTHS,
    INTRODUCING,
    LETTER_NAMES,
    LETTERED,
    NOUN_LANGUAGES,
    ORDINAL_LANGUAGES,
    UNITS,
)

ENDER = regex.compile("[.!?…؟।॥。！？｡．۔።။។៕։‼⁇⁈⁉]")
"""Sentence terminators; without one, no sentence ends."""

ELEMENT = regex.compile(r"<([a-z]\w*)[^<>]*>[^<>]*</\1>|<[a-z]\w*[^<>]*/>")
"""A provider's tag, with its content if any."""

TAG = regex.compile(r"</?[a-z]\w*[^<>]*>")

_ENDERS = ".!?…؟"

_CJK_ENDERS = "。！？"

_CLOSERS = "'\")\\]}‘’“”«»‹›」』）》】〕〉"

_CJK = r"\p{Han}\p{Hiragana}\p{Katakana}"

_CANDIDATE = regex.compile(
    # A quote at the very end may close or open
    rf"(?P<enders>[{_ENDERS}]+)(?P<closers>(?:[ ][»›]|[{_CLOSERS}])*)"
    rf"(?=[ ]+(?P<next>(?![»›](?:[ ][»›]|[{_CLOSERS}])*[ ]*\Z)\S)|<[a-z])"
)

# Like CJK terminators, a danda needs no space after it; an asterisk in clean text counts as a letter
_LIKENESSES = str.maketrans("｡।॥።။។៕．۔։‼⁇⁈⁉*", "。。。。。。。.??!??!x")

_UNSPACED_END = regex.compile(f"[{_CJK_ENDERS}]+[”’」』）》】〕〉]*")
"""An end that needs no space after it, in a text simplified by `_LIKENESSES`."""

_PARTICLE = r"(?:[とっのがをへか]|は(?!い)|に(?!ち)|で(?!も)|も(?!う)|や(?!っ)|など|という)"
"""Continues a sentence after a Japanese quotation or title: no sentence starts with one of these."""

_UNSPACED = (
    # The end of a title doesn't end the sentence around it: 《加油！》这首歌, 「ラブライブ！」の曲, 「はい。」と言った
    (
        regex.compile(
            rf"[{_CJK_ENDERS}{_ENDERS}](?=[{_CJK_ENDERS}{_ENDERS}]*(?:[》〉]+[\p{{L}}\p{{N}}]|[」』】]+{_PARTICLE}))"
        ),
        "、",
    ),
    (regex.compile(rf"[!?](?=[{_CLOSERS}]*[{_CJK}])"), "！"),
    (regex.compile(rf"(?<=[{_CJK}])\.(?=[{_CJK}])"), "。"),
    (regex.compile(rf"(?<=[{_CJK_ENDERS}][{_ENDERS}]*)[{_ENDERS}]"), "！"),
    (regex.compile(rf"(?<=[{_CJK_ENDERS}][{_CLOSERS}]*)[{_CLOSERS}]"), "」"),
)

_WORD = regex.compile(r"[\p{L}\p{M}\p{N}.,:'’-]+$")

_MAX_WORD = 40

_NEAR = 64
"""Characters before a period that decide what it is."""

_DOTTED = regex.compile(r"(?:\p{L}\p{M}*\.)+\p{L}\p{M}*")

_INITIAL = regex.compile(r"[\p{Lu}\p{Ll}]\p{M}*")

_NUMERAL = regex.compile(rf"(?<![^\W{_CJK}\p{{Hangul}}.,:'’-])\d[\d.,:]*$")

_UNIT = regex.compile(r"(?:\d[ ]?[°º]?|[°º])[ ]?(\p{L}[\p{L}\p{M}/]*[²³]?)$")
"""A unit after a number: 21 °C, 7 h."""

_DATE = regex.compile(r"(?:\d{2,4}\.[ ]?)?\d{1,4}\.[ ]?\d{1,2}$")

_HANGUL = regex.compile(r"\p{Hangul}")

_LETTER = regex.compile(r"(\p{L}+)[ ]\p{Lu}$")

_INDIAN_INITIAL = regex.compile(
    r"[\p{Devanagari}\p{Bengali}\p{Gujarati}\p{Gurmukhi}\p{Oriya}\p{Tamil}\p{Telugu}\p{Kannada}\p{Malayalam}]\p{M}*"
)

_LEAD = regex.compile(rf"[{_ENDERS}{_CJK_ENDERS}:;]")

_FINISHED = regex.compile(rf"(?P<enders>(?:{ENDER.pattern}|[:：])+)(?:[ ][»›]|[{_CLOSERS}])*$")


def sentence_ends(text: str, *, language: str | None, fresh: bool) -> list[int]:
    """Return the sentence ends in a line of clean text that are certain, whatever follows.

    `fresh` is True if the text starts with a new sentence.
    """
    subtag = (language or "").partition("-")[0].lower()
    # A text of the same length with few kinds of terminators and closers, and none inside tags
    likeness = ELEMENT.sub(lambda element: f"<{'a' * (len(element.group()) - 1)}", text.translate(_LIKENESSES))
    for pattern, sign in _UNSPACED:
        likeness = pattern.sub(sign, likeness)
    # At the very end, closers may still follow
    ends = [found.end() for found in _UNSPACED_END.finditer(likeness) if found.end() < len(text)]
    for found in _CANDIDATE.finditer(likeness):
        at, following, enders = found.start(), found["next"] or "<", found["enders"]
        goes_on = found["closers"] or enders[0] == "…" or enders.startswith("..") or enders[-1] == "!"
        if ENDER.match(following) or (following.islower() and goes_on):
            continue
        near = likeness[max(0, at - _NEAR) : at]
        if enders != "." or _ends_with_period(near, following, language=subtag, fresh=fresh and at <= _NEAR):
            ends.append(found.end("closers"))
    return sorted(ends)


def is_finished(text: str, language: str | None = None) -> bool:
    """Return True if a text ends like a sentence that needs no continuation."""
    if (found := _FINISHED.search(text)) is None:
        return False
    if any(text.count(opener) > text.count(closer) for opener, closer in _BRACKETS):
        return False
    before, enders = text[: found.start()], found["enders"]
    if enders in ":：":
        return not _is_label(before)
    if enders != ".":
        return True
    word = _word_before(before)
    if word in BEFORE_NUMBERS:
        return word in ALSO_WORDS
    if word in CLOSING_ABBREVIATIONS:
        return True
    subtag = (language or "").partition("-")[0].lower()
    return _NUMERAL.search(word) is None and _ends_with_period(before[-_NEAR:], "", language=subtag, fresh=True)


_LABEL_WORDS = 3

_UNSPACED_INTRODUCING = regex.compile("[我你您这這]|以下|如下|看看|です|ます|こちら|次の")

_BRACKETS = (("「", "」"), ("『", "』"), ("《", "》"), ("〈", "〉"), ("（", "）"), ("(", ")"), ("“", "”"))


def _is_label(text: str) -> bool:
    """Return True if the text before a colon may be a label of what follows, and isn't spoken alone."""
    clause = _LAST_CLAUSE.search(text)
    words = clause.group().split() if clause else []
    if not words or words[-1][-1:].isdigit():
        return True
    if _UNSPACED_SIGN.search(words[-1]):
        return _UNSPACED_INTRODUCING.search(words[-1]) is None
    return len(words) <= _LABEL_WORDS or INTRODUCING.isdisjoint(word.lower().replace("’", "'") for word in words)


_UNSPACED_SIGN = regex.compile(rf"[{_CJK}]")

_LAST_CLAUSE = regex.compile(r"[^.!?…,;。！？，；\n]+$")


@lru_cache(maxsize=512)
def _ends_with_period(before: str, following: str, *, language: str, fresh: bool) -> bool:
    """Return True if a period ends a sentence; `following` is the next character, empty at the end of the text."""
    word, near = _word_before(before), before[-_MAX_WORD:]
    if numeral := _NUMERAL.search(word):
        return _ends_with_numeral(numeral.group(), before, following, language=language, fresh=fresh)
    if (unit := _UNIT.search(near)) and (len(unit[1]) == 1 or unit[1].lower() in UNITS):
        if len(unit[1]) > 1 and language in NOUN_LANGUAGES and (following.isalpha() or not following):
            return False
        # 5 p. m.
        return not following.islower() and not (unit[1] in "ap" and not following)
    if word in CLOSING_ABBREVIATIONS or near.lower().endswith(CLOSING_PHRASES):
        return not following.islower()
    if word in BEFORE_NUMBERS:
        return not (following.isdigit() or (following.islower() and word in DAYS_AND_MONTHS))
    if _INITIAL.fullmatch(word):
        lettered = _LETTER.search(near)
        return before.endswith("I") or (lettered is not None and lettered[1].lower() in LETTERED)
    if _is_indian_initial(word, before, fresh=fresh):
        return False
    if not ABBREVIATIONS_BY_LANGUAGE.get(language, ABBREVIATIONS).isdisjoint((word, word.lstrip("("))):
        return False
    return not (_DOTTED.fullmatch(word) or near.lower().endswith(ABBREVIATED_PHRASES))


def _is_indian_initial(word: str, before: str, *, fresh: bool) -> bool:
    """Return True if a word is the initial of a name in an Indian script."""
    is_name = word in LETTER_NAMES
    if is_name and word not in AMBIGUOUS_LETTER_NAMES:
        return True
    if not is_name and not _INDIAN_INITIAL.fullmatch(word):
        return False
    lead = before[: len(before) - len(word)].rstrip()
    if not lead:
        return fresh
    previous = _word_before(lead[:-1]) if lead.endswith(".") else ""
    return previous in LETTER_NAMES or _INDIAN_INITIAL.fullmatch(previous) is not None


def _ends_with_numeral(numeral: str, before: str, following: str, *, language: str, fresh: bool) -> bool:
    """Return True if a number ends a sentence, and isn't a list number, an ordinal, or part of a date."""
    lead = before[: len(before) - len(numeral)].rstrip(f" {_CLOSERS}")
    if language in DATE_LANGUAGES or _HANGUL.match(following):
        if following.isdigit() or (_DATE.search(before) and following):
            return False
    if len(numeral) <= 3 and (leads_to_entry(lead) if lead else fresh):
        return False
    if language in ORDINAL_LANGUAGES:
        return len(numeral) > 2 and not following.islower()
    return len(numeral) > 2 or not following.islower()


def leads_to_entry(text: str) -> bool:
    """Return True if a number after this text may be that of a list entry."""
    lead = text.rstrip(f" {_CLOSERS}")
    if not lead.endswith("."):
        return _LEAD.match(lead[-1:]) is not None
    word = _word_before(lead[:-1])
    return not (word in ABBREVIATIONS or word in BEFORE_NUMBERS or _DOTTED.fullmatch(word))


def _word_before(text: str) -> str:
    """Return the last word of a text in lower case."""
    found = _WORD.search(text[-_MAX_WORD:])
    return found.group().lower().lstrip("'’-.,:") if found else ""


MIN_SHARE = 0.25
"""Minimum length of a clause at which to cut, as a share of the allowed length."""

_DIGITS = r"\d+(?:[.,:/．，：／]\d+|[ ]?[–—-][ ]?\d+|[ ]\d{3}(?!\d))*"

_NUMBER = regex.compile(rf"{_DIGITS}(?:[ ]?[%‰°€$£¥₹])?")
"""A number, a range or a time."""

_QUANTITY = regex.compile(rf"{_DIGITS}(?:[ ]?[\p{{L}}\p{{M}}%‰°℃℉€$£¥₹²³µ/·⋅]{{1,12}})?")
"""The same with its unit, if it follows."""

_CLAUSE = regex.compile(
    r"[,;،؛၊፣፤]['\"’”»)\]]*(?=[ ])|[ ][–—-](?=[ ])|(?<=\w)—(?=\w)|(?:[、，；﹐﹔]|——|……)[」』”’）]*"
)

_TITLES = (("《", "》"), ("『", "』"), ("〈", "〉"))

_GRAPHEME = regex.compile(r"\X")

MAX_ELEMENT = 320
"""Maximum characters of a tag with its content."""

_MAX_GRAPHEME = 32


def is_speakable(text: str) -> bool:
    """Return True if a text has a letter or a digit to speak."""
    return any(map(str.isalnum, TAG.sub("", text)))


def clause_ends(text: str) -> Iterator[int]:
    """Yield the ends of clauses, after their punctuation, outside of tags, numbers and lists of numbers.

    A colon doesn't end a clause, because the text before it is a label of what follows.
    """
    inside = _places(ELEMENT, text) | _places(_NUMBER, text)
    for found in _CLAUSE.finditer(text):
        begin, end = found.start(), found.end()
        following = text[end : end + 2].lstrip()[:1]
        # A number follows, or may follow
        in_row = text[begin - 1 : begin].isdigit() and (not following or following.isdigit())
        in_title = any(text.rfind(opener, 0, end) > text.rfind(closer, 0, end) for opener, closer in _TITLES)
        if not (end in inside or in_row or in_title):
            yield end


def cut(text: str, *, most: int, length: Callable[[str], int]) -> int:
    """Return where to cut a text that is too long: at most `most` characters, and at most that length, are before it.

    A tag or a number is only cut if it alone is too long. A number is only cut off from its unit if both together are.
    """
    reach = max(1, bisect_right(range(1, min(most, len(text)) + 1), most, key=lambda end: length(text[:end])))
    near = text[: reach + MAX_ELEMENT]
    inside = _places(ELEMENT, near) | _places(_NUMBER, near)
    clauses = [end for end in clause_ends(text[: reach + 1]) if end <= reach and end not in inside]
    if clauses and clauses[-1] >= reach * MIN_SHARE:
        return clauses[-1]
    ends = {place for place in range(1, reach + 1) if text[place] == " "}
    if not ends - inside:
        graphemes = _GRAPHEME.finditer(text, 0, reach + _MAX_GRAPHEME)
        ends = {found.end() for found in graphemes if found.end() <= reach}
    for kept in (inside | _places(_QUANTITY, near), inside):
        if ends - kept:
            return max(ends - kept)
    return reach


def _places(pattern: regex.Pattern, text: str) -> set[int]:
    """Return the positions inside the matches."""
    return {place for found in pattern.finditer(text) for place in range(found.start() + 1, found.end())}
