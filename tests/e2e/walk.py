"""Walk through forms and pages in a language and a width: each step is pictured, and what is wrong with it noted."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
import json
from pathlib import Path
import re
from typing import Any, Final

import hass_frontend
from playwright.async_api import Locator, Page, expect

from tests.emulator.emulator import Emulator

from .browser import Dialog, Frontend, Shown, shown_in
from .instance import Account, HomeAssistantProcess
from .instance.folder import INTEGRATION

SETTLE_MS: Final = 700
RAW: Final = re.compile(
    r"\bundefined\b|\bNaN\b|\[object |\bcomponent\.[a-z_]+\.|\bconfig(?:_subentries)?\.step|\bui\.[a-z_]+\.[a-z_]+"
    r"|^wav_16000$|Translation error|\{[a-z_]+\}"
)

KNOWN_CUT: Final = re.compile(r"\(Streaming TTS\)|^streaming_tts\.|Home Assistant Core|^YAML\b|Demo|^[^·]+ · [^·]+ · ")
"""What the frontend cuts on a phone: of the integration's name what is in parentheses, of a voice that is selected its
accent and style, which its list shows; and texts of Home Assistant itself."""


def _leaves(tree: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield each string of a tree of translations with its path."""
    if isinstance(tree, str):
        yield path, tree
    else:
        for key, branch in tree.items():
            yield from _leaves(branch, f"{path}.{key}" if path else key)


def _strings(language: str) -> dict[str, str]:
    """Return the strings of a language by their paths."""
    file = INTEGRATION / "translations" / f"{language}.json"
    return dict(_leaves(json.loads(file.read_text(encoding="utf-8"))))


@cache
def _frontend_strings(language: str) -> frozenset[str]:
    """Return the frontend's own strings in a language."""
    folder = Path(hass_frontend.__file__).parent / "static" / "translations"
    files = folder.rglob(f"{language}-{'[0-9a-f]' * 32}.json")
    return frozenset(text for file in files for text in json.loads(file.read_text(encoding="utf-8")).values())


@dataclass(kw_only=True, slots=True)
class Walk:
    """One language and width: the tab, the accounts, and what was found on the way."""

    frontend: Frontend
    instance: HomeAssistantProcess
    emulator: Emulator
    language: str
    width: int
    accounts: dict[str, Account]
    found: list[str] = field(default_factory=list)

    @property
    def page(self) -> Page:
        """The tab."""
        return self.frontend.page

    @property
    def form(self) -> Dialog:
        """The dialog of a flow."""
        return self.frontend.flow

    def word(self, path: str) -> str:
        """Return one of the integration's strings."""
        return _strings(self.language)[path]

    async def ui(self, key: str) -> str:
        """Return one of the frontend's own strings."""
        text: str = await self.page.evaluate(
            "key => document.querySelector('home-assistant').hass.localize(key)", f"ui.{key}"
        )
        assert text, key
        return text

    async def step(self, name: str) -> None:
        """Take a picture, and note what is wrong with what is shown."""
        await self.page.wait_for_timeout(SETTLE_MS)
        await self.frontend.look(f"walk_{name}_{self.width}_{self.language}")
        self.found += [f"{name}: {problem}" for problem in problems(await shown_in(self.page), self.language)]

    async def open(self, path: str, shown: str) -> Locator:
        """Go to a page, and return what is to be seen on it."""
        await self.frontend.open(path)
        element = self.page.locator(shown).first
        await expect(element).to_be_visible()
        return element

    async def submit(self) -> None:
        """Press the main button of the dialog."""
        await self.form.shown.locator("ha-button[slot=primaryAction]").click()

    async def close(self) -> None:
        """Close the dialog."""
        await self.form.shown.locator("[slot=headerNavigationIcon]").click()
        await expect(self.form.shown.locator("dialog[open]")).to_have_count(0)

    async def unfold(self, path: str) -> None:
        """Open a section by the path of its name."""
        await (
            self.form.shown.locator("ha-expansion-panel")
            .filter(has_text=self.word(path))
            .first.click(position={"x": 30, "y": 25})
        )

    async def pick(self, path: str) -> None:
        """Choose from a menu of a flow."""
        await self.form.shown.get_by_text(self.word(path), exact=True).click()

    async def sees(self, path: str) -> None:
        """Wait for one of the integration's strings, up to its first placeholder or mark."""
        text = re.split(r"[{*\[`\n]", self.word(path))[0].strip()
        await expect(self.page.get_by_text(text).filter(visible=True).first).to_be_visible()

    async def configure(self, account: str) -> None:
        """Open the options of an account, on the page of the integration."""
        name = await self.ui("panel.config.integrations.config_entry.configure")
        await self.frontend.account(account).get_by_role("button", name=name).first.click()

    async def change_voice(self, name: str) -> None:
        """Open the form of a voice, on the page of the integration."""
        change = self.word("config_subentries.voice.initiate_flow.reconfigure")
        await self.frontend.voice(name).get_by_role("button", name=change).click()
        await self.sees("config_subentries.voice.step.reconfigure.data_description.fallback")

    async def add_voice(self, account: str) -> None:
        """Begin to add a voice to an account, on the page of the integration."""
        add = self.word("config_subentries.voice.initiate_flow.user")
        await self.page.get_by_role("button", name=add).first.click()
        await self.page.locator("dialog-pick-config-entry").get_by_text(account, exact=True).click()
        await self.sees("config_subentries.voice.step.user.description")

    async def begin_account(self, menu: str) -> None:
        """Open the form for the credentials of a service."""
        await self.frontend.open("/config/integrations/dashboard/add?domain=streaming_tts")
        confirm = self.page.locator("dialog-box").get_by_role("button").last
        option = self.form.shown.get_by_text(self.word(f"config.step.user.menu_options.{menu}"), exact=True)
        await confirm.or_(option).first.wait_for()
        if await confirm.is_visible():
            await confirm.click()
        await option.click()
        await self.sees(f"config.step.{menu}.sections.connection.name")


def problems(shown: Shown, language: str) -> Iterator[str]:
    """Say what is wrong with what is shown; what the frontend itself says is not ours to shorten."""
    english, own = _strings("en"), _strings(language)
    untranslated = {text for path, text in english.items() if own[path] != text} - set(own.values())
    for text in shown.texts:
        if RAW.search(text):
            yield f"raw: {text}"
        if text in untranslated and " " in text:  # single words may be the frontend's own
            yield f"untranslated: {text}"
    for text in shown.cut:
        if text not in _frontend_strings(language) and not KNOWN_CUT.search(text):
            yield f"cut: {text}"
    for name in shown.unlabeled:
        yield f"no label: {name}"
