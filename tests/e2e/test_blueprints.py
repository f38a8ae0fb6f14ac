"""The blueprints: imported and run with players and notifications."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from datetime import UTC, datetime, timedelta
import json
import shutil
from typing import Any

import pytest
import pytest_asyncio

from tests.emulator.emulator import Emulator
from tests.emulator.faults import FaultKind
from tests.emulator.flow import USERS

from .conftest import KEY, LANGUAGES, Log, Provider
from .device import Device
from .hearing import assert_same_sound, tone_of
from .instance import HomeAssistantProcess, add_account
from .routines import BLUEPRINTS, import_blueprints, notification, notifications, of_blueprint, remove, save

SPEAKER = "media_player.speaker"
SATELLITE = "assist_satellite.mp3"
RADIO = "media_player.radio"
"""A speaker that reports its state, a satellite, and a speaker that doesn't."""
MESSAGE = "The washing machine has finished, and {} says so."
BRIEFING = "Good morning! It is five degrees outside & raining. Nothing is in the calendar: 100 % free."
PERCENT = ("%", "per cent")
"""A symbol, and its words in Indian English, the language of the voice."""
CHIME = {"media_content_id": "media-source://tts/tts.stranger?message=ding", "media_content_type": "audio/mpeg"}
RATE = 24000
USUAL_VOLUME = 0.5


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def imported(instance: HomeAssistantProcess) -> None:
    """Import the blueprints."""
    await import_blueprints(instance.client)


@pytest.fixture
def voice(providers: dict[str, Provider], emulator: Emulator) -> Provider:
    """Return the voice."""
    return providers["sarvam"]


@pytest_asyncio.fixture(loop_scope="session")
async def announcements(instance: HomeAssistantProcess) -> AsyncGenerator[None]:
    """Remove the script of a test."""
    yield
    await remove(instance.client, "script", "announce")


async def _make_announcement(instance: HomeAssistantProcess, voice: Provider, **inputs: Any) -> None:
    """Create a script at 80% volume, with a chime and without quiet hours."""
    usual = {"volume": 80, "chime": CHIME, "chime_seconds": 0, "quiet_from": "00:00:00", "quiet_until": "00:00:00"}
    content = of_blueprint("announcement", voice=voice.speaker, **usual | inputs)
    await save(instance.client, "script", "announce", **content)


async def test_files_are_blueprints_where_they_lie(instance: HomeAssistantProcess) -> None:
    """All blueprints load without an error if the folder is copied into the configuration."""
    folder = instance.folder / "blueprints"
    for domain in ("automation", "script"):
        shutil.copytree(BLUEPRINTS / domain / "streaming_tts", folder / domain / "copied")
        listed = await instance.client.ask("blueprint/list", domain=domain)
        copied = {path: content for path, content in listed.items() if path.startswith("copied/")}
        assert copied.keys() == {f"copied/{file.name}" for file in (BLUEPRINTS / domain).rglob("*.yaml")}
        for path, content in copied.items():
            assert content["metadata"]["source_url"].endswith(f"/blueprints/{domain}/streaming_tts/{path[7:]}")


@pytest.mark.usefixtures("announcements")
async def test_announcement_is_louder_than_what_was_and_comes_after_it(
    instance: HomeAssistantProcess, voice: Provider, device: Device
) -> None:
    """Chime and text are played at the set volume, which is restored afterwards."""
    await _make_announcement(instance, voice, players=[SPEAKER])
    text = MESSAGE.format("the speaker")
    before = len(device.played)
    await instance.client.act("script.announce", message=text)

    # The speaker fetches both at once, and the text may be complete first
    chime, said = sorted([await device.heard(), await device.heard()], key=lambda heard: heard.since)
    assert_same_sound(said, tone_of(text, voice, RATE), RATE)
    assert chime.decoded(RATE).duration == pytest.approx(len("ding") * 0.05, abs=0.1)
    assert device.volumes[before:] == [0.8, 0.8]
    await _is_as_loud_as_usual(instance)


@pytest.mark.usefixtures("announcements")
async def test_satellite_announces_with_the_voice_that_was_chosen(
    instance: HomeAssistantProcess, voice: Provider, device: Device
) -> None:
    """The chime replaces the satellite's own sound before an announcement."""
    await _make_announcement(instance, voice, players=[SATELLITE])
    text = MESSAGE.format("the satellite & 100 % of it")
    await instance.client.act("script.announce", message=text)

    chime, said = await device.heard("mp3"), await device.heard("mp3")
    assert chime.decoded(RATE).duration == pytest.approx(len("ding") * 0.05, abs=0.1)
    assert_same_sound(said, tone_of(text.replace(*PERCENT), voice, RATE), RATE)


