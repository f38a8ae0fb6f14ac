"""Voices in Home Assistant: formats, streamed text, failures, and fallback voices."""

from array import array
import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
import math
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from custom_components.streaming_tts.const import TROUBLESHOOTING_URL
from custom_components.streaming_tts.providers.asyncflow import AsyncFlow
from custom_components.streaming_tts.speech.connection_pool import DELAY_SECONDS
from custom_components.streaming_tts.speech.text.buffer import RULES_VERSION
from homeassistant.components import tts
from homeassistant.components.tts.entity import TTSAudioRequest
from homeassistant.components.tts.helper import get_engine_instance
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er
from tests.accounts import VOICES, VOLUMES, account, is_key_check, service_of, set_up, speak
from tests.audio.decoded import decoded
from tests.emulator.codec import decode
from tests.emulator.emulator import Emulator
from tests.emulator.faults import FaultKind
from tests.emulator.sound import tone
from tests.utterances import (
    ANSWER,
    SPEECH_PATHS,
    TEXT,
    WAV,
    asked,
    audible,
    expected,
    kept,
    stream,
    with_fallback,
    written,
)

WAV_16000: dict[str, Any] = {
    tts.ATTR_PREFERRED_FORMAT: "wav",
    tts.ATTR_PREFERRED_SAMPLE_RATE: 16000,
    tts.ATTR_PREFERRED_SAMPLE_CHANNELS: 1,
    tts.ATTR_PREFERRED_SAMPLE_BYTES: 2,
}


def wishes(emulator: Emulator) -> list[dict[str, Any]]:
    """Return what AsyncFlow was asked to speak, over whichever transport was warm."""
    asked_for = []
    for request in emulator.asyncflow.asked("/text_to_speech"):
        if request.method == "POST":
            asked_for.append(request.body)
        elif frames := request.frames_of_client():
            asked_for += [frames[0] | frame for frame in frames[1:] if frame.get("transcript", "").strip()]
    return asked_for


def said_by(emulator: Emulator, provider: str) -> list[str]:
    """Return the texts that a service was asked to speak, in order, over whichever transport."""
    if provider == "asyncflow":
        return [wish["transcript"].strip() for wish in wishes(emulator)]
    said = []
    for request in service_of(emulator, provider).asked(SPEECH_PATHS[provider]):
        if request.method == "POST" and not is_key_check(request):
            said.append(request.body["Text" if provider == "tencent" else "text"])
        frames = request.frames_of_client()
        said += [frame["data"]["text"] for frame in frames if frame.get("type") == "text"]
    return said


def is_like(heard: bytes, wanted: bytes) -> bool:
    """Return True if encoded audio is as long and, in each quarter, as loud as the samples."""

    def energies(samples: array[int]) -> list[float]:
        quarter = len(wanted) // 8
        return [
            sum(sample**2 for sample in samples[begin : begin + quarter]) for begin in range(0, 4 * quarter, quarter)
        ]

    longer = (len(heard) - len(wanted)) / 48000
    return -0.05 <= longer <= 0.3 and energies(array("h", heard)) == pytest.approx(
        energies(array("h", wanted)), rel=0.2
    )


async def paused(before: str, go_on: asyncio.Event, after: str) -> AsyncGenerator[str]:
    """Write a text with a pause in it."""
    yield before
    await go_on.wait()
    yield after


async def test_a_complete_text_sounds_sample_for_sample(home: HomeAssistant, emulator: Emulator, provider: str) -> None:
    """In one request, after the header of a streaming WAV."""
    await set_up(home, account(provider, emulator))
    sound = await speak(home, TEXT, **WAV)
    assert (sound[:4], sound[40:44]) == (b"RIFF", b"\xff" * 4)
    assert sound[44:] == expected(provider, TEXT)
    assert asked(emulator, provider) == 1


async def test_a_text_that_is_being_written_sounds_sample_for_sample(
    home: HomeAssistant, emulator: Emulator, provider: str
) -> None:
    """However it was cut."""
    await set_up(home, account(provider, emulator))
    sound = await stream(home, written(ANSWER), **WAV)
    assert sound[44:] == expected(provider, ANSWER)


async def test_a_text_that_is_being_written_is_one_row_of_frames_where_a_player_wants_mp3(
    home: HomeAssistant, emulator: Emulator, provider: str
) -> None:
    """No seam is in it, however many requests it took."""
    await set_up(home, account(provider, emulator))
    sound = await stream(home, written(ANSWER))
    assert is_like(decode(sound, 24000).pcm, expected(provider, ANSWER))
    assert asked(emulator, provider) > 1


