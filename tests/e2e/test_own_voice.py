"""A cloned voice from its recording to its deletion.

Forms, permissions, costs, and remaining files.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
import json
from pathlib import Path
from typing import Any

from playwright.async_api import FilePayload, Locator, expect
import pytest
import pytest_asyncio

from tests.emulator.emulator import Emulator
from tests.emulator.faults import FaultKind
from tests.emulator.flow import PUBLIC_KEY
from tests.emulator.flow_settings import Contract
from tests.emulator.recorded import clipped, silent, spoken
from tests.emulator.service import Service
from tests.emulator.sound import tone
from tests.voice_files import converted, recorded

from .browser import Dialog, Frontend
from .conftest import KEY, Log, Provider, start_anew
from .instance import ApiError, Client, Flow, HomeAssistantProcess, add_account
from .instance.people import person

RATE = 24000
WAV = {"preferred_format": "wav", "preferred_sample_rate": RATE}
SENTENCE = "Once upon a time there was a house that could speak."
CLONE_PATHS = {"asyncflow": "/voices/clone", "sarvam": "/voices/create", "flow_tts": "/api/voice/clone"}
LOCAL = "media-source://media_source/local"
SECRET = "Anna Hidden"
"""Metadata in the recording that identifies the person."""
FLAWED: Mapping[str, tuple[bytes, str, str]] = {
    "no audio": (b"This is not a sound.", "anna.wav", "Can't read this file."),
    "too short": (spoken(2.5), "anna.wav", "The recording is 2.5 seconds long."),
    "too long": (recorded("mp3", 20.0), "anna.mp3", "The recording is too long. The maximum is 12 seconds."),
    "silent": (silent(8.0), "anna.wav", "Only 0.0 seconds of speech found."),
    "clipped": (clipped(8.0), "anna.wav", "The recording is distorted"),
    "too large": (bytes(50_000_001), "anna.wav", "The file is too large. The maximum is 50 MB."),
}
"""Recordings that are never sent: file, file name, and error."""
OUTSIDE = (
    f"{LOCAL}/../configuration.yaml",
    f"{LOCAL}//etc/passwd",
    f"{LOCAL}/linked.wav",
    "media-source://tts/tts.asyncflow_voice?message=Hello",
    "file:///etc/passwd",
    "http://127.0.0.1/anna.wav",
)
"""Media IDs that aren't files in the local media folders."""


@pytest.fixture
def media(instance: HomeAssistantProcess) -> Path:
    """Return the local media folder."""
    return instance.folder / "media"


async def ask(instance: HomeAssistantProcess, action: str, provider: Provider, **fields: Any) -> Any:
    """Return the response of an action for an account."""
    entry_id = provider.account.entry_id
    return await instance.client.act(f"streaming_tts.{action}", answered=True, config_entry_id=entry_id, **fields)


async def clone(instance: HomeAssistantProcess, provider: Provider, media_id: str) -> Any:
    """Clone a voice with the action; return its response."""
    media = {"media_content_id": media_id, "media_content_type": "audio/wav"}
    return await ask(instance, "clone_voice", provider, media=media, name="Anna", consent=True)


async def form_for(client: Client, entry_id: str) -> Flow:
    """Return the form for a recording."""
    flow = await client.add_to(entry_id, "voice")
    await flow.choose("clone")
    return flow


async def send(client: Client, flow: Flow, content: bytes, name: str) -> None:
    """Submit the form with a file, and wait for the result."""
    file_id = (await client.upload("/api/file_upload", content, name))["file_id"]
    await flow.answer(recording=file_id, name="Anna", consent=True)
    await flow.wait()


# The life of a voice, in the browser


