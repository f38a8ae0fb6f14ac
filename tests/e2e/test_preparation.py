"""Prepared messages: played without their service, on players and satellites, and after a restart."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from playwright.async_api import Browser
import pytest_asyncio

from tests.emulator.emulator import Emulator
from tests.emulator.faults import FaultKind
from tests.emulator.service import Service

from .browser import Frontend
from .conftest import COMPONENTS, KEY, LANGUAGES, Provider
from .device import Device
from .hearing import assert_same_sound, tone_of
from .instance import HomeAssistantProcess, add_account
from .routines import remove, save

SPEAKER = "media_player.speaker"
MESSAGES = (
    "Somebody is at the gate, ringing.",
    "The garage door is still open.",
    "The laundry is ready to be hung up.",
)
RATE = 24000


@pytest_asyncio.fixture(loop_scope="session")
async def other_instance(tmp_path: Path, device: Device) -> AsyncGenerator[HomeAssistantProcess]:
    """Run a Home Assistant for one test, with a speaker and satellites."""
    async with HomeAssistantProcess(tmp_path / "config", components=[COMPONENTS / "test_devices"]) as instance:
        await (await instance.client.add("test_devices")).finish(url=device.url)
        yield instance


async def test_messages_are_heard_after_a_restart_though_the_service_is_switched_off(
    other_instance: HomeAssistantProcess, emulator: Emulator, device: Device
) -> None:
    """With `tts.speak`, and as an announcement in the format of a satellite, the first time they're spoken."""
    instance, service = other_instance, emulator.asyncflow
    account = await add_account(
        instance.client, "asyncflow", KEY, base_url=service.url, language=LANGUAGES["asyncflow"], fallback=None
    )
    voice = Provider(key="asyncflow", service=service, account=account)
    await _use_in_assist(instance, voice)
    await instance.client.act(
        "streaming_tts.prepare", target=voice.speaker, message=list(MESSAGES), formats=["mp3", "wav_22050"]
    )

    await instance.stop()
    _unplug(service)
    await instance.start()

    for message in MESSAGES:
        await instance.client.act("tts.speak", target=voice.speaker, media_player_entity_id=SPEAKER, message=message)
        assert_same_sound(await device.heard(), tone_of(message, voice, RATE), RATE)
        await instance.client.act(
            "assist_satellite.announce", target="assist_satellite.wav_22050", message=message, preannounce=False
        )
        heard = await device.heard("wav_22050")
        assert_same_sound(heard, tone_of(message, voice, RATE), RATE)
        assert heard.content_type == "audio/x-wav"


async def test_button_announces_what_an_automation_has_prepared(
    instance: HomeAssistantProcess,
    providers: dict[str, Provider],
    *,
    emulator: Emulator,
    device: Device,
    browser: Browser,
    tmp_path: Path,
) -> None:
    """In the browser: three messages are prepared, the service is disconnected, and one of them is played."""
    voice = providers["sarvam"]
    prepare = {"action": "streaming_tts.prepare", "target": {"entity_id": voice.speaker}}
    await save(
        instance.client,
        "automation",
        "ready",
        triggers=[{"trigger": "time", "at": "04:00:00"}],
        actions=[prepare | {"data": {"message": list(MESSAGES)}}],
    )
    announce = {"entity_id": voice.speaker}, {"media_player_entity_id": SPEAKER, "message": MESSAGES[1]}
    cards = [
        _button("Prepare", "automation.trigger", {"entity_id": "automation.ready"}, {}),
        _button("Announce", "tts.speak", *announce),
    ]
    await instance.client.ask(
        "lovelace/dashboards/create", url_path="the-buttons", title="Buttons", require_admin=False, show_in_sidebar=True
    )
    await instance.client.ask("lovelace/config/save", url_path="the-buttons", config={"views": [{"cards": cards}]})
    async with Frontend.signed_in(browser, instance.url, tmp_path) as frontend:
        await frontend.open("/the-buttons/0")
        await frontend.page.get_by_text("Prepare", exact=True).click()
        await instance.client.state_when("automation.ready", _has_run)
        assert sum(message in str(asked) for asked in voice.service.asked() for message in MESSAGES) == len(MESSAGES)
        _unplug(voice.service)
        await frontend.page.get_by_text("Announce", exact=True).click()
        assert_same_sound(await device.heard(), tone_of(MESSAGES[1], voice, RATE), RATE)
    for dashboard in await instance.client.ask("lovelace/dashboards/list"):
        await instance.client.ask("lovelace/dashboards/delete", dashboard_id=dashboard["id"])
    await remove(instance.client, "automation", "ready")


def _has_run(state: dict[str, Any]) -> bool:
    """Return True if an automation was triggered and has finished."""
    return state["attributes"].get("last_triggered") is not None and state["attributes"]["current"] == 0


def _button(name: str, action: str, target: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    """Return a card that runs an action when it's pressed."""
    tap = {"action": "perform-action", "perform_action": action, "target": target, "data": data}
    return {"type": "button", "name": name, "icon": "mdi:bell", "tap_action": tap}


def _unplug(service: Service[Any]) -> None:
    """Make all services unreachable."""
    service.add_fault(FaultKind.RESET, "/", times=-1)


async def _use_in_assist(instance: HomeAssistantProcess, voice: Provider) -> None:
    """Let the preferred assistant, which satellites use by default, speak with a voice."""
    listed = await instance.client.ask("assist_pipeline/pipeline/list")
    pipeline = next(each for each in listed["pipelines"] if each["id"] == listed["preferred_pipeline"])
    changed = {"tts_engine": voice.speaker, "tts_language": LANGUAGES[voice.key], "tts_voice": voice.voice_id}
    fields = {key: value for key, value in pipeline.items() if key != "id"} | changed
    await instance.client.ask("assist_pipeline/pipeline/update", pipeline_id=pipeline["id"], **fields)
