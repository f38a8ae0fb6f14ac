"""Duration of the audio in the bytes so far: WAV by samples, MP3 and FLAC by complete frames."""

from collections.abc import Iterator
import struct

type Frame = tuple[int, int, float]
"""Start and end in bytes, and the duration in seconds."""

_MP3_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
_MP3_KILOBITS = {
    3: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_FLAC_BLOCKS = {
    1: 192,
    **{code: 576 << (code - 2) for code in range(2, 6)},
    **{c: 256 << (c - 8) for c in range(8, 16)},
}


def frames(audio: bytes, extension: str) -> Iterator[Frame]:
    """Yield the frames of a file by its extension. Raises ValueError if it's unknown."""
    match extension:
        case "wav":
            return wav_frames(audio)
        case "mp3":
            return mp3_frames(audio)
        case "flac":
            return flac_frames(audio)
        case _:
            raise ValueError(f"no frames are known of {extension}")


def wav_frames(audio: bytes) -> Iterator[Frame]:
    """Yield blocks of 1 ms of PCM."""
    position = 12
    rate = width = 0
    while audio[position : position + 4] != b"data":
        size = struct.unpack_from("<I", audio, position + 4)[0]
        if audio[position : position + 4] == b"fmt ":
            channels, rate, _, width = struct.unpack_from("<HIIH", audio, position + 10)
        position += 8 + size + size % 2
        if position + 8 > len(audio):
            return
    position += 8
    step = max(1, rate // 1000) * width
    for start in range(position, len(audio) - width + 1, step):
        end = min(start + step, start + (len(audio) - start) // width * width)
        yield start, end, (end - start) / width / rate


def mp3_frames(audio: bytes) -> Iterator[Frame]:
    """Yield the complete frames of MPEG layer III."""
    position = _after_tag(audio)
    while position + 4 <= len(audio):
        frame = _mp3_frame(audio, position)
        if frame is None:
            position += 1
            continue
        length, seconds = frame
        if position + length > len(audio):
            return
        yield position, position + length, seconds
        position += length


def _after_tag(audio: bytes) -> int:
    """Return the offset of the audio after an ID3 tag."""
    if audio[:3] != b"ID3" or len(audio) < 10:
        return 0
    size = 0
    for byte in audio[6:10]:
        size = size << 7 | byte
    return 10 + size


def _mp3_frame(audio: bytes, position: int) -> tuple[int, float] | None:
    """Return the length and duration of the frame at an offset, or None if there is none."""
    first, second, third = audio[position : position + 3]
    version, layer = second >> 3 & 3, second >> 1 & 3
    kilobits, rate, padding = third >> 4, third >> 2 & 3, third >> 1 & 1
    if first != 0xFF or second >> 5 != 7 or version == 1 or layer != 1 or kilobits in (0, 15) or rate == 3:
        return None
    hertz = _MP3_RATES[version][rate]
    samples = 1152 if version == 3 else 576
    bits = _MP3_KILOBITS[3 if version == 3 else 2][kilobits] * 1000
    return samples // 8 * bits // hertz + padding, samples / hertz


def flac_frames(audio: bytes) -> Iterator[Frame]:
    """Yield the frames of FLAC with a fixed block size; the last one only at the end of the stream."""
    if audio[:4] != b"fLaC":
        return
    position = 4
    rate = 0
    while position + 4 <= len(audio):
        last, size = audio[position] >> 7, int.from_bytes(audio[position + 1 : position + 4])
        if not audio[position] & 0x7F and position + 22 <= len(audio):
            rate = int.from_bytes(audio[position + 14 : position + 17]) >> 4
        position += 4 + size
        if last:
            break
    number = 0
    found = _next_flac(audio, position, number)
    while found:
        start, samples = found
        number += 1
        found = _next_flac(audio, start + 10, number)
        yield start, found[0] if found else len(audio), samples / rate


def _next_flac(audio: bytes, position: int, number: int) -> tuple[int, int] | None:
    """Return the offset of the frame with a number, searching from an offset, and its samples; None if incomplete."""
    while (position := audio.find(b"\xff\xf8", position)) >= 0 and position + 16 <= len(audio):
        coded = chr(number).encode("utf-8", "surrogatepass")
        end = position + 4 + len(coded)
        if audio[position + 4 : end] == coded:
            code = audio[position + 2] >> 4
            samples = _FLAC_BLOCKS.get(code, 0)
            if code in (6, 7):
                samples = int.from_bytes(audio[end : end + code - 5]) + 1
                end += code - 5
            end += {12: 1, 13: 2, 14: 2}.get(audio[position + 2] & 15, 0)
            if _crc8(audio[position:end]) == audio[end]:
                return position, samples
        position += 1
    return None


def _crc8(data: bytes) -> int:
    """Return the checksum of a header (polynomial x^8 + x^2 + x + 1)."""
    value = 0
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value << 1 ^ (0x107 if value & 0x80 else 0)
    return value
