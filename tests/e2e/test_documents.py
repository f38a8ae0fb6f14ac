"""The YAML examples of the documents: each loads in Home Assistant and does what the text says."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from functools import partial
import json
from pathlib import Path
import re
from typing import Any

import audioop
from playwright.async_api import Browser, expect
import pytest
import pytest_asyncio

from homeassistant.util.yaml import dump
from tests.emulator.emulator import Emulator
from tests.emulator.faults import FaultKind
from tests.emulator.flow import PUBLIC_KEY, USERS
from tests.emulator.recorded import spoken
from tests.emulator.sound import tone

from .browser import Frontend
from .conftest import COMPONENTS, KEY, Log
from .device import Device
from .examples import example_named, examples, is_action, is_automation, is_card, is_script, is_sequence, script_named
from .hearing import assert_same_sound
from .instance import Account, HomeAssistantProcess, add_account, change_options
from .routines import notification, remove, save

RATE = 24000
# This action needs a phone; here, it creates a persistent notification.
# Switches replace machines and persons, which a test doesn't have. The phone's notifications become persistent
# notifications.
SURROUNDINGS = """\
input_boolean:
  dishwasher:
  motion:
  smoke:
  washing_machine:
input_button:
  doorbell:
media_player:
  - platform: group
    name: Study
    entities: [media_player.kitchen]
notify:
  - platform: group
    name: mobile_app_phone
    services:
      - action: persistent_notification
template:
  - binary_sensor:
      - name: Dishwasher
        state: "{{ is_state('input_boolean.dishwasher', 'on') }}"
      - name: Smoke
        state: "{{ is_state('input_boolean.smoke', 'on') }}"
      - name: Study motion
        state: "{{ is_state('input_boolean.motion', 'on') }}"
      - name: Washing machine
        state: "{{ is_state('input_boolean.washing_machine', 'on') }}"
  - triggers:
      - trigger: state
        entity_id: input_button.doorbell
    event:
      - name: Doorbell
        event_type: ring
        event_types: "{{ ['ring'] }}"
"""
RENAMED = {
    "assist_satellite.mp3": "assist_satellite.study",
    "media_player.speaker": "media_player.kitchen",
    "tts.stranger": "tts.piper",
}
ANNOUNCEMENTS = {
    "The dishwasher has finished": "input_boolean.dishwasher",
    "The washing machine has finished": "input_boolean.washing_machine",
}


def _of(wanted: Callable[[Any], bool]) -> list[Any]:
    """Return examples of the documents as parameters, with their location as the ID."""
    return [pytest.param(block, id=place) for place, block in examples() if wanted(block)]


ACTIONS = _of(is_action)
AUTOMATIONS = _of(is_automation)
CARDS = _of(is_card)
SCRIPTS = _of(is_script)
SEQUENCES = _of(is_sequence)
FIELDS_OF_A_VOICE = frozenset(
    {"voice", "name", "languages", "models", "gender", "accent", "styles", "description", "own", "used_by", "sample"}
)
SOMEBODYS_ACCOUNT = "01JD8K3V5N9QYB2T6WZX4M7RCE"
"""The placeholder for the account that the editor selects."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def home(
    tmp_path_factory: pytest.TempPathFactory, running: Emulator, device: Device
) -> AsyncGenerator[HomeAssistantProcess]:
    """Run a Home Assistant with the names of the documents."""
    folder = tmp_path_factory.mktemp("home") / "config"
    async with HomeAssistantProcess(
        folder, components=[COMPONENTS / "test_devices"], configuration=SURROUNDINGS
    ) as home:
        await (await home.client.add("test_devices")).finish(url=device.url)
        for old, new in RENAMED.items():
            await home.client.ask("config/entity_registry/update", entity_id=old, new_entity_id=new)
        yield home


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def accounts(home: HomeAssistantProcess, running: Emulator) -> dict[str, Account]:
    """Add AsyncFlow with a budget and a voice called Anna, whose fallback voice is that of Flow TTS."""
    flow = await add_account(
        home.client,
        "flow_tts",
        running.flow.demo_token(),
        base_url=running.flow.url,
        public_key=PUBLIC_KEY,
        language="en",
        name="Ling",
        fallback=None,
    )
    asyncflow = await add_account(
        home.client,
        "asyncflow",
        KEY,
        base_url=running.asyncflow.url,
        language="en",
        name="Anna",
        fallback=flow.speaker,
    )
    asyncflow = await change_options(home.client, asyncflow, budget={"amount": 10, "renewal_day": 1})
    await home.client.state_when("sensor.asyncflow_budget_remaining", lambda state: state["state"] == "10.0")
    return {"flow_tts": flow, "asyncflow": asyncflow}


