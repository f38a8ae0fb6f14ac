"""Audio files whose end is known: a stream says nothing of its length, and a player shows and seeks by it."""

from io import BytesIO
import struct
from typing import Final

import av

_RIFF_BYTES: Final = 12
_CHUNK_BYTES: Final = 8
_FLAC: Final = b"fLaC"
_FLAC_SAMPLES_AT: Final = 18
"""Where STREAMINFO has rate, channels and sample size in 28 bits, and the number of samples in 36."""
_FLAC_SAMPLES_MASK: Final = (1 << 36) - 1


def duration(audio: bytes) -> float:
    """Return the seconds that a whole file plays, 0 where it has no audio; its header is not believed.

    Raises `av.FFmpegError` for what is no file of audio. It computes: run it in a thread.
    """
    with av.open(BytesIO(with_sizes(audio)), mode="r") as container:
        stream = container.streams.audio[0]
        ticks = sum(int(packet.duration or 0) for packet in container.demux(stream))
        return float(ticks * (stream.time_base or 0))


def with_length(audio: bytes) -> bytes:
    """Return a whole file with its length in the header, as WAV and FLAC have it; any other file as it is.

    Raises and computes as `duration`.
    """
    if not audio.startswith(_FLAC):
        return with_sizes(audio)
    head = bytearray(audio[: _FLAC_SAMPLES_AT + _CHUNK_BYTES])
    (fields,) = struct.unpack_from(">Q", head, _FLAC_SAMPLES_AT)
    samples = round(duration(audio) * (fields >> 44))
    struct.pack_into(">Q", head, _FLAC_SAMPLES_AT, fields & ~_FLAC_SAMPLES_MASK | samples)
    return bytes(head) + audio[len(head) :]


def with_sizes(audio: bytes) -> bytes:
    """Return a WAV with the sizes that it has; any other file as it is."""
    if not (audio.startswith(b"RIFF") and audio[8:_RIFF_BYTES] == b"WAVE"):
        return audio
    at = _RIFF_BYTES
    while at + _CHUNK_BYTES <= len(audio):
        name, size = struct.unpack_from("<4sI", audio, at)
        if name == b"data":
            head = bytearray(audio[: at + _CHUNK_BYTES])
            struct.pack_into("<I", head, 4, len(audio) - 8)
            struct.pack_into("<I", head, at + 4, len(audio) - len(head))
            return bytes(head) + audio[len(head) :]
        at += _CHUNK_BYTES + size + size % 2
    return audio
