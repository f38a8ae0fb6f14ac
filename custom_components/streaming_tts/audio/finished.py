"""Complete audio files: write the length into the header, which a stream doesn't have and players display."""

from contextlib import suppress
from io import BytesIO
import struct
from typing import Final

import av

from .pcm import WavError, wav_chunks

_FLAC: Final = b"fLaC"
_FLAC_SAMPLES_AT: Final = 18
"""Position of rate, channels, and sample size (28 bits) and number of samples (36 bits) in STREAMINFO."""
_FLAC_SAMPLES_BYTES: Final = 8
_FLAC_SAMPLES_MASK: Final = (1 << 36) - 1


def duration(audio: bytes) -> float:
    """Return the duration of a file in s, 0 without audio; its header isn't trusted.

    Raises `av.FFmpegError` if it isn't an audio file. Blocks: call it in a thread.
    """
    with av.open(BytesIO(with_sizes(audio)), mode="r") as container:
        stream = container.streams.audio[0]
        ticks = sum(int(packet.duration or 0) for packet in container.demux(stream))
        return float(ticks * (stream.time_base or 0))


def with_length(audio: bytes) -> bytes:
    """Return a WAV or FLAC file with its length in the header; return other files unchanged.

    Raises and blocks like `duration`.
    """
    if not audio.startswith(_FLAC):
        return with_sizes(audio)
    head = bytearray(audio[: _FLAC_SAMPLES_AT + _FLAC_SAMPLES_BYTES])
    (fields,) = struct.unpack_from(">Q", head, _FLAC_SAMPLES_AT)
    samples = round(duration(audio) * (fields >> 44))
    struct.pack_into(">Q", head, _FLAC_SAMPLES_AT, fields & ~_FLAC_SAMPLES_MASK | samples)
    return bytes(head) + audio[len(head) :]


def with_sizes(audio: bytes) -> bytes:
    """Return a WAV with its actual sizes; return other files unchanged."""
    with suppress(WavError):
        for name, begin, _ in wav_chunks(audio):
            if name == b"data":
                head = bytearray(audio[:begin])
                struct.pack_into("<I", head, 4, len(audio) - 8)
                struct.pack_into("<I", head, begin - 4, len(audio) - begin)
                return bytes(head) + audio[begin:]
    return audio