async def test_there_are_examples_and_each_is_of_a_kind_that_is_tried() -> None:
    """Otherwise, the tests below would check nothing, or miss an example."""
    assert all((ACTIONS, CARDS, AUTOMATIONS, SCRIPTS, SEQUENCES))
    assert len(list(examples())) == len([*ACTIONS, *CARDS, *AUTOMATIONS, *SCRIPTS, *SEQUENCES])


@pytest.mark.parametrize("block", AUTOMATIONS)
async def test_automation_is_valid_and_knows_all_its_entities(
    home: HomeAssistantProcess, accounts: dict[str, Account], block: dict[str, Any]
) -> None:
    """The automation loads, and all of its entities exist."""
    for automation in block["automation"]:
        parts = {name: automation.get(name, []) for name in ("triggers", "conditions", "actions")}
        checked = await home.client.ask("validate_config", **parts)
        assert {name: result["error"] for name, result in checked.items()} == dict.fromkeys(parts)
        for entity_id in re.findall(r"entity_id: (\S+\.\S+)", dump(automation)):
            assert await home.client.state(entity_id), entity_id


@pytest.mark.parametrize("block", [*ACTIONS, *SCRIPTS, *SEQUENCES])
async def test_script_is_valid_and_knows_all_its_entities(
    home: HomeAssistantProcess, accounts: dict[str, Account], block: dict[str, Any]
) -> None:
    """The script loads, and all of its entities exist."""
    if is_script(block):
        sequences = [script["sequence"] for script in block["script"].values()]
    else:
        sequences = [block["actions"] if is_sequence(block) else [block]]
    for sequence in sequences:
        checked = await home.client.ask("validate_config", actions=sequence)
        assert checked["actions"]["error"] is None
        for entity_id in re.findall(r"entity_id: (\S+\.\S+)", dump(sequence)):
            assert await home.client.state(entity_id), entity_id


@pytest.mark.parametrize("card", CARDS)
async def test_card_shows_numbers(
    home: HomeAssistantProcess, accounts: dict[str, Account], browser: Browser, tmp_path: Path, card: dict[str, Any]
) -> None:
    """The card is shown on a dashboard in the browser without errors or unknown entities."""
    for account in accounts.values():
        await home.client.speech(account.speaker, "What the card is to show.")
        # If a stream doesn't report the quota, the next short text does.
        await home.client.speech(account.speaker, "What is left.")
    await home.client.ask(
        "lovelace/dashboards/create", url_path="the-card", title="Card", require_admin=False, show_in_sidebar=True
    )
    await home.client.ask("lovelace/config/save", url_path="the-card", config={"views": [{"cards": [card]}]})
    async with Frontend.signed_in(browser, home.url, tmp_path) as frontend:
        await frontend.open("/the-card/0")
        shown = frontend.page.locator("hui-card").first
        await expect(shown).to_be_visible()
        for missing in ("hui-error-card", "hui-warning", "hui-warning-element"):
            await expect(frontend.page.locator(missing)).to_have_count(0)
        for row in card.get("entities", []):
            state = await home.client.state(row["entity"])
            assert state is not None, row
            assert state["state"] not in ("unknown", "unavailable"), row
        await expect(shown).to_contain_text("points")
    dashboards = await home.client.ask("lovelace/dashboards/list")
    (made,) = [dashboard["id"] for dashboard in dashboards if dashboard["url_path"] == "the-card"]
    await home.client.ask("lovelace/dashboards/delete", dashboard_id=made)