async def test_a_pause_of_the_writer_is_silence_in_mp3_too(
    home: HomeAssistant, emulator: Emulator, provider: str
) -> None:
    """A player that runs dry may take that for the end."""
    await set_up(home, account(provider, emulator))
    opening, rest = "Just a moment, I will check.", " There is soup for everyone."
    before, after = expected(provider, opening), expected(provider, rest)
    go_on = asyncio.Event()
    result = tts.async_create_stream(home, engine="tts.anna", options={})
    result.async_set_message_stream(paused(opening, go_on, rest))
    heard = bytearray()
    async for chunk in result.async_stream_result():
        heard += chunk
        if len(heard) * 8 / 128_000 > len(before) / 48_000 + 1:
            go_on.set()
    words = before + after
    assert is_like(audible(decode(bytes(heard), 24000).pcm, 200), audible(words, 200))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {tts.ATTR_PREFERRED_FORMAT: "mp3", tts.ATTR_PREFERRED_SAMPLE_RATE: 44100},
        {"gain": 3},
        WAV_16000,
        {tts.ATTR_PREFERRED_FORMAT: "flac", tts.ATTR_PREFERRED_SAMPLE_RATE: 48000},
    ],
)
async def test_whatever_a_player_asks_for_the_service_is_asked_for_the_same(
    home: HomeAssistant, emulator: Emulator, options: dict[str, Any]
) -> None:
    """PCM at the rate that all services have."""
    await set_up(home, account("asyncflow", emulator))
    await speak(home, TEXT, **options)
    (wish,) = wishes(emulator)
    assert wish["output_format"] == {"container": "raw", "encoding": "pcm_s16le", "sample_rate": 24000}


@pytest.mark.parametrize(
    ("options", "magic"),
    [({}, (b"ID3", b"\xff\xfb", b"\xff\xf3")), (WAV_16000, (b"RIFF",)), ({"preferred_format": "flac"}, (b"fLaC",))],
)
async def test_every_player_gets_the_format_that_it_plays(
    home: HomeAssistant, emulator: Emulator, provider: str, options: dict[str, Any], magic: tuple[bytes, ...]
) -> None:
    """Whatever the service has."""
    await set_up(home, account(provider, emulator))
    assert (await speak(home, TEXT, **options)).startswith(magic)


@pytest.mark.parametrize(
    ("container", "rate", "channels", "sample_bytes", "kbits"),
    [
        ("wav", 16000, 1, 2, None),
        ("wav", 22050, 1, 2, None),
        ("wav", 24000, 2, 2, None),
        ("wav", 48000, 1, 1, None),
        ("wav", 16000, 2, 3, None),
        ("wav", 44100, 1, 4, 128),
        ("wav", None, None, None, None),
        ("flac", 48000, 1, 2, None),
        ("flac", 16000, 2, 2, None),
        ("flac", 44100, 1, None, None),
        ("mp3", 44100, 2, None, 192),
        ("mp3", 24000, 1, None, 64),
        ("mp3", 16000, None, None, None),
        ("mp3", None, None, None, None),
    ],
)
async def test_a_player_gets_exactly_what_it_asks_for(
    *,
    home: HomeAssistant,
    emulator: Emulator,
    container: str,
    rate: int | None,
    channels: int | None,
    sample_bytes: int | None,
    kbits: int | None,
) -> None:
    """Home Assistant 2026.10 converts once more wherever a number is asked for, and writes 16 bits then."""
    await set_up(home, account("asyncflow", emulator))
    options: dict[str, Any] = {
        tts.ATTR_PREFERRED_FORMAT: container,
        tts.ATTR_PREFERRED_SAMPLE_RATE: rate,
        tts.ATTR_PREFERRED_SAMPLE_CHANNELS: channels,
        tts.ATTR_PREFERRED_SAMPLE_BYTES: sample_bytes,
        tts.ATTR_PREFERRED_BITRATE: kbits,
    }
    sound = await speak(home, TEXT, **{key: value for key, value in options.items() if value is not None})
    audio = decoded(sound, container)
    natural_rate = 48000 if container == "mp3" else 24000
    assert (audio.sample_rate, audio.channels, audio.sample_bytes) == (rate or natural_rate, channels or 1, 2)
    seconds = len(expected("asyncflow", TEXT)) / 48000
    tolerance = 0.2 * audio.sample_rate if container == "mp3" else 0.5
    assert audio.frames == pytest.approx(math.ceil(seconds * audio.sample_rate), abs=tolerance)
    assert container != "wav" or sound[4:8] == sound[40:44] == b"\xff" * 4


async def test_lead_in_is_heard_as_silence_before_the_first_word(home: HomeAssistant, emulator: Emulator) -> None:
    """A speaker that wakes up late loses nothing."""
    await set_up(home, account("asyncflow", emulator))
    sound = await speak(home, TEXT, lead_in=0.5, **WAV)
    assert sound[44:] == bytes(24000) + expected("asyncflow", TEXT)