async def action_form(frontend: Frontend, name: str) -> Dialog:
    """Select an action in the developer tools, for the AsyncFlow account."""
    await frontend.page.evaluate("() => localStorage.removeItem('panel-dev-action-state-service-data')")
    await frontend.open("/config/tools/action")
    tool = Dialog(frontend.page.locator("tools-action"))
    await tool.shown.locator("ha-service-picker").click()
    await tool.shown.get_by_placeholder("Search").filter(visible=True).fill(f"Streaming TTS: {name}")
    await tool.options.filter(has_text=name).filter(visible=True).first.click()
    await tool.choose("Integration", "AsyncFlow")
    await tool.chosen("Integration", "AsyncFlow")
    return tool


def row_of(tool: Dialog, field: str) -> Locator:
    """Return the row of a field in the form of an action."""
    return tool.shown.locator("ha-settings-row").filter(has=tool.shown.page.get_by_text(field, exact=True))


async def write(tool: Dialog, field: str, text: str) -> None:
    """Fill in a field of the form of an action, which may be rendered again meanwhile."""
    written = row_of(tool, field).locator("#input")
    await written.click()
    await written.press_sequentially(text)
    await expect(written).to_have_value(text)


async def test_a_voice_is_cloned_chosen_heard_renamed_and_deleted(
    frontend: Frontend, instance: HomeAssistantProcess, emulator: Emulator, providers: dict[str, Provider], log: Log
) -> None:
    """In one session of a user."""
    form = await _recorded(frontend)
    await form.says("Agatha is ready")
    await form.press("Next")
    await form.press("Submit")
    await form.says("Success", "Agatha")
    await form.press("Finish")
    listed = (await ask(instance, "list_voices", providers["asyncflow"], own=True))["voices"]
    (voice,) = (each for each in listed if each["name"] == "Agatha")
    heard = await instance.client.speech("tts.agatha", SENTENCE, options=WAV)
    assert heard.pcm == tone(SENTENCE, RATE, voice=voice["voice"])

    tool = await action_form(frontend, "Update voice")
    await write(tool, "Voice", voice["voice"])
    await row_of(tool, "Name").locator("ha-checkbox").click()
    await write(tool, "Name", "Aunt Agatha")
    await frontend.look("life_1_rename", dark=True)
    await tool.press("Perform action")
    await tool.says("name: Aunt Agatha")
    await frontend.look("life_2_renamed")

    log.expect("The voice Aunt Agatha is used by Agatha")
    tool = await action_form(frontend, "Delete voice")
    await write(tool, "Voice", voice["voice"])
    await tool.press("Perform action")
    await tool.says("The voice Aunt Agatha is used by Agatha.")
    await frontend.look("life_3_in_use", dark=True)

    await _removed(frontend, "Agatha")
    tool = await action_form(frontend, "Delete voice")
    await write(tool, "Voice", voice["voice"])
    await tool.press("Perform action")
    await expect(tool.shown.locator("ha-progress-button").filter(has_text="Perform action")).to_be_enabled()
    await _deleted(instance, providers["asyncflow"], "Agatha")
    await frontend.look("life_4_deleted")
    assert len(emulator.asyncflow.asked(f"/voices/{voice['voice']}", method="DELETE")) == 1
    assert await instance.client.state("tts.agatha") is None


async def _recorded(frontend: Frontend) -> Dialog:
    """Fill in the form for a recording, and submit it."""
    await frontend.open_integration()
    form = await frontend.account_menu("AsyncFlow", "Add voice")
    await form.shown.get_by_text("Clone from a recording", exact=True).click()
    file = FilePayload(name="agatha.m4a", mimeType="audio/mp4", buffer=recorded("m4a", 8.0))
    await form.shown.locator("input[type=file]").set_input_files(file)
    await form.says("agatha.m4a")
    await form.written("Name").fill("Agatha")
    await form.shown.locator("ha-selector-boolean").last.click()
    await form.press("Next")
    return form


async def _removed(frontend: Frontend, name: str) -> None:
    """Remove a saved voice on the page of the integration."""
    await frontend.open_integration()
    row = frontend.voice(name)
    await row.get_by_role("button", name="Menu").first.click()
    await row.get_by_role("menuitem", name="Delete").first.click()
    await frontend.page.locator("dialog-box").get_by_role("button", name="Delete").click()
    await expect(frontend.voice(name)).to_have_count(0)


