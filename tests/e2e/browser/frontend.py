"""A browser tab with the frontend, and its screenshots."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final, Self

from playwright.async_api import (
    Browser,
    Error as PlaywrightError,
    Locator,
    Page,
    TimeoutError as PlaywrightTimeoutError,
    expect,
)

from tests.e2e.instance.onboarding import PASSWORD, USERNAME

from .dialog import Dialog

SHOWN_SECONDS: Final = 30.0
"""Timeout for the page: the machine also runs Home Assistant and the services."""
_BROKEN_OFF: Final = "net::ERR_ABORTED"
_CLOSED_MS: Final = 1000
_OWN_PAGE: Final = "/config/integrations/integration/streaming_tts"
_REMEMBER_SOUND: Final = """
    window.sounds = [];
    const play = HTMLMediaElement.prototype.play;
    HTMLMediaElement.prototype.play = function () {
        window.sounds.push(this);
        return play.call(this);
    };
"""
_HAS_SOUND: Final = "window.sounds.length && Number.isFinite(window.sounds[0].duration)"
_TAKE_SOUND: Final = """() => {
    const [sound] = window.sounds.splice(0);
    return {path: new URL(sound.src).pathname, seconds: sound.duration};
}"""


class Frontend:
    """A browser that is signed in to Home Assistant."""

    def __init__(self, page: Page, url: str, pictures: Path | None) -> None:
        """Set the tab, and the folder for screenshots, if any."""
        self.page = page
        self._url = url
        self._pictures = pictures

    @classmethod
    @asynccontextmanager
    async def signed_in(
        cls, browser: Browser, url: str, pictures: Path | None, *, script: str = "", sharpness: float = 1.0
    ) -> AsyncGenerator[Self]:
        """Open a tab and sign in through the form. `script` runs before anything else."""
        context = await browser.new_context(
            viewport={"width": 1200, "height": 1000},
            device_scale_factor=sharpness,
            locale="en-US",
            service_workers="block",
        )
        context.set_default_timeout(SHOWN_SECONDS * 1000)
        expect.set_options(timeout=SHOWN_SECONDS * 1000)
        try:
            await context.add_init_script(_REMEMBER_SOUND + script)
            page = await context.new_page()
            frontend = cls(page, url, pictures)
            await page.goto(url)
            await page.locator("input[name=username]").fill(USERNAME)
            await page.locator("input[name=password]").fill(PASSWORD)
            await page.keyboard.press("Enter")
            await page.wait_for_url("**/home*")
            yield frontend
        finally:
            await context.close()

    async def open(self, path: str) -> None:
        """Go to a page."""
        # A closed dialog still goes back in the history, which would leave the new page
        with suppress(PlaywrightTimeoutError):
            await self.page.wait_for_function("() => !history.state?.dialog", timeout=_CLOSED_MS)
        try:
            await self.page.goto(f"{self._url}{path}")
        except PlaywrightError as error:
            # The navigation aborts another one that is in progress
            if _BROKEN_OFF not in error.message:
                raise
            await self.page.goto(f"{self._url}{path}")

    async def look(self, name: str, *, dark: bool = False) -> None:
        """Take a screenshot, in dark mode too if requested."""
        if self._pictures is None:
            return
        await self.page.screenshot(path=self._pictures / f"{name}.png", animations="disabled")
        if dark:
            await self.page.emulate_media(color_scheme="dark")
            await self.page.screenshot(path=self._pictures / f"{name}_dark.png", animations="disabled")
            await self.page.emulate_media(color_scheme="light")

    # The pages of the integration

    async def add_integration(self) -> Dialog:
        """Start to add Streaming TTS, found by a search among all integrations."""
        await self.open("/config/integrations/dashboard")
        await self.page.get_by_role("button", name="Add integration").click()
        brands = Dialog(self.page.locator("dialog-add-integration"))
        row = brands.shown.locator("ha-integration-list-item").filter(has_text="Streaming TTS")
        # The dialog only finds words near the beginning of a name, and all words of a domain
        for word in ("Async", "Flow", "Sarvam", "Tencent", "Streaming TTS"):
            await brands.shown.get_by_placeholder("Search for a brand name").fill(word)
            await expect(row).to_be_visible()
        await self.has_picture(row.locator("img").first)
        await self.look("add_1_brand", dark=True)
        await row.click()
        return self.flow

    @property
    def flow(self) -> Dialog:
        """The dialog of a config flow."""
        return Dialog(self.page.locator("dialog-data-entry-flow"))

    async def open_integration(self) -> None:
        """Go to the page of the integration."""
        await self.open(_OWN_PAGE)
        await expect(self.page.get_by_role("button", name="Add voice")).to_be_visible()

    def account(self, title: str) -> Locator:
        """Return an account on the page of the integration."""
        return self.page.locator("ha-config-entry-row").filter(
            has=self.page.locator("[slot=headline]").get_by_text(title, exact=True)
        )

    def voice(self, name: str) -> Locator:
        """Return a voice on the page of the integration."""
        return self.page.locator("ha-config-sub-entry-row").filter(has_text=name)

    async def add_voice(self, account: str) -> Dialog:
        """Start to add a voice to an account."""
        await self.page.get_by_role("button", name="Add voice").first.click()
        await self.page.locator("dialog-pick-config-entry").get_by_text(account, exact=True).click()
        return self.flow

    async def change_voice(self, name: str) -> Dialog:
        """Start to change a voice."""
        await self.voice(name).get_by_role("button", name="Change voice").click()
        return self.flow

    async def change_options(self, title: str) -> Dialog:
        """Start to change the options of an account."""
        await self.account(title).get_by_role("button", name="Configure").first.click()
        return self.flow

    async def account_menu(self, title: str, item: str) -> Dialog:
        """Select an item from the menu of an account."""
        row = self.account(title)
        await row.get_by_role("button", name="Menu").first.click()
        await row.get_by_role("menuitem", name=item).first.click()
        return self.flow

    async def configure(self, title: str) -> Dialog:
        """Start to reconfigure an account."""
        await self.account(title).get_by_role("button", name="Configure").first.click()
        return self.flow

    async def sign_in_again(self) -> Dialog:
        """Open the reauthentication of an account."""
        await expect(self.page.get_by_text("Attention required")).to_be_visible()
        await self.look("again_1_attention")
        await self.page.get_by_role("button", name="Reconfigure").first.click()
        return self.flow

    async def open_device(self, name: str, detail: str) -> None:
        """Go from the page of the integration to the page of a device."""
        row = self.page.locator("ha-config-entry-device-row").filter(has_text=name).filter(has_text=detail)
        await row.get_by_text(name, exact=True).first.click()
        await expect(self.page.get_by_text("Service info")).to_be_visible()

    def card(self, title: str) -> Locator:
        """Return a card of entities on the page of a device."""
        return self.page.locator("ha-device-entities-card").filter(has_text=title)

    # Images and audio

    async def has_picture(self, image: Locator) -> None:
        """Assert that an image is shown and isn't the placeholder of a missing one."""
        await expect(image).to_be_visible()
        await expect(image).to_have_js_property("complete", value=True)
        width: int = await image.evaluate("image => image.naturalWidth")
        assert width > 0

    async def sound(self) -> tuple[str, float]:
        """Wait for playback; return the path and the duration in seconds."""
        await self.page.wait_for_function(_HAS_SOUND)
        sound = await self.page.evaluate(_TAKE_SOUND)
        return sound["path"], sound["seconds"]
