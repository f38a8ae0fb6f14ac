"""Phrases that are spoken before they are needed: once, into files that are played without the service."""

from http import HTTPStatus
from io import BytesIO
from pathlib import Path
from typing import Any

import mutagen
import probatio as vol
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
from syrupy.assertion import SnapshotAssertion
from syrupy.filters import props
from yarl import URL

from custom_components.streaming_tts.audio.level import TARGET_LUFS
from custom_components.streaming_tts.const import DOMAIN
from homeassistant.components import media_source
from homeassistant.components.tts.const import DATA_TTS_MANAGER
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from tests.accounts import account, set_up, speak, state_of
from tests.action_calls import told
from tests.audio.decoded import loudness
from tests.emulator.asyncflow_voices import SECOND_VOICE_ID
from tests.emulator.codec import decode
from tests.emulator.emulator import Emulator
from tests.emulator.faults import FaultKind
from tests.utterances import stream, with_fallback, written

PHRASES = ["The door of the garage is open.", "Somebody is at the door.", "Dinner is ready."]
WAV_16000: dict[str, Any] = {
    "preferred_format": "wav",
    "preferred_sample_rate": 16000,
    "preferred_sample_channels": 1,
    "preferred_sample_bytes": 2,
}
"""What a satellite asks for."""


async def prepare(
    home: HomeAssistant, message: str | list[str], *, entity_id: str = "tts.anna", **fields: Any
) -> dict[str, Any]:
    """Call the action; return what it answers for the voice."""
    answers: Any = await home.services.async_call(
        DOMAIN,
        "prepare",
        {"entity_id": entity_id, "message": message, **fields},
        blocking=True,
        return_response=True,
    )
    await home.async_block_till_done()
    answer: dict[str, Any] = answers[entity_id]
    return answer


def path_of(url: str) -> str:
    """Return what a client asks the home itself for."""
    return str(URL(url).relative())


async def test_phrases_are_spoken_once_and_then_played_without_the_service(
    home: HomeAssistant, emulator: Emulator, asyncflow: MockConfigEntry
) -> None:
    """By `tts.speak`, which finds them among its own files, and in the format of a satellite."""
    answer = await prepare(home, PHRASES, formats=["mp3", "wav_16000"])
    asked = len(emulator.asyncflow.requests)
    assert [(phrase["message"], phrase["format"]) for phrase in answer["phrases"]] == [
        (message, audio_format) for message in PHRASES for audio_format in ("mp3", "wav_16000")
    ]
    for phrase in PHRASES:
        assert decode(await speak(home, phrase), 24000).duration > 0.5
        assert decode(await speak(home, phrase, **WAV_16000), 16000).duration > 0.5
    assert len(emulator.asyncflow.requests) == asked
    assert asyncflow.runtime_data.ledger.charged.requests == len(PHRASES)


async def test_the_answer(home: HomeAssistant, asyncflow: MockConfigEntry, snapshot: SnapshotAssertion) -> None:
    """One entry for each message and format, and the sum of what they cost."""
    answer = await prepare(home, PHRASES[0], formats=["mp3", WAV_16000])
    assert answer == snapshot(exclude=props("media_content_id", "url"))


async def test_what_is_there_costs_nothing_and_says_so(
    home: HomeAssistant, emulator: Emulator, asyncflow: MockConfigEntry
) -> None:
    """Without a request or a connection to the service; a new phrase is requested."""
    await prepare(home, PHRASES[:2])
    asked = len(emulator.asyncflow.requests)
    answer = await prepare(home, PHRASES[:2])
    assert [(phrase["cached"], phrase["kept"]) for phrase in answer["phrases"]] == [(True, True)] * 2
    assert set(answer["charge"].values()) == {0}
    assert len(emulator.asyncflow.requests) == asked
    answer = await prepare(home, PHRASES)
    assert [phrase["cached"] for phrase in answer["phrases"]] == [True, True, False]
    assert answer["charge"]["requests"] == 1
    assert asyncflow.runtime_data.ledger.charged.requests == len(PHRASES)


