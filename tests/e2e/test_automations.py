"""Automations with the triggers and conditions of the integration."""

from collections.abc import AsyncGenerator
import json
from typing import Any

import pytest_asyncio

from tests.emulator.emulator import Emulator
from tests.emulator.flow import PUBLIC_KEY, USERS

from .conftest import LANGUAGES, Log, Provider
from .instance import Account, HomeAssistantProcess, add_account
from .routines import notification, notifications, remove, save

SECOND_KEY = "second-key"
NOTIFY = "persistent_notification.create"


@pytest_asyncio.fixture(loop_scope="session")
async def account(
    instance: HomeAssistantProcess, emulator: Emulator, providers: dict[str, Provider]
) -> AsyncGenerator[Account]:
    """Add a second account at Flow TTS with a fallback voice, so that its usage doesn't affect other tests."""
    account = await add_account(
        instance.client,
        "flow_tts",
        json.dumps(emulator.flow.new_session(USERS[1])),
        base_url=emulator.flow.url,
        public_key=PUBLIC_KEY,
        language=LANGUAGES["flow_tts"],
        name="Attic",
        fallback=providers["asyncflow"].speaker,
    )
    yield account
    await instance.client.remove(account.entry_id)


async def _save(instance: HomeAssistantProcess, key: str, trigger: dict[str, Any], *conditions: dict[str, Any]) -> None:
    """Save an automation that shows its own name when it runs."""
    show = {"action": NOTIFY, "data": {"message": f"{key} ran", "notification_id": key}}
    await save(instance.client, "automation", key, triggers=[trigger], conditions=list(conditions), actions=[show])


async def test_exhaustion_is_told_and_can_be_asked(
    instance: HomeAssistantProcess, account: Account, emulator: Emulator, log: Log
) -> None:
    """The trigger fires once when the quota is used up; the condition is true only from then on."""
    exhausted = account.sensors.get("quota_exhausted") or "binary_sensor.flow_tts_2_quota_exhausted"
    took_over = {"trigger": "streaming_tts.fallback_took_over", "target": {"entity_id": account.sensors["utterance"]}}
    is_exhausted = {"condition": "streaming_tts.quota_is_exhausted", "target": {"entity_id": exhausted}}
    told = {"trigger": "streaming_tts.quota_exhausted", "target": {"entity_id": exhausted}}
    await _save(instance, "told", told)
    await _save(instance, "took_over_with_quota", took_over, {"condition": "not", "conditions": [is_exhausted]})
    await _save(instance, "took_over_without_quota", took_over, is_exhausted)

    emulator.flow.configure(contract="backend", speech_cost=1)
    await instance.client.speech(account.speaker, "This is said by the attic itself.")
    assert (
        not {"told", "took_over_with_quota", "took_over_without_quota"} & (await notifications(instance.client)).keys()
    )

    emulator.flow.change_quota({"remaining": 0, "email": USERS[1].email})
    await instance.client.speech(account.speaker, "This is said by somebody else.")
    assert await notification(instance.client, "told ran")
    assert await notification(instance.client, "took_over_without_quota ran")

    await instance.client.speech(account.speaker, "And this as well.")
    assert await notification(instance.client, "took_over_without_quota ran")
    assert not {"told", "took_over_with_quota"} & (await notifications(instance.client)).keys()
    for key in ("told", "took_over_with_quota", "took_over_without_quota"):
        await remove(instance.client, "automation", key)


async def test_threshold_is_crossed_once(instance: HomeAssistantProcess, account: Account, emulator: Emulator) -> None:
    """From 6 to 5, 4, and 3 points: only the step from 5 to 4 crosses the threshold of 5."""
    left = account.sensors["quota_remaining"]
    crossed = {
        "trigger": "streaming_tts.quota_crossed",
        "target": {"entity_id": left},
        "options": {"threshold": {"type": "below", "value": {"number": 5}}},
    }
    await _save(instance, "crossed", crossed)
    emulator.flow.configure(contract="backend", speech_cost=1)
    emulator.flow.change_quota({"remaining": 7, "email": USERS[1].email})
    for number in (6, 5):
        await instance.client.speech(account.speaker, f"{number} points are left then.")
        await _reads(instance, left, number)
    assert "crossed" not in await notifications(instance.client)
    await instance.client.speech(account.speaker, "And now there are four.")
    assert await notification(instance.client, "crossed ran")
    await instance.client.speech(account.speaker, "And now there are three.")
    await _reads(instance, left, 3)
    assert "crossed" not in await notifications(instance.client)
    await remove(instance.client, "automation", "crossed")


async def _reads(instance: HomeAssistantProcess, sensor: str, number: int) -> None:
    """Wait until a sensor has a state."""
    await instance.client.state_when(sensor, lambda state: bool(state["state"] == str(number)))
