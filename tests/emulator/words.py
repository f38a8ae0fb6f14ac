"""Which words of a text are spoken, and when (docs/dev/protocols.md A6)."""

from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
import re
from sys import byteorder
import unicodedata

from .sound import Sound

_TAG = re.compile(r"<[^<>]*>")
_BETWEEN_BLANKS = re.compile(r"\S+")
_SILENT = 200
"""Of a sample's 32768."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TimedWord:
    """A word, and when it begins and ends, in seconds."""

    word: str
    start: float
    end: float


def without_markup(text: str) -> str:
    """Return the text with blanks where its tags are, so that every word stays where it is written."""
    return _TAG.sub(lambda tag: " " * len(tag[0]), text)


def timed_words(text: str, sound: Sound, starts: Mapping[int, float]) -> list[TimedWord]:
    """Return the words of the text with their times: each ends with silence, or with the next word.

    `starts` has the start times by offsets in the text; a missing one is that of the next word.
    """
    words = list(_words(without_markup(text)))
    begins = [_begin(place, place + len(word), starts, sound.duration) for place, word in words]
    for index in range(len(begins) - 1, 0, -1):
        begins[index - 1] = min(begins[index - 1], begins[index])
    samples = array("h", sound.pcm)
    if byteorder == "big":
        samples.byteswap()
    return [
        TimedWord(word=word, start=start, end=_end(samples, sound.sample_rate, start, following))
        for (_, word), start, following in zip(words, begins, [*begins, sound.duration][1:], strict=True)
    ]


def _words(text: str) -> Iterator[tuple[int, str]]:
    """Yield where each word is written, and the word without the punctuation around it."""
    for found in _BETWEEN_BLANKS.finditer(text):
        spoken = [index for index, character in enumerate(found[0]) if unicodedata.category(character)[0] not in "PS"]
        if spoken:
            yield found.start() + spoken[0], found[0][spoken[0] : spoken[-1] + 1]


def _begin(first: int, behind: int, starts: Mapping[int, float], latest: float) -> float:
    """Return when the word at that place begins: speech may have several for it, and none where it says nothing."""
    within = [start for place, start in starts.items() if first <= place < behind]
    return min(within) if within else min((start for place, start in starts.items() if place >= behind), default=latest)


def _end(samples: array[int], sample_rate: int, start: float, following: float) -> float:
    """Return when it is silent between the two for good."""
    first, last = round(start * sample_rate), min(round(following * sample_rate), len(samples))
    while last > first and abs(samples[last - 1]) < _SILENT:
        last -= 1
    return last / sample_rate if last > first else start
