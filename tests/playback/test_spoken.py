"""What an utterance came to: one event, sensors written once, a ledger that is exact, and nothing of the text."""

import asyncio
from collections.abc import AsyncGenerator, Callable
import json
from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.streaming_tts.speech import session
from custom_components.streaming_tts.speech.text import source
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, EventStateChangedData, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from tests.accounts import account, set_up, speak, state_of
from tests.emulator.emulator import Emulator
from tests.emulator.faults import FaultKind
from tests.utterances import ANSWER, SPEECH_PATHS, TEXT, WAV, audible, expected, stream, with_fallback, written


def told(home: HomeAssistant, name: str = "anna") -> dict[str, Any]:
    """Return the newest event of a voice."""
    attributes = dict(state_of(home, f"event.{name}_speech").attributes)
    return {key: value for key, value in attributes.items() if key not in ("event_types", "friendly_name")}


async def test_an_utterance_is_told_with_what_it_cost(home: HomeAssistant, emulator: Emulator, provider: str) -> None:
    """By the service's own way of charging."""
    await set_up(home, account(provider, emulator))
    await speak(home, TEXT, **WAV)
    event = told(home)
    assert event.pop("first_sound_ms") > 0
    assert event == {
        "event_type": "spoken",
        "characters": len(TEXT),
        "characters_sent": len(TEXT),
        "audio_seconds": round(len(expected(provider, TEXT)) / 2 / 24000, 3),
        "silence_seconds": 0.0,
        "charged_requests": 1,
        "charged_characters": len(TEXT),
        "charged_seconds": round(len(expected(provider, TEXT)) / 2 / 24000, 3),
        "charged_points": 1 if provider == "flow_tts" else 0,
        "cached": False,
        "fallback": None,
        "fallback_for": None,
        "reason": None,
    }


async def test_an_utterance_from_memory_costs_nothing(home: HomeAssistant, emulator: Emulator) -> None:
    """Another format of the same sound is made of the one that is here."""
    await set_up(home, account("asyncflow", emulator))
    await speak(home, TEXT, **WAV)
    await speak(home, TEXT)
    event = told(home)
    assert (event["event_type"], event["cached"], event["charged_requests"]) == ("spoken", True, 0)
    assert event["characters_sent"] == 0


async def test_an_automation_knows_how_long_all_of_it_plays(home: HomeAssistant, emulator: Emulator) -> None:
    """With the silence that was put in, which is a number of its own; also where a fallback spoke."""
    await with_fallback(home, emulator)
    sound = await speak(home, TEXT, lead_in=0.5, lead_out=1.5, **WAV)
    event = told(home)
    assert event["silence_seconds"] == 2.0
    assert event["audio_seconds"] == pytest.approx(len(sound[44:]) / 48000, abs=0.001)
    emulator.asyncflow.add_fault(FaultKind.STATUS, SPEECH_PATHS["asyncflow"], times=-1, status=500)
    sound = await speak(home, f"{TEXT} Again.", **WAV)
    for name in ("anna", "ben"):
        assert told(home, name)["audio_seconds"] == pytest.approx(len(sound[44:]) / 48000, abs=0.001)
    assert told(home, "ben")["characters_sent"] == len(f"{TEXT} Again.")


async def test_nothing_of_a_text_is_in_an_event(home: HomeAssistant, emulator: Emulator) -> None:
    """Neither where it was spoken nor where it failed."""
    await set_up(home, account("asyncflow", emulator))
    events = async_capture_events(home, EVENT_STATE_CHANGED)
    await speak(home, TEXT, **WAV)
    emulator.asyncflow.add_fault(FaultKind.STATUS, SPEECH_PATHS["asyncflow"], times=-1, status=500)
    with pytest.raises(HomeAssistantError):
        await speak(home, "The code of the alarm is Rumpelstilzchen.", **WAV)
    assert told(home)["event_type"] == "failed"
    written_down = json.dumps([event.as_dict() for event in events], default=str)
    assert not [word for word in ("Dinner", "Rumpelstilzchen", "soup") if word in written_down]


