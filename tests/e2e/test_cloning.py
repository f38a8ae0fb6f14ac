"""Cloning a voice: in the form for a new voice, with the action, and in the browser."""

import asyncio
from collections.abc import AsyncGenerator
import json
from pathlib import Path
from typing import Any

from playwright.async_api import FilePayload, expect
import pytest
import pytest_asyncio

from tests.emulator.emulator import Emulator
from tests.emulator.faults import FaultKind
from tests.emulator.recorded import clipped, spoken
from tests.emulator.sound import tone
from tests.voice_files import recorded

from .browser import Dialog, Frontend
from .conftest import Log, Provider
from .instance import ApiError, Flow, HomeAssistantProcess

pytestmark = pytest.mark.usefixtures("all_points")

RATE = 24000
WAV = {"preferred_format": "wav", "preferred_sample_rate": RATE}
SENTENCE = "Good evening, the door of the garage is open."
LENGTH = 11.0
"""The length of a recording that every service accepts, in seconds."""
CLONE_PATHS = {
    "asyncflow": "/voices/clone",
    "sarvam": "/voices/create",
    "tencent": "/VoiceClone",
    "flow_tts": "/api/voice/clone",
}


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def usual_voices(instance: HomeAssistantProcess, providers: dict[str, Provider]) -> AsyncGenerator[None]:
    """Remove the voices that a test has added."""
    before = {provider.key: await _saved(instance, provider) for provider in providers.values()}
    yield
    for provider in providers.values():
        for subentry_id in await _saved(instance, provider) - before[provider.key]:
            await instance.client.ask(
                "config_entries/subentries/delete", entry_id=provider.account.entry_id, subentry_id=subentry_id
            )


async def _saved(instance: HomeAssistantProcess, provider: Provider) -> set[str]:
    """Return the voice IDs that an account has saved."""
    saved = await instance.client.ask("config_entries/subentries/list", entry_id=provider.account.entry_id)
    return {subentry["subentry_id"] for subentry in saved}


def _left_of_uploads(instance: HomeAssistantProcess) -> list[Path]:
    """Return the uploaded files that still exist."""
    folder = instance.folder / "tmp" / "home-assistant-file_upload"
    return [path for path in folder.rglob("*") if path.is_file()]


async def _upload(instance: HomeAssistantProcess, content: bytes, name: str) -> str:
    answer = await instance.client.upload("/api/file_upload", content, name)
    return str(answer["file_id"])


async def _begin(instance: HomeAssistantProcess, provider: Provider) -> Flow:
    """Return the form for a recording."""
    flow = await instance.client.add_to(provider.account.entry_id, "voice")
    assert flow.menu == ["pick", "clone"]
    await flow.choose("clone")
    return flow


async def test_voice_is_cloned_in_the_form_and_speaks(instance: HomeAssistantProcess, provider: Provider) -> None:
    """A phone recording is deleted once the voice is created, which is preselected."""
    flow = await _begin(instance, provider)

    recording = await _upload(instance, recorded("m4a", LENGTH), "anna.m4a")
    await flow.answer(recording=recording, name=f"Anna {provider.key}", consent=True)
    assert flow.kind == "progress"
    await flow.wait()

    assert (flow.step, _left_of_uploads(instance)) == ("cloned", [])
    assert len(provider.service.asked(CLONE_PATHS[provider.key])) == 1
    await flow.finish(fallback=None)
    speaker = f"tts.anna_{provider.key}"
    await instance.client.state_when(speaker, lambda state: True)
    heard = await instance.client.speech(speaker, SENTENCE, options=WAV)
    assert heard.pcm == tone(SENTENCE, RATE, voice=await _voice_id(instance, provider, f"Anna {provider.key}"))


async def test_bad_recording_is_told_in_the_form(instance: HomeAssistantProcess, provider: Provider) -> None:
    """The error is shown before anything is sent; another recording can be submitted in the same form."""
    flow = await _begin(instance, provider)

    await flow.answer(recording=await _upload(instance, clipped(LENGTH), "anna.wav"), name="Anna", consent=True)
    await flow.wait()

    assert flow.errors == {"recording": "recording_clipped"}
    assert "The recording is distorted" in await flow.words()
    assert provider.service.asked(CLONE_PATHS[provider.key]) == []

    await flow.answer(recording=await _upload(instance, spoken(LENGTH), "anna.wav"), name="Anna", consent=True)
    await flow.wait()

    assert (flow.step, _left_of_uploads(instance)) == ("cloned", [])
    await flow.cancel()


