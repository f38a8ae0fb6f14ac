"""In which form the sound of an utterance is asked for, put together and handed out, by what its player wants."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from homeassistant.components import tts

from ..audio.transcode import MAKES_MP3
from ..providers.types import AudioFormat, Encoding, Formats
from ..speech.playback_clock import DEFAULT_MP3_BIT_RATE, Sound
from ..speech.session import HEAD_START, Converter

RATES: Final = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
"""Hz at which a player may want PCM."""

KEPT: Final = {Encoding.MP3: 0.15, Encoding.PCM: 0.01}
"""Seconds of sound that our own coder has taken and not given yet, at the most, by what it makes."""

KEPT_BY_PLATFORM: Final = {"mp3": 0.65}
"""The same for Home Assistant's, whose LAME keeps much of what is quiet."""

KEPT_BY_PLATFORM_ELSE: Final = 0.2


@dataclass(frozen=True, kw_only=True, slots=True)
class AudioFormats:
    """The forms of a sound on its way: what the service is asked for, what is put together of it, and what leaves.

    `converter` is what stands between that and the player, ours or Home Assistant's, None where it passes through.
    """

    asked: AudioFormat
    spliced: AudioFormat
    leaves: AudioFormat
    converter: Converter | None

    @property
    def extension(self) -> str:
        """Return what Home Assistant is told that leaves."""
        return "mp3" if self.leaves.encoding is Encoding.MP3 else "wav"


def form_of(
    options: Mapping[str, Any], formats: Formats, sound: Sound, agreed: Callable[[AudioFormat], AudioFormat]
) -> AudioFormats:
    """Return the forms for a player's wishes; `agreed` tells in which form others are asking for the same sound.

    What leaves is what the player wants, so that Home Assistant has nothing to convert, except where it wants what we
    don't make: flac, say, or mp3 of a certain bit rate. A service's own mp3 passes through; else PCM is put together.
    """
    wanted = _wanted(options, formats)
    natural = pcm_of(options, formats)
    offered = replace(formats, mp3=None) if sound.amplifies else formats
    asked = agreed(natural if wanted is None or wanted not in offered else wanted)
    spliced = asked
    if asked.encoding is Encoding.MP3 and not (asked == wanted and asked in offered):
        spliced = natural if wanted is None or wanted.encoding is Encoding.MP3 else wanted
    if wanted is not None and wanted.encoding is Encoding.MP3 and wanted != spliced and not MAKES_MP3:
        wanted = None
    return AudioFormats(
        asked=asked, spliced=spliced, leaves=wanted or spliced, converter=_converter(options, wanted, spliced)
    )


def _wanted(options: Mapping[str, Any], formats: Formats) -> AudioFormat | None:
    """Return what a player takes as it is, None where Home Assistant has to make it of PCM."""
    container = options.get(tts.ATTR_PREFERRED_FORMAT, "mp3")
    rate = options.get(tts.ATTR_PREFERRED_SAMPLE_RATE)
    if container == "mp3" and rate is None and options.get(tts.ATTR_PREFERRED_BITRATE) is None:
        return formats.mp3 or AudioFormat(
            encoding=Encoding.MP3, sample_rate=formats.pcm_rates[0], bit_rate=DEFAULT_MP3_BIT_RATE
        )
    if container == "wav" and (hertz := next((each for each in RATES if str(each) == str(rate)), None)) is not None:
        return AudioFormat(encoding=Encoding.PCM, sample_rate=hertz)
    return None


def pcm_of(options: Mapping[str, Any], formats: Formats) -> AudioFormat:
    """Return PCM at the rate that a player wants where the voice has it, else at the voice's own."""
    wanted = str(options.get(tts.ATTR_PREFERRED_SAMPLE_RATE))
    rate = next((rate for rate in formats.pcm_rates if str(rate) == wanted), formats.pcm_rates[0])
    return AudioFormat(encoding=Encoding.PCM, sample_rate=rate)


def _converter(options: Mapping[str, Any], wanted: AudioFormat | None, spliced: AudioFormat) -> Converter | None:
    """Return what stands between the sound that is put together and the player."""
    if wanted is not None:
        return None if wanted == spliced else Converter(keeps=KEPT[wanted.encoding])
    container = options.get(tts.ATTR_PREFERRED_FORMAT, "mp3")
    if container == "wav":
        return None
    return Converter(head_start=HEAD_START, keeps=KEPT_BY_PLATFORM.get(container, KEPT_BY_PLATFORM_ELSE))
