"""What a player wants decides what leaves; every service is asked for the same."""

from typing import Any

import pytest

from custom_components.streaming_tts.audio.transcode import Container, Output
from custom_components.streaming_tts.playback.utterance import output_of
from custom_components.streaming_tts.speech.session import HEADER_SECONDS
from homeassistant.components import tts
from tests.tables import each_row

NATURAL_RATE = 24000


def wish(
    container: str | None = None,
    rate: object = None,
    channels: object = None,
    sample_bytes: object = None,
    kbits: object = None,
) -> dict[str, Any]:
    """Return the options of a player."""
    options = {
        tts.ATTR_PREFERRED_FORMAT: container,
        tts.ATTR_PREFERRED_SAMPLE_RATE: rate,
        tts.ATTR_PREFERRED_SAMPLE_CHANNELS: channels,
        tts.ATTR_PREFERRED_SAMPLE_BYTES: sample_bytes,
        tts.ATTR_PREFERRED_BITRATE: kbits,
    }
    return {key: value for key, value in options.items() if value is not None}


@each_row(
    ("options", "output"),
    [
        pytest.param(wish(), Output(container=Container.MP3, sample_rate=48000), id="nothing"),
        pytest.param(wish("mp3"), Output(container=Container.MP3, sample_rate=48000), id="mp3"),
        pytest.param(
            wish("mp3", 44100, 2, 2, 192),
            Output(container=Container.MP3, sample_rate=44100, channels=2, kbits=192),
            id="mp3 in full",
        ),
        pytest.param(wish("mp3", 8000), Output(container=Container.MP3, sample_rate=8000, kbits=64), id="low mp3"),
        pytest.param(wish("wav"), Output(container=Container.WAV, sample_rate=24000), id="wav"),
        pytest.param(
            wish("wav", 16000, 2, 3, 128),
            Output(container=Container.WAV, sample_rate=16000, channels=2, sample_bytes=3),
            id="wav in full",
        ),
        pytest.param(wish("wav", "16000"), Output(container=Container.WAV, sample_rate=16000), id="words"),
        pytest.param(wish("flac", 48000, 1, 2), Output(container=Container.FLAC, sample_rate=48000), id="flac"),
    ],
)
def test_what_a_player_wants_leaves(options: dict[str, Any], output: Output) -> None:
    """Exactly, so that Home Assistant has nothing to convert; what the container has no room for is passed over."""
    made, converter = output_of(options, NATURAL_RATE)
    assert (made.container, made.sample_rate) == (output.container, output.sample_rate)
    assert (made.channels, made.kbits if output.container is Container.MP3 else 128) == (
        output.channels,
        output.kbits,
    )
    assert converter.head_start == HEADER_SECONDS


@each_row(
    ("rates", "kbits"),
    [
        ((32000, 44100, 48000), {32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320}),
        ((16000, 22050, 24000), {8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160}),
        ((8000, 11025, 12000), {8, 16, 24, 32, 40, 48, 56, 64}),
    ],
)
def test_mp3_has_the_bit_rates_of_its_standard(rates: tuple[int, ...], kbits: set[int]) -> None:
    """ISO 11172-3 and 13818-3, layer III; those of MPEG 2.5 are the ones that LAME writes."""
    for rate in rates:
        made = {each: output_of(wish("mp3", rate, kbits=each), NATURAL_RATE)[0].container.value for each in range(400)}
        assert {each for each, container in made.items() if container == "mp3"} == kbits


@each_row(
    ("options", "extension"),
    [
        (wish("ogg"), "wav"),
        (wish("flac", 48000, 1, 3), "wav"),
        (wish("mp3", 96000), "wav"),
        (wish("mp3", 24000, kbits=320), "wav"),
        (wish("wav", 16000, 6), "flac"),
        (wish("wav", 7), "flac"),
    ],
)
def test_what_cannot_be_made_exactly_is_left_to_home_assistant(options: dict[str, Any], extension: str) -> None:
    """By another extension than asked for; its program is started before there is sound."""
    made, converter = output_of(options, NATURAL_RATE)
    assert made.container.value == extension
    assert made.sample_rate == NATURAL_RATE
    assert converter.head_start is not None
