"""A player: plays in real time what has arrived, begins with the first sound, and stalls when it runs dry."""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from tests.emulator.codec import decode

from .frames import frames

DRY = 0.03
"""Seconds for which a player may have nothing to play before that counts as a stall: mp3 comes in frames of 24 or 26
ms, and when one has arrived is known to a frame only."""

LOUD = 300
"""From where on a sample can be heard, of 32,767."""

LONG_SILENCE = 0.5
"""Seconds of silence that no end of a sentence explains."""

_DECODED_RATE = 8000
_BLOCK = _DECODED_RATE // 100

type Chunk = tuple[float, bytes]
"""When it arrived, in seconds after the text began, and what."""


class Unheard(Exception):
    """Nothing in what arrived can be heard."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Playback:
    """What a listener heard.

    `first` is when the first sound that can be heard had arrived, in s after the text began. `stalls` lists how long
    the player was dry, each time. `seconds` is the length of the sound, `silence` what of it was silence that no end of
    a sentence explains.
    """

    first: float
    stalls: tuple[float, ...]
    seconds: float
    silence: float


def play(chunks: Sequence[Chunk], extension: str) -> Playback:
    """Play what has arrived; blocks. Raises Unheard."""
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
    """Yield, for each chunk that brought some, when it arrived and how many seconds of sound there were then."""
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
    """Yield for how long the player had nothing to play, each time."""
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
    """Return how many seconds of silence there are in long stretches, those before and behind all sound left out."""
    silent, total = 0, 0.0
    for loud in blocks[blocks.index(True) :]:
        if loud:
            if silent / 100 > LONG_SILENCE:
                total += silent / 100
            silent = 0
        else:
            silent += 1
    return total