@pytest.mark.parametrize(("alias", "switch"), ANNOUNCEMENTS.items())
async def test_announcement_is_heard(
    home: HomeAssistantProcess, accounts: dict[str, Account], device: Device, alias: str, switch: str
) -> None:
    """When the machine stops, Anna speaks in the kitchen."""
    automation = example_named(alias)
    await save(home.client, "automation", "announce", **automation)
    sensor = f"binary_sensor.{switch.partition('.')[2]}"
    for state in ("on", "off"):
        await home.client.act(f"input_boolean.turn_{state}", target=switch)
        await home.client.state_when(sensor, partial(_shows, state))

    message = automation["actions"][0]["data"]["message"]
    wanted = tone(message, RATE, voice=accounts["asyncflow"].voice.voice_id)
    assert_same_sound(await device.heard(), wanted, RATE)
    await remove(home.client, "automation", "announce")


async def test_doorbell_is_heard_from_all_players_and_asked_for_once(
    home: HomeAssistantProcess, accounts: dict[str, Account], device: Device, emulator: Emulator
) -> None:
    """At the volume of the recipe."""
    await home.client.act("input_button.press", target="input_button.doorbell")
    await home.client.state_when("event.doorbell", lambda state: bool(state["state"] != "unknown"))
    automation = example_named("Somebody is at the door")
    await save(home.client, "automation", "doorbell", **automation)
    before = len(emulator.asyncflow.asked())
    await home.client.act("input_button.press", target="input_button.doorbell")

    message = automation["actions"][0]["data"]["message"]
    louder = 10 ** (automation["actions"][0]["data"]["options"]["gain"] / 20)
    usual = await home.client.speech(accounts["asyncflow"].speaker, message)
    wanted = audioop.mul(usual.decoded(RATE).pcm, 2, louder)
    assert_same_sound(await device.heard(), wanted, RATE)
    assert_same_sound(await device.heard(), wanted, RATE)
    assert sum(message in str(asked) for asked in list(emulator.asyncflow.asked())[before:]) == 1
    await remove(home.client, "automation", "doorbell")


async def test_speech_is_slower_at_night(
    home: HomeAssistantProcess, accounts: dict[str, Account], device: Device
) -> None:
    """With the option of the call."""
    automation = example_named("Say good night")
    await save(home.client, "automation", "night", **automation)
    await home.client.act("automation.trigger", target="automation.say_good_night")
    data = automation["actions"][0]["data"]
    usual = len(tone(data["message"], RATE)) / 2 / RATE
    slower = usual / data["options"]["speed"]
    assert (await device.heard()).decoded(RATE).duration == pytest.approx(slower, abs=0.15)
    await remove(home.client, "automation", "night")


async def test_points_are_saved_in_the_evening(
    home: HomeAssistantProcess, accounts: dict[str, Account], device: Device, emulator: Emulator
) -> None:
    """With 20 points, the good voice speaks, with 19, the other one."""
    device.stranger.clear()
    await save(home.client, "automation", "evening", **example_named("Announce with what is left"))
    emulator.flow.configure(contract="backend", speech_cost=1, daily_points=100)
    await _speak_until(home, accounts, emulator, left=20)
    await home.client.act("automation.trigger", target="automation.announce_with_what_is_left")
    seconds = len(tone("Good evening.", RATE)) / 2 / RATE
    assert (await device.heard()).decoded(RATE).duration == pytest.approx(seconds, abs=0.15)
    assert device.stranger == []

    await home.client.state_when("sensor.flow_tts_quota_remaining", lambda state: bool(state["state"] == "19"))
    await home.client.act("automation.trigger", target="automation.announce_with_what_is_left")
    await device.heard()
    assert device.stranger.pop() == "Good evening. I'm saving my good voice for tomorrow."
    await remove(home.client, "automation", "evening")


