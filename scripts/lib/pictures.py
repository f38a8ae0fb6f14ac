"""Take the pictures of the documents from a running Home Assistant, so that they are never out of date.

Home Assistant is set up like in the demo, with the emulator. Each picture is taken in light and dark mode.
"""

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Sequence
import json
from pathlib import Path
import sys
import tempfile

from animation import animation
from camera import Camera
from dashboard import URL_PATH
from playwright.async_api import Error as PlaywrightError, ViewportSize, expect
from showroom import ROOT, DemoError, Showroom

from tests.e2e.browser import Dialog, Frontend, find_chromium, running_chromium
from tests.e2e.examples import example_named, examples, is_card
from tests.e2e.instance import Account, HomeAssistantProcess, ProcessError
from tests.e2e.routines import of_blueprint, save
from tests.emulator.emulator import Emulator, running_emulator
from tests.emulator.faults import FaultKind
from tests.emulator.flow import PUBLIC_KEY, USERS
from tests.emulator.settings import Settings, VoiceMode

FOLDER = ROOT / "docs" / "pictures"
SERVICES = Settings(voice=VoiceMode.SPEECH, ttfb=0.25, realtime_factor=8.0, connect_delay=0.05)
SHARPNESS = 1.5
WHOLE_DASHBOARD = ViewportSize(width=1200, height=1560)
TALL = ViewportSize(width=1200, height=1600)
"""For dialogs that don't fit into the usual size."""
SHORT = ViewportSize(width=1200, height=560)
PHONE = ViewportSize(width=390, height=844)
ALL_ACCOUNTS = ViewportSize(width=1200, height=1560)
LEFT_SENSOR = "sensor.flow_tts_quota_remaining"
LEFT = 7
"""Points of Flow TTS in the picture of a low quota."""
SENTENCES = ("It is {} degrees outside.", "बाहर {} डिग्री है।", "外面{}度。", "It is {} degrees inside.")


