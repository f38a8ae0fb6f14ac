"""Sound as mp3: a row of frames, each a few hundredths of a second, that can be cut and joined between any two."""

from dataclasses import dataclass
from functools import lru_cache
import re
from typing import Final, Self

from ..providers.types import Failure, ProviderError

MAX_TAG_BYTES: Final = 256 * 1024
"""What a file may tell of itself before its sound."""

MAX_NOISE_BYTES: Final = 4 * 1024
"""What may stand between two frames, or behind the last: old tags, the rest of a frame that was cut."""

_BEGINNING: Final = re.compile(rb"[\xffI]")
_TAG: Final = b"ID3"
_TAG_HEADER_BYTES: Final = 10
_TAG_HAS_FOOTER: Final = 0x10
_HEADER_BYTES: Final = 4
_CHECKSUM_BYTES: Final = 2
_INDEXES: Final = (b"Xing", b"Info")
_INDEX_OF_FRAUNHOFER: Final = b"VBRI"
_INDEX_OF_FRAUNHOFER_AT: Final = 36

_MPEG_1, _MPEG_2, _MPEG_25 = 3, 2, 0
_LAYER_3: Final = 1
_MONO: Final = 3
_NO_CHECKSUM: Final = 0x01
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
    """What the header of a frame says: samples, Hz, bit/s, bytes; `side_bytes` is what stands between it and the sound."""

    header: bytes
    samples: int
    sample_rate: int
    size: int
    side_bytes: int

    @classmethod
    def at(cls, data: bytes, at: int) -> Self | None:
        """Return the frame that begins at a place, or None where none does (ISO 11172-3 and 13818-3, layer III)."""
        return cls.of(data[at : at + _HEADER_BYTES])

    @classmethod
    @lru_cache(maxsize=64)
    def of(cls, header: bytes) -> Self | None:
        """Return what a header says, which is the same from frame to frame; None where it is none."""
        if len(header) < _HEADER_BYTES or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
            return None
        version, layer = header[1] >> 3 & 3, header[1] >> 1 & 3
        bits, rate = header[2] >> 4, header[2] >> 2 & 3
        if version not in _SAMPLE_RATES or layer != _LAYER_3 or not 0 < bits <= len(_KBIT_1) or rate == 3:
            return None
        sample_rate = _SAMPLE_RATES[version][rate]
        samples = 1152 if version == _MPEG_1 else 576
        bit_rate = 1000 * (_KBIT_1 if version == _MPEG_1 else _KBIT_2)[bits - 1]
        mono = header[3] >> 6 == _MONO
        return cls(
            header=header,
            samples=samples,
            sample_rate=sample_rate,
            size=samples // 8 * bit_rate // sample_rate + (header[2] & _PADDED != 0),
            side_bytes=(17 if mono else 32) if version == _MPEG_1 else (9 if mono else 17),
        )

    @property
    def seconds(self) -> float:
        """Return how long it plays."""
        return self.samples / self.sample_rate

    @property
    def silent(self) -> bytes:
        """Return a frame of silence between frames like this one: it says that nothing follows its header."""
        header = bytearray(self.header)
        header[1] |= _NO_CHECKSUM
        header[2] &= ~_PADDED
        return bytes(header) + bytes(self.size - (self.header[2] & _PADDED != 0) - _HEADER_BYTES)

    def goes_with(self, other: Frame) -> bool:
        """Tell whether two frames may be of the same sound."""
        return self is other or (self.samples, self.sample_rate) == (other.samples, other.sample_rate)

    def is_index(self, whole: bytes) -> bool:
        """Tell whether the whole frame has no sound, but the length of a file that it was the first of."""
        checksum = 0 if self.header[1] & _NO_CHECKSUM else _CHECKSUM_BYTES
        index = _HEADER_BYTES + checksum + self.side_bytes
        return whole[index : index + 4] in _INDEXES or whole.startswith(_INDEX_OF_FRAUNHOFER, _INDEX_OF_FRAUNHOFER_AT)


class FrameStream:
    """Makes of pieces of any length whole frames, without what a file tells of itself.

    A title, a cover or an index of lengths is true of one file; of sound that is joined from several it would be a lie,
    and a player would believe it. What is cut within a frame loses that frame.
    """

    def __init__(self) -> None:
        """Wait for the first frame."""
        self._data = b""
        self._tag_left = 0
        self._noise = 0
        self._newest: Frame | None = None

    @property
    def sample_rate(self) -> int | None:
        """Return the rate of the frames in Hz, None before the first."""
        return None if self._newest is None else self._newest.sample_rate

    def feed(self, piece: bytes) -> bytes:
        """Return the whole frames that are complete with this piece; raises BROKEN where it is no mp3."""
        self._data += piece
        runs: list[slice] = []
        at = 0
        while (step := self._step(at, runs)) > 0:
            at += step
        frames = b"".join(map(self._data.__getitem__, runs))
        self._data = self._data[at:]
        return frames

    def end(self) -> bytes:
        """Return nothing, since a frame that is not whole can't be played; raises BROKEN where there was none at all."""
        if self._newest is None and (self._data or self._noise or self._tag_left):
            raise ProviderError(Failure.BROKEN, code="mp3")
        return b""

    def _step(self, at: int, runs: list[slice]) -> int:
        """Take the next frame, or pass over what is none; return how many bytes that was, 0 where more have to come.

        Frames that follow each other are one run.
        """
        data = self._data
        known = len(data) - at
        if self._tag_left:
            passed = min(self._tag_left, known)
            self._tag_left -= passed
            return passed
        if known < _TAG_HEADER_BYTES:
            return 0
        if data.startswith(_TAG, at):
            self._tag_left = _tag_bytes(data, at)
            return self._step(at, runs)
        frame = Frame.at(data, at)
        if frame is None or (self._newest is not None and not frame.goes_with(self._newest)):
            return self._pass_over(data, at)
        if known < frame.size:
            return 0
        if self._noise and (following := self._following(at + frame.size)) is not True:
            # Among noise only two frames in a row are believed
            return 0 if following is None else self._pass_over(data, at)
        end = at + frame.size
        if self._newest is not None or not frame.is_index(data[at:end]):
            begin = runs.pop().start if runs and runs[-1].stop == at else at
            runs.append(slice(begin, end))
        self._newest = frame
        self._noise = 0
        return frame.size

    def _following(self, at: int) -> bool | None:
        """Tell whether a frame begins at a place, None where that is not known yet."""
        if len(self._data) - at < _HEADER_BYTES:
            return None
        return Frame.at(self._data, at) is not None

    def _pass_over(self, data: bytes, at: int) -> int:
        """Return how far it is to where a frame or a tag might begin."""
        candidate = _BEGINNING.search(data, at + 1)
        passed = (len(data) if candidate is None else candidate.start()) - at
        self._noise += passed
        if self._noise > MAX_NOISE_BYTES:
            raise ProviderError(Failure.BROKEN, code="mp3")
        return passed


def _tag_bytes(data: bytes, at: int) -> int:
    """Return how long a tag (ID3v2) is; raises BROKEN where it is longer than sense."""
    size = 0
    for byte in data[at + 6 : at + _TAG_HEADER_BYTES]:
        size = size << 7 | byte & 0x7F
    size += _TAG_HEADER_BYTES * (2 if data[at + 5] & _TAG_HAS_FOOTER else 1)
    if size > MAX_TAG_BYTES:
        raise ProviderError(Failure.BROKEN, code="mp3")
    return size