@pytest.mark.usefixtures("announcements")
async def test_nothing_is_said_in_quiet_hours_but_what_is_urgent(
    instance: HomeAssistantProcess, voice: Provider, device: Device
) -> None:
    """Also if the quiet hours include midnight."""
    now = datetime.now(UTC)
    quiet = {"quiet_from": now - timedelta(hours=1), "quiet_until": now + timedelta(hours=1)}
    hours = {key: f"{time:%H:%M:%S}" for key, time in quiet.items()}
    await _make_announcement(instance, voice, players=[SPEAKER], chime={}, **hours)
    before = len(device.played)
    text = MESSAGE.format("the night")

    await instance.client.act("script.announce", message=text)
    assert device.played[before:] == []
    await _is_as_loud_as_usual(instance)

    await instance.client.act("script.announce", message=text, urgent=True)
    assert_same_sound(await device.heard(), tone_of(text, voice, RATE), RATE)
    assert device.volumes[before:] == [0.8]

    hours = {"quiet_from": hours["quiet_until"], "quiet_until": hours["quiet_from"]}
    await remove(instance.client, "script", "announce")
    await _make_announcement(instance, voice, players=[SPEAKER], chime={}, **hours)
    await instance.client.act("script.announce", message=text)
    assert_same_sound(await device.heard(), tone_of(text, voice, RATE), RATE)


@pytest.mark.usefixtures("announcements")
async def test_volume_is_restored_when_the_service_is_down(
    instance: HomeAssistantProcess, voice: Provider, device: Device, emulator: Emulator, log: Log
) -> None:
    """The chime is played nevertheless, and the volume is restored."""
    await _make_announcement(instance, voice, players=[SPEAKER])
    log.expect("Couldn't connect to|Sarvam")
    emulator.sarvam.add_fault(FaultKind.RESET, times=-1)
    await instance.client.act("script.announce", message=MESSAGE.format("nobody"))

    assert (await device.heard()).status == 200
    await device.heard()
    await _is_as_loud_as_usual(instance)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def targets(instance: HomeAssistantProcess) -> dict[str, Any]:
    """Return targets for the three players: entity, area, floor, and label."""
    players = [SPEAKER, SATELLITE, RADIO]
    floor = await instance.client.ask("config/floor_registry/create", name="Basement")
    area = await instance.client.ask("config/area_registry/create", name="Workshop", floor_id=floor["floor_id"])
    label = await instance.client.ask("config/label_registry/create", name="Announcements")
    for entity_id in players:
        await instance.client.ask(
            "config/entity_registry/update",
            entity_id=entity_id,
            area_id=area["area_id"],
            labels=[label["label_id"]],
        )
    return {
        "entities": {"entity_id": players},
        "entities of an earlier version": players,
        "area": {"area_id": area["area_id"]},
        "floor": {"floor_id": [floor["floor_id"]]},
        "label": {"label_id": label["label_id"]},
    }


@pytest.mark.usefixtures("announcements")
@pytest.mark.parametrize("target", ["entities", "entities of an earlier version", "area", "floor", "label"])
async def test_all_kinds_of_players_announce(
    instance: HomeAssistantProcess, voice: Provider, device: Device, targets: dict[str, Any], target: str
) -> None:
    """Each player is used once, and each volume is restored."""
    await _make_announcement(instance, voice, players=targets[target], chime={})
    text = MESSAGE.format(target)
    before = len(device.played)
    await instance.client.act("script.announce", message=text)
    for player in ("speaker", "mp3", "radio"):
        assert_same_sound(await device.heard(player), tone_of(text, voice, RATE), RATE)
    assert device.volumes[before:] == [0.8]
    for player in (SPEAKER, RADIO):
        await _is_as_loud_as_usual(instance, player)


@pytest.mark.usefixtures("announcements")
async def test_announcement_lasts_as_long_as_what_is_played(
    instance: HomeAssistantProcess, voice: Provider, device: Device
) -> None:
    """From the event of the voice, even if the player doesn't report its end."""
    await _make_announcement(instance, voice, players={"entity_id": RADIO}, chime={})
    text = MESSAGE.format("the radio, which plays this whole sentence to its end")
    await instance.client.act("script.announce", message=text)
    ended = asyncio.get_running_loop().time()

    heard = await device.heard("radio")
    assert ended - heard.since >= heard.decoded(RATE).duration - 0.2
    await _is_as_loud_as_usual(instance, RADIO)


async def _is_as_loud_as_usual(instance: HomeAssistantProcess, player: str = SPEAKER) -> None:
    state = await instance.client.state(player)
    assert state is not None
    assert state["attributes"]["volume_level"] == USUAL_VOLUME


