"""The header of an mp3 frame (ISO 11172-3 and 13818-3, layer III)."""

from dataclasses import dataclass
from typing import Final, Self

_HEADER_BYTES: Final = 4
_MPEG_1, _MPEG_2, _MPEG_25 = 3, 2, 0
_LAYER_3: Final = 1
_PADDED: Final = 0x02
_SAMPLE_RATES: Final = {
    _MPEG_1: (44100, 48000, 32000),
    _MPEG_2: (22050, 24000, 16000),
    _MPEG_25: (11025, 12000, 8000),
}
_KBIT_1: Final = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KBIT_2: Final = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """What a header says: samples, sample rate in Hz, size in bytes with the header."""

    samples: int
    sample_rate: int
    size: int

    @classmethod
    def of(cls, header: bytes) -> Self | None:
        """Return what four bytes say, or None if they are no header."""
        if len(header) < _HEADER_BYTES or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
            return None
        version, layer = header[1] >> 3 & 3, header[1] >> 1 & 3
        bits, rate = header[2] >> 4, header[2] >> 2 & 3
        if version not in _SAMPLE_RATES or layer != _LAYER_3 or not 0 < bits <= len(_KBIT_1) or rate == 3:
            return None
        sample_rate = _SAMPLE_RATES[version][rate]
        samples = 1152 if version == _MPEG_1 else 576
        bit_rate = 1000 * (_KBIT_1 if version == _MPEG_1 else _KBIT_2)[bits - 1]
        size = samples // 8 * bit_rate // sample_rate + (header[2] & _PADDED != 0)
        return cls(samples=samples, sample_rate=sample_rate, size=size)

    def goes_with(self, other: Frame) -> bool:
        """Return True if two frames may belong to the same audio."""
        return (self.samples, self.sample_rate) == (other.samples, other.sample_rate)
