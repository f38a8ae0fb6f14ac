"""A player: plays the audio in real time from the first audible sample on, and stalls when its buffer is empty."""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from tests.emulator.codec import decode

from .frames import frames

DRY = 0.03
"""Seconds with an empty buffer that don't count as a stall: MP3 comes in frames of 24 or 26 ms, and the arrival time is
only known to a frame."""

LOUD = 300
"""Absolute value from which on a sample is audible, of 32,767."""

LONG_SILENCE = 0.5
"""Seconds of silence that are longer than the pause at the end of a sentence."""

_DECODED_RATE = 8000
_BLOCK = _DECODED_RATE // 100

type Chunk = tuple[float, bytes]
"""Arrival time in seconds after the start of the text, and the bytes."""


class Unheard(Exception):
    """The audio has no audible sample."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Playback:
    """The evaluation of the audio that a player received.

    `first` is the arrival time of the first audible sample, in s after the start of the text. `stalls` has the duration
    of each stall. `seconds` is the length of the audio, `silence` the part of it that is silence longer than the pause
    at the end of a sentence.
    """

    first: float
    stalls: tuple[float, ...]
    seconds: float
    silence: float


def play(chunks: Sequence[Chunk], extension: str) -> Playback:
    """Play the audio; blocks. Raises Unheard."""
    audio = b"".join(data for _, data in chunks)
    try:
        heard = array("h", decode(audio, _DECODED_RATE).pcm) if audio else array("h")
    except ValueError as error:
        raise Unheard(f"{len(audio)} bytes are no {extension}") from error
    blocks = [max(map(abs, heard[start : start + _BLOCK])) >= LOUD for start in range(0, len(heard), _BLOCK)]
    if True not in blocks:
        raise Unheard(f"{len(audio)} bytes of {extension} are silent")
    begins = blocks.index(True) / 100
    arrivals = list(_arrivals(chunks, audio, extension))
    first = next((moment for moment, until in arrivals if until > begins), arrivals[-1][0])
    return Playback(
        first=first,
        stalls=tuple(_stalls(arrivals, first, begins)),
        seconds=arrivals[-1][1],
        silence=_silence(blocks),
    )


def _arrivals(chunks: Sequence[Chunk], audio: bytes, extension: str) -> Iterator[tuple[float, float]]:
    """Yield the arrival time of each chunk and the seconds of audio up to there."""
    ends = list(accumulate(len(data) for _, data in chunks))
    number, seconds, before = 0, 0.0, 0.0
    for _, end, duration in frames(audio, extension):
        while ends[number] < end:
            if seconds > before:
                yield chunks[number][0], seconds
                before = seconds
            number += 1
        seconds += duration
    yield chunks[number][0], seconds


def _stalls(arrivals: Sequence[tuple[float, float]], first: float, begins: float) -> Iterator[float]:
    """Yield the duration of each stall."""
    dry_at = first
    before = begins
    for moment, until in arrivals:
        if moment > dry_at:
            if moment - dry_at > DRY:
                yield moment - dry_at
            dry_at = moment
        if until > before:
            dry_at += until - before
            before = until


def _silence(blocks: Sequence[bool]) -> float:
    """Return the seconds of long silence, without the silence before and after all speech."""
    silent, total = 0, 0.0
    for loud in blocks[blocks.index(True) :]:
        if loud:
            if silent / 100 > LONG_SILENCE:
                total += silent / 100
            silent = 0
        else:
            silent += 1
    return total
