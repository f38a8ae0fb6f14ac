"""A dialog of the frontend: texts, fields, lists, buttons."""

from dataclasses import dataclass
import re

from playwright.async_api import Locator, expect


@dataclass(frozen=True, slots=True)
class Dialog:
    """A dialog; each action waits until what it needs is there."""

    shown: Locator

    async def says(self, *texts: str) -> None:
        """Assert that the dialog says something, and all of it can be seen."""
        for text in texts:
            await expect(self.shown.get_by_text(text).first).to_be_visible()

    async def asks(self, *labels: str) -> None:
        """Assert that the dialog has fields with these labels."""
        for label in labels:
            await expect(self.shown.locator("ha-selector").filter(has_text=label).first).to_be_visible()

    async def silent(self, text: str) -> None:
        """Assert that the dialog does not show something."""
        await expect(self.shown.get_by_text(text)).not_to_be_visible()

    async def fill(self, kind: str, text: str) -> None:
        """Write into the field of a kind, such as `input[type=password]`."""
        await self.shown.locator(kind).fill(text)

    def written(self, label: str) -> Locator:
        """Return what the field with a label is written in."""
        return self.shown.locator("ha-selector").filter(has_text=label).locator("input:not([type=range])").first

    async def press(self, button: str) -> None:
        """Press a button; where two are called the same, the one below."""
        await self.shown.get_by_role("button", name=button, exact=True).last.click()

    async def unfold(self, section: str) -> None:
        """Open a section that is folded."""
        await self.shown.get_by_role("button", name=section).click()

    async def chosen(self, label: str, value: str) -> None:
        """Assert what a list shows as chosen."""
        await expect(self._list(label)).to_contain_text(value)

    async def choose(self, label: str, option: str, *, search: bool = False) -> None:
        """Choose from the list with a label; a list that is searched shows what is found only."""
        await self._list(label).click()
        if search:
            await self.shown.get_by_placeholder("Search").filter(visible=True).fill(option)
        await self.options.get_by_text(option, exact=True).filter(visible=True).first.click()

    async def offered(self, label: str) -> list[str]:
        """Open a list, return what is offered in it, and close it again."""
        await self._list(label).click()
        await expect(self.options.filter(visible=True).first).to_be_visible()
        texts = await self.options.filter(visible=True).all_inner_texts()
        await self.shown.page.keyboard.press("Escape")
        await expect(self.options.filter(visible=True)).to_have_count(0)
        return [text.strip() for text in texts]

    @property
    def options(self) -> Locator:
        """What the open list offers."""
        return self.shown.locator("ha-dropdown-item, ha-list-item-option")

    def _list(self, label: str) -> Locator:
        return self.shown.locator("ha-picker-field").filter(has_text=re.compile(rf"^\s*{re.escape(label)}"))
