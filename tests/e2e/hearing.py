"""What should be heard, and how like it is what was heard."""

from array import array
from collections.abc import Sequence
from itertools import chain, groupby

import pytest

from tests.emulator.sound import tone

from .conftest import Provider
from .instance import Heard

_LONGER = 0.3
"""Seconds that encoders add at the ends of each request, of which an answer takes three."""
_LOUDER = 0.2
"""Of its energy that a lossy encoder may take, add or shift; a tone that jumps at each character asks much of it."""
_PARTS = 4
_SILENT = 200
_PAUSE_PIECES = 5
_FADED = 24000 // 200
"""Samples in which what breaks off is faded out."""


def tone_of(message: str, provider: Provider, sample_rate: int) -> bytes:
    """Return the samples that a provider makes of a message."""
    return tone(message, sample_rate, voice=provider.voice_id)


def assert_same_sound(heard: Heard, pcm: bytes, sample_rate: int) -> None:
    """Assert that what was heard, in whatever format, is as long and as loud as the samples, in each part of it.

    Where the machine is so busy that audio is late, it is longer: a player that waits is given silence.
    """
    assert (heard.status, heard.broken) == (200, False), f"status {heard.status}, broken: {heard.broken}"
    decoded = heard.decoded(sample_rate).pcm
    if _seconds_longer(decoded, pcm, sample_rate) > _LONGER:
        assert_same_words(heard, pcm, sample_rate)
    else:
        _assert_alike(decoded, pcm, sample_rate)


def assert_same_words(heard: Heard, pcm: bytes, sample_rate: int) -> None:
    """Assert the same, silence excepted."""
    assert not heard.broken
    _assert_alike(
        _audible(heard.decoded(sample_rate).pcm, sample_rate), _audible(pcm, sample_rate), sample_rate, shorter=0.1
    )


def _assert_alike(pcm: bytes, wanted: bytes, sample_rate: int, *, shorter: float = 0.01) -> None:
    longer = _seconds_longer(pcm, wanted, sample_rate)
    assert -shorter <= longer <= _LONGER, f"{longer:+.2f} s longer than {len(wanted) / 2 / sample_rate:.2f} s"
    loud = pytest.approx(_energies(wanted, len(wanted)), rel=_LOUDER)
    # What an encoder adds may be at the beginning, which is much of a part of a short sound.
    delays = range(0, max(0, len(pcm) - len(wanted)) + 1, sample_rate // 100 * 2)
    heard = [_energies(pcm[delay:], len(wanted)) for delay in delays]
    assert any(energies == loud for energies in heard), f"energies {heard[0]} to {heard[-1]} instead of {loud}"


def _seconds_longer(pcm: bytes, wanted: bytes, sample_rate: int) -> float:
    return len(pcm) / 2 / sample_rate - len(wanted) / 2 / sample_rate


def _audible(pcm: bytes, sample_rate: int) -> bytes:
    """Return the sound without what is as good as silent for 50 ms or more: an encoder fills what is shorter."""
    size = sample_rate // 100 * 2
    pieces = [pcm[start : start + size] for start in range(0, len(pcm) - size + 1, size)]
    runs = [(loud, list(run)) for loud, run in groupby(pieces, lambda piece: max(array("h", piece)) > _SILENT)]
    return b"".join(chain.from_iterable(run for loud, run in runs if loud or len(run) < _PAUSE_PIECES))


def sounding(pcm: bytes) -> array[int]:
    """Return the samples without silence, be it the pause of a sentence or one that was put in."""
    return array("h", [sample for sample in array("h", pcm) if sample])


def assert_said(pcm: bytes, wanted: bytes) -> None:
    """Assert that the samples are those wanted, one behind the other, silence excepted."""
    assert sounding(pcm) == sounding(wanted)


def assert_said_with_one_break(pcm: bytes, parts: Sequence[bytes], again: Sequence[bytes] | None = None) -> None:
    """Assert that all parts are there, in order, and that at most one of them starts twice: it breaks off first.

    `again` are the parts in the voice of who spoke on from the break.
    """
    heard = sounding(pcm)
    for broken in range(len(parts)):
        before = sounding(b"".join(parts[:broken]))
        after = sounding(b"".join((again or parts)[broken:]))
        piece = heard[len(before) : len(heard) - len(after)]
        begun = piece[:-_FADED]
        if heard == before + piece + after and begun == sounding(parts[broken])[: len(begun)]:
            return
    raise AssertionError("a part is missing, doubled, or out of order")


def longest_gap(heard: Heard, sample_rate: int) -> float:
    """Return for how long a player would have been without sound in the middle, in seconds.

    It plays WAV at real time.
    """
    dry = 0.0
    filled_until = heard.first
    for time, chunk in heard.chunks:
        dry = max(dry, time - filled_until)
        filled_until = max(filled_until, time) + len(chunk) / 2 / sample_rate
    return dry


def _energies(pcm: bytes, size: int) -> list[float]:
    """Return the sum of the squares of the samples, in each of some parts of a sound of that size."""
    samples = array("h", pcm[: len(pcm) // 2 * 2])
    length = size // 2 // _PARTS
    return [float(sum(sample**2 for sample in samples[part * length : (part + 1) * length])) for part in range(_PARTS)]