async def test_a_phrase_that_is_named_twice_is_prepared_once(home: HomeAssistant, asyncflow: MockConfigEntry) -> None:
    """A single one needs no list."""
    answer = await prepare(home, [PHRASES[0], PHRASES[0]])
    assert len(answer["phrases"]) == 1
    assert (await prepare(home, PHRASES[0]))["phrases"][0]["cached"] is True


@pytest.mark.parametrize("audio_format", ["mp3", "wav_16000", "wav_22050", "flac_48000"])
async def test_a_player_gets_the_whole_file_with_its_length_and_any_part_of_it(
    home: HomeAssistant, asyncflow: MockConfigEntry, hass_client_no_auth: ClientSessionGenerator, audio_format: str
) -> None:
    """A group of players waits for no end, and knows how long it plays: by the answer, and by the file itself."""
    (phrase,) = (await prepare(home, PHRASES[0], formats=[audio_format]))["phrases"]
    client = await hass_client_no_auth()
    response = await client.get(path_of(phrase["url"]))
    sound = await response.read()
    assert (response.status, response.content_length) == (HTTPStatus.OK, len(sound))
    assert mutagen.File(BytesIO(sound)).info.length == pytest.approx(phrase["duration"] / 1000, abs=0.001)
    part = await client.get(path_of(phrase["url"]), headers={"Range": "bytes=100-199"})
    assert (part.status, await part.read()) == (HTTPStatus.PARTIAL_CONTENT, sound[100:200])
    assert part.headers["Content-Range"] == f"bytes 100-199/{len(sound)}"
    media = await media_source.async_resolve_media(home, phrase["media_content_id"], None)
    assert (media.url, media.mime_type) == (URL(phrase["url"]).path, response.content_type)


async def test_a_phrase_that_home_assistant_has_in_memory_alone_is_written(
    home: HomeAssistant, asyncflow: MockConfigEntry, tts_cache: Path
) -> None:
    """It was spoken with `cache: false` a moment ago."""
    manager = home.data[DATA_TTS_MANAGER]
    stream = manager.async_create_result_stream("tts.anna", use_file_cache=False)
    stream.async_set_message(PHRASES[0])
    assert b"".join([chunk async for chunk in stream.async_stream_result()])
    assert await home.async_add_executor_job(lambda: [*tts_cache.iterdir()]) == []
    (phrase,) = (await prepare(home, PHRASES[0]))["phrases"]
    assert (phrase["kept"], phrase["charge"]["requests"]) == (True, 0)
    assert len(await home.async_add_executor_job(lambda: [*tts_cache.iterdir()])) == 1


async def test_a_phrase_whose_file_was_deleted_is_spoken_again(
    home: HomeAssistant, asyncflow: MockConfigEntry, tts_cache: Path, hass_client_no_auth: ClientSessionGenerator
) -> None:
    """From memory, as long as that has it; until then its address has nothing to play."""
    (phrase,) = (await prepare(home, PHRASES[0]))["phrases"]
    home.data[DATA_TTS_MANAGER].mem_cache.clear()
    (file,) = await home.async_add_executor_job(lambda: [*tts_cache.iterdir()])
    await home.async_add_executor_job(file.unlink)
    client = await hass_client_no_auth()
    assert (await client.get(path_of(phrase["url"]))).status == HTTPStatus.NOT_FOUND
    (phrase,) = (await prepare(home, PHRASES[0]))["phrases"]
    assert (phrase["cached"], phrase["kept"], phrase["charge"]["requests"]) == (False, True, 0)
    assert (await client.get(path_of(phrase["url"]))).status == HTTPStatus.OK


async def test_what_cannot_be_kept_says_so(home: HomeAssistant, emulator: Emulator) -> None:
    """It was spoken only up to the limit that the account has for a message: that is not the message."""
    await set_up(home, account("asyncflow", emulator, options={"most_characters": 20}))
    long, short = (await prepare(home, [" ".join(PHRASES), "Hello."]))["phrases"]
    assert (long["kept"], short["kept"]) == (False, True)
    assert long["duration"] > 0


