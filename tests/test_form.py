"""What a player wants decides what the service is asked for, what is put together of it, and who converts."""

from typing import Any

import pytest

from custom_components.streaming_tts.playback import formats as form_module
from custom_components.streaming_tts.playback.formats import AudioFormats, form_of
from custom_components.streaming_tts.providers.types import AudioFormat, Encoding, Formats
from custom_components.streaming_tts.speech.playback_clock import Sound
from homeassistant.components import tts


def pcm(rate: int) -> AudioFormat:
    """Return PCM at a rate in Hz."""
    return AudioFormat(encoding=Encoding.PCM, sample_rate=rate)


MP3 = AudioFormat(encoding=Encoding.MP3, sample_rate=44100, bit_rate=128000)
MP3_OF_PCM = AudioFormat(encoding=Encoding.MP3, sample_rate=24000, bit_rate=128000)
MANY = Formats(pcm_rates=(24000, 16000, 48000), mp3=MP3)
ONE = Formats(pcm_rates=(24000,))
PLAIN: dict[str, Any] = {}
WAV_16000: dict[str, Any] = {tts.ATTR_PREFERRED_FORMAT: "wav", tts.ATTR_PREFERRED_SAMPLE_RATE: 16000}
FLAC_48000: dict[str, Any] = {tts.ATTR_PREFERRED_FORMAT: "flac", tts.ATTR_PREFERRED_SAMPLE_RATE: 48000}
MP3_OF_64: dict[str, Any] = {tts.ATTR_PREFERRED_FORMAT: "mp3", tts.ATTR_PREFERRED_BITRATE: 64}


def form(
    options: dict[str, Any], formats: Formats, *, gain: float = 0.0, agreed: AudioFormat | None = None
) -> AudioFormats:
    """Return the forms for wishes, where somebody else may have asked for the same sound already."""
    return form_of(options, formats, Sound(gain=gain), lambda wanted: agreed or wanted)


@pytest.mark.parametrize(
    ("options", "formats", "gain", "asked", "leaves"),
    [
        pytest.param(PLAIN, MANY, 0, MP3, MP3, id="the service's own mp3"),
        pytest.param(PLAIN, MANY, 3, pcm(24000), MP3, id="mp3 that is made louder"),
        pytest.param(PLAIN, ONE, 0, pcm(24000), MP3_OF_PCM, id="mp3 of a service that has none"),
        pytest.param(WAV_16000, MANY, 0, pcm(16000), pcm(16000), id="a rate that the service has"),
        pytest.param(WAV_16000, ONE, 0, pcm(24000), pcm(16000), id="a rate that it has not"),
        pytest.param(
            WAV_16000 | {tts.ATTR_PREFERRED_SAMPLE_RATE: "16000"}, MANY, 0, pcm(16000), pcm(16000), id="words"
        ),
        pytest.param({tts.ATTR_PREFERRED_FORMAT: "wav"}, MANY, 0, pcm(24000), pcm(24000), id="any rate"),
        pytest.param(WAV_16000 | {tts.ATTR_PREFERRED_SAMPLE_RATE: 7}, ONE, 0, pcm(24000), pcm(24000), id="no rate"),
        pytest.param(FLAC_48000, MANY, 0, pcm(48000), pcm(48000), id="flac"),
        pytest.param(FLAC_48000, ONE, 0, pcm(24000), pcm(24000), id="flac of another rate"),
        pytest.param(MP3_OF_64, MANY, 0, pcm(24000), pcm(24000), id="mp3 of a bit rate"),
    ],
)
def test_what_is_asked_for_and_what_leaves(
    options: dict[str, Any], formats: Formats, gain: float, asked: AudioFormat, leaves: AudioFormat
) -> None:
    """What is asked for is put together as it comes."""
    chosen = form(options, formats, gain=gain)
    assert (chosen.asked, chosen.spliced, chosen.leaves) == (asked, asked, leaves)


@pytest.mark.parametrize(
    ("options", "gain", "agreed", "spliced", "leaves"),
    [
        pytest.param(WAV_16000, 0, MP3, pcm(16000), pcm(16000), id="mp3 for who wants PCM"),
        pytest.param(FLAC_48000, 0, MP3, pcm(48000), pcm(48000), id="mp3 for who wants flac"),
        pytest.param(PLAIN, 3, MP3, pcm(24000), MP3, id="mp3 for who wants it louder"),
        pytest.param(PLAIN, 0, pcm(16000), pcm(16000), MP3, id="PCM for who wants mp3"),
        pytest.param(WAV_16000, 0, pcm(24000), pcm(24000), pcm(16000), id="another rate"),
        pytest.param(FLAC_48000, 0, pcm(24000), pcm(24000), pcm(24000), id="another rate for flac"),
    ],
)
def test_who_comes_second_takes_what_the_first_asked_for(
    options: dict[str, Any], gain: float, agreed: AudioFormat, spliced: AudioFormat, leaves: AudioFormat
) -> None:
    """And hears it in the form that it wants."""
    chosen = form(options, MANY, gain=gain, agreed=agreed)
    assert (chosen.asked, chosen.spliced, chosen.leaves) == (agreed, spliced, leaves)


@pytest.mark.parametrize(
    ("options", "formats", "kept", "by_header"),
    [
        pytest.param(PLAIN, MANY, None, False, id="mp3 passes"),
        pytest.param(PLAIN, ONE, 0.15, False, id="mp3 is made here"),
        pytest.param(WAV_16000, MANY, None, False, id="PCM passes"),
        pytest.param(WAV_16000, ONE, 0.01, False, id="another rate is made here"),
        pytest.param({tts.ATTR_PREFERRED_FORMAT: "wav"}, ONE, None, False, id="any rate passes"),
        pytest.param(FLAC_48000, MANY, 0.2, True, id="flac is made by Home Assistant"),
        pytest.param(MP3_OF_64, MANY, 0.65, True, id="so is mp3 of a bit rate"),
    ],
)
def test_who_converts_and_how_much_that_keeps_back(
    options: dict[str, Any], formats: Formats, kept: float | None, *, by_header: bool
) -> None:
    """Home Assistant's program is started by the header."""
    converter = form(options, formats).converter
    assert (converter and converter.keeps) == kept
    assert (converter is not None and converter.head_start is not None) is by_header


@pytest.mark.parametrize(("formats", "gain"), [(ONE, 0), (MANY, 3)])
def test_where_mp3_cannot_be_made_here_home_assistant_makes_it(
    formats: Formats, gain: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its program may have been built with what ours was built without."""
    monkeypatch.setattr(form_module, "MAKES_MP3", False)
    chosen = form(PLAIN, formats, gain=gain)
    assert (chosen.spliced, chosen.extension) == (pcm(24000), "wav")
    assert chosen.converter is not None
    assert chosen.converter.head_start is not None
    assert form(PLAIN, MANY).leaves == MP3


@pytest.mark.parametrize(("options", "extension"), [(PLAIN, "mp3"), (WAV_16000, "wav"), (FLAC_48000, "wav")])
@pytest.mark.parametrize("formats", [MANY, ONE])
def test_the_extension_is_that_of_what_leaves(options: dict[str, Any], formats: Formats, extension: str) -> None:
    """Home Assistant converts where another is wanted."""
    assert form(options, formats).extension == extension
