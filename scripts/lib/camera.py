"""Take screenshots of a browser tab, in light and dark mode, small enough for a repository."""

from io import BytesIO
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.async_api import FloatRect, Locator, Page

MARGIN: Final = 16
"""Margin around an element, in CSS pixels."""
COLOURS: Final = 192
"""Enough for a frontend without photos."""
_EMPTY_PAGE: Final = """() => {
    const page = document.querySelector("home-assistant").shadowRoot.querySelector("home-assistant-main");
    page.style.opacity = 0;
}"""
_LET_GO: Final = """() => {
    let focused = document.activeElement;
    while (focused?.shadowRoot?.activeElement) focused = focused.shadowRoot.activeElement;
    focused?.blur();
}"""
"""The focused field, which has another color."""
_SETTLE_MS: Final = 900
"""Time until animations and transitions have ended."""


class Camera:
    """Saves screenshots of one tab in a folder."""

    def __init__(self, page: Page, folder: Path) -> None:
        """Set the tab and the folder."""
        self._page = page
        self._folder = folder

    async def take_dialog(self, name: str, dialog: Locator) -> None:
        """Take a screenshot of a dialog on an empty page."""
        await self._page.evaluate(_EMPTY_PAGE)
        await self.take(name, of=dialog.locator("dialog[open]").first)

    async def take(self, name: str, *, of: Locator | None = None, margin: int = MARGIN) -> None:
        """Take a screenshot of the page or of an element with a margin, in light and dark mode."""
        await self._page.mouse.move(0, 0)
        await self._page.evaluate(_LET_GO)
        for scheme, suffix in (("light", ""), ("dark", "-dark")):
            await self._page.emulate_media(color_scheme=scheme)
            await self._page.wait_for_timeout(_SETTLE_MS)
            clip = await self._around(of, margin) if of else None
            taken = await self._page.screenshot(clip=clip, animations="disabled", caret="hide")
            size = self._write(f"{name}{suffix}.png", taken)
            print(f"{name}{suffix}.png  {size // 1024} KiB", flush=True)
        await self._page.emulate_media(color_scheme="light")

    async def _around(self, part: Locator, margin: int) -> FloatRect:
        """Return the rectangle of an element with a margin, within the page."""
        box = await part.bounding_box()
        page = self._page.viewport_size
        assert box and page
        left, top = max(0, box["x"] - margin), max(0, box["y"] - margin)
        right = min(page["width"], box["x"] + box["width"] + margin)
        bottom = min(page["height"], box["y"] + box["height"] + margin)
        return FloatRect(x=left, y=top, width=right - left, height=bottom - top)

    def _write(self, name: str, taken: bytes) -> int:
        """Write a screenshot with a reduced palette; return its size in bytes."""
        with Image.open(BytesIO(taken)) as picture:
            few = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
        file = self._folder / name
        few.save(file, optimize=True)
        return file.stat().st_size
