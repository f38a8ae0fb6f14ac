"""Length of audible speech and share of clipping in a recording.

Both process a second at a time, because a long computation would hold Python's lock and block the event loop.
"""

from collections.abc import Iterator
from typing import Final

import audioop

from .pcm import Pcm

_WINDOW_SECONDS: Final = 0.05
_WINDOWS_AT_ONCE: Final = 20
_LOUD: Final = bytes(0 if high in (0x00, 0xFF) else 1 for high in range(256))
"""By the upper byte of a sample: whether its absolute value is at least 256, which is -42 dBFS."""
_TOP: Final = bytes({0x7F: 0b01, 0x80: 0b10}.get(high, 0) for high in range(256))
_REST: Final = bytes({0xFE: 0b01, 0xFF: 0b01, 0x00: 0b10, 0x01: 0b10}.get(low, 0) for low in range(256))
"""By the upper and the lower byte of a sample: the bit that both share is the end of the scale that it's at."""
_MIN_KEPT_POWER: Final = 0.2
"""Minimum share of the louder channel's power in a mix; with one silent channel, it's a quarter."""


def heard_seconds(pcm: Pcm) -> float:
    """Return the seconds with samples above -42 dBFS, in windows of 50 ms."""
    window = max(1, round(pcm.sample_rate * _WINDOW_SECONDS))
    heard = 0
    for piece in _pieces(pcm.samples, 2 * window * _WINDOWS_AT_ONCE):
        loud = piece[1::2].translate(_LOUD)
        heard += sum(b"\x01" in loud[start : start + window] for start in range(0, len(loud), window))
    return min(pcm.seconds, heard * window / pcm.sample_rate)


def clipped_share(pcm: Pcm) -> float:
    """Return the share of samples at full scale, which only clipping causes in speech."""
    clipped = 0
    for piece in _pieces(pcm.samples, 2 * pcm.sample_rate):
        upper = int.from_bytes(piece[1::2].translate(_TOP))
        lower = int.from_bytes(piece[0::2].translate(_REST))
        clipped += (upper & lower).bit_count()
    return clipped / (len(pcm.samples) // 2)


def mono(stereo: Pcm) -> Pcm:
    """Return the mix of two channels, or the louder channel if they cancel each other out.

    A wrongly wired cable or the two microphones of a phone may record the same voice with opposite signs.
    """
    mixed = bytearray()
    left = right = both = 0
    for piece in _pieces(stereo.samples, 4 * stereo.sample_rate):
        mix = audioop.tomono(piece, 2, 0.5, 0.5)
        left += _power(audioop.tomono(piece, 2, 1, 0))
        right += _power(audioop.tomono(piece, 2, 0, 1))
        both += _power(mix)
        mixed += mix
    if both < _MIN_KEPT_POWER * max(left, right):
        del mixed[:]
        channel = (1, 0) if left >= right else (0, 1)
        for piece in _pieces(stereo.samples, 4 * stereo.sample_rate):
            mixed += audioop.tomono(piece, 2, *channel)
    return Pcm(samples=memoryview(mixed), sample_rate=stereo.sample_rate)


def _pieces(samples: memoryview, size: int) -> Iterator[bytes]:
    """Yield the samples in chunks of a size in bytes."""
    return (bytes(samples[start : start + size]) for start in range(0, len(samples), size))


def _power(samples: bytes) -> int:
    """Return the sum of the squares of the samples."""
    return audioop.rms(samples, 2) ** 2 * len(samples)
