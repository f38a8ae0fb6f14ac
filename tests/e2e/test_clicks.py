"""Number of clicks from "Add integration" to the first spoken sentence, counted by the browser.

Typing isn't counted, and neither is the section for the URL, which only the emulator needs.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
import json
from pathlib import Path
from typing import Final

from playwright.async_api import Browser, Page, expect
import pytest
import pytest_asyncio

from tests.emulator.emulator import Emulator
from tests.emulator.flow import PUBLIC_KEY, USERS

from .browser import Dialog, Frontend
from .conftest import KEY
from .instance import HomeAssistantProcess

COUNT: Final = """
    addEventListener("click", (event) => {
        if (event.isTrusted) sessionStorage.clicks = Number(sessionStorage.clicks || 0) + 1;
    }, true);
    window.Audio = class extends Audio {
        constructor(...given) {
            super(...given);
            window.sounds.push(this);
        }
    };
"""
"""Counts clicks, and records automatic playback."""
_HEARD: Final = "window.sounds.some((sound) => sound.currentTime > 0)"
_CLICKS: Final = "Number(sessionStorage.clicks || 0)"


@dataclass(frozen=True, kw_only=True, slots=True)
class Way:
    """A service in the menu, the language of Home Assistant, the default voice, and the number of clicks."""

    provider: str
    menu: str
    language: str
    voice: str
    clicks: int


WAYS: Final = (
    Way(provider="asyncflow", menu="AsyncFlow (async.com)", language="en", voice="AsyncFlow Nora", clicks=5),
    Way(provider="sarvam", menu="Sarvam AI", language="en", voice="Sarvam AI Shubh", clicks=5),
    Way(provider="flow_tts", menu="Flow TTS (portal session)", language="zh-Hans", voice="Flow TTS 小芮", clicks=6),
)
"""Flow TTS needs one more click for the sign-in server; its portal only has a default voice for Chinese."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def frontend(browser: Browser, instance: HomeAssistantProcess, pictures: Path | None) -> AsyncGenerator[Frontend]:
    """Sign in to the instance, in a tab that counts clicks."""
    async with Frontend.signed_in(browser, instance.url, pictures, script=COUNT) as frontend:
        yield frontend


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def no_accounts(instance: HomeAssistantProcess) -> AsyncGenerator[None]:
    """Remove the account of a test."""
    yield
    for entry in await instance.client.entries("streaming_tts"):
        await instance.client.remove(entry["entry_id"])
    await instance.client.ask("config/core/update", language="en")


async def clicks(page: Page) -> int:
    """Return the number of clicks in this tab."""
    count: int = await page.evaluate(_CLICKS)
    return count


async def send_secret(form: Dialog, emulator: Emulator, provider: str) -> None:
    """Fill in the credentials form with the emulator's URL and the key; one click submits it."""
    url = {"asyncflow": emulator.asyncflow.url, "sarvam": emulator.sarvam.url, "flow_tts": emulator.flow.url}[provider]
    secret = json.dumps(emulator.flow.new_session(USERS[1])) if provider == "flow_tts" else KEY
    before = await clicks(form.shown.page)
    await form.unfold("Connection")
    await form.shown.page.evaluate(f"sessionStorage.clicks = {before}")
    await form.fill("input[type=url]", url)
    await form.fill("input[type=password]", secret)
    await form.press("Submit")
    if provider == "flow_tts":
        await form.says("Public key")
        await form.fill("ha-selector-text:not(:has(input[type=url])) input", PUBLIC_KEY)
        await form.press("Submit")


@pytest.mark.parametrize(
    "way",
    [pytest.param(way, id=way.provider, marks=pytest.mark.full if way.provider == "sarvam" else ()) for way in WAYS],
)
async def test_a_sentence_is_heard_after_at_most_six_clicks(
    frontend: Frontend, instance: HomeAssistantProcess, emulator: Emulator, way: Way
) -> None:
    """Integration, service, submit, link to the voice, and play; the form needs no selection."""
    await instance.client.ask("config/core/update", language=way.language)
    page = frontend.page
    form = await frontend.add_integration()
    await page.evaluate("sessionStorage.clicks = 1")  # The integration, after "Add integration"
    await form.shown.get_by_text(way.menu, exact=True).click()
    await send_secret(form, emulator, way.provider)
    await form.says("Listen to it in the media browser", way.voice)
    await frontend.look(f"clicks_{way.provider}_1_finish", dark=True)
    await form.shown.get_by_role("link", name="Listen to it").click()
    await expect(form.shown).not_to_be_visible()
    voice = page.locator("ha-browse-media-tts")
    await expect(voice).to_be_visible()
    await frontend.look(f"clicks_{way.provider}_2_voice", dark=True)
    async with page.expect_response("**/api/tts_proxy/*") as answer:
        await voice.get_by_role("button", name="Say").click()
    assert (await answer.value).ok
    await page.wait_for_function(_HEARD)
    await frontend.look(f"clicks_{way.provider}_3_heard")
    assert await clicks(page) == way.clicks
