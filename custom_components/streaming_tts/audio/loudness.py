"""How much of a recording can be heard, and how much of it was too loud for the microphone. Pure, and fast enough."""

from typing import Final

from ..cloning.decode import Pcm

_WINDOW_SECONDS: Final = 0.05
_LOUD: Final = bytes(0 if high in (0x00, 0xFF) else 1 for high in range(256))
"""By the upper byte of a sample: whether it is 256 or more away from zero, which is -42 dB of full scale."""
_TOP: Final = bytes({0x7F: 0b01, 0x80: 0b10}.get(high, 0) for high in range(256))
_REST: Final = bytes({0xFE: 0b01, 0xFF: 0b01, 0x00: 0b10, 0x01: 0b10}.get(low, 0) for low in range(256))
"""By the upper and the lower byte of a sample: the bit that both have is the end of the scale that it is at."""


def heard_seconds(pcm: Pcm) -> float:
    """Return for how long there is anything louder than -42 dB of full scale, in windows of 50 ms."""
    loud = pcm.samples[1::2].translate(_LOUD)
    window = max(1, round(pcm.sample_rate * _WINDOW_SECONDS))
    heard = sum(b"\x01" in loud[start : start + window] for start in range(0, len(loud), window))
    return min(pcm.seconds, heard * window / pcm.sample_rate)


def clipped_share(pcm: Pcm) -> float:
    """Return what share of the samples is at full scale: in speech only where it was cut off there."""
    upper = int.from_bytes(pcm.samples[1::2].translate(_TOP))
    lower = int.from_bytes(pcm.samples[0::2].translate(_REST))
    return (upper & lower).bit_count() / (len(pcm.samples) // 2)