class Photographer:
    """Opens the pages and takes the pictures."""

    def __init__(self, frontend: Frontend, camera: Camera, instance: HomeAssistantProcess, emulator: Emulator) -> None:
        """Start at the dashboard."""
        self._frontend = frontend
        self._page = frontend.page
        self._camera = camera
        self._instance = instance
        self._emulator = emulator

    # Demo

    async def dashboard(self) -> None:
        """Show the dashboard while an answer is spoken."""
        await self._page.set_viewport_size(WHOLE_DASHBOARD)
        await self._frontend.open(f"/{URL_PATH}/home")
        card = self._page.locator("demo-tools-ask")
        await card.get_by_role("button", name="Tell me a story").click()
        await expect(card.get_by_role("status")).to_contain_text("before the last word was written", timeout=30_000)
        await self._camera.take("dashboard")

    async def assist_dialog(self) -> None:
        """Show the Assist dialog with an answer of the demo's assistant."""
        await self._instance.client.speech("tts.xiaorui", "你好。")  # the points are known from the second text on
        await self._instance.client.state_when(LEFT_SENSOR, lambda state: bool(state["state"].isdecimal()))
        await self._frontend.open(f"/{URL_PATH}/home")
        await self._page.get_by_role("button", name="Assist (A)").click()
        dialog = self._page.locator("ha-voice-command-dialog")
        await dialog.get_by_role("textbox").fill("How many points are left?")
        await self._page.keyboard.press("Enter")
        await expect(dialog.get_by_text("Each request costs one of them, however long it is.")).to_be_visible()
        await self._camera.take_dialog("assist-dialog", dialog)

    async def media(self) -> None:
        """Show the media browser with a text for a voice."""
        await self._frontend.open(
            "/media-browser/browser/,media-source%3A%2F%2Ftts/tts,media-source%3A%2F%2Ftts%2Ftts.anna"
        )
        await expect(self._page.locator("ha-browse-media-tts")).to_be_visible()
        await self._camera.take("media-browser", of=self._page.locator("ha-browse-media-tts ha-card"))

    # Accounts and voices

    async def providers(self) -> None:
        """Show the list of services."""
        await self._begin_account(None)
        await self._camera.take_dialog("add-service", self._frontend.flow.shown)

    async def key_asyncflow(self) -> None:
        """Show the form for the AsyncFlow key."""
        await self._begin_account("AsyncFlow (async.com)")
        await self._camera.take_dialog("add-asyncflow", self._frontend.flow.shown)

    async def session_flow(self) -> None:
        """Show the forms for a Flow TTS session and for its sign-in server."""
        await self._begin_account("Flow TTS (portal session)")
        form = self._frontend.flow
        await form.says("in a private browser window")
        await self._camera.take_dialog("add-flow", form.shown)
        await form.unfold("Connection")
        await form.fill("input[type=url]", self._emulator.flow.url)
        await form.fill("input[type=password]", json.dumps(self._emulator.flow.new_session(USERS[1])))
        await form.press("Submit")
        await form.says("Confirm the sign-in server")
        # Show the real URL in place of the emulator's
        await form.fill("input[type=url]", "https://project.supabase.co/auth/v1")
        await form.fill("ha-selector-text:not(:has(input[type=url])) input", PUBLIC_KEY)
        await self._camera.take_dialog("add-flow-renewal", form.shown)

    async def _begin_account(self, service: str | None) -> None:
        """Start to add an account, optionally at a selected service."""
        await self._frontend.open("/config/integrations/dashboard/add?domain=streaming_tts")
        await (
            self._page.get_by_role("button", name="OK").or_(self._page.get_by_role("button", name="Yes")).first.click()
        )
        await self._frontend.flow.says("Add a speech service")
        if service:
            await self._frontend.flow.shown.get_by_text(service, exact=True).click()
            await expect(self._frontend.flow.shown.locator("input[type=password]").first).to_be_visible()

    async def voice(self) -> None:
        """Show the forms of a voice: source, voice, settings."""
        await self._page.set_viewport_size(TALL)
        form = await self._begin_voice()
        await form.says("Select a voice")
        await self._camera.take_dialog("voice-how", form.shown)
        await form.shown.get_by_text("Select a voice", exact=True).click()
        await form.says("voices speak this language")
        await self._camera.take_dialog("voice-voice", form.shown)
        await form.press("Next")
        await form.asks("Name", "Fallback voice")
        await form.unfold("Text and audio")
        await form.asks("Lead-in silence")
        await self._camera.take_dialog("voice-sound", form.shown)

    async def clone(self) -> None:
        """Show the form for cloning a voice."""
        form = await self._begin_voice()
        await form.shown.get_by_text("Clone from a recording", exact=True).click()
        await expect(form.shown.locator("ha-selector").first).to_be_visible()
        await self._camera.take_dialog("voice-clone", form.shown)

    async def _begin_voice(self) -> Dialog:
        """Start to add a voice to AsyncFlow."""
        await self._frontend.open_integration()
        await self._page.get_by_role("button", name="Add voice").first.click()
        accounts = self._page.locator("dialog-pick-config-entry")
        await accounts.get_by_text("AsyncFlow", exact=True).click()
        return self._frontend.flow

    async def options(self) -> None:
        """Show the options of an account with its budget."""
        await self._page.set_viewport_size(TALL)
        await self._frontend.open_integration()
        form = await self._frontend.change_options("Sarvam AI")
        await form.says("Pronunciations")
        await form.shown.get_by_text("Warnings, limits, and budget").click()
        await form.asks("Amount", "Stop at the limit")
        await self._camera.take_dialog("options", form.shown)

    async def pronunciations(self) -> None:
        """Show the form of a pronunciation."""
        await self._frontend.open_integration()
        form = await self._frontend.change_options("AsyncFlow")
        await form.shown.get_by_text("Pronunciations", exact=True).click()
        await form.shown.get_by_text("Add word").click()
        await form.asks("Respelling", "IPA")
        await form.written("Word").fill("Nguyen")
        await form.written("Respelling").fill("win")
        await self._camera.take_dialog("pronunciations", form.shown)

    async def phone(self) -> None:
        """Show the voices on a phone."""
        await self._page.set_viewport_size(PHONE)
        await self._frontend.open_integration()
        await self._camera.take("phone")

    async def fallback(self) -> None:
        """Show the activity of a voice after its fallback took over."""
        self._emulator.sarvam.add_fault(FaultKind.RESET, times=-1)
        await self._instance.client.speech("tts.priya", "बारिश हो रही है।")
        self._emulator.sarvam.reset()
        await self._page.set_viewport_size(SHORT)
        await self._frontend.open("/logbook?entity_id=event.priya_speech")
        await expect(self._page.get_by_text("Fallback took over").first).to_be_visible()
        await self._camera.take("fallback", of=self._page.locator("ha-logbook").first)

    async def account(self) -> None:
        """Show the page of the integration, and of the account with a quota."""
        await self._page.set_viewport_size(ALL_ACCOUNTS)
        await self._frontend.open_integration()
        await self._camera.take("integration")
        await self._frontend.open_device("Flow TTS", "entities")
        await expect(self._frontend.card("Sensors")).to_contain_text("points")
        # The activity column only has the start, and would make the picture too tall
        column = self._page.locator(".column").filter(has=self._frontend.card("Sensors"))
        await column.evaluate("column => column.style.alignSelf = 'start'")
        await self._camera.take("account", of=column)

    # Quota

    async def quota_card(self) -> None:
        """Show the quota card of the README on a dashboard."""
        card = next(block for _, block in examples() if is_card(block))
        await self._instance.client.ask(
            "lovelace/dashboards/create",
            url_path="quota-card",
            title="Quota",
            require_admin=False,
            show_in_sidebar=False,
        )
        await self._instance.client.ask(
            "lovelace/config/save", url_path="quota-card", config={"views": [{"cards": [card]}]}
        )
        await self._frontend.open("/quota-card/0")
        shown = self._page.locator("hui-card").first
        await expect(shown).to_contain_text("points")
        await self._camera.take("quota-card", of=shown, margin=6)

    async def quota_automation(self) -> None:
        """Show the automation of the README in the editor."""
        await save(self._instance.client, "automation", "points", **example_named("The voice runs out of points"))
        await self._frontend.open("/config/automation/edit/points")
        await expect(self._page.get_by_text("Quota crossed threshold", exact=False).first).to_be_visible()
        await self._camera.take("quota-automation", of=self._page.locator("manual-automation-editor"), margin=0)

    async def repair(self) -> None:
        """Show the repair for a low quota."""
        client, flow = self._instance.client, self._emulator.flow
        flow.configure(contract="backend", speech_cost=1, daily_points=100)
        flow.change_quota({"remaining": LEFT + 1, "email": USERS[0].email})
        await client.speech("tts.xiaorui", "还剩多少点？")
        await client.state_when(LEFT_SENSOR, lambda state: bool(state["state"] == str(LEFT)))
        await self._frontend.open("/config/repairs")
        notice = self._page.locator("ha-config-repairs").get_by_text("Flow TTS").first
        await expect(notice).to_be_visible()
        await notice.click()
        dialog = self._page.locator("dialog-repairs-issue, dialog-data-entry-flow").last
        await expect(dialog.locator("dialog[open]")).to_be_visible()
        await self._camera.take_dialog("repair", dialog)

    async def removed_voice(self) -> None:
        """Show the repair of a voice that its service no longer has."""
        client = self._instance.client
        (entry_id,) = [
            entry["entry_id"] for entry in await client.entries("streaming_tts") if entry["title"] == "AsyncFlow"
        ]
        found = await client.act("streaming_tts.list_voices", answered=True, config_entry_id=entry_id, search="Anna")
        self._emulator.asyncflow.voices.delete(found["voices"][0]["voice"])
        await client.post(f"/api/config/config_entries/entry/{entry_id}/reload")
        await self._frontend.open("/config/repairs")
        await self._page.locator("ha-config-repairs").get_by_text("Anna").first.click()
        await self._frontend.flow.says("no longer offers the voice")
        await self._camera.take_dialog("repair-voice", self._frontend.flow.shown)

    async def blueprint(self) -> None:
        """Show the form of the announcement blueprint."""
        client = self._instance.client
        content = of_blueprint("announcement", voice="tts.anna", players=["media_player.browser"], volume=60)
        await save(client, "script", "announcement", **content)
        await self._frontend.open("/config/script/edit/announcement")
        await expect(self._page.get_by_text("Speakers and satellites").first).to_be_visible()
        await self._camera.take(
            "blueprint-announcement", of=self._page.locator("blueprint-script-editor ha-card").first
        )


