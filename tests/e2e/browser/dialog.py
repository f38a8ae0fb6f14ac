"""Dialogs of the frontend: texts, fields, lists, buttons."""

from dataclasses import dataclass
import re

from playwright.async_api import Locator, expect


@dataclass(frozen=True, slots=True)
class Dialog:
    """A dialog; each action waits for its element."""

    shown: Locator

    async def says(self, *texts: str) -> None:
        """Assert that the dialog shows a text completely."""
        for text in texts:
            await expect(self.shown.get_by_text(text).first).to_be_visible()

    async def asks(self, *labels: str) -> None:
        """Assert that the dialog has fields with these labels."""
        for label in labels:
            await expect(self.shown.locator("ha-selector").filter(has_text=label).first).to_be_visible()

    async def silent(self, text: str) -> None:
        """Assert that the dialog doesn't show a text."""
        await expect(self.shown.get_by_text(text)).not_to_be_visible()

    async def fill(self, kind: str, text: str) -> None:
        """Fill in the field that matches a selector, such as `input[type=password]`."""
        await self.shown.locator(kind).fill(text)

    def written(self, label: str) -> Locator:
        """Return the input of the field with a label."""
        return self.shown.locator("ha-selector").filter(has_text=label).locator("input:not([type=range])").first

    async def press(self, button: str) -> None:
        """Press a button, the last one if several have the label."""
        await self.shown.get_by_role("button", name=button, exact=True).last.click()

    async def unfold(self, section: str) -> None:
        """Expand a section."""
        await self.shown.get_by_role("button", name=section).click()

    async def chosen(self, label: str, value: str) -> None:
        """Assert the selection of a list."""
        await expect(self._list(label)).to_contain_text(value)

    async def choose(self, label: str, option: str, *, search: bool = False) -> None:
        """Select from the list with a label, optionally by searching."""
        await self._list(label).click()
        if search:
            await self.shown.get_by_placeholder("Search").filter(visible=True).fill(option)
        await self.options.get_by_text(option, exact=True).filter(visible=True).first.click()

    async def offered(self, label: str) -> list[str]:
        """Open a list, return its options, and close it."""
        await self._list(label).click()
        await expect(self.options.filter(visible=True).first).to_be_visible()
        texts = await self.options.filter(visible=True).all_inner_texts()
        await self.shown.page.keyboard.press("Escape")
        await expect(self.options.filter(visible=True)).to_have_count(0)
        return [text.strip() for text in texts]

    @property
    def options(self) -> Locator:
        """The options of the open list."""
        return self.shown.locator("ha-dropdown-item, ha-list-item-option")

    def _list(self, label: str) -> Locator:
        return self.shown.locator("ha-picker-field").filter(has_text=re.compile(rf"^\s*{re.escape(label)}"))
