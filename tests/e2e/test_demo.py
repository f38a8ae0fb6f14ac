"""The demo: its command, its dashboard, and playback in the browser."""

from array import array
import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
import math
import re
import signal

import aiohttp
from playwright.async_api import Browser, Page, expect
import pytest
import pytest_asyncio

from tests.emulator.codec import decode
from tests.emulator.espeak import speech
from tests.emulator.sound import Sound

from .browser import LISTEN, Frontend, heard
from .instance.folder import ROOT

pytestmark = pytest.mark.timeout(240)  # Playback takes real time, and the first test includes the start

START_SECONDS = 90.0
PAGE = re.compile(r"Log in at (?P<url>\S+) with user (?P<user>\S+) and password (?P<password>\S+)\.")
SENTENCE = "Good evening. The garage door is still open, and it is going to rain in a few minutes."
UNPLUGGED = """() => {
    const automation = "automation.unplug_the_service_of_sarvam_ai";
    const { last_triggered, current } = document.querySelector("home-assistant").hass.states[automation].attributes;
    return last_triggered && current === 0;
}"""
"""The time of an automation's run; a user takes longer to press the next button."""
RATE = 16000
AUDIBLE = 100


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def demo(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[str]:
    """Run the command of the README; return the printed URL."""
    folder = tmp_path_factory.mktemp("demo")
    process = await asyncio.create_subprocess_exec(
        *(str(ROOT / "scripts" / "demo"), "--folder", str(folder)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        said = ""
        async with asyncio.timeout(START_SECONDS):
            while (found := PAGE.search(said)) is None:
                line = await process.stdout.readline()
                assert line, said
                said += line.decode()
        assert len(re.findall(r"first sound \d+ ms", said)) == 4
        added = re.findall(r"^Adding (.+) \.\.\.$", said, re.MULTILINE)
        assert added[:4] == ["AsyncFlow", "Sarvam AI", "Flow TTS", "Tencent Cloud"]
        yield found["url"]
    finally:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGINT)
        await process.wait()
    assert process.returncode == 0


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def page(demo: str, browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Page]:
    """Sign in; the dashboard is the first page."""
    async with Frontend.signed_in(browser, demo, tmp_path_factory.mktemp("pictures"), script=LISTEN) as frontend:
        await expect(frontend.page.locator("demo-tools-say")).to_be_visible()
        yield frontend.page


async def test_voice_says_what_is_written(page: Page, demo: str) -> None:
    """After a text is entered and "Speak" is pressed, the whole sentence is played in the browser."""
    card = page.locator("demo-tools-say")
    await card.get_by_role("textbox").fill(SENTENCE)
    await card.get_by_role("button", name="Speak", exact=True).click()

    path, sound = await heard(page)

    await expect(card.get_by_role("status")).to_contain_text(re.compile(r"First sound after \d+ ms"))
    await expect(card.get_by_role("status")).to_contain_text("Spoken by AsyncFlow")
    served = await _served(f"{demo}{path}")
    assert_alike(sound, served)
    assert served.duration == pytest.approx(speech(SENTENCE, language="en").duration, rel=0.2)


async def test_an_empty_text_is_not_spoken(page: Page) -> None:
    """The button is disabled without a text; the page says that the voices are eSpeak."""
    card = page.locator("demo-tools-say")
    await expect(card.get_by_text("The emulated voices are eSpeak and sound robotic.")).to_be_visible()
    await card.get_by_role("textbox").fill(" ")
    await expect(card.get_by_role("button", name="Speak", exact=True)).to_be_disabled()
    await card.get_by_role("textbox").fill("Good evening.")
    await expect(card.get_by_role("button", name="Speak", exact=True)).to_be_enabled()


@pytest.mark.parametrize("language", ["हिन्दी", "中文"])
async def test_each_voice_says_its_sentence(page: Page, demo: str, language: str) -> None:
    """Selecting a voice fills in its sample sentence."""
    card = page.locator("demo-tools-say")
    await card.get_by_role("button", name=language).click()
    await card.get_by_role("button", name="Speak", exact=True).click()

    path, sound = await heard(page)

    assert_alike(sound, await _served(f"{demo}{path}"))


async def test_answer_is_heard_before_it_is_written(page: Page, demo: str) -> None:
    """The story of the assistant is streamed and played to its end."""
    card = page.locator("demo-tools-ask")
    await card.get_by_role("button", name="Tell me a story").click()

    path, sound = await heard(page)

    await expect(card.locator(".answer")).to_contain_text("until the morning came.")
    await expect(card.get_by_role("status")).to_contain_text(
        re.compile(r"[1-9]\d*\.\d s before the last word was written")
    )
    assert_alike(sound, await _served(f"{demo}{path}"))


async def test_another_voice_speaks_while_a_service_is_unplugged(page: Page, demo: str) -> None:
    """The switch on the dashboard disconnects Sarvam AI.

    The fallback voice speaks the whole sentence, and the card shows its name.
    """
    await page.locator("hui-tile-card").filter(has_text="Unplug Sarvam AI").locator("ha-tile-container").click()
    await page.wait_for_function(UNPLUGGED)
    card = page.locator("demo-tools-say")
    await card.get_by_role("button", name="हिन्दी").click()
    await card.get_by_role("textbox").fill("बारिश हो रही है, और खिड़की खुली है।")
    await card.get_by_role("button", name="Speak", exact=True).click()

    path, sound = await heard(page)

    assert_alike(sound, await _served(f"{demo}{path}"))
    await expect(card.get_by_role("status")).to_contain_text("(fallback)")
    newest = page.locator("hui-entities-card").filter(has_text="Last speech")
    await expect(newest).to_contain_text("Fallback took over")


async def _served(url: str) -> Sound:
    """Return the audio that Home Assistant serves at a path."""
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return await asyncio.to_thread(decode, await response.read(), RATE)


def assert_alike(sound: Sound, served: Sound) -> None:
    """Assert that the recorded audio is as long and as loud as the served audio."""
    heard_at = audible(sound)
    assert heard_at == pytest.approx(audible(served), rel=0.05, abs=0.15)
    assert loudness(sound) == pytest.approx(loudness(served), rel=0.15)


def audible(sound: Sound) -> float:
    """Return the seconds from the first to the last audible sample."""
    loud = [index for index, sample in enumerate(array("h", sound.pcm)) if abs(sample) > AUDIBLE]
    assert loud
    return (loud[-1] - loud[0]) / sound.sample_rate


def loudness(sound: Sound) -> float:
    """Return the energy of the audio, independent of sample rate and surrounding silence."""
    return math.sqrt(sum(sample * sample for sample in array("h", sound.pcm)) / sound.sample_rate)