@pytest.mark.parametrize(("text", "pause"), [(TEXT, 0.0), (f'{TEXT} <break time="1s"/>', 1.0)])
async def test_lead_out_is_heard_as_silence_behind_the_last_word(
    home: HomeAssistant, emulator: Emulator, text: str, pause: float
) -> None:
    """A speaker that stops early loses nothing; a break that the text ends with is kept as well."""
    await set_up(home, account("flow_tts", emulator, saved={"lead_out": 0.5}))
    sound = await speak(home, text, **WAV)
    assert sound[44:] == expected("flow_tts", TEXT) + bytes(int(48000 * (0.5 + pause)))


@pytest.mark.parametrize(
    ("provider", "option"),
    [
        ("asyncflow", {"speed": 1.5}),
        ("sarvam", {"pace": 1.5}),
        ("tencent", {"speed": 1.5}),
        ("flow_tts", {"speed": 1.5}),
    ],
)
async def test_a_call_may_change_a_setting(
    home: HomeAssistant, emulator: Emulator, provider: str, option: dict[str, Any]
) -> None:
    """For this utterance only, without cached audio."""
    await set_up(home, account(provider, emulator))
    before = await speak(home, TEXT, **WAV)
    after = await speak(home, TEXT, **option, **WAV)
    assert len(after) - 44 == pytest.approx((len(before) - 44) / 1.5, rel=0.01)
    assert asked(emulator, provider) == 2


async def test_a_call_may_choose_another_voice(home: HomeAssistant, emulator: Emulator) -> None:
    """By its id."""
    await set_up(home, account("sarvam", emulator))
    sound = await speak(home, TEXT, voice="priya", **WAV)
    assert sound[44:] == tone(TEXT, 24000, voice="priya")


async def test_a_setting_that_cannot_be_is_refused_in_words_before_anything_is_asked(
    home: HomeAssistant, emulator: Emulator
) -> None:
    """The message names it with its bounds."""
    await set_up(home, account("asyncflow", emulator))
    with pytest.raises(ServiceValidationError) as caught:
        await speak(home, TEXT, speed=9, **WAV)
    assert caught.value.translation_key == "setting_out_of_range"
    told = {"setting": "speed", "minimum": "0.7", "maximum": "2", "help": TROUBLESHOOTING_URL}
    assert caught.value.translation_placeholders == told
    assert asked(emulator, "asyncflow") == 0


async def test_markdown_and_emoji_are_not_read_aloud(home: HomeAssistant, emulator: Emulator) -> None:
    """The service is asked for what a person would say."""
    await set_up(home, account("asyncflow", emulator))
    await speak(home, "**Good** morning 🌞, it is `7` degrees.", **WAV)
    (wish,) = wishes(emulator)
    assert wish["transcript"].strip() == "Good morning, it is seven degrees."


async def test_signs_are_said_as_words_unless_the_text_is_spoken_as_it_is_written(
    home: HomeAssistant, emulator: Emulator, provider: str
) -> None:
    """Of a complete text and of one that is being written."""
    await set_up(home, account(provider, emulator, saved={"language": "en-IN" if provider == "sarvam" else "en"}))
    home.states.async_set("light.kitchen", "on", {"friendly_name": "Kitchen lamp"})
    text = "The meter is at 12345 kWh. Is light.kitchen on, and light.attic?"
    await speak(home, text, **WAV)
    await stream(home, written(text.replace("meter", "big meter")), **WAV)
    await speak(home, text, clean=False, **WAV)
    number = {"asyncflow": "twelve thousand three hundred forty-five", "sarvam": "12,345"}.get(provider, "12345")
    said = f"The meter is at {number} kilowatt-hours. Is Kitchen lamp on, and light.attic?"
    assert " ".join(said_by(emulator, provider)) == f"{said} {said.replace('meter', 'big meter')} {text}"


async def test_a_fallback_gets_numbers_as_its_own_model_needs_them(home: HomeAssistant, emulator: Emulator) -> None:
    """Only the first voice needs no number words."""
    await with_fallback(home, emulator, "flow_tts", "asyncflow")
    emulator.flow.add_fault(FaultKind.STATUS, SPEECH_PATHS["flow_tts"], times=-1, status=500)
    await speak(home, "It is 21.5 °C.", **WAV)
    assert said_by(emulator, "asyncflow") == ["It is twenty-one point five degrees Celsius."]


async def test_a_break_at_the_end_is_heard(home: HomeAssistant, emulator: Emulator, provider: str) -> None:
    """As the service's own where it has breaks, and else as silence."""
    await set_up(home, account(provider, emulator))
    sound = await speak(home, 'It is open.<break time="1s"/>', **WAV)
    if provider == "asyncflow":
        assert said_by(emulator, provider) == ["It is open.<break time='1000ms'/>"]
    else:
        assert said_by(emulator, provider) == ["It is open."]
        assert sound[44:] == expected(provider, "It is open.") + bytes(2 * 24000)