async def test_form_that_is_closed_leaves_no_recording(instance: HomeAssistantProcess, provider: Provider) -> None:
    """Without consent, the form isn't submitted; closing it deletes the upload."""
    flow = await _begin(instance, provider)
    await flow.answer(recording=await _upload(instance, spoken(LENGTH), "anna.wav"), name="Anna", consent=False)
    assert flow.errors == {"base": "consent_missing"}
    assert _left_of_uploads(instance) != []

    await flow.cancel()

    async with asyncio.timeout(5):
        while _left_of_uploads(instance):
            await asyncio.sleep(0.02)
    assert provider.service.asked(CLONE_PATHS[provider.key]) == []


async def test_voice_is_cloned_by_the_action(instance: HomeAssistantProcess, provider: Provider) -> None:
    """From a file in the local media; the response has the voice, which is added to the catalog."""
    answer = await _clone(instance, provider, await _in_media(instance))

    assert answer["name"] == "Anna"
    assert {"voice", "languages", "models", "consented_at"} <= set(answer)
    flow = await instance.client.add_to(provider.account.entry_id, "voice")
    await flow.choose("pick")
    (voices,) = (field["selector"]["select"]["options"] for field in flow.fields if field["name"] == "voice")
    assert any("★ Anna" in voice for voice in voices)
    await flow.cancel()


async def test_action_refuses_what_is_not_in_the_media(
    instance: HomeAssistantProcess, provider: Provider, log: Log
) -> None:
    """With an error, and without a request to the service."""
    log.expect("This file isn't in your local media")
    for media_id in ("media-source://media_source/local/../configuration.yaml", "http://127.0.0.1/anna.wav"):
        with pytest.raises(ApiError) as refused:
            await _clone(instance, provider, media_id)
        assert "isn't in your local media" in refused.value.message
    assert provider.service.asked(CLONE_PATHS[provider.key]) == []


async def _voice_id(instance: HomeAssistantProcess, provider: Provider, name: str) -> str:
    """Return the name of a voice at the service."""
    entry_id = provider.account.entry_id
    found = await instance.client.act("streaming_tts.list_voices", answered=True, config_entry_id=entry_id, search=name)
    (voice,) = found["voices"]
    return str(voice["voice"])


async def _clone(instance: HomeAssistantProcess, provider: Provider, media_id: str) -> dict[str, Any]:
    answer: dict[str, Any] = await instance.client.act(
        "streaming_tts.clone_voice",
        answered=True,
        config_entry_id=provider.account.entry_id,
        media={"media_content_id": media_id, "media_content_type": "audio/flac"},
        name="Anna",
        consent=True,
    )
    return answer


# Browser


async def _open(frontend: Frontend, account: str) -> Dialog:
    """Go to the form for a recording."""
    await frontend.open_integration()
    form = await frontend.account_menu(account, "Add voice")
    await form.says("Add voice", "Select a voice", "Clone from a recording")
    return form


async def _choose_file(form: Dialog, content: bytes, name: str) -> None:
    """Select a recording, and wait for its upload."""
    file = FilePayload(name=name, mimeType="audio/wav", buffer=content)
    await form.shown.locator("input[type=file]").set_input_files(file)
    await form.says(name)


