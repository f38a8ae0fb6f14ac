"""Speech with word timestamps: complete, as one playable file, and charged like other speech."""

import asyncio
from http import HTTPStatus
from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.streaming_tts.const import DOMAIN
from homeassistant.components import media_source
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.network import NoURLAvailableError
from tests.accounts import account, set_up, speak, state_of
from tests.action_calls import ordinary_user, told
from tests.emulator.codec import decode
from tests.emulator.emulator import Emulator
from tests.emulator.faults import FaultKind
from tests.emulator.sound import tone

PATH = "/text_to_speech/with_timestamps"
RATE = 24000
TEXT = "The door of the garage is open."
LONG = " ".join(f"This is sentence number {number:03} of a long text." for number in range(80))


async def timed(home: HomeAssistant, message: str, *, entity_id: str = "tts.anna", **fields: Any) -> dict[str, Any]:
    """Call the action; return what it answers for the voice."""
    answers: Any = await home.services.async_call(
        DOMAIN,
        "speak_with_timestamps",
        {"entity_id": entity_id, "message": message, **fields},
        blocking=True,
        return_response=True,
    )
    await home.async_block_till_done()
    answer: dict[str, Any] = answers[entity_id]
    return answer


async def played(home: HomeAssistant, client: ClientSessionGenerator, media_content_id: str) -> bytes:
    """Return what a player gets."""
    media = await media_source.async_resolve_media(home, media_content_id, None)
    assert media.mime_type == "audio/wav"
    response = await (await client()).get(media.url)
    assert response.status == HTTPStatus.OK
    sound: bytes = await response.read()
    return sound


async def test_a_text_is_spoken_and_its_words_are_timed(
    home: HomeAssistant, emulator: Emulator, asyncflow: MockConfigEntry, hass_client: ClientSessionGenerator
) -> None:
    """The file has the stated length, and all words are within it, in order."""
    answer = await timed(home, TEXT)
    sound = await home.async_add_executor_job(decode, await played(home, hass_client, answer["media_content_id"]), RATE)
    assert answer["duration"] == round(1000 * sound.duration)
    assert [word["word"] for word in answer["words"]] == TEXT.removesuffix(".").split()
    times = [time for word in answer["words"] for time in (word["start"], word["end"])]
    assert times == sorted(times)
    assert 0 <= times[0] < times[-1] <= answer["duration"]
    assert answer["complete"] is True
    (request,) = emulator.asyncflow.asked(PATH)
    assert request.body["transcript"] == TEXT


async def test_its_address_plays_without_signing_in(
    home: HomeAssistant, asyncflow: MockConfigEntry, hass_client_no_auth: ClientSessionGenerator
) -> None:
    """For anyone with the URL."""
    await home.config.async_update(internal_url="http://127.0.0.1:8123")
    address = (await timed(home, TEXT))["url"]
    assert address.startswith("http://127.0.0.1:8123/api/streaming_tts/clips/")
    client = await hass_client_no_auth()
    response = await client.get(address.removeprefix("http://127.0.0.1:8123"))
    assert (response.status, response.content_type) == (HTTPStatus.OK, "audio/wav")
    assert (await client.get(address.partition("?")[0].removeprefix("http://127.0.0.1:8123"))).status == 401


async def test_an_address_is_told_also_where_nobody_knows_that_of_the_home(
    home: HomeAssistant, asyncflow: MockConfigEntry
) -> None:
    """Its path, for the browser."""
    with patch("custom_components.streaming_tts.media_source.get_url", side_effect=NoURLAvailableError):
        assert (await timed(home, TEXT))["url"].startswith("/api/streaming_tts/clips/")


async def test_it_is_reckoned_like_other_speech(home: HomeAssistant, asyncflow: MockConfigEntry) -> None:
    """In the numbers of the account, and in the event of the voice."""
    answer = await timed(home, TEXT)
    charged = asyncflow.runtime_data.ledger.charged
    assert (charged.requests, charged.characters) == (1, len(TEXT))
    assert charged.seconds == pytest.approx(answer["duration"] / 1000, abs=0.01)
    event = state_of(home, "event.anna_speech").attributes
    assert event["event_type"] == "spoken"
    assert (event["characters"], event["charged_requests"], event["cached"]) == (len(TEXT), 1, False)
    assert event["charged_seconds"] == pytest.approx(answer["duration"] / 1000, abs=0.01)


async def test_what_is_given_up_is_reckoned_once_the_service_was_asked(
    home: HomeAssistant, emulator: Emulator, asyncflow: MockConfigEntry
) -> None:
    """It has started to speak, whether or not the caller still waits."""
    emulator.asyncflow.add_fault(FaultKind.STALL, PATH, times=1)
    fields = {"entity_id": "tts.anna", "message": TEXT}
    call = home.services.async_call(DOMAIN, "speak_with_timestamps", fields, blocking=True, return_response=True)
    speaking = home.async_create_task(call)
    async with asyncio.timeout(10):
        while not emulator.asyncflow.asked(PATH):
            await asyncio.sleep(0)
    speaking.cancel()
    await asyncio.wait([speaking])
    assert asyncflow.runtime_data.ledger.charged.requests == 1


