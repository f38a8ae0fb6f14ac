"""Audio in the containers and encodings of the services."""

from array import array
from enum import StrEnum
from functools import cache
import struct
import subprocess
from sys import byteorder

import imageio_ffmpeg

from .sound import Sound

STREAMING_SIZE = 0xFFFFFFFF
_MP3_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
_OPUS_RATES = (8000, 12000, 16000, 24000, 48000)
_AAC_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)


class Container(StrEnum):
    """The container of encoded audio."""

    RAW = "raw"
    WAV = "wav"
    WAV_STREAM = "wav_stream"
    """A WAV whose header says both sizes are 0xFFFFFFFF."""
    MP3 = "mp3"
    OPUS = "opus"
    """In Ogg."""
    FLAC = "flac"
    AAC = "aac"
    """In ADTS."""


class Encoding(StrEnum):
    """Of the samples, in a raw stream or a WAV."""

    S16LE = "pcm_s16le"
    F32LE = "pcm_f32le"
    MULAW = "pcm_mulaw"
    ALAW = "pcm_alaw"


SAMPLE_BYTES = {Encoding.S16LE: 2, Encoding.F32LE: 4, Encoding.MULAW: 1, Encoding.ALAW: 1}
_WAV_TAGS = {Encoding.S16LE: 1, Encoding.F32LE: 3, Encoding.ALAW: 6, Encoding.MULAW: 7}


def encode(
    sound: Sound, container: Container, encoding: Encoding = Encoding.S16LE, *, bit_rate: int | None = None
) -> bytes:
    """Return the audio as a file or stream; blocks. `bit_rate` (bit/s) is for mp3, opus, and aac.

    The rate is unchanged, except if a compressed format doesn't have it; then it's the next one.
    """
    match container:
        case Container.RAW:
            return samples(sound.pcm, encoding)
        case Container.WAV | Container.WAV_STREAM:
            body = samples(sound.pcm, encoding)
            size = STREAMING_SIZE if container is Container.WAV_STREAM else len(body)
            return wav_header(sound.sample_rate, encoding, size) + body
        case Container.MP3:
            rate = ["-b:a", str(bit_rate or 128000), "-ar", str(_nearest(sound.sample_rate, _MP3_RATES))]
            return _ffmpeg(sound, ["-c:a", "libmp3lame", *rate, "-write_xing", "0", "-id3v2_version", "0", "-f", "mp3"])
        case Container.OPUS:
            rate = ["-b:a", str(bit_rate or 48000), "-ar", str(_nearest(sound.sample_rate, _OPUS_RATES))]
            return _ffmpeg(sound, ["-c:a", "libopus", *rate, "-f", "ogg"])
        case Container.FLAC:
            return _ffmpeg(sound, ["-c:a", "flac", "-f", "flac"])
        case Container.AAC:
            rate = ["-b:a", str(bit_rate or 96000), "-ar", str(_nearest(sound.sample_rate, _AAC_RATES))]
            return _ffmpeg(sound, ["-c:a", "aac", *rate, "-f", "adts"])


def samples(pcm: bytes, encoding: Encoding) -> bytes:
    """PCM s16le in another encoding of samples, little-endian."""
    if encoding is Encoding.S16LE:
        return pcm
    values = array("h", pcm)
    if byteorder == "big":
        values.byteswap()
    if encoding is Encoding.F32LE:
        floats = array("f", [value / 32768 for value in values])
        if byteorder == "big":
            floats.byteswap()
        return floats.tobytes()
    table = _mulaw_table() if encoding is Encoding.MULAW else _alaw_table()
    return bytes([table[value & 0xFFFF] for value in values])


def wav_header(sample_rate: int, encoding: Encoding = Encoding.S16LE, data_size: int = STREAMING_SIZE) -> bytes:
    """Return the 44 bytes before the samples of a mono WAV; STREAMING_SIZE for a length that is not known."""
    width = SAMPLE_BYTES[encoding]
    riff_size = STREAMING_SIZE if data_size == STREAMING_SIZE else 36 + data_size
    form = struct.pack("<HHIIHH", _WAV_TAGS[encoding], 1, sample_rate, sample_rate * width, width, width * 8)
    return (
        struct.pack("<4sI4s4sI", b"RIFF", riff_size, b"WAVE", b"fmt ", 16)
        + form
        + struct.pack("<4sI", b"data", data_size)
    )


def resample(sound: Sound, sample_rate: int) -> Sound:
    """Return the audio at another rate; blocks."""
    if sample_rate == sound.sample_rate or not sound.pcm:
        return Sound(pcm=sound.pcm, sample_rate=sample_rate)
    return Sound(pcm=_ffmpeg(sound, ["-ar", str(sample_rate), "-f", "s16le"]), sample_rate=sample_rate)


def decode(data: bytes, sample_rate: int) -> Sound:
    """Return what a player makes of a file, as mono PCM at the rate; blocks.

    Raises ValueError where it is not audio.
    """
    pcm = _run(["-i", "-", "-f", "s16le", "-ac", "1", "-ar", str(sample_rate)], data)
    if not pcm:
        raise ValueError("no audio in it")
    return Sound(pcm=pcm, sample_rate=sample_rate)


def _nearest(rate: int, rates: tuple[int, ...]) -> int:
    return next((known for known in rates if known >= rate), rates[-1])


def _ffmpeg(sound: Sound, output: list[str]) -> bytes:
    source = ["-f", "s16le", "-ar", str(sound.sample_rate), "-ac", "1", "-i", "-"]
    return _run([*source, "-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact", *output], sound.pcm)


def _run(arguments: list[str], data: bytes) -> bytes:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-loglevel", "error", "-nostdin", *arguments, "-"]
    done = subprocess.run(command, input=data, capture_output=True, check=False)
    if done.returncode:
        raise ValueError(f"ffmpeg: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


@cache
def _mulaw_table() -> bytes:
    """ITU-T G.711 mu-law for each 16-bit sample, by its bits."""
    return bytes(_mulaw(value - 0x10000 if value & 0x8000 else value) for value in range(0x10000))


def _mulaw(value: int) -> int:
    sign = 0x80 if value < 0 else 0
    magnitude = min(abs(value), 32635) + 132
    exponent = magnitude.bit_length() - 8
    return ~(sign | exponent << 4 | magnitude >> (exponent + 3) & 0x0F) & 0xFF


@cache
def _alaw_table() -> bytes:
    """ITU-T G.711 A-law for each 16-bit sample, by its bits."""
    return bytes(_alaw(value - 0x10000 if value & 0x8000 else value) for value in range(0x10000))


def _alaw(value: int) -> int:
    sign = 0x80 if value >= 0 else 0
    magnitude = (value if value >= 0 else -value - 1) >> 3
    exponent = max(0, magnitude.bit_length() - 5)
    mantissa = magnitude >> max(1, exponent) & 0x0F
    return (sign | exponent << 4 | mantissa) ^ 0x55