async def test_quota_warning_tells_what_is_left(
    instance: HomeAssistantProcess, providers: dict[str, Provider], emulator: Emulator, log: Log
) -> None:
    """No warning at 10%, one at 9%, and another one when the quota is used up."""
    provider = providers["flow_tts"]
    emulator.flow.configure(contract="backend", speech_cost=1, daily_points=100)
    await _spend(instance, provider, emulator, left=20)
    account, _ = await _devices(instance, provider.speaker)
    content = of_blueprint("quota_warning", devices=[account], left=10)
    await save(instance.client, "automation", "quota_warning", **content)

    await _spend(instance, provider, emulator, left=10)
    assert not [key for key in await notifications(instance.client) if key.startswith("streaming_tts_")]
    await _spend(instance, provider, emulator, left=9)
    assert await notification(instance.client, "%") == "Flow TTS has 9 % of its quota or budget left."

    log.expect("The quota of Flow TTS is used up")
    emulator.flow.change_quota({"remaining": 0, "email": USERS[0].email})
    await instance.client.speech(provider.speaker, "Is there anything left?")
    assert await notification(instance.client, "used up") == "Flow TTS has used up its quota or budget."
    await remove(instance.client, "automation", "quota_warning")


async def _spend(instance: HomeAssistantProcess, provider: Provider, emulator: Emulator, *, left: int) -> None:
    """Use up points until the given number is left, and wait for the sensor."""
    emulator.flow.change_quota({"remaining": left + 1, "email": USERS[0].email})
    await instance.client.speech(provider.speaker, f"There will be {left} points.")
    sensor = provider.account.sensors["quota_remaining"]
    await instance.client.state_when(sensor, lambda state: bool(state["state"] == str(left)))


async def test_quota_warning_tells_who_took_over(
    instance: HomeAssistantProcess, providers: dict[str, Provider], emulator: Emulator
) -> None:
    """The device of the voice is sufficient for the trigger; the message has the name of the fallback voice."""
    emulator.asyncflow.configure(keys=(KEY, "second-key"))
    account = await add_account(
        instance.client,
        "asyncflow",
        "second-key",
        base_url=emulator.asyncflow.url,
        language=LANGUAGES["asyncflow"],
        name="Hallway",
        fallback=providers["sarvam"].speaker,
    )
    _, voice = await _devices(instance, account.speaker)
    await save(instance.client, "automation", "took_over", **of_blueprint("quota_warning", devices=[voice]))
    emulator.asyncflow.change_quota({"limit": 0})
    await instance.client.speech(account.speaker, "Somebody else says this.")

    text = await notification(instance.client, "took over")
    assert text == "sarvam voice took over for Hallway. Reason: quota"
    await remove(instance.client, "automation", "took_over")
    await instance.client.remove(account.entry_id)


async def _devices(instance: HomeAssistantProcess, speaker: str) -> tuple[str, str]:
    """Return the devices of a voice's account and of the voice."""
    (entity,) = await instance.client.registered(entity_id=speaker)
    devices = await instance.client.ask("config/device_registry/list")
    voice = next(device for device in devices if device["id"] == entity["device_id"])
    return voice["via_device_id"], voice["id"]


@pytest.mark.parametrize("player", [SPEAKER, SATELLITE])
async def test_briefing_is_written_by_the_assistant_and_said(
    instance: HomeAssistantProcess, voice: Provider, device: Device, player: str
) -> None:
    """Only on the selected days."""
    await _make_briefing(instance, voice, {"say": BRIEFING}, players=[player], days=[f"{datetime.now(UTC):%a}".lower()])
    await instance.client.act("automation.trigger", target="automation.briefing", skip_condition=False)
    said = await device.heard("speaker" if player == SPEAKER else "mp3")
    assert_same_sound(said, tone_of(BRIEFING.replace(*PERCENT), voice, RATE), RATE)
    await remove(instance.client, "automation", "briefing")


async def test_no_briefing_on_other_days(instance: HomeAssistantProcess, voice: Provider, device: Device) -> None:
    """The conversation agent isn't called either."""
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    await _make_briefing(instance, voice, {"say": BRIEFING}, players=[SPEAKER], days=[f"{tomorrow:%a}".lower()])
    before = len(device.played)
    await instance.client.act("automation.trigger", target="automation.briefing", skip_condition=False)
    assert device.played[before:] == []
    await remove(instance.client, "automation", "briefing")


async def test_no_briefing_where_the_assistant_fails(
    instance: HomeAssistantProcess, voice: Provider, device: Device, log: Log
) -> None:
    """The error isn't spoken."""
    log.expect("no model|conversation agent didn't answer")
    today = f"{datetime.now(UTC):%a}".lower()
    await _make_briefing(instance, voice, {"fail": "no model"}, players=[SPEAKER], days=[today])
    before = len(device.played)
    await instance.client.act("automation.trigger", target="automation.briefing", skip_condition=False)
    assert device.played[before:] == []
    await remove(instance.client, "automation", "briefing")


async def _make_briefing(
    instance: HomeAssistantProcess, voice: Provider, step: Mapping[str, str], **inputs: Any
) -> None:
    content = of_blueprint(
        "morning_briefing",
        agent="conversation.assistant",
        request=json.dumps([step]),
        voice=voice.speaker,
        **inputs,
    )
    await save(instance.client, "automation", "briefing", **content)