async def test_quota_automation_of_the_readme_tells_the_phone(
    home: HomeAssistantProcess, accounts: dict[str, Account], emulator: Emulator, log: Log
) -> None:
    """Below 10 points, and when the fallback voice took over, but not if no points are left."""
    await save(home.client, "automation", "points", **example_named("The voice runs out of points"))
    emulator.flow.configure(contract="backend", speech_cost=1, daily_points=100)
    await _speak_until(home, accounts, emulator, left=10)
    await _speak_until(home, accounts, emulator, left=9)
    assert await notification(home.client, "points") == "9 points are left today."

    emulator.asyncflow.change_quota({"limit": 0})
    await home.client.speech(accounts["asyncflow"].speaker, "Ling says this in the place of Anna.")
    assert await notification(home.client, "points") == "8 points are left today."

    emulator.flow.change_quota({"remaining": 0, "email": USERS[0].email})
    await home.client.speech(accounts["flow_tts"].speaker, "Nobody says this.")
    await home.client.state_when("binary_sensor.flow_tts_quota_exhausted", lambda state: state["state"] == "on")
    assert await home.client.ask("persistent_notification/get") == []


async def test_script_finds_voices(home: HomeAssistantProcess, accounts: dict[str, Account]) -> None:
    """With the search words and response fields of the actions page."""
    found = await _run(home, accounts, script_named("clear_voices")["sequence"])
    assert found["total"] == len(found["voices"]) >= 1
    for voice in found["voices"]:
        assert "en" in voice["languages"]
        assert voice["gender"] == "female"
        assert voice["accent"].lower() == "british"
        assert "clear" in [style.lower() for style in voice["styles"]]
        assert voice.keys() <= FIELDS_OF_A_VOICE


@pytest.mark.parametrize("block", ACTIONS)
async def test_voice_is_checked(
    home: HomeAssistantProcess, accounts: dict[str, Account], block: dict[str, Any]
) -> None:
    """Over each transport, as on the actions page."""
    answered = {"response_variable": "report"}
    report = await _run(home, accounts, [block | answered, {"stop": "Checked"} | answered])
    assert report["service"] == "asyncflow"
    spoken = {check["transport"]: check["spoken"] for check in report["transports"]}
    assert spoken == {"websocket": True, "stream": True}  # Flash 1.5 has no REST endpoint
    assert report["charge"]["requests"] == 2


async def test_script_clones_a_voice(home: HomeAssistantProcess, accounts: dict[str, Account]) -> None:
    """From the file in *My media* on the actions page."""
    recordings = home.folder / "media" / "recordings"
    recordings.mkdir(parents=True)
    (recordings / "anna.wav").write_bytes(spoken(8.0))
    made = await _run(home, accounts, script_named("clone_anna")["sequence"])
    entry_id = accounts["asyncflow"].entry_id
    own = await home.client.act("streaming_tts.list_voices", answered=True, config_entry_id=entry_id, own=True)
    assert {"voice": made["voice"], "name": "Anna"}.items() <= {
        key: value for voice in own["voices"] if voice["voice"] == made["voice"] for key, value in voice.items()
    }.items()


async def test_script_speaks_with_subtitles(
    home: HomeAssistantProcess, accounts: dict[str, Account], device: Device
) -> None:
    """The URL from the action is played in the kitchen."""
    script = script_named("subtitled")
    await _run(home, accounts, script["sequence"])
    wanted = tone(script["sequence"][0]["data"]["message"], RATE, voice=accounts["asyncflow"].voice.voice_id)
    assert_same_sound(await device.heard(), wanted, RATE)


async def test_call_for_dinner_is_heard_from_the_finished_file(
    home: HomeAssistantProcess, accounts: dict[str, Account], device: Device
) -> None:
    """On both players of the group."""
    script = script_named("call_for_dinner")
    await _run(home, accounts, script["sequence"])
    wanted = tone(script["sequence"][0]["data"]["message"], RATE, voice=accounts["asyncflow"].voice.voice_id)
    assert_same_sound(await device.heard(), wanted, RATE)
    assert_same_sound(await device.heard(), wanted, RATE)