async def test_a_break_at_the_end_is_heard_where_its_sentence_was_sent_before(
    home: HomeAssistant, emulator: Emulator, provider: str
) -> None:
    """It is silence then, whether the service has breaks or not."""
    await set_up(home, account(provider, emulator))
    go_on = asyncio.Event()
    result = tts.async_create_stream(home, engine="tts.anna", options=WAV)
    result.async_set_message_stream(paused("It is open.", go_on, '<break time="5s"/>'))
    heard = bytearray()
    async for chunk in result.async_stream_result():
        heard += chunk
        if len(heard) > 44:
            go_on.set()
    assert said_by(emulator, provider) == ["It is open."]
    assert heard[44:].startswith(expected(provider, "It is open."))
    assert not any(heard[-5 * 48000 :])


async def test_a_text_with_an_id_that_becomes_an_entity_later_is_not_kept(
    home: HomeAssistant, emulator: Emulator, tts_cache: Path
) -> None:
    """What looks like an id and can be none is no reason to pay for a text again."""
    await set_up(home, account("flow_tts", emulator))
    await speak(home, "It is light.kitchen.", **WAV)
    home.states.async_set("light.kitchen", "on", {"friendly_name": "Kitchen lamp"})
    await speak(home, "It is light.kitchen.", **WAV)
    assert said_by(emulator, "flow_tts") == ["It is light.kitchen.", "It is Kitchen lamp."]
    assert [name for name in kept(tts_cache) if "disowned" not in name] == []
    await speak(home, "It is in readme.md now.", **WAV)
    async with asyncio.timeout(10):  # The file is written after the last chunk
        while all("disowned" in name for name in kept(tts_cache)):
            await asyncio.sleep(0)


async def test_a_text_with_the_name_of_an_entity_is_not_kept(
    home: HomeAssistant, emulator: Emulator, tts_cache: Path
) -> None:
    """The entity may have another name tomorrow."""
    await set_up(home, account("flow_tts", emulator))
    for name in ("Kitchen lamp", "Ceiling lamp"):
        home.states.async_set("light.kitchen", "on", {"friendly_name": name})
        await speak(home, "It is light.kitchen.", **WAV)
    assert said_by(emulator, "flow_tts") == ["It is Kitchen lamp.", "It is Ceiling lamp."]
    assert [name for name in kept(tts_cache) if "disowned" not in name] == []


async def test_everything_that_changes_the_sound_is_a_part_of_the_cache_key(
    home: HomeAssistant, emulator: Emulator, provider: str
) -> None:
    """Home Assistant's file cache goes by the default options."""
    await set_up(home, account(provider, emulator))
    engine = get_engine_instance(home, "tts.anna")
    assert isinstance(engine, tts.TextToSpeechEntity)
    saved = VOICES[provider]
    assert engine.default_options == {
        "voice": saved["voice"],
        "model": saved["model"],
        **saved["settings"],
        **VOLUMES[provider],
        "clean": True,
        "lead_in": 0.0,
        "lead_out": 0.0,
        "gain": 0.0,
        "first_clause": True,
        "text_rules": RULES_VERSION,
    }


@pytest.mark.parametrize(
    ("provider", "languages"),
    [
        ("asyncflow", {"en", "en-US", "en-GB", "de", "de-DE"}),
        ("sarvam", {"hi", "hi-IN", "en", "en-IN", "ta-IN"}),
        ("tencent", {"zh", "zh-CN", "yue", "zh-HK", "en", "en-US", "ja", "ko", "ms"}),
        ("flow_tts", {"zh", "zh-CN", "yue", "zh-HK", "en", "en-US", "ja", "ko"}),
    ],
)
async def test_a_voice_answers_to_the_languages_that_pipelines_ask_for(
    home: HomeAssistant, emulator: Emulator, provider: str, languages: set[str]
) -> None:
    """As BCP 47 tags, with and without a region."""
    await set_up(home, account(provider, emulator))
    engine = get_engine_instance(home, "tts.anna")
    assert isinstance(engine, tts.TextToSpeechEntity)
    assert languages <= set(engine.supported_languages)
    voices = engine.async_get_supported_voices(engine.default_language)
    assert voices is not None
    assert voices[0].voice_id == VOICES[provider]["voice"]


async def test_pickers_offer_the_voices_that_the_saved_model_has(home: HomeAssistant, emulator: Emulator) -> None:
    """A speaker of Bulbul v2 cannot be combined with v3."""
    await set_up(home, account("sarvam", emulator))
    engine = get_engine_instance(home, "tts.anna")
    assert isinstance(engine, tts.TextToSpeechEntity)
    voices = engine.async_get_supported_voices("ta-IN") or []
    assert [voice.name for voice in voices[:2]] == ["Shubh · male", "Priya · female"]
    assert "anushka" not in [voice.voice_id for voice in voices]


async def test_pickers_offer_a_voice_that_was_typed_in(home: HomeAssistant, emulator: Emulator) -> None:
    """By the name that the user gave it."""
    await set_up(home, account("asyncflow", emulator, saved={"voice": "known-by-heart"}))
    engine = get_engine_instance(home, "tts.anna")
    assert isinstance(engine, tts.TextToSpeechEntity)
    voices = engine.async_get_supported_voices("en") or []
    assert voices[0] == tts.Voice("known-by-heart", "Anna")