async def test_each_voice_tells_what_it_spent_when_another_takes_over(home: HomeAssistant, emulator: Emulator) -> None:
    """The first says who and why, the second for whom."""
    await with_fallback(home, emulator)
    emulator.asyncflow.add_fault(FaultKind.STATUS, SPEECH_PATHS["asyncflow"], times=-1, status=500)
    await speak(home, TEXT, **WAV)
    first, second = told(home), told(home, "ben")
    assert (first["event_type"], first["fallback"], first["reason"]) == ("taken_over", "tts.ben", "server")
    assert first["charged_characters"] == 0
    assert (second["event_type"], second["fallback_for"], second["reason"]) == ("spoken", "tts.anna", None)
    assert second["charged_characters"] == len(TEXT)
    assert first["first_sound_ms"] > 0
    assert second["first_sound_ms"] is None  # the wait for the first is none of the second's


async def test_nobody_takes_over_where_nothing_is_heard(home: HomeAssistant, emulator: Emulator) -> None:
    """Each voice tells why it failed itself."""
    await with_fallback(home, emulator)
    emulator.asyncflow.add_fault(FaultKind.STATUS, SPEECH_PATHS["asyncflow"], times=-1, status=500)
    emulator.sarvam.add_fault(
        FaultKind.STATUS, SPEECH_PATHS["sarvam"], times=-1, status=429, code="insufficient_quota_error"
    )
    with pytest.raises(HomeAssistantError):
        await speak(home, TEXT, **WAV)
    first, second = told(home), told(home, "ben")
    assert (first["event_type"], first["fallback"], first["reason"]) == ("failed", None, "server")
    assert (second["event_type"], second["reason"]) == ("failed", "quota")


async def test_a_fallback_that_is_heard_for_a_moment_took_over(home: HomeAssistant, emulator: Emulator) -> None:
    """Half a second is enough; both voices tell how it ended."""
    await with_fallback(home, emulator)
    emulator.asyncflow.add_fault(FaultKind.STATUS, SPEECH_PATHS["asyncflow"], times=-1, status=500)
    emulator.sarvam.add_fault(FaultKind.RESET, SPEECH_PATHS["sarvam"], times=1, after_bytes=24000)
    emulator.sarvam.add_fault(FaultKind.STATUS, SPEECH_PATHS["sarvam"], times=-1, status=500)
    with pytest.raises(HomeAssistantError):
        await speak(home, TEXT, **WAV)
    first, second = told(home), told(home, "ben")
    assert 0 < second["charged_seconds"] < 1
    assert (first["event_type"], first["fallback"]) == ("taken_over", "tts.ben")
    assert (second["event_type"], second["reason"]) == ("stopped", "server")


@pytest.mark.parametrize(
    ("text", "reason"),
    [("\N{GRINNING FACE}", "nothing_to_say"), ("<think>\nThey want to know.\n</think>", "reasoning_only")],
)
async def test_what_has_nothing_to_say_tells_so(
    home: HomeAssistant, emulator: Emulator, text: str, reason: str
) -> None:
    """It is silence, cost nothing, and did not come from memory."""
    await set_up(home, account("asyncflow", emulator))
    await speak(home, text, **WAV)
    event = told(home)
    assert (event["event_type"], event["reason"]) == ("silent", reason)
    assert (event["charged_requests"], event["cached"]) == (0, False)


async def test_sensors_are_written_once_for_an_utterance(home: HomeAssistant, emulator: Emulator) -> None:
    """However many requests it takes."""
    entry = await set_up(home, account("asyncflow", emulator))
    changes: list[Event[EventStateChangedData]] = async_capture_events(home, EVENT_STATE_CHANGED)

    async def slowly() -> AsyncGenerator[str]:
        yield ANSWER[:200]
        while not entry.runtime_data.ledger.charged.requests:
            await asyncio.sleep(0.01)
        yield ANSWER[200:]

    await stream(home, slowly(), **WAV)
    await home.async_block_till_done()
    written_states = [change.data["entity_id"] for change in changes]
    assert int(state_of(home, "sensor.asyncflow_requests").state) > 1
    assert written_states.count("sensor.asyncflow_requests") == 1
    assert written_states.count("sensor.asyncflow_characters") == 1
    assert written_states.count("event.anna_speech") == 1


async def enable(home: HomeAssistant, entry: MockConfigEntry, entity_id: str) -> None:
    """Turn on an entity that is off at first."""
    er.async_get(home).async_update_entity(entity_id, disabled_by=None)
    assert await home.config_entries.async_reload(entry.entry_id)
    await home.async_block_till_done(wait_background_tasks=True)


