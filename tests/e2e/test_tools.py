"""All actions in the developer tools.

The form has descriptions, and the example runs.
"""

from collections.abc import AsyncGenerator, Generator
import json

from playwright.async_api import expect
import pytest
import pytest_asyncio

from tests.emulator.emulator import Emulator
from tests.emulator.recorded import spoken

from .browser import Dialog, Frontend
from .conftest import Log, Provider
from .instance import HomeAssistantProcess

CHOSEN = "panel-dev-action-state-service-data"
"""The local storage key of the last selected action."""
ANSWERED = {
    "clone_voice": "consented_at:",
    "get_pronunciations": "pronunciations: {}",
    "list_dictionaries": "most_dictionaries: 10",
    "list_voices": "total: ",
    "prepare": "phrases:",
    "set_pronunciations": "added: 3",
    "speak_with_timestamps": "duration: ",
}
"""The response of an example."""
REFUSED = {
    "check_voice": "tts.anna isn't a voice of Streaming TTS",
    "delete_dictionary": "has nothing with this ID",
    "delete_voice": "This voice belongs to the catalog",
    "get_dictionary": "has nothing with this ID",
    "save_dictionary": "has nothing with this ID",
    "set_balance": "has no budget.",
    "update_voice": "This voice belongs to the catalog",
}
"""The error of an example that refers to something missing."""
TRIED_ALWAYS = ("check_voice", "clone_voice", "prepare")
DICTIONARIES = frozenset(action for action in (*ANSWERED, *REFUSED) if "dictionar" in action)


@pytest.fixture(autouse=True)
def recording(instance: HomeAssistantProcess) -> Generator[None]:
    """Put the recording of the example into the local media."""
    folder = instance.folder / "media" / "recordings"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "anna.wav").write_bytes(spoken(8.0))
    yield
    (folder / "anna.wav").unlink()


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def usual_lexicon(instance: HomeAssistantProcess, providers: dict[str, Provider]) -> AsyncGenerator[None]:
    """Remove all pronunciations."""
    yield
    await instance.client.act("streaming_tts.set_pronunciations", pronunciations={}, replace=True)


async def opened(frontend: Frontend, action: str, providers: dict[str, Provider]) -> Dialog:
    """Return the tool with an action."""
    speakers = {"prepare": "flow_tts", "speak_with_timestamps": "asyncflow"}
    target = {"target": {"entity_id": providers[speakers[action]].speaker}} if action in speakers else {}
    chosen = json.dumps({"action": f"streaming_tts.{action}", "data": {}, **target})
    await frontend.page.evaluate(f"chosen => localStorage.setItem('{CHOSEN}', chosen)", chosen)
    await frontend.open("/config/tools/action")
    tool = Dialog(frontend.page.locator("tools-action"))
    await tool.says(f"streaming_tts.{action}")
    return tool


async def test_no_action_was_forgotten(instance: HomeAssistantProcess, providers: dict[str, Provider]) -> None:
    """The example of each action is tried below."""
    actions = (await instance.client.ask("get_services"))["streaming_tts"]
    assert set(actions) == ANSWERED.keys() | REFUSED.keys()


@pytest.mark.parametrize(
    "action",
    [
        pytest.param(action, marks=() if action in TRIED_ALWAYS else pytest.mark.full)
        for action in (*ANSWERED, *REFUSED)
    ],
)
async def test_an_action_explains_itself(
    frontend: Frontend,
    instance: HomeAssistantProcess,
    emulator: Emulator,
    providers: dict[str, Provider],
    log: Log,
    *,
    action: str,
) -> None:
    """The action and all of its fields have descriptions; its example runs, or fails with a clear error."""
    described = (await instance.client.ask("get_services"))["streaming_tts"][action]
    tool = await opened(frontend, action, providers)
    texts = [
        "description",
        *(f"fields.{field}.{text}" for field in described["fields"] for text in ("name", "description")),
    ]
    for text in texts:
        await tool.says(await instance.client.words("services", f"{action}.{text}") or f"no {text}")
    await expect(tool.shown.get_by_text("Translation error")).to_have_count(0)
    await frontend.look(f"action_{action}_1", dark=action == "update_voice")

    await tool.shown.get_by_text("YAML mode", exact=True).click()
    await tool.press("Fill example data")
    await tool.shown.get_by_text("UI mode", exact=True).click()
    if "config_entry_id" in described["fields"]:
        await tool.choose("Integration", "Sarvam AI" if action in DICTIONARIES else "AsyncFlow")
    if "consent" in described["fields"]:
        await tool.shown.locator("ha-selector-boolean").first.click()
    if words := REFUSED.get(action):
        log.expect(words)
    await tool.press("Perform action")
    await expect(tool.shown.get_by_text(REFUSED.get(action) or ANSWERED[action]).first).to_be_visible()
    await frontend.look(f"action_{action}_2")