@pytest.mark.parametrize(
    ("fault", "options"),
    [
        (FaultKind.STATUS, {"status": 500}),
        (FaultKind.TRUNCATE, {"after_bytes": 3000}),
        (FaultKind.CONTENT_TYPE, {}),
        (FaultKind.GARBAGE, {}),
    ],
)
async def test_a_failure_is_raised_and_nothing_of_it_is_kept(
    home: HomeAssistant,
    emulator: Emulator,
    tts_cache: Path,
    fault: FaultKind,
    options: dict[str, Any],
) -> None:
    """The next try speaks."""
    await set_up(home, account("flow_tts", emulator))
    emulator.flow.add_fault(fault, SPEECH_PATHS["flow_tts"], times=-1, **options)
    with pytest.raises(HomeAssistantError) as caught:
        await speak(home, TEXT, **WAV)
    assert str(caught.value.translation_key).startswith("provider_")
    assert kept(tts_cache) == []
    emulator.flow.reset()
    assert (await speak(home, TEXT, **WAV))[44:] == expected("flow_tts", TEXT)
    async with asyncio.timeout(5):  # Home Assistant writes its file after the speech
        while not kept(tts_cache):
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("text", [".", "👍", "…", "<think>They want to know.", "<think>Nothing.</think>"])
async def test_a_text_without_anything_to_say_is_a_short_silence(
    home: HomeAssistant, emulator: Emulator, tts_cache: Path, text: str
) -> None:
    """A satellite waits for a beginning and an end; Home Assistant keeps nothing of it as the voice's own."""
    await set_up(home, account("asyncflow", emulator))
    for sound in (await speak(home, text, **WAV), await stream(home, written(text), **WAV)):
        assert sound.startswith(b"RIFF")
        assert len(sound) > 44
        assert not any(sound[44:])
    assert (await speak(home, text)).startswith(b"\xff")
    requests = service_of(emulator, "asyncflow").asked(SPEECH_PATHS["asyncflow"])
    assert [request for request in requests if request.body or request.frames_of_client()] == []
    assert [name for name in kept(tts_cache) if "disowned" not in name] == []


async def test_silence_for_a_slow_service_is_in_no_file(
    home: HomeAssistant, emulator: Emulator, tts_cache: Path
) -> None:
    """It would be repeated each time."""
    await set_up(home, account("asyncflow", emulator))
    emulator.asyncflow.configure(ttfb=0.05)
    with patch("custom_components.streaming_tts.speech.session.MAX_SILENT_SECONDS", 0.0):
        heard = (await speak(home, TEXT, **WAV))[44:]
    assert audible(heard) == audible(expected("asyncflow", TEXT))
    assert len(heard) > len(expected("asyncflow", TEXT))
    assert (await speak(home, TEXT, **WAV))[44:] == expected("asyncflow", TEXT)
    await home.async_block_till_done(wait_background_tasks=True)  # the files are written
    kept = await home.async_add_executor_job(lambda: sorted(file.name for file in tts_cache.iterdir()))
    assert sum("disowned" in name for name in kept) == len(kept) - 1 == 1


async def test_a_streamed_text_that_fails_behind_silence_ends_cleanly(home: HomeAssistant, emulator: Emulator) -> None:
    """The answer of HTTP has begun: a satellite would wait for its end."""
    await set_up(home, account("asyncflow", emulator))
    emulator.asyncflow.add_fault(FaultKind.STATUS, SPEECH_PATHS["asyncflow"], times=-1, status=401)
    with patch("custom_components.streaming_tts.speech.session.MAX_SILENT_SECONDS", 0.0):
        heard = await stream(home, written(ANSWER), **WAV)
    assert not any(heard[44:])
    event = home.states.get("event.anna_speech")
    assert event is not None
    assert event.attributes["event_type"] == "failed"


async def test_a_streamed_text_that_breaks_off_after_its_first_sound_ends_cleanly(
    home: HomeAssistant, emulator: Emulator, tts_cache: Path
) -> None:
    """A satellite hangs on an exception; nothing is cached in a file."""
    await set_up(home, account("flow_tts", emulator))
    emulator.flow.add_fault(FaultKind.TRUNCATE, SPEECH_PATHS["flow_tts"], times=-1, after_frames=12)
    sound = await stream(home, written(ANSWER), **WAV)
    assert len(sound) % 2 == 0
    assert len(sound) > 24000
    assert kept(tts_cache) == []


