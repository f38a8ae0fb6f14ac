"""The page of voice assistants: add an assistant, and try its voice."""

from playwright.async_api import Page, expect

from .dialog import Dialog


class Assistants:
    """The dialog of a new assistant."""

    def __init__(self, page: Page) -> None:
        """Set the tab with the page."""
        self.dialog = Dialog(page.locator("dialog-voice-assistant-pipeline-detail"))
        self.speech = Dialog(page.locator("assist-pipeline-detail-tts"))
        self._agent = Dialog(page.locator("assist-pipeline-detail-conversation"))
        self._basics = Dialog(page.locator("assist-pipeline-detail-config"))
        self._trial = Dialog(page.locator("dialog-tts-try"))
        self._page = page

    async def begin(self, name: str, language: str, agent: str) -> None:
        """Add an assistant for a language."""
        await self._page.get_by_role("button", name="Add assistant").click()
        await self._basics.fill("input[name=name]", name)
        await self._basics.choose("Language", language, search=True)
        await self._basics.chosen("Language", language)
        await self._agent.choose("Conversation agent", agent)

    async def try_voice(self, message: str) -> None:
        """Try the selected voice."""
        await self.speech.press("Try voice")
        await self._trial.fill("textarea", message)
        await self._trial.press("Play")

    async def end_trial(self) -> None:
        """Close the dialog for trying the voice."""
        await self._trial.press("Close")

    async def create(self, name: str) -> None:
        """Save the assistant, and check that it's in the list."""
        await self.dialog.press("Create")
        await expect(self._page.get_by_text(name, exact=True)).to_be_visible()