async def test_a_text_is_cleaned_first(home: HomeAssistant, emulator: Emulator, asyncflow: MockConfigEntry) -> None:
    """As for any other speech."""
    answer = await timed(home, "**The door** of the garage is open 🚪.")
    assert emulator.asyncflow.asked(PATH)[-1].body["transcript"] == TEXT
    assert len(answer["words"]) == 7


async def test_numbers_and_units_are_written_out(
    home: HomeAssistant, emulator: Emulator, asyncflow: MockConfigEntry
) -> None:
    """As for any other speech, and the words are those that are said."""
    answer = await timed(home, "It is 21 °C.")
    assert emulator.asyncflow.asked(PATH)[-1].body["transcript"] == "It is twenty-one degrees Celsius."
    assert [word["word"] for word in answer["words"]] == ["It", "is", "twenty-one", "degrees", "Celsius"]


async def test_the_lexicon_of_the_house_is_applied(
    home: HomeAssistant, emulator: Emulator, asyncflow: MockConfigEntry
) -> None:
    """Once, also in a text that takes several requests."""
    await home.services.async_call(
        DOMAIN, "set_pronunciations", {"pronunciations": {"en": {"garage": "big garage"}}}, blocking=True
    )
    await timed(home, TEXT)
    assert emulator.asyncflow.asked(PATH)[-1].body["transcript"] == "The door of the big garage is open."
    await timed(home, f"{LONG} {TEXT}")
    spoken = " ".join(request.body["transcript"] for request in emulator.asyncflow.asked(PATH)[1:])
    assert spoken == f"{LONG} The door of the big garage is open."


async def test_a_long_text_is_one_sound(
    home: HomeAssistant, emulator: Emulator, asyncflow: MockConfigEntry, hass_client: ClientSessionGenerator
) -> None:
    """The words of each request are timed from the beginning of the first."""
    answer = await timed(home, LONG)
    texts = [request.body["transcript"] for request in emulator.asyncflow.asked(PATH)]
    assert len(texts) == 2
    assert " ".join(texts) == LONG
    sounds = [tone(text, RATE, voice=emulator.asyncflow.asked(PATH)[0].body["voice"]["id"]) for text in texts]
    assert (await played(home, hass_client, answer["media_content_id"]))[44:] == b"".join(sounds)
    assert len(answer["words"]) == len(LONG.split())
    second = answer["words"][len(texts[0].split())]
    assert second["word"] == "This"
    assert second["start"] >= round(1000 * len(sounds[0]) / 2 / RATE)


@pytest.mark.parametrize("message", ["🚪", "<think>They want to know."])
async def test_a_text_with_nothing_to_say_is_a_moment_of_silence_without_words(
    home: HomeAssistant,
    emulator: Emulator,
    asyncflow: MockConfigEntry,
    hass_client: ClientSessionGenerator,
    message: str,
) -> None:
    """As it is for who only listens, and nothing is asked of the service."""
    answer = await timed(home, message)
    assert (answer["words"], answer["duration"], answer["complete"]) == ([], 200, True)
    sound = await played(home, hass_client, answer["media_content_id"])
    assert (len(sound) - 44, any(sound[44:])) == (2 * RATE // 5, False)
    assert not emulator.asyncflow.asked(PATH)


async def test_what_is_added_to_the_sound_is_added_here_too(
    home: HomeAssistant, emulator: Emulator, hass_client: ClientSessionGenerator
) -> None:
    """Silence before the speech, which all words are later by, and gain."""
    await set_up(home, account("asyncflow", emulator))
    plain = await timed(home, TEXT)
    answer = await timed(home, TEXT, options={"lead_in": 1.5, "lead_out": 0.5, "gain": -6})
    assert answer["duration"] == plain["duration"] + 2000
    assert [word["start"] for word in answer["words"]] == [word["start"] + 1500 for word in plain["words"]]
    samples = (await played(home, hass_client, answer["media_content_id"]))[44:]
    assert not any(samples[: 3 * RATE])
    assert any(samples[3 * RATE :])
    assert not any(samples[-RATE:])


async def test_options_and_language_are_those_of_other_speech(
    home: HomeAssistant, emulator: Emulator, asyncflow: MockConfigEntry
) -> None:
    """They go to the service."""
    await timed(home, "Das Tor ist offen.", language="de-AT", options={"speed": 1.5})
    body = emulator.asyncflow.asked(PATH)[-1].body
    assert (body["language"], body["speed_control"]) == ("de", 1.5)


async def test_a_model_that_can_speaks_for_one_that_cannot(home: HomeAssistant, emulator: Emulator) -> None:
    """Unless the call itself wants the one that cannot."""
    await set_up(home, account("asyncflow", emulator, saved={"model": "async_pro_v1.0", "settings": {}}))
    await timed(home, TEXT)
    assert emulator.asyncflow.asked(PATH)[-1].body["model_id"] == "async_flash_v1.0"
    with pytest.raises(ServiceValidationError) as raised:
        await timed(home, TEXT, options={"model": "async_pro_v1.0"})
    assert "async_pro_v1.0 doesn't support word timestamps" in told(raised.value)
    assert "async_flash_v1.0" in told(raised.value)
    with pytest.raises(ServiceValidationError) as raised:
        await timed(home, TEXT, language="xx")
    assert "supports this voice and language" in told(raised.value)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"options": {"sped": 2}}, "doesn't support these options: sped"),
        ({"options": {"speed": 9}}, "must be a number from 0.7 to 2"),
        ({"options": {"model": ["async_flash_v1.0"]}}, "doesn't support word timestamps"),
        ({"language": "xx"}, "doesn't support the language xx"),
        ({"message": "Ja. " * 2501}, "The maximum is 10000 characters"),
    ],
)
async def test_what_cannot_be_spoken_is_told_and_costs_nothing(
    home: HomeAssistant, emulator: Emulator, asyncflow: MockConfigEntry, fields: dict[str, Any], words: str
) -> None:
    """Before the service is asked."""
    with pytest.raises(HomeAssistantError) as raised:
        await timed(home, **{"message": TEXT, **fields})
    assert words in told(raised.value)
    assert not emulator.asyncflow.asked(PATH)


