"""Supported audio file types, recognized by their content. Names and media types are not trusted."""

from dataclasses import dataclass
import io
import re
from typing import BinaryIO, Final

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
class FileType:
    """An audio file type: its name, usual file name suffixes (lower case), ffmpeg demuxer, and media type."""

    name: str
    suffixes: tuple[str, ...]
    demuxer: str
    content_type: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Recognized:
    """The type of a file, and the offset in bytes of its audio after tags and junk."""

    file_type: FileType
    offset: int


WAV: Final = FileType(name="wav", suffixes=("wav", "wave"), demuxer="wav", content_type="audio/wav")
MP3: Final = FileType(name="mp3", suffixes=("mp3",), demuxer="mp3", content_type="audio/mpeg")
FLAC: Final = FileType(name="flac", suffixes=("flac",), demuxer="flac", content_type="audio/flac")
AIFF: Final = FileType(name="aiff", suffixes=("aiff", "aif", "aifc"), demuxer="aiff", content_type="audio/aiff")
M4A: Final = FileType(
    name="m4a", suffixes=("m4a", "mp4", "qta", "mov", "3gp", "3g2"), demuxer="mov", content_type="audio/mp4"
)
OGG: Final = FileType(name="ogg", suffixes=("ogg", "oga", "opus"), demuxer="ogg", content_type="audio/ogg")
AAC: Final = FileType(name="aac", suffixes=("aac",), demuxer="aac", content_type="audio/aac")
WEBM: Final = FileType(name="webm", suffixes=("webm", "weba", "mka"), demuxer="matroska", content_type="audio/webm")

FILE_TYPES: Final = (WAV, MP3, FLAC, AIFF, M4A, OGG, AAC, WEBM)
SUFFIXES: Final = frozenset(suffix for file_type in FILE_TYPES for suffix in file_type.suffixes)

MAX_JUNK_BYTES: Final = 64 * 1024
"""The largest distance of the first MP3 or AAC frame from the tags."""
MAX_TAGS: Final = 16

_CHAINED_FRAMES: Final = 3
"""Consecutive frames that identify a stream. A single frame header may occur by chance."""
_MAX_FRAME_BYTES: Final = 8192
_MAGIC_BYTES: Final = 12
_MAGIC: Final = (
    (WAV, re.compile(rb"(?s)(?:RIFF|RF64)....WAVE")),
    (AIFF, re.compile(rb"(?s)FORM....AIF[FC]")),
    (OGG, re.compile(rb"OggS")),
    (FLAC, re.compile(rb"fLaC")),
    (WEBM, re.compile(rb"\x1a\x45\xdf\xa3")),  # EBML: Matroska, of which webm is a part
    (M4A, re.compile(rb"(?s)....(?:ftyp|moov|mdat|wide)")),  # The boxes of QuickTime
)
_ID3_HEADER_BYTES: Final = 10
_ID3_FOOTER_FLAG: Final = 0x10
_APE_TAG: Final = b"APETAGEX"
_APE_HEADER_BYTES: Final = 32
_ADTS_HEADER_BYTES: Final = 7


def recognize(content: bytes) -> FileType | None:
    """Return the type of an audio file, or None if it is not supported."""
    found = recognize_file(io.BytesIO(content))
    return None if found is None else found.file_type


def recognize_file(file: BinaryIO) -> Recognized | None:
    """Return the type of an open audio file, and where its audio begins. Blocking.

    Like players, this skips any number of ID3v2 and APE tags and zeros, and junk before the first frame of an MP3.
    """
    file.seek(0)
    if (file_type := _by_magic(file.read(_MAGIC_BYTES))) is not None:
        return Recognized(file_type=file_type, offset=0)
    offset = _behind_tags(file)
    file.seek(offset)
    beginning = file.read(MAX_JUNK_BYTES + _CHAINED_FRAMES * _MAX_FRAME_BYTES)
    if (file_type := _by_magic(beginning[:_MAGIC_BYTES])) is not None:
        return Recognized(file_type=file_type, offset=offset)
    at = beginning.find(0xFF)
    while 0 <= at < MAX_JUNK_BYTES:
        if (file_type := _by_frames(beginning, at)) is not None:
            return Recognized(file_type=file_type, offset=offset + at)
        at = beginning.find(0xFF, at + 1)
    return None


