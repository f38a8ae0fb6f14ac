"""The audio of a Sarvam request, and the names of its codecs (docs/dev/protocols.md B2 to B4)."""

from array import array
from sys import byteorder

from .codec import Container, Encoding
from .sarvam_requests import Speech
from .sound import Sound

_ENCODINGS = {"mulaw": Encoding.MULAW, "alaw": Encoding.ALAW}
_CONTAINERS = {
    "mp3": Container.MP3,
    "wav": Container.WAV,
    "opus": Container.OPUS,
    "flac": Container.FLAC,
    "aac": Container.AAC,
}
# Seen were the first three; the others are guesses.
STREAM_TYPES = {
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
    "linear16": "audio/pcm",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "opus": "audio/ogg",
    "mulaw": "audio/basic",
    "alaw": "audio/x-alaw-basic",
}


def encoding(speech: Speech) -> Encoding:
    """Tell the encoding of the samples; only for raw codecs it is another than 16-bit PCM."""
    return _ENCODINGS.get(speech.codec, Encoding.S16LE)


def container(speech: Speech) -> Container:
    """Tell how a whole file is packed."""
    return _CONTAINERS.get(speech.codec, Container.RAW)


def sample_bytes(speech: Speech) -> int:
    """Count the bytes that no chunk may cut: one sample of a WAV or a raw codec, any of a compressed one."""
    return 2 if speech.codec in ("wav", "linear16") else 1


def socket_type(speech: Speech) -> str:
    """Name the content type as a frame does."""
    return "audio/pcm" if speech.codec == "linear16" else f"audio/{speech.codec}"


def voice_name(speech: Speech) -> str:
    """Return the emulator's voice name: the speaker, and the pitch if set."""
    return f"{speech.speaker} {speech.pitch:+g}" if speech.pitch else speech.speaker


def louder(sound: Sound, loudness: float) -> Sound:
    """Change the volume, with clipping."""
    if loudness == 1.0:
        return sound
    values = array("h", sound.pcm)
    if byteorder == "big":
        values.byteswap()
    scaled = array("h", [max(-32768, min(32767, round(value * loudness))) for value in values])
    if byteorder == "big":
        scaled.byteswap()
    return Sound(pcm=scaled.tobytes(), sample_rate=sound.sample_rate)