async def test_the_time_to_first_sound_is_known_of_a_voice_that_spoke(home: HomeAssistant, emulator: Emulator) -> None:
    """In ms, as a duration; what came from memory changes nothing."""
    await enable(home, await set_up(home, account("asyncflow", emulator)), "sensor.anna_time_to_first_sound")
    assert state_of(home, "sensor.anna_time_to_first_sound").state == "unknown"
    await speak(home, TEXT, **WAV)
    state = state_of(home, "sensor.anna_time_to_first_sound")
    assert int(state.state) > 0
    assert (state.attributes["unit_of_measurement"], state.attributes["device_class"]) == ("ms", "duration")
    assert state.attributes["source"] == "counted"
    await speak(home, TEXT)
    assert state_of(home, "sensor.anna_time_to_first_sound") is state


async def test_what_is_left_of_a_rate_limit_is_told_by_the_service(home: HomeAssistant, emulator: Emulator) -> None:
    """Unknown before it has."""
    await enable(home, await set_up(home, account("flow_tts", emulator)), "sensor.flow_tts_requests_remaining")
    await speak(home, TEXT, **WAV)
    state = state_of(home, "sensor.flow_tts_requests_remaining")
    assert (state.state, state.attributes["source"]) == ("59", "reported")


async def test_details_are_off_until_they_are_wanted(
    home: HomeAssistant, emulator: Emulator, entity_registry: er.EntityRegistry
) -> None:
    """They are diagnostic."""
    await set_up(home, account("flow_tts", emulator))
    for entity_id in ("sensor.anna_time_to_first_sound", "sensor.flow_tts_requests_remaining"):
        registered = entity_registry.async_get(entity_id)
        assert registered is not None
        assert registered.disabled_by is er.RegistryEntryDisabler.INTEGRATION
        assert registered.entity_category == "diagnostic"


CHARGED: dict[str, tuple[str, Callable[[Emulator], float]]] = {
    "asyncflow": ("generated_audio", lambda emulator: emulator.asyncflow.limits.used / 60),
    "sarvam": ("characters", lambda emulator: emulator.sarvam.account.characters),
    "tencent": ("characters", lambda emulator: emulator.tencent.change_quota({"spend": 0})["used"]),
    "flow_tts": ("quota_used", lambda emulator: emulator.flow.change_quota({"spend": 0})["used"]),
}
"""What each service charges by, and how much it did."""


async def test_the_ledger_is_what_the_service_charged(home: HomeAssistant, emulator: Emulator, provider: str) -> None:
    """To the character, of fifty utterances at once, and where a service charges what it then breaks off."""
    await set_up(home, account(provider, emulator))
    await speak(home, "A stream of the portal tells no quota.", **WAV)
    await speak(home, "So that it is known.", **WAV)
    emulator.sarvam.configure(burst=200)
    emulator.flow.add_fault(FaultKind.TRUNCATE, SPEECH_PATHS["flow_tts"], times=3, after_frames=4)
    texts = [f"This is announcement number {number:03}, and it goes to everyone in the house." for number in range(50)]
    sounds = await asyncio.gather(*(speak(home, text, **WAV) for text in texts), return_exceptions=True)
    assert [sound for sound in sounds if not isinstance(sound, bytes | HomeAssistantError)] == []
    sensor, charged = CHARGED[provider]
    assert float(state_of(home, f"sensor.{provider}_{sensor}").state) == pytest.approx(charged(emulator), abs=0.001)
    assert charged(emulator) > 3


async def test_a_text_whose_writer_never_ends_it_was_given_up(home: HomeAssistant, emulator: Emulator) -> None:
    """A cancelled pipeline does that: what it wrote is heard, but nobody knows whether it was all."""

    async def cancelled() -> AsyncGenerator[str]:
        yield "Just a moment, I will check."
        await asyncio.Event().wait()

    await set_up(home, account("sarvam", emulator))
    with patch.object(source, "WATCHDOG", 1.0), patch.object(session, "WATCHDOG", 1.0):
        sound = await stream(home, cancelled(), **WAV)
    assert audible(sound[44:]) == audible(expected("sarvam", "Just a moment, I will check."))
    await home.async_block_till_done()
    event = told(home)
    assert (event["event_type"], event["reason"]) == ("stopped", "given_up")


async def test_a_text_that_is_being_written_is_told_when_it_has_ended(home: HomeAssistant, emulator: Emulator) -> None:
    """With all its characters."""
    await set_up(home, account("sarvam", emulator))
    await stream(home, written(ANSWER), **WAV)
    await home.async_block_till_done()
    event = told(home)
    assert (event["event_type"], event["characters"]) == ("spoken", len(ANSWER))
