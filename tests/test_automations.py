"""Triggers and conditions of automations: they fire for what they name and for nothing else of a device."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_mock_service

from custom_components.streaming_tts.const import DOMAIN
from homeassistant.components.automation.const import DOMAIN as AUTOMATION_DOMAIN
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
from tests.accounts import account, set_up, speak
from tests.emulator.emulator import Emulator
from tests.emulator.faults import FaultKind
from tests.utterances import SPEECH_PATHS, WAV, with_fallback


async def automate(home: HomeAssistant, **automation: Any) -> list[ServiceCall]:
    """Add an automation; return the calls that it will have made."""
    calls: list[ServiceCall] = async_mock_service(home, "test", "noticed")
    config = {"alias": "Notice", "actions": [{"action": "test.noticed"}], **automation}
    assert await async_setup_component(home, AUTOMATION_DOMAIN, {AUTOMATION_DOMAIN: config})
    await home.async_block_till_done()
    return calls


def device_of(home: HomeAssistant, entry: MockConfigEntry) -> dict[str, Any]:
    """Return an account as a target: all of its entities."""
    identifier = (DOMAIN, entry.entry_id)
    return {"device_id": dr.async_get_device_id_by_identifier(home, identifier, config_entry_id=entry.entry_id)}


def threshold(kind: str, number: float) -> dict[str, Any]:
    """Return the options for a threshold."""
    return {"threshold": {"type": kind, "value": {"number": number}}}


async def told(home: HomeAssistant, calls: list[ServiceCall]) -> int:
    """Return how often an automation has run."""
    await home.async_block_till_done()
    return len(calls)


async def flow_with(home: HomeAssistant, emulator: Emulator, remaining: int) -> MockConfigEntry:
    """Set up an account with a known quota."""
    entry = await set_up(home, account("flow_tts", emulator))
    emulator.flow.change_quota({"remaining": remaining + 2})
    await speak(home, "A stream of the portal tells no quota.", **WAV)
    await speak(home, "So that it is known.", **WAV)
    return entry


async def test_a_quota_that_crosses_a_threshold_triggers_once(home: HomeAssistant, emulator: Emulator) -> None:
    """Of a whole device, only the quota counts, not requests or usage."""
    entry = await flow_with(home, emulator, 12)
    trigger = {"trigger": "streaming_tts.quota_crossed", "target": device_of(home, entry)}
    calls = await automate(home, triggers=[trigger | {"options": threshold("below", 11)}])
    await speak(home, "Twelve and then eleven.", **WAV)
    assert await told(home, calls) == 0
    await speak(home, "Eleven and then ten.", **WAV)
    assert await told(home, calls) == 1
    await speak(home, "Ten and then nine.", **WAV)
    assert await told(home, calls) == 1


async def test_a_budget_crosses_a_threshold_too(home: HomeAssistant, emulator: Emulator) -> None:
    """If the service doesn't report it."""
    await set_up(home, account("sarvam", emulator, options={"unit": "characters", "amount": 100}))
    target = {"entity_id": "sensor.sarvam_budget_remaining"}
    trigger = {"trigger": "streaming_tts.quota_crossed", "target": target, "options": threshold("below", 95)}
    calls = await automate(home, triggers=[trigger])
    await speak(home, "Ten letters", **WAV)
    assert await told(home, calls) == 1


async def test_a_quota_that_is_used_up_triggers(home: HomeAssistant, emulator: Emulator) -> None:
    """Wherever the account is targeted as a whole."""
    entry = await flow_with(home, emulator, 1)
    trigger = {"trigger": "streaming_tts.quota_exhausted", "target": device_of(home, entry)}
    calls = await automate(home, triggers=[trigger])
    await speak(home, "The last one.", **WAV)
    assert await told(home, calls) == 1
    with pytest.raises(HomeAssistantError):
        await speak(home, "One too many.", **WAV)
    assert await told(home, calls) == 1


async def test_a_quota_that_is_used_up_from_the_beginning_triggers(home: HomeAssistant, emulator: Emulator) -> None:
    """The first known state of an account may be a used-up quota."""
    entry = await set_up(home, account("asyncflow", emulator))
    trigger = {"trigger": "streaming_tts.quota_exhausted", "target": device_of(home, entry)}
    calls = await automate(home, triggers=[trigger])
    emulator.asyncflow.change_quota({"limit": 0})
    with pytest.raises(HomeAssistantError):
        await speak(home, "Nothing is left.", **WAV)
    assert await told(home, calls) == 1


async def test_somebody_elses_sensors_are_not_meant(home: HomeAssistant, emulator: Emulator) -> None:
    """Where the target is of others too, such as a whole room."""
    await flow_with(home, emulator, 1)
    target = {"entity_id": ["binary_sensor.window", "binary_sensor.flow_tts_quota_exhausted"]}
    home.states.async_set("binary_sensor.window", "off")
    opened = {"trigger": "state", "entity_id": "binary_sensor.window", "to": "on"}
    used_up = {"condition": "streaming_tts.quota_is_exhausted", "target": target}
    trigger = {"trigger": "streaming_tts.quota_exhausted", "target": target}
    calls: list[ServiceCall] = async_mock_service(home, "test", "noticed")
    noticed = {"actions": [{"action": "test.noticed"}]}
    automations = [
        {"alias": "Opened while nothing is left", "triggers": [opened], "conditions": [used_up], **noticed},
        {"alias": "Nothing is left", "triggers": [trigger], **noticed},
    ]
    assert await async_setup_component(home, AUTOMATION_DOMAIN, {AUTOMATION_DOMAIN: automations})
    await home.async_block_till_done()
    home.states.async_set("binary_sensor.window", "on")
    assert await told(home, calls) == 0
    await speak(home, "The last one.", **WAV)
    assert await told(home, calls) == 1


async def test_a_fallback_that_takes_over_triggers_each_time(home: HomeAssistant, emulator: Emulator) -> None:
    """And an utterance without it does not."""
    await with_fallback(home, emulator)
    target = {"entity_id": "event.anna_speech"}
    calls = await automate(home, triggers=[{"trigger": "streaming_tts.fallback_took_over", "target": target}])
    await speak(home, "Anna herself.", **WAV)
    assert await told(home, calls) == 0
    emulator.asyncflow.add_fault(FaultKind.STATUS, SPEECH_PATHS["asyncflow"], times=-1, status=500)
    await speak(home, "Ben for her.", **WAV)
    await speak(home, "Ben once more.", **WAV)
    assert await told(home, calls) == 2


@pytest.mark.parametrize(
    ("condition", "remaining", "runs"),
    [
        ({"condition": "streaming_tts.quota_is", "options": threshold("above", 5)}, 6, 1),
        ({"condition": "streaming_tts.quota_is", "options": threshold("above", 5)}, 4, 0),
        ({"condition": "streaming_tts.quota_is_exhausted"}, 0, 1),
        ({"condition": "streaming_tts.quota_is_exhausted"}, 3, 0),
    ],
)
async def test_conditions_tell_what_is_left(
    home: HomeAssistant, emulator: Emulator, condition: dict[str, Any], remaining: int, runs: int
) -> None:
    """Of an account as a whole."""
    entry = await flow_with(home, emulator, remaining)
    calls = await automate(
        home,
        triggers=[{"trigger": "event", "event_type": "asked"}],
        conditions=[condition | {"target": device_of(home, entry)}],
    )
    home.bus.async_fire("asked")
    assert await told(home, calls) == runs
