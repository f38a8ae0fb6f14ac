"""The machine's own Chromium, without a window."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
import shutil
from typing import Final

from playwright.async_api import Browser, async_playwright

NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_chromium() -> str | None:
    """Return where a Chromium is, None where the machine has none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@asynccontextmanager
async def running_chromium(path: str) -> AsyncGenerator[Browser]:
    """Run a Chromium. It has no sandbox, which root may not have: it sees nothing but this machine's own pages."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            await browser.close()
