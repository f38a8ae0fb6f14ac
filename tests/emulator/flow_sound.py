"""Apply the settings of a Flow voice to its audio."""

from array import array
from sys import byteorder

from .codec import Container
from .flow_requests import SpeechRequest
from .sound import Sound

CONTAINERS = {"pcm": Container.RAW, "wav": Container.WAV, "mp3": Container.MP3, "opus": Container.OPUS}
_LOUDEST = 32767


def timbre(request: SpeechRequest) -> str:
    """Return the emulator's voice name: the voice ID with the settings that change the timbre."""
    pitch = f" {request.pitch:+g}" if request.pitch else ""
    emotion = f" {request.emotion}" if request.emotion else ""
    return f"{request.voice.voice_id}{pitch}{emotion}"


def with_volume(sound: Sound, volume: float) -> Sound:
    """Change the volume, with clipping."""
    if volume == 1:
        return sound
    samples = array("h", sound.pcm)
    if byteorder == "big":
        samples.byteswap()
    scaled = array("h", [max(-_LOUDEST, min(_LOUDEST, round(sample * volume))) for sample in samples])
    if byteorder == "big":
        scaled.byteswap()
    return Sound(pcm=scaled.tobytes(), sample_rate=sound.sample_rate)