async def _deleted(instance: HomeAssistantProcess, provider: Provider, name: str) -> None:
    """Wait until no list has the voice."""
    async with asyncio.timeout(10):
        while (await ask(instance, "list_voices", provider, search=name))["total"]:
            await asyncio.sleep(0.05)


# What isn't sent


@pytest.mark.parametrize("flaw", FLAWED)
async def test_a_bad_recording_is_refused_in_the_form(
    instance: HomeAssistantProcess, emulator: Emulator, providers: dict[str, Provider], flaw: str
) -> None:
    """The error is shown before anything is sent; no file is left, and nothing is charged."""
    content, name, words = FLAWED[flaw]
    provider = providers["flow_tts"]
    flow = await form_for(instance.client, provider.account.entry_id)
    await send(instance.client, flow, content, name)
    assert list(flow.errors) == ["recording"]
    assert words in await flow.words()
    assert provider.service.asked(CLONE_PATHS["flow_tts"]) == []
    assert [path for path in (instance.folder / "tmp").rglob("*") if path.is_file() and name in path.name] == []
    await flow.cancel()


@pytest.mark.parametrize("flaw", FLAWED)
async def test_a_bad_recording_is_refused_by_the_action(
    instance: HomeAssistantProcess,
    emulator: Emulator,
    providers: dict[str, Provider],
    media: Path,
    log: Log,
    *,
    flaw: str,
) -> None:
    """With the same errors."""
    content, name, words = FLAWED[flaw]
    (media / name).write_bytes(content)
    log.expect(words.removesuffix("."))
    with pytest.raises(ApiError) as refused:
        await clone(instance, providers["flow_tts"], f"{LOCAL}/{name}")
    (media / name).unlink()
    assert words.removesuffix(".") in refused.value.message
    await log.said(words.removesuffix("."))
    assert emulator.flow.asked(CLONE_PATHS["flow_tts"]) == []


@pytest.mark.parametrize("media_id", OUTSIDE)
async def test_what_is_outside_of_the_media_is_not_read(
    instance: HomeAssistantProcess,
    emulator: Emulator,
    providers: dict[str, Provider],
    media: Path,
    log: Log,
    *,
    media_id: str,
) -> None:
    """Including links to such files; also over REST."""
    (instance.folder / "outside.wav").write_bytes(spoken(8.0))
    (media / "linked.wav").unlink(missing_ok=True)
    (media / "linked.wav").symlink_to(instance.folder / "outside.wav")
    log.expect("This file isn't in your local media")
    with pytest.raises(ApiError) as refused:
        await clone(instance, providers["asyncflow"], media_id)
    assert "This file isn't in your local media. Select one from My media" in refused.value.message
    await log.said("This file isn't in your local media")
    (media / "linked.wav").unlink()
    assert emulator.asyncflow.asked(CLONE_PATHS["asyncflow"]) == []


# Permissions


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def visiting(instance: HomeAssistantProcess) -> AsyncGenerator[Client]:
    """Sign in as a user who isn't an administrator."""
    async with person(instance.client, "child") as client:
        yield client


DENIED: Mapping[str, Mapping[str, Any]] = {
    "clone_voice": {"media": {"media_content_id": f"{LOCAL}/anna.wav"}, "name": "Anna", "consent": True},
    "update_voice": {"voice": "any", "name": "Mine"},
    "delete_voice": {"voice": "any"},
    "save_dictionary": {"dictionary_id": "any", "pronunciations": {"en-IN": {"a": "b"}}},
    "delete_dictionary": {"dictionary_id": "any"},
    "set_balance": {"remaining": 5},
}
OF_THE_HOUSE: Mapping[str, Mapping[str, Any]] = {
    "set_pronunciations": {"pronunciations": {"all": {"a": "b"}}},
}