def _by_magic(beginning: bytes) -> FileType | None:
    """Return the type of a file that is identified by its first bytes."""
    return next((file_type for file_type, magic in _MAGIC if magic.match(beginning)), None)


def _behind_tags(file: BinaryIO) -> int:
    """Return the offset after the tags at the start of a file, and the zeros between them."""
    offset = 0
    for _ in range(MAX_TAGS):
        file.seek(offset)
        beginning = file.read(MAX_JUNK_BYTES)
        zeros = len(beginning) - len(beginning.lstrip(b"\0"))
        tag = _tag_bytes(beginning[zeros : zeros + _APE_HEADER_BYTES])
        if not zeros and not tag:
            break
        offset += zeros + tag
    return offset


def _tag_bytes(beginning: bytes) -> int:
    """Return the length of the ID3v2 or APE tag that begins here, or 0."""
    if beginning.startswith(b"ID3") and len(beginning) >= _ID3_HEADER_BYTES:
        size = 0
        for seven_bits in beginning[6:_ID3_HEADER_BYTES]:
            size = size << 7 | seven_bits & 0x7F
        return _ID3_HEADER_BYTES * (2 if beginning[5] & _ID3_FOOTER_FLAG else 1) + size
    if beginning.startswith(_APE_TAG) and len(beginning) >= _APE_HEADER_BYTES:
        return _APE_HEADER_BYTES + int.from_bytes(beginning[12:16], "little")
    return 0


def _by_frames(content: bytes, at: int) -> FileType | None:
    """Return MP3 or AAC if `_CHAINED_FRAMES` consecutive frames begin here, or None."""
    for file_type, frame_bytes in ((MP3, _mp3_frame_bytes), (AAC, _aac_frame_bytes)):
        first, following = content[at : at + _ADTS_HEADER_BYTES], at
        for _ in range(_CHAINED_FRAMES):
            size = frame_bytes(content[following : following + _ADTS_HEADER_BYTES], first)
            following += size
            if not size or following > len(content):
                break
        else:
            return file_type
    return None


def _mp3_frame_bytes(header: bytes, first: bytes) -> int:
    """Return the length of the MPEG layer 3 frame with this header. 0 if it is invalid or from another stream."""
    if len(header) < _HEADER_BYTES or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return 0
    version, layer = header[1] >> 3 & 3, header[1] >> 1 & 3
    bits, rate = header[2] >> 4, header[2] >> 2 & 3
    if version not in _SAMPLE_RATES or layer != _LAYER_3 or not 0 < bits <= len(_KBIT_1) or rate == 3:
        return 0
    # The version and sample rate are constant within a stream
    if (header[1] ^ first[1]) & 0x18 or (header[2] ^ first[2]) & 0x0C:
        return 0
    samples, kbits = (1152, _KBIT_1) if version == _MPEG_1 else (576, _KBIT_2)
    return samples // 8 * 1000 * kbits[bits - 1] // _SAMPLE_RATES[version][rate] + (header[2] & _PADDED != 0)


def _aac_frame_bytes(header: bytes, first: bytes) -> int:
    """Return the length of the AAC ADTS frame with this header. 0 if it is invalid or from another stream."""
    if len(header) < _ADTS_HEADER_BYTES or header[0] != 0xFF or header[1] & 0xF6 != 0xF0:
        return 0
    # The profile, sample rate and channels are constant within a stream
    if header[1] != first[1] or header[2] != first[2] or header[2] >> 2 & 0xF > 12:
        return 0
    size = (header[3] & 0x03) << 11 | header[4] << 3 | header[5] >> 5
    return size if size > _ADTS_HEADER_BYTES else 0