async def test_voice_is_cloned_in_the_browser(
    frontend: Frontend, instance: HomeAssistantProcess, emulator: Emulator, providers: dict[str, Provider]
) -> None:
    """An unsuitable recording is rejected and replaced; the new voice is selected, and speaks."""
    provider = providers["asyncflow"]
    form = await _open(frontend, "AsyncFlow")
    await frontend.look("clone_1_menu", dark=True)
    await form.shown.get_by_text("Clone from a recording", exact=True).click()
    await form.says("Clone a voice", "close to the microphone", "Deleted from Home Assistant after the upload")
    await form.asks("Name", "Language", "I have this person's consent")
    await frontend.look("clone_2_form", dark=True)

    await _choose_file(form, clipped(LENGTH), "anna.wav")
    await form.written("Name").fill("Anna at home")
    await form.shown.locator("ha-selector-boolean").last.click()
    await frontend.look("clone_3_filled")
    await form.press("Next")
    await form.says("The recording is distorted")
    await expect(form.written("Name")).to_have_value("Anna at home")
    await frontend.look("clone_4_refused", dark=True)

    await form.unfold("Details")
    await form.asks("Description", "Reduce noise", "Gender", "Accent", "Style", "Transcript")
    await form.shown.get_by_text("Removes background noise").scroll_into_view_if_needed()
    await frontend.look("clone_5_details")
    await form.shown.get_by_text("The exact words spoken in the recording").scroll_into_view_if_needed()
    await frontend.look("clone_5_more_details")
    emulator.asyncflow.add_fault(FaultKind.STALL, CLONE_PATHS["asyncflow"], seconds=2.0, times=1)
    await _choose_file(form, spoken(LENGTH), "anna.wav")
    await form.press("Next")
    await form.says("Cloning the voice.")
    await frontend.look("clone_6_progress")
    await form.says("Anna at home is ready", "Which language should it speak?")
    await frontend.look("clone_7_ready")
    await form.press("Next")
    await expect(form.written("Name")).to_have_value("Anna at home")
    await form.press("Submit")
    await form.says("Success", "Anna at home")
    await form.press("Finish")

    heard = await instance.client.speech("tts.anna_at_home", SENTENCE, options=WAV)
    assert heard.pcm == tone(SENTENCE, RATE, voice=await _voice_id(instance, provider, "Anna at home"))


async def test_price_and_doubts_are_said_in_the_browser(
    frontend: Frontend, instance: HomeAssistantProcess, emulator: Emulator, providers: dict[str, Provider]
) -> None:
    """The form shows the cost and the remaining quota; a short recording has to be confirmed."""
    form = await _open(frontend, "Flow TTS")
    await form.shown.get_by_text("Clone from a recording", exact=True).click()
    await form.says("This costs 10 points.", "Points left:")
    await frontend.look("clone_price_1_form")
    await _choose_file(form, spoken(4.5), "anna.wav")
    await form.written("Name").fill("Anna in short")
    await form.press("Next")
    await form.says("Confirm that you have the person's consent.")
    await frontend.look("clone_price_2_consent")
    await form.shown.locator("ha-selector-boolean").last.click()
    await form.press("Next")
    await form.says("Short recording", "The recording is 4.5 seconds long")
    await frontend.look("clone_price_3_short", dark=True)
    await form.shown.get_by_text("Clone anyway", exact=True).click()
    await form.says("Anna in short is ready")
    await form.press("Close")


async def test_action_is_run_among_the_tools(
    frontend: Frontend, instance: HomeAssistantProcess, emulator: Emulator, providers: dict[str, Provider]
) -> None:
    """The form has descriptions, a form for its options, and the response."""
    provider = providers["sarvam"]
    media_id = await _in_media(instance)
    data = {
        "config_entry_id": provider.account.entry_id,
        "media": {"media_content_id": media_id, "media_content_type": "audio/flac", "metadata": {"title": "anna.flac"}},
        "name": "Anna in Tamil",
        "consent": True,
        "options": {"language": "ta", "style": "sales"},
    }
    chosen = json.dumps({"action": "streaming_tts.clone_voice", "data": data})
    await frontend.page.evaluate(
        "chosen => localStorage.setItem('panel-dev-action-state-service-data', chosen)", chosen
    )
    await frontend.open("/config/tools/action")
    tool = Dialog(frontend.page.locator("tools-action"))
    await tool.says("Clones a voice from a recording.", "anna.flac", "Consent")
    await frontend.look("clone_action_1_form", dark=True)
    await tool.shown.locator("ha-selector-object").get_by_role("button").first.click()
    options = Dialog(frontend.page.locator("dialog-form"))
    await options.says("The language spoken in the recording.", "Tamil", "Reduce noise", "Transcript")
    await frontend.look("clone_action_2_options")
    await options.press("Save")
    await tool.press("Perform action")
    await expect(tool.shown.get_by_text("consented_at")).to_be_visible()
    await frontend.look("clone_action_3_answer")
    (request,) = provider.service.asked(CLONE_PATHS["sarvam"])
    assert (request.body["name"], request.body["language"]) == ("Anna in Tamil", "ta-IN")


async def _in_media(instance: HomeAssistantProcess) -> str:
    """Put a recording into the local media and return its media ID."""
    media = await instance.client.upload(
        "/api/media_source/local_source/upload",
        recorded("flac", LENGTH),
        "anna.flac",
        media_content_id="media-source://media_source/local/.",
    )
    return str(media["media_content_id"])