async def test_a_voice_in_backoff_prepares_with_its_own_voice(home: HomeAssistant, emulator: Emulator) -> None:
    """A file of the fallback voice would never be found; the failure is reported."""
    anna, _ = await with_fallback(home, emulator)
    emulator.asyncflow.add_fault(FaultKind.RESET, "/", times=-1)
    assert await speak(home, "Ben says this.")
    assert anna.runtime_data.backoff_reason
    with pytest.raises(HomeAssistantError) as raised:
        await prepare(home, PHRASES[0])
    assert "asyncflow" in told(raised.value)
    emulator.asyncflow.reset()
    assert anna.runtime_data.backoff_reason
    (phrase,) = (await prepare(home, PHRASES[0]))["phrases"]
    assert (phrase["kept"], phrase["charge"]["requests"]) == (True, 1)


@pytest.mark.parametrize("options", [{}, WAV_16000, {"speed": 1.5, "preferred_format": "wav"}])
async def test_a_prepared_phrase_is_heard_though_a_fallback_would_speak(
    home: HomeAssistant, emulator: Emulator, options: dict[str, Any]
) -> None:
    """In the voice that was prepared: its service is away, but its file is here."""
    anna, _ = await with_fallback(home, emulator)
    await prepare(home, PHRASES[0], options=options)
    prepared = await speak(home, PHRASES[0], **options)
    emulator.asyncflow.add_fault(FaultKind.RESET, "/", times=-1)
    assert await speak(home, "Ben says this.")
    assert anna.runtime_data.backoff_reason
    asked = len(emulator.sarvam.requests)
    assert decode(await speak(home, PHRASES[0], **options), 24000) == decode(prepared, 24000)
    assert len(emulator.sarvam.requests) == asked
    assert await speak(home, PHRASES[1], **options)
    assert len(emulator.sarvam.requests) > asked


async def test_a_quota_that_is_used_up_is_not_tried_for_what_is_not_needed_yet(
    home: HomeAssistant, emulator: Emulator
) -> None:
    """Speech would try it, because there is no fallback voice."""
    entry = await set_up(home, account("flow_tts", emulator))
    await prepare(home, PHRASES[0])
    emulator.flow.change_quota({"remaining": 0})
    with pytest.raises(HomeAssistantError):
        await prepare(home, PHRASES[1])
    assert entry.runtime_data.quota_state.exhausted
    asked = len(emulator.flow.requests)
    with pytest.raises(HomeAssistantError):
        await prepare(home, PHRASES[1])
    assert len(emulator.flow.requests) == asked
    assert (await prepare(home, PHRASES[0]))["phrases"][0]["cached"] is True


async def test_it_is_reckoned_like_other_speech(home: HomeAssistant, asyncflow: MockConfigEntry) -> None:
    """In the numbers of the account, and in the event of the voice."""
    answer = await prepare(home, PHRASES[0])
    charged = asyncflow.runtime_data.ledger.charged
    assert answer["charge"] == {
        "requests": charged.requests,
        "characters": charged.characters,
        "seconds": charged.seconds,
        "points": charged.points,
    }
    assert (charged.requests, charged.characters) == (1, len(PHRASES[0]))
    event = state_of(home, "event.anna_speech").attributes
    assert (event["event_type"], event["characters"], event["charged_requests"]) == ("spoken", len(PHRASES[0]), 1)


async def test_what_cannot_be_asked_is_refused(home: HomeAssistant, asyncflow: MockConfigEntry) -> None:
    """Before anything is spoken."""
    unreadable: list[dict[str, Any]] = [{"message": []}, {"message": ["a"] * 101}, {"message": "a", "formats": ["ogg"]}]
    for fields in unreadable:
        with pytest.raises(vol.Invalid):
            await prepare(home, **fields)
    refused: list[tuple[dict[str, Any], str]] = [
        ({"message": 10_001 * "a"}, "10000"),
        ({"message": "a", "options": {"sped": 1}}, "sped"),
        ({"message": "a", "language": "tlh"}, "tlh"),
        ({"message": "a", "options": {"speed": 99}}, "speed"),
    ]
    for fields, word in refused:
        with pytest.raises(HomeAssistantError, match=word):
            await prepare(home, **fields)
    assert asyncflow.runtime_data.ledger.charged.requests == 0


