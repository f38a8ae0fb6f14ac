"""Where sentences end, by `sentence-stream`; it is shown a mask of the text that tells it what it doesn't know.

It knows the enders of many scripts, the quotes behind them, and that an upper-case letter begins a sentence. It doesn't
know sentences that begin in lower case or with a digit, and takes `Yes.` for an abbreviation but `approx.` for an end.
"""

import regex
from sentence_stream import SentenceBoundaryDetector

from .abbreviations import ABBREVIATED_PHRASES, ABBREVIATIONS, BEFORE_NUMBERS, CLOSING_ABBREVIATIONS, ORDINAL_LANGUAGES
from .limit import ELEMENT

ENDER = regex.compile("[.!?…؟।॥。！？｡．۔።။។៕։‼⁇⁈⁉]")
"""Without one of these no sentence ends."""

_ENDERS = ".!?…؟"

_CJK_ENDERS = "。！？"

_CLOSERS = "'\")\\]}‘’“”«»‹›」』）》】〕〉"

_CJK = r"\p{Han}\p{Hiragana}\p{Katakana}"

_CANDIDATE = regex.compile(
    rf"(?P<enders>[{_ENDERS}]+)(?P<closers>(?:[ ][»›]|[{_CLOSERS}])*)(?=[ ]+(?P<next>\S)|(?P<tag><)[a-z])"
)

# What the detector doesn't know, as something that it knows; a danda needs no space behind it, like CJK enders
_LIKENESSES = str.maketrans("｡।॥።။។៕．۔։‼⁇⁈⁉*", "。。。。。。。.??!??!x")

_UNSPACED = (
    (regex.compile(rf"[!?](?=[{_CLOSERS}]*[{_CJK}])"), "！"),
    (regex.compile(rf"(?<=[{_CJK}])\.(?=[{_CJK}])"), "。"),
    (regex.compile(rf"(?<=[{_CJK_ENDERS}][{_ENDERS}]*)[{_ENDERS}]"), "！"),
    (regex.compile(rf"(?<=[{_CJK_ENDERS}][{_CLOSERS}]*)[{_CLOSERS}]"), "」"),
    # A Japanese quotation goes on behind its end: 「はい。」と言った
    (regex.compile(rf"[{_CJK_ENDERS}](?=」+[とっ])"), "、"),
)

_WORD = regex.compile(r"[\p{L}\p{M}\p{N}.,:'’-]+$")

_MAX_WORD = 40

_DOTTED = regex.compile(r"(?:\p{L}\p{M}*\.)+\p{L}\p{M}*")

_INITIAL = regex.compile(r"[\p{Lu}\p{Ll}]\p{M}*")

_NUMERAL = regex.compile(r"\d[\d.,:]*")

_LEAD = regex.compile(rf"[{_ENDERS}{_CJK_ENDERS}:;]")

_FINISHED = regex.compile(rf"(?P<enders>(?:{ENDER.pattern}|[:：])+)(?:[ ][»›]|[{_CLOSERS}])*$")


def sentence_ends(text: str, *, language: str | None, fresh: bool) -> list[int]:
    """Return the ends of the sentences in a line of clean text that are certain, whatever may follow.

    `fresh` says that the text begins with a sentence.
    """
    mask = _mask(text, language=(language or "").partition("-")[0].lower(), fresh=fresh)
    ends, end = [], 0
    for sentence in SentenceBoundaryDetector().add_chunk(mask):
        while mask[end] == " ":
            end += 1
        end += len(sentence)
        ends.append(end)
    return ends


def is_finished(text: str) -> bool:
    """Tell whether a text ends like a sentence behind which nothing needs to follow."""
    if (found := _FINISHED.search(text)) is None:
        return False
    before, enders = text[: found.start()], found["enders"]
    if enders in ":：":
        return not before[-1:].isdigit()
    if enders != ".":
        return True
    word = _word_before(before)
    if word in BEFORE_NUMBERS or word in CLOSING_ABBREVIATIONS:
        return True
    return not _NUMERAL.fullmatch(word) and _ends_with_period(before, "", language="", fresh=True)


def _mask(text: str, *, language: str, fresh: bool) -> str:
    """Return a text of the same length with enders only where sentences end, and beginnings that are seen as such."""
    likeness = text.translate(_LIKENESSES)
    for element in ELEMENT.finditer(likeness):
        likeness = f"{likeness[: element.start()]}<{'a' * (len(element.group()) - 1)}{likeness[element.end() :]}"
    for pattern, sign in _UNSPACED:
        likeness = pattern.sub(sign, likeness)
    mask = list(likeness)
    for found in _CANDIDATE.finditer(likeness):
        first, last = found.start("enders"), found.end("enders") - 1
        mask[first:last] = "、" * (last - first)
        if not _ends(likeness, found, language=language, fresh=fresh):
            mask[last] = "、"
            continue
        mask[last] = "!"
        mask[last + 1 : found.end("closers")] = '"' * len(found["closers"])
        begin = found.start("tag") if found["tag"] else found.start("next")
        if found["tag"]:
            # The detector wants a space behind an ender
            mask[begin] = " "
            begin += 1
        mask[begin] = "A"
    # The detector takes any ellipsis for an end; most are pauses, and what follows has told the others
    return "".join(mask).replace("…", "、")


def _ends(text: str, found: regex.Match, *, language: str, fresh: bool) -> bool:
    """Tell whether enders that something follows end a sentence."""
    following, enders = found["next"] or "<", found["enders"]
    if ENDER.match(following):
        return False
    if following.islower() and (found["closers"] or enders[0] == "…" or enders.startswith("..")):
        return False
    if enders != ".":
        return True
    return _ends_with_period(text[: found.start()], following, language=language, fresh=fresh)


def _ends_with_period(before: str, following: str, *, language: str, fresh: bool) -> bool:
    word = _word_before(before)
    if _NUMERAL.fullmatch(word):
        return _ends_with_numeral(word, before, following, language=language, fresh=fresh)
    if word in CLOSING_ABBREVIATIONS:
        return not following.islower()
    if word in BEFORE_NUMBERS:
        return not following.isdigit()
    if _INITIAL.fullmatch(word):
        return before.endswith("I")
    phrase = before[-_MAX_WORD:].lower()
    return not (word in ABBREVIATIONS or _DOTTED.fullmatch(word) or phrase.endswith(ABBREVIATED_PHRASES))


def _ends_with_numeral(word: str, before: str, following: str, *, language: str, fresh: bool) -> bool:
    """Tell the number of a list's entry and an ordinal from a number that ends a sentence."""
    lead = before[: len(before) - len(word)].rstrip(f" {_CLOSERS}")
    if len(word) <= 3 and (leads_to_entry(lead) if lead else fresh):
        return False
    if language in ORDINAL_LANGUAGES:
        return len(word) > 2 and not following.islower()
    return len(word) > 2 or not following.islower()


def leads_to_entry(text: str) -> bool:
    """Tell whether a text ends so that a number behind it may be that of a list's entry."""
    lead = text.rstrip(f" {_CLOSERS}")
    if not lead.endswith("."):
        return _LEAD.match(lead[-1:]) is not None
    word = _word_before(lead[:-1])
    return not (word in ABBREVIATIONS or word in BEFORE_NUMBERS or _DOTTED.fullmatch(word))


def _word_before(text: str) -> str:
    """Return the word at the end of a text, in lower case."""
    found = _WORD.search(text[-_MAX_WORD:])
    return found.group().lower().lstrip("'’-.,:") if found else ""