WAYS: Sequence[Callable[[Photographer], Awaitable[None]]] = (
    Photographer.assist_dialog,
    Photographer.media,
    Photographer.providers,
    Photographer.key_asyncflow,
    Photographer.session_flow,
    Photographer.voice,
    Photographer.clone,
    Photographer.options,
    Photographer.pronunciations,
    Photographer.phone,
    Photographer.fallback,
    Photographer.account,
    Photographer.quota_card,
    Photographer.quota_automation,
    Photographer.blueprint,
    Photographer.dashboard,  # Last, when its graph has data
    Photographer.repair,
    Photographer.removed_voice,
)


async def run(ways: Sequence[str], chromium: str) -> int:
    """Take the pictures; returns the exit status. Raises DemoError."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "streaming.svg").write_text(animation(), encoding="utf-8")
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        async with running_emulator(SERVICES) as emulator, running_chromium(chromium) as browser:
            showroom = Showroom(emulator, Path(folder) / "home-assistant")
            async with showroom.instance as instance:
                accounts = await showroom.furnish(await showroom.add_all())
                wanted = [way for way in WAYS if not ways or way.__name__ in ways]
                for number, way in enumerate(wanted):
                    await _live_in(instance, accounts, number)
                    async with Frontend.signed_in(browser, instance.url, Path(folder), sharpness=SHARPNESS) as frontend:
                        camera = Camera(frontend.page, FOLDER)
                        try:
                            await way(Photographer(frontend, camera, instance, emulator))
                        except (AssertionError, PlaywrightError) as error:
                            failed.append(way.__name__)
                            print(f"{way.__name__}: {str(error).splitlines()[0]}", file=sys.stderr)
                            await frontend.page.screenshot(
                                path=Path(tempfile.gettempdir()) / f"failed-{way.__name__}.png"
                            )
    return 1 if failed else 0


async def _live_in(instance: HomeAssistantProcess, accounts: Sequence[Account], number: int) -> None:
    """Let each voice speak new texts, so that there is data to show."""
    for account, sentence in zip(accounts, SENTENCES, strict=True):
        await instance.client.speech(account.speaker, sentence.format(number))


def main() -> int:
    """Take the pictures from the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="scripts/pictures", description=__doc__)
    names = [way.__name__ for way in WAYS]
    parser.add_argument("ways", nargs="*", choices=[*names, []], metavar="WAY", help=f"{', '.join(names)}; all without")
    arguments = parser.parse_args()
    if (chromium := find_chromium()) is None:
        print("Install Chromium: there is none on this machine.", file=sys.stderr)
        return 1
    try:
        return asyncio.run(run(arguments.ways, chromium))
    except (DemoError, ProcessError) as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