async def test_alarm_is_heard_without_the_service(
    home: HomeAssistantProcess, accounts: dict[str, Account], device: Device, emulator: Emulator
) -> None:
    """The messages of the recipe are prepared by the voice itself, before they're spoken the first time."""
    await save(home.client, "automation", "ready", **example_named("Keep messages ready"))
    await home.client.act("automation.trigger", target="automation.keep_messages_ready")
    for service in (emulator.asyncflow, emulator.flow):
        service.add_fault(FaultKind.RESET, "/", times=-1)
    alarm = example_named("There is smoke")
    await save(home.client, "automation", "alarm", **alarm)
    await home.client.act("input_boolean.turn_on", target="input_boolean.smoke")
    message = alarm["actions"][0]["repeat"]["sequence"][0]["data"]["message"]
    wanted = tone(message, RATE, voice=accounts["asyncflow"].voice.voice_id)
    assert_same_sound(await device.heard(), wanted, RATE)
    for name in ("alarm", "ready"):
        await remove(home.client, "automation", name)


async def test_script_teaches_pronunciations(
    home: HomeAssistantProcess, accounts: dict[str, Account], emulator: Emulator
) -> None:
    """The service gets the replacement from then on."""
    await _run(home, accounts, script_named("pronounce")["sequence"])
    await home.client.speech(accounts["asyncflow"].speaker, "Nguyen looks for the Wi-Fi, and calls 112.")
    sent = str(list(emulator.asyncflow.asked())[-1])
    assert "win looks for the" in sent
    assert "ˈwaɪ.faɪ" in sent
    assert "<digits>112</digits>" in sent
    await home.client.act("streaming_tts.set_pronunciations", pronunciations={}, replace=True)


async def test_balance_is_told(home: HomeAssistantProcess, accounts: dict[str, Account]) -> None:
    """After a payment, as on the quota page."""
    prepaid = {"amount": 20, "renewal_day": None}
    asyncflow = await change_options(home.client, accounts["asyncflow"], budget=prepaid)
    await home.client.state_when(asyncflow.sensors["budget_remaining"], partial(_shows, "20.0"))
    await _loaded(home, asyncflow)
    (block,) = (block for _, block in examples() if is_sequence(block))
    await _run(home, accounts, block["actions"])
    await home.client.state_when(asyncflow.sensors["budget_remaining"], partial(_shows, "125.5"))


async def _loaded(home: HomeAssistantProcess, account: Account) -> None:
    """Wait until an account is loaded: its sensors have states before that. Raises TimeoutError."""
    async with asyncio.timeout(10):
        while (account.entry_id, "loaded") not in [
            (entry["entry_id"], entry["state"]) for entry in await home.client.entries("streaming_tts")
        ]:
            await asyncio.sleep(0.05)


async def _run(home: HomeAssistantProcess, accounts: dict[str, Account], sequence: list[dict[str, Any]]) -> Any:
    """Run actions of the documents with the AsyncFlow account; return their response."""
    written = json.dumps(sequence).replace(SOMEBODYS_ACCOUNT, accounts["asyncflow"].entry_id)
    ended = await home.client.ask("execute_script", sequence=json.loads(written))
    return ended["response"]


async def _speak_until(
    home: HomeAssistantProcess, accounts: dict[str, Account], emulator: Emulator, *, left: int
) -> None:
    emulator.flow.change_quota({"remaining": left + 1, "email": USERS[0].email})
    await home.client.speech(accounts["flow_tts"].speaker, f"There will be {left} points.")
    await home.client.state_when("sensor.flow_tts_quota_remaining", lambda state: state["state"] == str(left))


def _shows(state: str, shown: dict[str, Any]) -> bool:
    """Return True if an entity has a state."""
    return bool(shown["state"] == state)
