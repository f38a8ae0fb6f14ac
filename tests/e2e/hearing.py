"""Compare audio with the expected samples."""

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
"""Share of the energy that a lossy encoder may remove, add, or shift; test tones that jump need much."""
_PARTS = 4
_SILENT = 200
_PAUSE_PIECES = 5
_FADED = 24000 // 200
"""Samples of the fade-out at a break."""


def tone_of(message: str, provider: Provider, sample_rate: int) -> bytes:
    """Return the samples that a provider generates for a message."""
    return tone(message, sample_rate, voice=provider.voice_id)


def assert_same_sound(heard: Heard, pcm: bytes, sample_rate: int) -> None:
    """Assert that decoded audio is as long and as loud as the samples, in each part.

    It may be longer if audio was late on a busy machine, because a waiting player gets silence.
    """
    assert (heard.status, heard.broken) == (200, False), f"status {heard.status}, broken: {heard.broken}"
    decoded = heard.decoded(sample_rate).pcm
    if _seconds_longer(decoded, pcm, sample_rate) > _LONGER:
        assert_same_words(heard, pcm, sample_rate)
    else:
        _assert_alike(decoded, pcm, sample_rate)


def assert_same_words(heard: Heard, pcm: bytes, sample_rate: int) -> None:
    """Assert the same, ignoring silence."""
    assert not heard.broken
    _assert_alike(
        _audible(heard.decoded(sample_rate).pcm, sample_rate), _audible(pcm, sample_rate), sample_rate, shorter=0.1
    )


def _assert_alike(pcm: bytes, wanted: bytes, sample_rate: int, *, shorter: float = 0.01) -> None:
    longer = _seconds_longer(pcm, wanted, sample_rate)
    assert -shorter <= longer <= _LONGER, f"{longer:+.2f} s longer than {len(wanted) / 2 / sample_rate:.2f} s"
    loud = pytest.approx(_energies(wanted, len(wanted)), rel=_LOUDER)
    # Added silence may be at the beginning, which matters in short audio
    delays = range(0, max(0, len(pcm) - len(wanted)) + 1, sample_rate // 100 * 2)
    heard = [_energies(pcm[delay:], len(wanted)) for delay in delays]
    assert any(energies == loud for energies in heard), f"energies {heard[0]} to {heard[-1]} instead of {loud}"


def _seconds_longer(pcm: bytes, wanted: bytes, sample_rate: int) -> float:
    return len(pcm) / 2 / sample_rate - len(wanted) / 2 / sample_rate


def _audible(pcm: bytes, sample_rate: int) -> bytes:
    """Return the audio without silence of 50 ms or more: encoders fill shorter silence."""
    size = sample_rate // 100 * 2
    pieces = [pcm[start : start + size] for start in range(0, len(pcm) - size + 1, size)]
    runs = [(loud, list(run)) for loud, run in groupby(pieces, lambda piece: max(array("h", piece)) > _SILENT)]
    return b"".join(chain.from_iterable(run for loud, run in runs if loud or len(run) < _PAUSE_PIECES))


def sounding(pcm: bytes) -> array[int]:
    """Return the samples without silence."""
    return array("h", [sample for sample in array("h", pcm) if sample])


def assert_said(pcm: bytes, wanted: bytes) -> None:
    """Assert that the samples are the expected ones in order, ignoring silence."""
    assert sounding(pcm) == sounding(wanted)


def assert_said_with_one_break(pcm: bytes, parts: Sequence[bytes], again: Sequence[bytes] | None = None) -> None:
    """Assert that all parts are in order, and that at most one starts twice after it was interrupted.

    `again` has the parts spoken by the voice that continued after the break.
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
    """Return the seconds that a player would have stalled.

    It plays WAV in real time.
    """
    dry = 0.0
    filled_until = heard.first
    for time, chunk in heard.chunks:
        dry = max(dry, time - filled_until)
        filled_until = max(filled_until, time) + len(chunk) / 2 / sample_rate
    return dry


def _energies(pcm: bytes, size: int) -> list[float]:
    """Return the energy in each part of an audio of that size."""
    samples = array("h", pcm[: len(pcm) // 2 * 2])
    length = size // 2 // _PARTS
    return [float(sum(sample**2 for sample in samples[part * length : (part + 1) * length])) for part in range(_PARTS)]