async def test_a_streamed_text_whose_writer_fails_after_its_first_sound_ends_cleanly(
    home: HomeAssistant, emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    """Satellites handle any failure alike; its message has no details."""

    async def failing() -> AsyncGenerator[str]:
        yield "Just a moment, I will check."
        await asyncio.sleep(0.3)
        raise HomeAssistantError("something about the text")

    await set_up(home, account("asyncflow", emulator))
    sound = await stream(home, failing(), **WAV)
    assert audible(sound[44:]) == audible(expected("asyncflow", "Just a moment, I will check."))
    assert "The text for tts.anna ended early: HomeAssistantError" in caplog.text
    assert "something about" not in caplog.text


async def test_what_nobody_foresaw_of_a_provider_does_not_silence_the_house(
    home: HomeAssistant, emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    """The fallback speaks, and what happened stands in the log by its name, without what it quotes."""
    await with_fallback(home, emulator)
    with patch.object(AsyncFlow, "request", side_effect=KeyError("secret")):
        assert audible((await speak(home, TEXT, **WAV))[44:]) == audible(expected("sarvam", TEXT))
    assert "asyncflow is unavailable: broken (KeyError)" in caplog.text
    assert "secret" not in caplog.text


async def test_before_the_first_sound_the_fallback_speaks_the_whole_text(
    home: HomeAssistant, emulator: Emulator, tts_cache: Path
) -> None:
    """And its audio isn't cached for the first voice."""
    await with_fallback(home, emulator)
    emulator.asyncflow.add_fault(FaultKind.STATUS, SPEECH_PATHS["asyncflow"], times=-1, status=500)
    assert (await speak(home, TEXT, **WAV))[44:] == expected("sarvam", TEXT)
    emulator.asyncflow.reset()
    assert (await speak(home, TEXT, **WAV))[44:] == expected("asyncflow", TEXT)


async def test_a_break_in_the_middle_loses_no_sentence(home: HomeAssistant, emulator: Emulator) -> None:
    """The interrupted one starts again, in the fallback's voice, in the same stream."""
    await with_fallback(home, emulator)
    half = len(expected("asyncflow", ANSWER)) // 2
    emulator.asyncflow.add_fault(FaultKind.RESET, SPEECH_PATHS["asyncflow"], times=1, after_bytes=half)
    emulator.asyncflow.add_fault(FaultKind.STATUS, SPEECH_PATHS["asyncflow"], times=-1, status=500)
    sound = (await speak(home, ANSWER, **WAV))[44:]
    (rest,) = [request.body["text"] for request in emulator.sarvam.asked("/text-to-speech/stream")]
    assert ANSWER.endswith(rest)
    before = sound[: -len(expected("sarvam", rest))]
    assert sound.endswith(expected("sarvam", rest))
    faded = 2 * 24000 // 200
    assert expected("asyncflow", ANSWER).startswith(before[:-faded])
    assert len(before) >= len(expected("asyncflow", ANSWER.removesuffix(rest)))
    sentence = len(expected("asyncflow", "This is still sentence #10 of quite a long answer. "))
    # The one that was interrupted, and in doubt the whole one before it
    assert len(before) - len(expected("asyncflow", ANSWER.removesuffix(rest))) < 2 * sentence


@pytest.mark.parametrize(
    ("first", "second"),
    [("asyncflow", "sarvam"), ("sarvam", "asyncflow"), ("asyncflow", "flow_tts"), ("tencent", "sarvam")],
)
@pytest.mark.parametrize("is_written", [False, True], ids=["complete", "written"])
async def test_a_break_in_the_middle_of_mp3_loses_no_sentence_and_doubles_one_whole_at_most(
    home: HomeAssistant, emulator: Emulator, first: str, second: str, *, is_written: bool
) -> None:
    """The pauses show which one was interrupted; in doubt, it's the earlier one.

    The fallback voice continues at the same sample rate.
    """
    await with_fallback(home, emulator, first, second)
    broken, other = service_of(emulator, first), service_of(emulator, second)
    broken.add_fault(FaultKind.RESET, SPEECH_PATHS[first], times=1, after_bytes=60_000, after_frames=12)
    broken.add_fault(FaultKind.STATUS, SPEECH_PATHS[first], times=-1, status=500)

    sound = await (stream(home, written(ANSWER)) if is_written else speak(home, ANSWER))

    bodies = [request.body for request in other.asked(SPEECH_PATHS[second]) if request.method == "POST"]
    # The request after the interrupted one may be repeated before it
    said = sorted((body.get("text") or body["transcript"] for body in bodies), key=ANSWER.index)
    text = " ".join(said)
    assert ANSWER.endswith(text)
    heard = len(decode(sound, 24000).pcm)
    whole = len(expected(first, ANSWER.removesuffix(text))) + len(expected(second, text))
    sentence = len(expected(first, "This is still sentence #10 of quite a long answer."))
    assert whole - 2400 <= heard < whole + 2 * sentence


async def test_a_text_that_is_too_long_for_the_fallback_is_said_by_it_in_several_requests(
    home: HomeAssistant, emulator: Emulator
) -> None:
    """Flow takes twice as much at once as Sarvam."""
    await with_fallback(home, emulator, "flow_tts")
    emulator.flow.add_fault(FaultKind.STATUS, SPEECH_PATHS["flow_tts"], times=-1, status=500)
    text = " ".join(f"This is sentence number {number:03} of a very long answer." for number in range(85))
    assert 4000 < len(text) < 5000
    sound = (await speak(home, text, **WAV))[44:]
    asked_for = [request.body["text"] for request in emulator.sarvam.asked("/text-to-speech/stream")]
    assert " ".join(asked_for) == text
    assert len(asked_for) == 2
    assert sound == b"".join(expected("sarvam", portion) for portion in asked_for)


async def test_marks_in_a_text_that_is_too_long_for_the_fallback_are_said_as_it_can(
    home: HomeAssistant, emulator: Emulator
) -> None:
    """The respelling is spoken instead of IPA."""
    await with_fallback(home, emulator, "flow_tts")
    emulator.flow.add_fault(FaultKind.STATUS, SPEECH_PATHS["flow_tts"], times=-1, status=500)
    plain = " ".join(f"This is sentence number {number:03} of a very long answer." for number in range(60))
    await speak(home, f'<phonemes alt="Wye Fye">ˈwaɪ.faɪ</phonemes> is back. {plain}', **WAV)
    asked_for = [request.body["text"] for request in emulator.sarvam.asked("/text-to-speech/stream")]
    assert len(asked_for) == 2
    assert " ".join(asked_for) == f"Wye Fye is back. {plain}"


async def test_a_stutter_is_not_kept(home: HomeAssistant, emulator: Emulator) -> None:
    """The next time the phrase is spoken from its beginning."""
    await set_up(home, account("asyncflow", emulator))
    half = len(expected("asyncflow", ANSWER)) // 2
    emulator.asyncflow.add_fault(FaultKind.RESET, SPEECH_PATHS["asyncflow"], times=1, after_bytes=half)
    assert len(await speak(home, ANSWER, **WAV)) > len(expected("asyncflow", ANSWER)) + 44
    assert (await speak(home, ANSWER, **WAV))[44:] == expected("asyncflow", ANSWER)


async def test_while_an_account_rests_the_fallback_speaks_under_a_key_of_its_own(
    home: HomeAssistant, emulator: Emulator, tts_cache: Path
) -> None:
    """The service gets no requests; afterwards, the first voice speaks the phrase."""
    await with_fallback(home, emulator)
    emulator.asyncflow.add_fault(
        FaultKind.STATUS, SPEECH_PATHS["asyncflow"], times=-1, status=429, code="USAGE_LIMIT_EXCEEDED"
    )
    await speak(home, "One thing.", **WAV)
    before = asked(emulator, "asyncflow")
    assert (await speak(home, TEXT, **WAV))[44:] == expected("sarvam", TEXT)
    assert asked(emulator, "asyncflow") == before
    engine = get_engine_instance(home, "tts.anna")
    assert isinstance(engine, tts.TextToSpeechEntity)
    assert engine.default_options is not None
    assert engine.default_options["spoken_by"] == "tts.ben"


@pytest.mark.parametrize(
    ("wanted", "first_byte"),
    [({tts.ATTR_PREFERRED_FORMAT: "ogg"}, 30.0), (WAV, 1.0)],
    ids=["converted", "as it is"],
)
async def test_who_waits_for_the_sound_has_its_header_ahead(
    home: HomeAssistant, emulator: Emulator, wanted: dict[str, Any], first_byte: float
) -> None:
    """So that FFmpeg runs when the audio arrives; a player without a conversion isn't delayed either."""
    await set_up(home, account("asyncflow", emulator))
    emulator.asyncflow.configure(ttfb=first_byte)
    engine = get_engine_instance(home, "tts.anna")
    assert isinstance(engine, tts.TextToSpeechEntity)
    assert engine.default_options is not None
    request = TTSAudioRequest("en", {**engine.default_options, **wanted}, written(TEXT))
    response = await engine.async_stream_tts_audio(request)
    async with aclosing(response.data_gen) as sound:
        assert len(await anext(sound)) == 44


async def test_mp3_goes_on_as_mp3_in_the_fallback_voice(home: HomeAssistant, emulator: Emulator) -> None:
    """Which is spoken with directly, whatever the player wants."""
    await with_fallback(home, emulator)
    emulator.asyncflow.add_fault(FaultKind.STATUS, SPEECH_PATHS["asyncflow"], times=-1, status=500)
    assert (await speak(home, TEXT)).startswith((b"ID3", b"\xff\xfb", b"\xff\xf3"))
    assert emulator.sarvam.asked("/text-to-speech/stream")


async def test_a_circle_of_fallbacks_ends(home: HomeAssistant, emulator: Emulator) -> None:
    """Each speaker is asked once, then the last failure is raised."""
    anna, ben = await with_fallback(home, emulator)
    registered = er.async_get(home).async_get("tts.anna")
    assert registered is not None
    (voice,) = ben.subentries.values()
    home.config_entries.async_update_subentry(ben, voice, data={**voice.data, "fallback": registered.id})
    await home.async_block_till_done(wait_background_tasks=True)
    for service, path in ((emulator.asyncflow, "/text_to_speech"), (emulator.sarvam, "/text-to-speech")):
        service.add_fault(FaultKind.STATUS, path, times=-1, status=500)
    with pytest.raises(HomeAssistantError) as caught:
        await speak(home, TEXT, **WAV)
    assert caught.value.translation_key == "provider_server"


async def test_a_reload_in_the_middle_of_speech_is_not_heard(home: HomeAssistant, emulator: Emulator) -> None:
    """A running utterance finishes with what it began with."""
    entry = await set_up(home, account("asyncflow", emulator))
    go_on = asyncio.Event()

    async def interrupted() -> AsyncGenerator[str]:
        yield ANSWER[:200]
        await go_on.wait()
        yield ANSWER[200:]

    speaking = asyncio.create_task(stream(home, interrupted(), **WAV))
    while not asked(emulator, "asyncflow"):
        await asyncio.sleep(0.01)
    assert await home.config_entries.async_reload(entry.entry_id)
    go_on.set()
    assert audible((await speaking)[44:]) == audible(expected("asyncflow", ANSWER))
    assert asked(emulator, "asyncflow") > 1


@pytest.mark.parametrize("first", range(5))
async def test_five_players_of_three_formats_cost_one_request(
    home: HomeAssistant, emulator: Emulator, first: int
) -> None:
    """One announcement has one request, whoever asks first."""
    await set_up(home, account("asyncflow", emulator))
    formats: list[dict[str, Any]] = [
        {},
        WAV_16000,
        WAV_16000 | {tts.ATTR_PREFERRED_SAMPLE_RATE: 22050},
        {tts.ATTR_PREFERRED_FORMAT: "flac", tts.ATTR_PREFERRED_SAMPLE_RATE: 48000},
        WAV,
    ]
    sounds = await asyncio.gather(*(speak(home, TEXT, **options) for options in formats[first:] + formats[:first]))
    assert asked(emulator, "asyncflow") == 1
    for sound in sounds:
        assert is_like(decode(sound, 24000).pcm, expected("asyncflow", TEXT))


async def test_who_wants_it_louder_hears_it_louder_though_another_player_asked_first(
    home: HomeAssistant, emulator: Emulator
) -> None:
    """Gain is applied after the shared part."""
    await set_up(home, account("asyncflow", emulator))
    plain, louder = await asyncio.gather(speak(home, TEXT), speak(home, TEXT, gain=-6, **WAV))
    assert asked(emulator, "asyncflow") == 1
    quiet = array("h", louder[44:])
    loud = array("h", decode(plain, 24000).pcm)
    assert max(quiet) == pytest.approx(max(loud) / 2, rel=0.1)


async def test_a_connection_is_opened_ahead_when_a_pipeline_starts(home: HomeAssistant, emulator: Emulator) -> None:
    """The platform asks whether text may be streamed seconds before there is any."""
    await set_up(home, account("asyncflow", emulator))
    tts.async_create_stream(home, engine="tts.anna")
    async with asyncio.timeout(5):
        while not emulator.asyncflow.asked("/text_to_speech/websocket"):
            await asyncio.sleep(0.01)


async def test_an_announcement_that_is_in_memory_opens_no_socket(home: HomeAssistant, emulator: Emulator) -> None:
    """The platform asks whether text may be streamed for complete texts too."""
    await set_up(home, account("asyncflow", emulator))
    await speak(home, TEXT, **WAV)
    await speak(home, TEXT)
    assert asked(emulator, "asyncflow") == 1
    await asyncio.sleep(2 * DELAY_SECONDS)
    assert emulator.asyncflow.asked("/text_to_speech/websocket") == []


async def test_a_phrase_said_again_in_another_format_is_asked_for_once(home: HomeAssistant, emulator: Emulator) -> None:
    """Home Assistant caches each format; our cache has the audio."""
    await set_up(home, account("asyncflow", emulator))
    await speak(home, TEXT, **WAV)
    await speak(home, TEXT, **WAV_16000)
    assert asked(emulator, "asyncflow") == 1


async def test_a_limit_that_nobody_published_is_learnt_from_its_first_refusal(
    home: HomeAssistant, emulator: Emulator
) -> None:
    """Ten at once with a concurrency limit of two: all are spoken, and only the first requests are rejected."""
    await set_up(home, account("asyncflow", emulator))
    emulator.asyncflow.configure(concurrency_limit=2, realtime_factor=20.0)
    texts = [f"This is announcement number {number:03}." for number in range(10)]
    sounds = await asyncio.gather(*(speak(home, text, **WAV) for text in texts))
    assert [sound[44:] for sound in sounds] == [expected("asyncflow", text) for text in texts]
    refused = [request for request in emulator.asyncflow.asked("/text_to_speech") if request.status == 429]
    assert 0 < len(refused) <= 8
