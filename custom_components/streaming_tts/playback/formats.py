"""In which format the audio of an utterance is spoken, and in which it leaves, by what its player wants."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from homeassistant.components import tts

from ..audio.pcm import SAMPLE_BYTES
from ..audio.transcode import DEFAULT_MP3_KBITS, MP3_KBITS, Container, Output
from ..providers.types import AudioFormat, Encoding, Formats
from ..speech.session import HEAD_START, Converter

DELAY_SECONDS: Final = {Container.MP3: 0.15, Container.FLAC: 0.03, Container.WAV: 0.01}
"""How much audio the output stage has taken and not given yet, at the most."""

PLATFORM_DELAY_SECONDS: Final = {"mp3": 0.65}
"""The same of Home Assistant's program, whose LAME keeps much of what is quiet."""

PLATFORM_DELAY_ELSE_SECONDS: Final = 0.2


@dataclass(frozen=True, kw_only=True, slots=True)
class AudioFormats:
    """The format in which an utterance is spoken, what leaves, and what that does to the time at which it is heard."""

    spoken: AudioFormat
    output: Output
    converter: Converter

    @property
    def extension(self) -> str:
        """Return what Home Assistant is told that leaves; it converts where that is not what was asked for."""
        return self.output.container.value


def formats_of(options: Mapping[str, Any], formats: Formats) -> AudioFormats:
    """Return the formats for a player's wishes.

    Each service is asked for the same format for every player, so that one request serves all. What leaves is exactly
    what the player wants, or, where that can't be made here, what Home Assistant has to convert.
    """
    spoken = pcm_of(formats)
    container = options.get(tts.ATTR_PREFERRED_FORMAT, Container.MP3.value)
    wanted = _wanted(container, options, spoken.sample_rate)
    if wanted is not None:
        delay = DELAY_SECONDS[wanted.container]
        return AudioFormats(spoken=spoken, output=wanted, converter=Converter(keeps=delay))
    other = Container.FLAC if container == Container.WAV.value else Container.WAV
    return AudioFormats(
        spoken=spoken,
        output=Output(container=other, sample_rate=spoken.sample_rate),
        converter=Converter(
            head_start=HEAD_START, keeps=PLATFORM_DELAY_SECONDS.get(container, PLATFORM_DELAY_ELSE_SECONDS)
        ),
    )


def pcm_of(formats: Formats) -> AudioFormat:
    """Return the format in which a voice is spoken."""
    return AudioFormat(encoding=Encoding.PCM, sample_rate=formats.pcm_rates[0])


def _wanted(container: str, options: Mapping[str, Any], natural_rate: int) -> Output | None:
    """Return what a player wants, None where it can't be made exactly.

    What says nothing of a container is passed over.
    """
    if container not in Container:
        return None
    rate = _number(options, tts.ATTR_PREFERRED_SAMPLE_RATE, natural_rate)
    output = Output(
        container=Container(container),
        sample_rate=rate,
        channels=_number(options, tts.ATTR_PREFERRED_SAMPLE_CHANNELS, 1),
        sample_bytes=_number(options, tts.ATTR_PREFERRED_SAMPLE_BYTES, SAMPLE_BYTES),
        kbits=_number(options, tts.ATTR_PREFERRED_BITRATE, min(DEFAULT_MP3_KBITS, max(MP3_KBITS.get(rate, (0,))))),
    )
    return output if output.is_makeable else None


def _number(options: Mapping[str, Any], key: str, default: int) -> int:
    """Return a wish; Home Assistant has seen to it that it is a number, or words of one."""
    value = options.get(key)
    return default if value is None else int(value)
