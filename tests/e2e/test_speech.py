"""Speech: audio, latency, and cost."""

import json
from math import ceil

import pytest

from tests.audio.decoded import decoded
from tests.emulator.emulator import Emulator
from tests.emulator.flow import PUBLIC_KEY, USERS

from .conftest import Provider
from .device import Device
from .hearing import assert_same_sound, tone_of
from .instance import HomeAssistantProcess, add_account

type Wish = tuple[str, int | None, int | None, int | None, int | None]
"""Container, Hz, channels, bytes per sample, kbit/s."""

WISHES: tuple[Wish, ...] = (
    ("wav", 16000, 1, 2, None),
    ("wav", 22050, 1, 2, None),
    ("wav", 16000, 2, 1, None),
    ("wav", 48000, 1, 3, None),
    ("wav", 44100, 2, 4, None),
    ("flac", 48000, 1, 2, None),
    ("flac", 16000, 2, 2, None),
    ("mp3", None, None, None, None),
    ("mp3", 44100, 2, 2, 192),
    ("mp3", 24000, 1, 2, 64),
)

SENTENCE = "Good evening, this is {}. The door of the garage is open, and it is raining."
LONG = "{} reads a long text aloud. " + " ".join(f"This is sentence number {number}." for number in range(20))
RATE = 24000
"""The native rate, at which samples aren't changed."""


async def test_wav_is_what_the_provider_made_sample_for_sample(
    instance: HomeAssistantProcess, provider: Provider
) -> None:
    """WAV at the native rate has exactly the samples of the provider."""
    message = SENTENCE.format(provider.key)
    wanted = {"preferred_format": "wav", "preferred_sample_rate": RATE}

    heard = await instance.client.speech(provider.speaker, message, options=wanted)

    assert heard.status == 200
    assert heard.content_type == "audio/x-wav"
    assert heard.pcm == tone_of(message, provider, RATE)


async def test_what_players_ask_for_starts_no_program(instance: HomeAssistantProcess, provider: Provider) -> None:
    """Each player gets the exact format: rate, channels, width, and, except for MP3, the number of samples."""
    message = f"For all players. {SENTENCE.format(provider.key)}"
    samples = len(tone_of(message, provider, RATE)) // 2
    log = instance.folder / "ffmpeg.log"
    before = log.read_text(encoding="utf-8")

    heard = {wish: await instance.client.speech(provider.speaker, message, options=_options(wish)) for wish in WISHES}

    assert log.read_text(encoding="utf-8") == before
    for (container, rate, channels, width, kbits), each in heard.items():
        audio = decoded(each.audio, container)
        natural_rate = 48000 if container == "mp3" else RATE
        assert (audio.sample_rate, audio.channels, audio.sample_bytes) == (
            rate or natural_rate,
            channels or 1,
            width or 2,
        )
        longest = 0.2 * audio.sample_rate if container == "mp3" else 0.5
        assert audio.frames == pytest.approx(ceil(samples * audio.sample_rate / RATE), abs=longest)
        assert kbits is None or len(each.audio) / audio.frames * audio.sample_rate == pytest.approx(
            kbits * 125, rel=0.02
        )


async def test_what_is_not_made_here_is_made_by_home_assistant(
    instance: HomeAssistantProcess, provider: Provider
) -> None:
    """With its FFmpeg, which shows that the previous test can fail."""
    message = f"For a player of ogg. {SENTENCE.format(provider.key)}"
    log = instance.folder / "ffmpeg.log"
    before = log.read_text(encoding="utf-8")

    heard = await instance.client.speech(provider.speaker, message, options={"preferred_format": "ogg"})

    assert heard.audio.startswith(b"OggS")
    assert log.read_text(encoding="utf-8") != before


def _options(wish: Wish) -> dict[str, str | int]:
    """Return the options of a format."""
    keys = ("format", "sample_rate", "sample_channels", "sample_bytes", "bitrate")
    return {f"preferred_{key}": value for key, value in zip(keys, wish, strict=True) if value is not None}


async def test_speaker_hears_what_it_is_told_to_play(
    instance: HomeAssistantProcess, provider: Provider, device: Device
) -> None:
    """An announcement with `tts.speak` is played completely on a media player, as MP3."""
    message = f"Announcement. {SENTENCE.format(provider.key)}"

    await instance.client.act(
        "tts.speak", target=provider.speaker, media_player_entity_id="media_player.speaker", message=message
    )

    heard = await device.heard()
    assert heard.content_type == "audio/mpeg"
    assert_same_sound(heard, tone_of(message, provider, 24000), 24000)


