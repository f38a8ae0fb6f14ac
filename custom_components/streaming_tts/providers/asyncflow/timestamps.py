"""When each word is said, as AsyncFlow tells it (docs/protocols.md A6)."""

from collections.abc import Mapping

from ..capabilities import TimedWord
from ..transport.json_values import mapping
from ..types import Failure, ProviderError

MAX_WORDS = 20_000
"""More than any text has that is spoken in one request."""
_LONGEST = 24 * 3600 * 1000
"""Milliseconds that a word may be away from the beginning: more is no time."""


def timed_words(answer: Mapping[str, object]) -> tuple[TimedWord, ...]:
    """Return the words of an answer; raises BROKEN where its three lists do not belong together."""
    alignment = mapping(answer.get("alignment"))
    match [alignment.get(key) for key in ("words", "word_start_times_milliseconds", "word_end_times_milliseconds")]:
        case [list() as words, list() as starts, list() as ends] if len(words) == len(starts) == len(ends) <= MAX_WORDS:
            return tuple(map(_timed_word, words, starts, ends))
    raise ProviderError(Failure.BROKEN, code="alignment")


def _timed_word(word: object, start: object, end: object) -> TimedWord:
    """Return a word; one that ends before it begins is said in no time."""
    if not isinstance(word, str):
        raise ProviderError(Failure.BROKEN, code="alignment")
    begun = _milliseconds(start)
    return TimedWord(word=word, start=begun, end=max(begun, _milliseconds(end)))


def _milliseconds(value: object) -> int:
    """Return a time; raises BROKEN for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LONGEST:
        raise ProviderError(Failure.BROKEN, code="alignment")
    return round(value)