@pytest.mark.parametrize("provider", ["sarvam", "flow_tts"])
async def test_a_provider_that_does_not_tell_is_told(home: HomeAssistant, emulator: Emulator, provider: str) -> None:
    """By its name, and nothing is spent."""
    entry = await set_up(home, account(provider, emulator))
    with pytest.raises(ServiceValidationError) as raised:
        await timed(home, TEXT)
    assert f"{entry.runtime_data.provider.name} doesn't support word timestamps" in told(raised.value)
    assert entry.runtime_data.ledger.charged.requests == 0


async def test_what_may_pass_is_tried_again(
    home: HomeAssistant, emulator: Emulator, asyncflow: MockConfigEntry
) -> None:
    """As for any other speech; the words are there once."""
    emulator.asyncflow.add_fault(FaultKind.STATUS, PATH, status=500, times=1)
    assert len((await timed(home, TEXT))["words"]) == 7
    assert len(emulator.asyncflow.asked(PATH)) == 2


async def test_a_failure_is_told_and_reckoned(
    home: HomeAssistant, emulator: Emulator, asyncflow: MockConfigEntry
) -> None:
    """In words to the caller, in the event, and in what is known of the account."""
    emulator.asyncflow.configure(usage_limit=0.0)
    with pytest.raises(HomeAssistantError) as raised:
        await timed(home, TEXT)
    assert "quota of asyncflow is used up" in told(raised.value)
    await home.async_block_till_done()
    event = state_of(home, "event.anna_speech").attributes
    assert (event["event_type"], event["reason"]) == ("failed", "quota")
    assert asyncflow.runtime_data.quota_state.exhausted is True


async def test_a_budget_that_stops_speech_stops_it_too(home: HomeAssistant, emulator: Emulator) -> None:
    """Before a request is made."""
    budget = {"unit": "hours", "amount": 0.0001, "renewal_day": 1, "stop_at_limit": True}
    await set_up(home, account("asyncflow", emulator, options=budget))
    await speak(home, "This takes longer to say than the third of a second that is allowed.")
    with pytest.raises(HomeAssistantError) as raised:
        await timed(home, TEXT)
    assert "budget" in told(raised.value)
    assert not emulator.asyncflow.asked(PATH)


async def test_speech_ends_at_the_limit_of_the_account(home: HomeAssistant, emulator: Emulator) -> None:
    """And the answer says that it is not complete."""
    await set_up(home, account("asyncflow", emulator, options={"most_characters": 100}))
    answer = await timed(home, LONG)
    assert answer["complete"] is False
    assert len(emulator.asyncflow.asked(PATH)[-1].body["transcript"]) <= 100
    event = state_of(home, "event.anna_speech").attributes
    assert (event["event_type"], event["reason"]) == ("stopped", "limit")


async def test_everybody_may_speak(home: HomeAssistant, asyncflow: MockConfigEntry) -> None:
    """As with tts.speak, who may control the voice."""
    answers = await home.services.async_call(
        DOMAIN,
        "speak_with_timestamps",
        {"entity_id": "tts.anna", "message": TEXT},
        blocking=True,
        return_response=True,
        context=ordinary_user(home, entities=True),
    )
    assert answers is not None
    assert "tts.anna" in answers