@pytest.mark.parametrize("action", [*DENIED, *OF_THE_HOUSE])
async def test_who_is_no_administrator_is_refused(
    instance: HomeAssistantProcess, providers: dict[str, Provider], visiting: Client, log: Log, action: str
) -> None:
    """Over WebSocket and REST, before a request to the service."""
    provider = providers["sarvam"]
    log.expect("Unauthorized")
    fields = OF_THE_HOUSE.get(action) or {"config_entry_id": provider.account.entry_id, **DENIED[action]}
    before = len(provider.service.asked())
    with pytest.raises(ApiError) as refused:
        await visiting.act(f"streaming_tts.{action}", **fields)
    assert "Unauthorized" in refused.value.message
    with pytest.raises(ApiError) as refused:
        await visiting.post(f"/api/services/streaming_tts/{action}", fields)
    assert refused.value.code == 401
    assert len(provider.service.asked()) == before


async def test_who_is_no_administrator_opens_no_form(
    instance: HomeAssistantProcess, provider: Provider, visiting: Client
) -> None:
    """The form doesn't clone a voice either, and the options don't change pronunciations."""
    entry_id = provider.account.entry_id
    for refused in (
        visiting.add_to(entry_id, "voice"),
        visiting.configure(entry_id),
        visiting.get(f"/api/diagnostics/config_entry/{entry_id}"),
    ):
        with pytest.raises(ApiError) as raised:
            await refused
        assert raised.value.code == 401


async def test_who_is_no_administrator_may_look(
    instance: HomeAssistantProcess, provider: Provider, visiting: Client
) -> None:
    """They can list voices and pronunciations, and speak."""
    about = {"config_entry_id": provider.account.entry_id}
    assert (await visiting.act("streaming_tts.list_voices", answered=True, **about))["total"]
    assert await visiting.act("streaming_tts.list_voices", answered=True, **about, voice=provider.voice_id)
    assert await visiting.act("streaming_tts.get_pronunciations", answered=True) == {"pronunciations": {}}
    assert (await visiting.speech(provider.speaker, SENTENCE, options=WAV)).status == 200


# Costs


@pytest_asyncio.fixture(loop_scope="session")
async def flow_tts(
    emulator: Emulator, instance: HomeAssistantProcess, providers: dict[str, Provider]
) -> AsyncGenerator[Provider]:
    """Return a Flow TTS account that reports its quota, and reset the quota afterwards."""
    emulator.flow.configure(contract=Contract.BACKEND, daily_points=200)
    provider = providers["flow_tts"]
    await start_anew(instance, provider)
    yield provider
    emulator.flow.change_quota({"remaining": 100})
    await start_anew(instance, provider)
    await left(instance, provider, 100)
    emulator.flow.reset()
    await start_anew(instance, provider)


async def left(instance: HomeAssistantProcess, provider: Provider, points: int) -> None:
    """Wait until the sensor has a number of points."""
    await instance.client.state_when(
        provider.account.sensors["quota_remaining"], lambda state: state["state"] == str(points)
    )