async def test_proxy_gives_mp3_where_nothing_is_asked(instance: HomeAssistantProcess, provider: Provider) -> None:
    """A URL of speech without a format is complete MP3."""
    message = f"By address. {SENTENCE.format(provider.key)}"

    heard = await instance.client.speech(provider.speaker, message)

    assert heard.content_type == "audio/mpeg"
    assert_same_sound(heard, tone_of(message, provider, 24000), 24000)


async def test_media_browser_speaks(instance: HomeAssistantProcess, provider: Provider) -> None:
    """A text in the media browser is spoken."""
    message = f"By hand. {SENTENCE.format(provider.key)}"

    heard = await instance.client.play(provider.speaker, message)

    assert_same_sound(heard, tone_of(message, provider, 24000), 24000)


async def test_first_sound_comes_while_the_provider_still_speaks(
    instance: HomeAssistantProcess, provider: Provider
) -> None:
    """Audio is passed on as it arrives."""
    provider.service.configure(ttfb=0.05, realtime_factor=20.0)
    message = LONG.format(provider.key)
    wanted = {"preferred_format": "wav", "preferred_sample_rate": 24000}

    heard = await instance.client.speech(provider.speaker, message, options=wanted)

    assert heard.pcm == tone_of(message, provider, 24000)
    assert heard.ended is not None
    assert heard.first < heard.ended / 2


async def test_same_words_cost_one_request(instance: HomeAssistantProcess, provider: Provider) -> None:
    """Repeated messages are cached, for all formats."""
    message = f"Once. {SENTENCE.format(provider.key)}"
    wanted = {"preferred_format": "wav", "preferred_sample_rate": 24000}

    first = await instance.client.speech(provider.speaker, message, options=wanted)
    asked = len(provider.service.asked())
    again = await instance.client.speech(provider.speaker, message, options=wanted)

    assert again.pcm == first.pcm == tone_of(message, provider, 24000)
    assert len(provider.service.asked()) == asked


async def test_quota_is_right_within_a_second(instance: HomeAssistantProcess, emulator: Emulator) -> None:
    """A stream of Flow TTS doesn't report the quota, the next short text does; then it's estimated, and marked so."""
    user = USERS[1]
    emulator.flow.change_quota({"remaining": 41, "email": user.email})
    account = await add_account(
        instance.client,
        "flow_tts",
        json.dumps(emulator.flow.new_session(user)),
        base_url=emulator.flow.url,
        public_key=PUBLIC_KEY,
        language="en",
    )

    async def spoken(message: str) -> tuple[int, str, str]:
        """Return the remaining points at the service, the state of the sensor, and its source."""
        await instance.client.speech(account.speaker, message)
        left = emulator.flow.change_quota({"spend": 0, "email": user.email})["remaining"]
        state = await instance.client.state_when(
            account.sensors["quota_remaining"], lambda state: bool(state["state"] == str(left)), seconds=1
        )
        return left, state["state"], state["attributes"]["source"]

    await instance.client.speech(account.speaker, "The first sentence is streamed.")
    assert await _number(instance, account.sensors["quota_remaining"]) == "unknown"
    assert await spoken("The second sentence tells how much is left.") == (39, "39", "reported")
    assert await spoken("The third is reckoned with.") == (38, "38", "estimated")
    assert await _number(instance, account.sensors["quota_limit"]) == "100"
    assert await _number(instance, account.sensors["quota_used"]) == "62"
    await instance.client.remove(account.entry_id)


async def test_sarvam_and_asyncflow_are_counted(instance: HomeAssistantProcess, provider: Provider) -> None:
    """If the provider reports no quota, requests and characters are counted."""
    message = f"Counted. {SENTENCE.format(provider.key)}"
    sensor = provider.account.sensors["requests"]
    before = await instance.client.state_when(sensor, lambda state: state["state"].isdigit())

    await instance.client.speech(provider.speaker, message)

    after = await instance.client.state_when(sensor, lambda state: state["state"] != before["state"], seconds=5)
    assert int(after["state"]) == int(before["state"]) + 1


async def _number(instance: HomeAssistantProcess, sensor: str) -> str:
    """Return the state of a sensor."""
    state = await instance.client.state(sensor)
    assert state is not None
    return str(state["state"])