@pytest.mark.parametrize(
    ("provider", "is_requested"),
    [
        pytest.param("asyncflow", False, id="it costs what is spoken"),
        pytest.param("flow_tts", True, id="it costs a request"),
    ],
)
async def test_a_prepared_sentence_of_an_answer_comes_from_memory(
    home: HomeAssistant, emulator: Emulator, provider: str, *, is_requested: bool
) -> None:
    """Although it was prepared as its own text. If the request costs the same, it stays in the request."""
    entry = await set_up(home, account(provider, emulator))
    await prepare(home, PHRASES)
    before = entry.runtime_data.ledger.charged
    rest = "I can see that from here, as there is a camera above it."
    await stream(home, written(f"{PHRASES[0]} {rest}"))
    middle = entry.runtime_data.ledger.charged
    assert middle.requests - before.requests == 1
    assert middle.characters - before.characters == len(rest)
    parts = "I looked.", PHRASES[1], "Shall I open it, or do you want to go there?"
    await stream(home, written(" ".join(parts)))
    spoken = (" ".join(parts[:2]), parts[2]) if is_requested else (parts[0], parts[2])
    assert entry.runtime_data.ledger.charged.requests - middle.requests == 2
    assert entry.runtime_data.ledger.charged.characters - middle.characters == sum(map(len, spoken))


async def test_messages_are_kept_at_the_loudness_of_a_voice_that_had_never_spoken(
    home: HomeAssistant, emulator: Emulator
) -> None:
    """The loudness is known after ten seconds of speech; until then, cached messages are rendered again."""
    emulator.sarvam.configure(loudness=-29.0)
    await set_up(home, account("sarvam", emulator, options={"even_loudness": True}))
    answer = await prepare(home, PHRASES[:2], formats=["mp3", WAV_16000])
    assert sum(phrase["duration"] for phrase in answer["phrases"][::2]) < 10_000
    assert [phrase["kept"] for phrase in answer["phrases"]] == [True] * 4
    assert answer["charge"]["requests"] == 2
    asked = len(emulator.sarvam.requests)
    emulator.sarvam.add_fault(FaultKind.RESET, "/", times=-1)
    heard = await speak(home, PHRASES[0], preferred_format="wav", preferred_sample_rate=24000)
    assert loudness(heard) == pytest.approx(TARGET_LUFS, abs=1.0)
    assert decode(await speak(home, PHRASES[1], **WAV_16000), 16000).duration > 0.5
    assert len(emulator.sarvam.requests) == asked


async def test_messages_stay_when_the_loudness_of_another_voice_becomes_known(
    home: HomeAssistant, emulator: Emulator
) -> None:
    """That of a second voice of the account, or of the fallback that speaks while the service is away."""
    ben = await set_up(home, account("sarvam", emulator, voices=("Ben",), options={"even_loudness": True}))
    registered = er.async_get(home).async_get("tts.ben")
    assert registered is not None
    saved = {"fallback": registered.id}
    both = account("asyncflow", emulator, voices=("Anna", "Eva"), saved=saved, options={"even_loudness": True})
    eva = next(each for each in both.subentries.values() if each.title == "Eva")
    voice = {**eva.data, "voice": SECOND_VOICE_ID}
    await set_up(home, both)
    home.config_entries.async_update_subentry(both, eva, data=voice)
    await home.async_block_till_done()
    await prepare(home, PHRASES)
    for entity_id in ("tts.eva", "tts.ben"):
        await speak(home, " ".join(PHRASES * 3), entity_id=entity_id)
    assert ben.runtime_data.storage.loudness.as_dict()
    assert len(both.runtime_data.storage.loudness.as_dict()) == 2
    answer = await prepare(home, PHRASES)
    assert [phrase["cached"] for phrase in answer["phrases"]] == [True] * len(PHRASES)
