"""Voice samples in the media browser, and actions in the developer tools."""

import json
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Locator, expect
import pytest

from tests.emulator.emulator import Emulator
from tests.emulator.sound import tone

from .browser import Frontend
from .conftest import KEY, Log, Provider
from .instance import HomeAssistantProcess

RATE = 24000
TEXT = "The door of the garage is open, and it begins to rain."
_ACTION = "panel-dev-action-state-service-data"
"""The local storage key of the last selected action."""
_LENGTH = """address => new Promise((resolve, reject) => {
    const sound = new Audio(address);
    sound.onloadedmetadata = () => resolve(sound.duration);
    sound.onerror = reject;
})"""
"""The duration of audio in the browser, in seconds."""


async def _open_action(frontend: Frontend, action: str, **fields: Any) -> Locator:
    """Return the tool for actions with an action, with its data in the form."""
    chosen = {"action": f"streaming_tts.{action}", **fields}
    await frontend.page.evaluate(f"chosen => localStorage.setItem('{_ACTION}', chosen)", json.dumps(chosen))
    await frontend.open("/config/tools/action")
    tool = frontend.page.locator("tools-action")
    await expect(tool.get_by_text(f"streaming_tts.{action}")).to_be_visible()
    await expect(tool.get_by_text("Translation error")).to_have_count(0)
    return tool


async def _perform(tool: Locator) -> None:
    """Run the action."""
    await tool.get_by_role("button", name="Perform action").click()


async def test_a_sample_is_played_in_the_media_browser(
    frontend: Frontend, instance: HomeAssistantProcess, emulator: Emulator, providers: dict[str, Provider], log: Log
) -> None:
    """Voices are listed by account and language; a missing sample is reported."""
    await frontend.open("/media-browser/browser")
    page = frontend.page
    for step, folder in enumerate(("Voice samples", "AsyncFlow", "English"), start=1):
        card = page.locator("ha-media-player-browse ha-card").filter(has_text=folder).first
        await expect(card).to_be_visible()
        await frontend.look(f"samples_{step}", dark=step == 2)
        await card.click()
    voice = page.get_by_text("Nora · female · American · Casual, Calm").first
    await expect(voice).to_be_visible()
    await frontend.look("samples_4", dark=True)
    async with page.expect_response("**/api/streaming_tts/clips/*") as answer:
        await voice.click()
    played = await answer.value
    assert played.headers["content-type"] == "audio/mpeg"
    (fetched,) = emulator.asyncflow.asked("/previews/")
    assert KEY not in f"{fetched.headers} {fetched.query}"
    heard = (await instance.client.listen(urlsplit(played.url).path)).decoded(RATE)
    assert any(heard.pcm)
    seconds = await page.evaluate(_LENGTH, played.url)
    assert seconds == pytest.approx(heard.duration, abs=0.1)
    await expect(page.locator("ha-bar-media-player")).to_contain_text("Nora")
    await frontend.look("samples_5_played")

    log.expect("Doorbell has no sample")
    await page.get_by_text("★ Doorbell").first.click()
    await expect(page.get_by_text("Doorbell has no sample").first).to_be_visible()
    await frontend.look("samples_6_missing")


async def test_an_action_is_tried_among_the_tools(
    frontend: Frontend, instance: HomeAssistantProcess, emulator: Emulator, providers: dict[str, Provider], log: Log
) -> None:
    """The form has descriptions, and shows the response or the error."""
    account = {"config_entry_id": providers["asyncflow"].account.entry_id}
    tool = await _open_action(frontend, "list_voices", data={**account, "search": "ada", "gender": "female"})
    for text in ("Returns the voices that a service offers", "Returns only voices of this gender."):
        await expect(tool.get_by_text(text)).to_be_visible()
    await frontend.look("tools_1_list")
    await _perform(tool)
    await tool.get_by_text("total: 1").first.scroll_into_view_if_needed()
    await frontend.look("tools_2_listed")

    log.expect("is used by asyncflow voice")
    voice = {**account, "voice": providers["asyncflow"].voice_id}
    tool = await _open_action(frontend, "delete_voice", data=voice)
    await expect(tool.get_by_text("only if no saved voice uses it")).to_be_visible()
    await _perform(tool)
    await expect(tool.get_by_text("is used by asyncflow voice").first).to_be_visible()
    await frontend.look("tools_3_in_use")

    target = {"entity_id": providers["asyncflow"].speaker}
    tool = await _open_action(frontend, "speak_with_timestamps", data={"message": TEXT}, target=target)
    await frontend.look("tools_4_timestamps", dark=True)
    await _perform(tool)
    length = round(1000 * len(tone(TEXT, RATE, voice=providers["asyncflow"].voice_id)) / 2 / RATE)
    await expect(tool.get_by_text(f"duration: {length}").first).to_be_visible()
    await frontend.look("tools_5_timed")


async def test_a_dictionary_is_made_among_the_tools_and_chosen_for_a_voice(
    frontend: Frontend, instance: HomeAssistantProcess, emulator: Emulator, providers: dict[str, Provider]
) -> None:
    """The ID is in the response and in the list of the form."""
    account = {"config_entry_id": providers["sarvam"].account.entry_id}
    words = {"en-IN": {"B2B": "B to B", "Nguyen": "win"}}
    tool = await _open_action(frontend, "save_dictionary", data={**account, "pronunciations": words})
    await frontend.look("dictionary_1_tool")
    await _perform(tool)
    await expect(tool.get_by_text("dictionary_id: p_").first).to_be_visible()
    await frontend.look("dictionary_2_made")
    listed = await instance.client.act("streaming_tts.list_dictionaries", answered=True, **account)
    dictionary_id = listed["dictionaries"][0]["dictionary_id"]

    await frontend.open_integration()
    form = await frontend.change_voice("sarvam voice")
    await form.says("A dictionary stored by the service")
    assert await form.offered("Pronunciation dictionary") == [f"{dictionary_id} (2)"]
    await form.choose("Pronunciation dictionary", f"{dictionary_id} (2)")
    await frontend.look("dictionary_3_form")
    await form.press("Close")