async def test_the_price_is_said_and_a_voice_is_not_made_for_more_than_is_left(
    instance: HomeAssistantProcess, emulator: Emulator, flow_tts: Provider, media: Path, log: Log
) -> None:
    """With form and action; the sensor is right after a clone and after a failure."""
    (media / "anna.wav").write_bytes(spoken(8.0))
    emulator.flow.change_quota({"remaining": 149})
    await start_anew(instance, flow_tts)
    await left(instance, flow_tts, 149)
    flow = await form_for(instance.client, flow_tts.account.entry_id)
    assert (flow.step, flow.placeholders["points"], flow.placeholders["left"]) == ("clone_for_points", "10", "149")
    await send(instance.client, flow, spoken(10.0), "anna.wav")
    assert flow.step == "cloned"
    await flow.cancel()
    await left(instance, flow_tts, 99)

    log.expect("provider_server|had an internal error")
    emulator.flow.add_fault(FaultKind.STATUS, CLONE_PATHS["flow_tts"], status=500, code="voice_clone_failed", times=1)
    with pytest.raises(ApiError, match="had an internal error"):
        await clone(instance, flow_tts, f"{LOCAL}/anna.wav")
    await left(instance, flow_tts, 49)

    log.expect("Cloning a voice costs 50 points, but Flow TTS only has 49 left")
    with pytest.raises(ApiError, match="Cloning a voice costs 50 points, but Flow TTS only has 49 left"):
        await clone(instance, flow_tts, f"{LOCAL}/anna.wav")
    flow = await form_for(instance.client, flow_tts.account.entry_id)
    await send(instance.client, flow, spoken(8.0), "anna.wav")
    assert flow.errors == {"base": "points_short"}
    assert (flow.placeholders["points"], flow.placeholders["left"]) == ("50", "49")
    await flow.cancel()
    assert len(emulator.flow.asked(CLONE_PATHS["flow_tts"])) == 2
    (media / "anna.wav").unlink()


# What remains


@pytest.mark.parametrize("key", [pytest.param("asyncflow", marks=pytest.mark.full), "flow_tts"])
async def test_nothing_is_left_of_a_recording(tmp_path: Path, emulator: Emulator, key: str) -> None:
    """Of recordings that were cloned, rejected, or aborted.

    No file, no line in the debug log, nothing in diagnostics.
    """
    services: dict[str, Service[Any]] = {"asyncflow": emulator.asyncflow, "flow_tts": emulator.flow}
    service = services[key]
    recording = converted(spoken(8.0), "mp3", "-metadata", f"artist={SECRET}", "-metadata", f"title={SECRET}")
    traces = {SECRET.encode(), b"hidden-name", recording[20_000:20_064], spoken(8.0)[100_000:100_064]}
    async with HomeAssistantProcess(tmp_path / "config", level="debug") as instance:
        levels: dict[str, Any] = {"homeassistant.components.file_upload": "debug", "aiohttp": "debug"}
        await instance.client.act("logger.set_level", **levels)
        secret = json.dumps(emulator.flow.new_session()) if key == "flow_tts" else KEY
        at: dict[str, Any] = {"base_url": service.url, "public_key": PUBLIC_KEY}
        account = await add_account(instance.client, key, secret, **at, language="en", name="Usual")
        flow = await form_for(instance.client, account.entry_id)
        await send(instance.client, flow, spoken(2.0), "hidden-name.wav")
        assert flow.errors == {"recording": "recording_too_short"}
        service.add_fault(FaultKind.STATUS, CLONE_PATHS[key], status=503, times=1)
        await send(instance.client, flow, recording, "hidden-name.mp3")
        assert flow.errors == {"base": "provider_server"}
        await send(instance.client, flow, recording, "hidden-name.mp3")
        assert flow.step == "cloned"
        await flow.cancel()
        flow = await form_for(instance.client, account.entry_id)
        await instance.client.upload("/api/file_upload", spoken(8.0), "hidden-name.wav")
        file_id = (await instance.client.upload("/api/file_upload", spoken(8.0), "hidden-name.wav"))["file_id"]
        await flow.answer(recording=file_id, name="Anna", consent=False)
        await flow.cancel()
        told = json.dumps(await instance.client.get(f"/api/diagnostics/config_entry/{account.entry_id}")).encode()
        await instance.stop()
        kept = {str(path): path.read_bytes() for path in instance.folder.rglob("*") if path.is_file()}
    assert len(service.asked(CLONE_PATHS[key])) == 2
    assert "DEBUG" in instance.log
    assert [trace for trace in traces if trace in told] == []
    assert [(path, trace) for path, content in kept.items() for trace in traces if trace in content] == []
    assert [path for path in kept if "hidden-name" in path or "file_upload" in path] == []
