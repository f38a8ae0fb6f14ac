"""Add a Tencent Cloud account in the browser: key pair, application, and site."""

from collections.abc import AsyncGenerator
import json
from pathlib import Path
from typing import Any

from playwright.async_api import Browser
import pytest
import pytest_asyncio

from tests.emulator.emulator import Emulator
from tests.emulator.sound import tone
from tests.emulator.tencent_settings import SDK_APP_ID, SECRET_ID, SECRET_KEY

from .browser import Dialog, Frontend
from .hearing import assert_same_sound
from .instance import HomeAssistantProcess

TRANSLATIONS = Path(__file__).parents[2] / "custom_components" / "streaming_tts" / "translations"
RATE = 24000
WAV = {"preferred_format": "wav", "preferred_sample_rate": RATE}
SENTENCE = "Good evening, the door of the garage is open."
VOICES = {"en": "v-female-p9Xy7Q1L", "zh-Hans": "v-female-R2s4N9qJ"}
"""The default voice by the language of Home Assistant."""


def words(language: str, path: str) -> str:
    """Return a text of the frontend, in English if it isn't translated."""
    for each in (language, "en"):
        found: Any = json.loads((TRANSLATIONS / f"{each}.json").read_text(encoding="utf-8"))
        for name in path.split("."):
            found = found.get(name, {})
        if found:
            return str(found).partition("{")[0]
    raise KeyError(path)


@pytest.fixture(params=["en", "zh-Hans"])
def language(request: pytest.FixtureRequest) -> str:
    """Return the language of Home Assistant and of the frontend."""
    name: str = request.param
    return name


@pytest_asyncio.fixture(loop_scope="session")
async def frontend(
    browser: Browser, instance: HomeAssistantProcess, pictures: Path | None, language: str
) -> AsyncGenerator[Frontend]:
    """Sign in with a language, and remove the account afterwards."""
    await instance.client.ask("config/core/update", language=language)
    script = f"localStorage.setItem('selectedLanguage', JSON.stringify({json.dumps(language)}));"
    async with Frontend.signed_in(browser, instance.url, pictures, script=script) as frontend:
        yield frontend
    for entry in await instance.client.entries("streaming_tts"):
        await instance.client.remove(entry["entry_id"])
    await instance.client.ask("config/core/update", language="en")


async def fill(form: Dialog, answers: dict[str, str]) -> None:
    """Fill in fields by their labels, which are the same in all languages."""
    for label, text in answers.items():
        await form.written(label).fill(text)


async def send(form: Dialog, language: str) -> None:
    """Submit the form."""
    await form.press({"en": "Submit", "zh-Hans": "提交"}[language])


async def test_a_key_pair_is_mended_part_by_part_and_a_voice_speaks(
    frontend: Frontend, instance: HomeAssistantProcess, emulator: Emulator, language: str
) -> None:
    """A wrong key, a wrong application, then the right ones: each error is shown, and the input is kept."""
    page = frontend.page
    await frontend.open("/config/integrations/dashboard/add?domain=streaming_tts")
    form = frontend.flow
    menu = words(language, "config.step.user.menu_options.tencent")
    confirm = page.locator("dialog-box").get_by_role("button").last
    await confirm.or_(form.shown.get_by_text(menu)).first.wait_for()
    if await confirm.is_visible():
        await confirm.click()
    await form.says(menu, words(language, "config.step.user.menu_options.flow_tts"))
    await frontend.look(f"access_key_{language}_1_menu")
    await form.shown.get_by_text(menu).click()

    await form.says(words(language, "config.step.tencent.data_description.sdk_app_id"), "name/trtc:TextToSpeechSSE")
    site = words(language, "selector.site.options.china")
    await form.choose(words(language, "config.step.tencent.data.site"), site)
    await fill(form, {"SecretId": SECRET_ID, "SecretKey": "no-such-key", "SdkAppId": "7"})
    await form.unfold(words(language, "config.step.tencent.sections.connection.name"))
    await form.fill("input[type=url]", emulator.tencent.url)
    await frontend.look(f"access_key_{language}_2_form", dark=True)
    await send(form, language)
    await form.says(words(language, "config.error.invalid_auth"))
    await frontend.look(f"access_key_{language}_3_key")

    await fill(form, {"SecretKey": SECRET_KEY})
    await send(form, language)
    await form.says(words(language, "config.error.application_unknown"))
    await frontend.look(f"access_key_{language}_4_application")

    await fill(form, {"SecretKey": SECRET_KEY, "SdkAppId": str(SDK_APP_ID)})
    await send(form, language)
    await form.says("Tencent Cloud")
    await form.shown.locator("a[href*=media-browser]").first.wait_for()
    await frontend.look(f"access_key_{language}_5_success")

    speaker = next(
        entity["entity_id"]
        for entity in await instance.client.registered(platform="streaming_tts")
        if entity["entity_id"].startswith("tts.")
    )
    sound = await instance.client.speech(speaker, SENTENCE, options=WAV)
    assert_same_sound(sound, tone(SENTENCE, RATE, voice=VOICES[language]), RATE)
