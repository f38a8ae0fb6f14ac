"""The kinds of sound files that are understood, recognised by what is in them: a name proves nothing."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, kw_only=True, slots=True)
class FileType:
    """A kind of sound file: what it is called, how its files may end (lower case), and ffmpeg's demuxer for it."""

    name: str
    suffixes: frozenset[str]
    demuxer: str


WAV: Final = FileType(name="wav", suffixes=frozenset({"wav", "wave"}), demuxer="wav")
MP3: Final = FileType(name="mp3", suffixes=frozenset({"mp3"}), demuxer="mp3")
FLAC: Final = FileType(name="flac", suffixes=frozenset({"flac"}), demuxer="flac")
AIFF: Final = FileType(name="aiff", suffixes=frozenset({"aiff", "aif", "aifc"}), demuxer="aiff")
M4A: Final = FileType(name="m4a", suffixes=frozenset({"m4a"}), demuxer="mov")
OGG: Final = FileType(name="ogg", suffixes=frozenset({"ogg", "oga", "opus"}), demuxer="ogg")

FILE_TYPES: Final = (WAV, MP3, FLAC, AIFF, M4A, OGG)
SUFFIXES: Final = frozenset(suffix for file_type in FILE_TYPES for suffix in file_type.suffixes)

_ID3_HEADER: Final = 10
_ID3_FOOTER_FLAG: Final = 0x10


def recognise(content: bytes) -> FileType | None:
    """Return what kind of file it is by its first bytes, None where it is none of those that are understood."""
    if content[:4] == b"RIFF" and content[8:12] == b"WAVE":
        return WAV
    if content[:4] == b"FORM" and content[8:12] in (b"AIFF", b"AIFC"):
        return AIFF
    if content[:4] == b"OggS":
        return OGG
    if content[4:8] == b"ftyp":
        return M4A
    tag = _tag_size(content)
    if content[tag : tag + 4] == b"fLaC":
        return FLAC
    return MP3 if _is_mp3_frame(content[tag : tag + 2]) else None


def _tag_size(content: bytes) -> int:
    """Return how long the ID3v2 tag is that an mp3, and by mistake a flac, may begin with."""
    if content[:3] != b"ID3" or len(content) < _ID3_HEADER:
        return 0
    size = 0
    for seven_bits in content[6:_ID3_HEADER]:
        size = size << 7 | seven_bits & 0x7F
    return _ID3_HEADER * (2 if content[5] & _ID3_FOOTER_FLAG else 1) + size


def _is_mp3_frame(start: bytes) -> bool:
    """Tell whether a frame of MPEG audio, layer 3, begins here: 11 bits set, a version that there is, the layer.

    The layer tells it from AAC in ADTS, which begins in the same way.
    """
    if len(start) < 2 or start[0] != 0xFF or start[1] & 0xE0 != 0xE0:
        return False
    return start[1] & 0x18 != 0x08 and start[1] & 0x06 == 0x02
