"""Every form and page of the integration in four languages, on a desktop and on a phone: nothing raw, empty, or cut.

Each step leaves a picture in `artifacts`, to be looked at; `walk.problems` says what a machine can find.
"""

from collections.abc import AsyncGenerator
import json
from pathlib import Path
import re
from typing import Any, Final

from playwright.async_api import Browser, expect
import pytest
import pytest_asyncio

from tests.emulator.asyncflow_voices import DEFAULT_VOICE_ID
from tests.emulator.emulator import Emulator
from tests.emulator.faults import FaultKind
from tests.emulator.flow import PUBLIC_KEY, USERS
from tests.emulator.flow_settings import Contract
from tests.emulator.service import Service
from tests.emulator.tencent_settings import SDK_APP_ID, SECRET_ID, SECRET_KEY

from .browser import Frontend
from .conftest import KEY, Log
from .instance import Account, HomeAssistantProcess, add_account
from .routines import remove, save
from .walk import SETTLE_MS, Walk

pytestmark = pytest.mark.full

SECOND_KEY: Final = "second-key"
HEIGHT: Final = 1500
"""Of the tab, so that all of a form is in its picture."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def instance(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[HomeAssistantProcess]:
    """Run a Home Assistant that keeps a log book."""
    folder = tmp_path_factory.mktemp("walk") / "config"
    async with HomeAssistantProcess(folder, configuration="history:\nlogbook:\n") as instance:
        yield instance


@pytest_asyncio.fixture(
    scope="module",
    loop_scope="session",
    params=[(language, width) for language in ("en", "de", "hi", "zh-Hans") for width in (1280, 390)],
    ids=lambda param: f"{param[0]}-{param[1]}",
)
async def begun(
    request: pytest.FixtureRequest,
    browser: Browser,
    instance: HomeAssistantProcess,
    running: Emulator,
    pictures: Path | None,
) -> AsyncGenerator[Walk]:
    """Sign in with a language and a width, with an account at each service."""
    language, width = request.param
    await instance.client.ask("config/core/update", language=language)
    await instance.restart()  # the name of a media source is that of the language at the start
    script = f"localStorage.setItem('selectedLanguage', JSON.stringify({json.dumps(language)}));"
    async with Frontend.signed_in(browser, instance.url, pictures, script=script) as frontend:
        await frontend.page.set_viewport_size({"width": width, "height": HEIGHT})
        yield Walk(
            frontend=frontend,
            instance=instance,
            emulator=running,
            language=language,
            width=width,
            accounts=await _accounts(instance, running),
        )
    for entry in await instance.client.entries("streaming_tts"):
        await instance.client.remove(entry["entry_id"])
    await instance.client.ask("config/core/update", language="en")


async def _accounts(instance: HomeAssistantProcess, emulator: Emulator) -> dict[str, Account]:
    """Add an account with a voice at each service."""
    client = instance.client
    session = json.dumps(emulator.flow.new_session())
    asyncflow = await add_account(
        client,
        "asyncflow",
        KEY,
        base_url=emulator.asyncflow.url,
        language="en",
        voice=DEFAULT_VOICE_ID,
        name="Kitchen",
        fallback=None,
    )
    sarvam = await add_account(
        client,
        "sarvam",
        KEY,
        base_url=emulator.sarvam.url,
        language="hi-IN",
        name="Garage",
        fallback=asyncflow.speaker,
        options={"budget": {"amount": 1000, "renewal_day": 1}},
    )
    flow = await add_account(
        client,
        "flow_tts",
        session,
        base_url=emulator.flow.url,
        public_key=PUBLIC_KEY,
        language="zh",
        name="Office",
        fallback=None,
    )
    return {"asyncflow": asyncflow, "sarvam": sarvam, "flow_tts": flow}


@pytest.fixture
def walk(begun: Walk, emulator: Emulator) -> Walk:
    """Return the walk, with nothing found yet."""
    begun.found.clear()
    return begun


FIRST: Final = {"en": "asyncflow", "de": "asyncflow", "hi": "sarvam", "zh-Hans": "tencent"}
"""The service that is added: it has a voice for the language of the home."""


async def test_adding_an_account(walk: Walk) -> None:
    """From the search to the first sentence, with a wrong key on the way."""
    service = FIRST[walk.language]
    services: dict[str, Service[Any]] = {
        "asyncflow": walk.emulator.asyncflow,
        "sarvam": walk.emulator.sarvam,
        "tencent": walk.emulator.tencent,
    }
    emulated = services[service]
    if service != "tencent":
        emulated.configure(keys=(KEY, SECOND_KEY))
    await walk.open("/config/integrations/dashboard", "ha-button[slot=fab]")
    await walk.page.locator("ha-button[slot=fab]").click()
    brands = walk.page.locator("dialog-add-integration")
    row = brands.locator("ha-integration-list-item").filter(has_text="AsyncFlow")
    await brands.locator("input").first.fill("Sarvam")
    await expect(row).to_be_visible()
    await walk.step("account_1_search")
    await row.click()
    await walk.sees("config.step.user.menu_option_descriptions.flow_tts")
    await walk.step("account_2_service")
    await walk.pick(f"config.step.user.menu_options.{service}")
    await walk.sees(f"config.step.{service}.sections.connection.name")
    await walk.step("account_3_key")
    await walk.unfold(f"config.step.{service}.sections.connection.name")
    await walk.form.fill("input[type=url]", emulated.url)
    if service == "tencent":
        for label, text in (("SecretId", SECRET_ID), ("SdkAppId", str(SDK_APP_ID))):
            await walk.form.written(label).fill(text)
    await walk.form.fill("input[type=password]", "no-such-key")
    await walk.submit()
    await walk.sees("config.error.invalid_auth")
    await walk.step("account_4_wrong_key")
    await walk.form.fill("input[type=password]", SECRET_KEY if service == "tencent" else SECOND_KEY)
    await walk.submit()
    await expect(walk.form.shown.locator("a[href*=media-browser]")).to_be_visible()
    await walk.step("account_5_finish")
    await walk.form.shown.locator("a[href*=media-browser]").click()
    speech = walk.page.locator("ha-browse-media-tts")
    await expect(speech).to_be_visible()
    await walk.step("account_6_voice")
    async with walk.page.expect_response("**/api/tts_proxy/*") as answer:
        await speech.locator(".card-actions ha-button").last.click()
    assert (await answer.value).ok
    await walk.step("account_7_heard")
    await walk.open("/config/integrations/integration/streaming_tts", "ha-config-sub-entry-row")
    await walk.step("account_8_page")
    assert not walk.found


async def test_the_forms_of_all_services(walk: Walk) -> None:
    """Each with its section open; an unsafe address opens it."""
    for service in ("asyncflow", "sarvam", "tencent", "flow_tts"):
        await walk.begin_account(service)
        await walk.unfold(f"config.step.{service}.sections.connection.name")
        await walk.step(f"service_{service}")
        await walk.close()
    await walk.begin_account("asyncflow")
    await walk.unfold("config.step.asyncflow.sections.connection.name")
    await walk.form.fill("input[type=url]", "http://example.com")
    await walk.unfold("config.step.asyncflow.sections.connection.name")
    await walk.form.fill("input[type=password]", SECOND_KEY)
    await walk.submit()
    await walk.sees("config.error.invalid_address")
    await expect(walk.form.shown.locator("input[type=url]")).to_be_visible()
    await walk.step("service_error_in_section")
    await walk.close()

    await walk.begin_account("flow_tts")
    await walk.unfold("config.step.flow_tts.sections.connection.name")
    await walk.form.fill("input[type=url]", walk.emulator.flow.url)
    await walk.form.fill("input[type=password]", json.dumps(walk.emulator.flow.new_session(USERS[1])))
    await walk.submit()
    await walk.sees("config.step.renewal.data_description.auth_url")
    await walk.step("service_renewal")
    await walk.close()
    assert not walk.found


async def test_adding_a_voice(walk: Walk) -> None:
    """The menu, the list of voices, another language, the settings, the end."""
    await walk.open("/config/integrations/integration/streaming_tts", "ha-config-sub-entry-row")
    await walk.page.get_by_role("button", name=walk.word("config_subentries.voice.initiate_flow.user")).first.click()
    accounts = walk.page.locator("dialog-pick-config-entry")
    await expect(accounts.get_by_text("AsyncFlow", exact=True)).to_be_visible()
    await walk.step("voice_1_account")
    await accounts.get_by_text("AsyncFlow", exact=True).click()
    step = "config_subentries.voice.step"
    await walk.sees(f"{step}.user.description")
    await walk.step("voice_2_menu")
    await walk.pick(f"{step}.user.menu_options.pick")
    await walk.sees(f"{step}.pick.data_description.voice")
    await walk.step("voice_3_selection")
    voices = walk.form.shown.locator("ha-picker-field").nth(1)
    await voices.click()
    await expect(walk.form.options.filter(visible=True).first).to_be_visible()
    await walk.step("voice_4_list")
    await walk.page.keyboard.press("Escape")
    await walk.submit()
    await walk.sees(f"{step}.settings.data_description.fallback")
    await walk.unfold(f"{step}.settings.sections.sound.name")
    await walk.step("voice_5_settings")
    await walk.submit()
    await expect(walk.form.shown.locator("step-flow-create-entry")).to_be_visible()
    await walk.step("voice_6_finish")
    await walk.submit()
    assert not walk.found


async def test_changing_a_voice(walk: Walk) -> None:
    """Its settings with all sections open; a language that the voice doesn't speak opens the section it is in."""
    step = "config_subentries.voice.step.reconfigure"
    await walk.open("/config/integrations/integration/streaming_tts", "ha-config-sub-entry-row")
    for name in ("Garage", "Office", "Kitchen"):
        await walk.change_voice(name)
        await walk.step(f"change_{name}_1_settings")
        await walk.unfold(f"{step}.sections.sound.name")
        await walk.unfold(f"{step}.sections.selection.name")
        await walk.step(f"change_{name}_2_open")
        if name != "Kitchen":
            await walk.close()
    japanese = await walk.page.evaluate(
        "language => new Intl.DisplayNames([language], {type: 'language'}).of('ja')", walk.language
    )
    language = walk.form.shown.locator("ha-language-picker")
    await language.click()
    await walk.step("change_Kitchen_3_languages")
    named = re.findall(r"\*\*(.+?)\*\*", walk.word(f"{step}.sections.selection.data_description.language"))
    await expect(walk.form.options.get_by_text(named[0], exact=True).filter(visible=True)).to_be_visible()
    await walk.form.options.get_by_text(japanese, exact=True).filter(visible=True).first.click()
    await walk.submit()
    await walk.sees("config_subentries.voice.error.voice_without_language")
    await expect(language).to_be_visible()
    await walk.step("change_Kitchen_4_error")
    await walk.close()
    assert not walk.found


async def test_cloning_a_voice(walk: Walk) -> None:
    """The form with its details, and what it says of a missing consent."""
    step = "config_subentries.voice.step"
    for account in ("AsyncFlow", "Sarvam AI"):
        await walk.open("/config/integrations/integration/streaming_tts", "ha-config-sub-entry-row")
        await walk.add_voice(account)
        await walk.pick(f"{step}.user.menu_options.clone")
        await walk.sees(f"{step}.clone.data_description.consent")
        await walk.unfold(f"{step}.clone.sections.details.name")
        await walk.step(f"clone_{account}")
        await walk.close()
    assert not walk.found


async def test_options(walk: Walk) -> None:
    """Warnings, limits, and budget, with a wrong amount; a word of the pronunciations."""
    await walk.open("/config/integrations/integration/streaming_tts", "ha-config-entry-row")
    await walk.configure("Sarvam AI")
    step = "options.step"
    await walk.sees(f"{step}.init.description")
    await walk.step("options_1_menu")
    await walk.pick(f"{step}.init.menu_options.account")
    await walk.sees(f"{step}.account.data_description.warn_at")
    await walk.step("options_2_account")
    await walk.form.written(walk.word(f"{step}.account.sections.budget.data.amount")).fill("0")
    await walk.submit()
    await walk.sees("options.error.amount_invalid")
    await walk.step("options_3_error")
    await walk.close()

    await walk.configure("Sarvam AI")
    await walk.pick(f"{step}.init.menu_options.pronunciations")
    await walk.sees(f"{step}.pronunciations.menu_options.add_pronunciation")
    await walk.step("options_4_pronunciations")
    await walk.pick(f"{step}.pronunciations.menu_options.add_pronunciation")
    await walk.sees(f"{step}.add_pronunciation.data_description.word")
    await walk.form.written(walk.word(f"{step}.add_pronunciation.data.word")).fill("Nguyen")
    await walk.step("options_5_word")
    await walk.submit()
    await walk.sees("options.error.pronunciation_empty")
    await walk.step("options_6_error")
    await walk.form.written(walk.word(f"{step}.add_pronunciation.data.respelling")).fill("win")
    await walk.submit()
    await walk.pick(f"{step}.pronunciations.menu_options.choose_pronunciation")
    await walk.sees(f"{step}.choose_pronunciation.data_description.entry")
    await walk.step("options_7_choose")
    await walk.submit()
    await walk.sees(f"{step}.change_pronunciation.data_description.remove")
    await walk.step("options_8_change")
    await walk.form.shown.locator("ha-switch, ha-control-switch").last.click()
    await walk.submit()
    await walk.sees(f"{step}.pronunciations.menu_options.leave")
    await walk.close()
    assert not walk.found


async def test_a_key_that_is_refused(walk: Walk, log: Log) -> None:
    """The page asks for another; an account is reconfigured."""
    log.expect("Authentication failed while fetching Sarvam AI")
    walk.emulator.sarvam.configure(keys=(SECOND_KEY,))
    entry_id = walk.accounts["sarvam"].entry_id
    await walk.instance.client.post(f"/api/config/config_entries/entry/{entry_id}/reload")
    await walk.open("/config/integrations/integration/streaming_tts", "ha-config-sub-entry-row")
    await walk.step("refused_1_page")
    await walk.page.get_by_role("button", name=await walk.ui("panel.config.integrations.reconfigure")).first.click()
    await walk.sees("config.step.reauth_confirm.data_description.api_key")
    await walk.step("refused_2_key")
    await walk.close()
    walk.emulator.sarvam.configure(keys=(KEY,))
    await walk.instance.client.post(f"/api/config/config_entries/entry/{entry_id}/reload")
    for title, step in (("AsyncFlow", "reconfigure"), ("Flow TTS", "reconfigure_session")):
        await walk.open("/config/integrations/integration/streaming_tts", "ha-config-sub-entry-row")
        row = walk.frontend.account(title)
        await row.get_by_role("button", name=await walk.ui("common.menu")).first.click()
        item = await walk.ui("panel.config.integrations.config_entry.reconfigure")
        await row.get_by_role("menuitem", name=item).first.click()
        await walk.sees(f"config.step.{step}.sections.connection.name")
        await walk.unfold(f"config.step.{step}.sections.connection.name")
        await walk.step(f"reconfigure_{title}")
        await walk.close()
    assert not walk.found


async def test_repairs(walk: Walk, log: Log) -> None:
    """A voice that was removed, a quota that is low.

    The texts differ from walk to walk: Home Assistant caches what was spoken before.
    """
    client, flow = walk.instance.client, walk.emulator.flow
    walk.emulator.asyncflow.add_fault(FaultKind.STATUS, "/text_to_speech", status=404, code="VOICE_NOT_FOUND", times=-1)
    log.expect("Who am I|Error streaming tts: AsyncFlow doesn't offer this voice")
    await client.speech(walk.accounts["asyncflow"].speaker, "Who am I?")
    flow.configure(contract=Contract.BACKEND, daily_points=100, speech_cost=1)
    flow.change_quota({"remaining": 8, "email": USERS[0].email})
    await client.speech(walk.accounts["flow_tts"].speaker, f"What is left? {walk.width} {walk.language}")
    await walk.open("/config/repairs", "ha-config-repairs")
    gone = walk.word("issues.voice_gone.title").replace("{name}", "Kitchen")
    low = walk.word("issues.quota_low.title").replace("{account}", "Flow TTS")
    await expect(walk.page.get_by_text(gone)).to_be_visible()
    await expect(walk.page.get_by_text(low)).to_be_visible()
    await walk.step("repairs_1_list")
    await walk.page.get_by_text(low).click()
    await walk.step("repairs_2_quota")
    await walk.page.keyboard.press("Escape")
    await walk.page.get_by_text(gone).click()
    await walk.sees("issues.voice_gone.fix_flow.step.voice.data_description.voice")
    await walk.step("repairs_3_voice")
    await walk.form.shown.locator("ha-picker-field").first.click()
    await walk.step("repairs_4_voices")
    await walk.form.options.filter(visible=True).nth(2).click()
    await walk.submit()
    await walk.step("repairs_5_done")
    await walk.submit()
    assert not walk.found


async def test_devices_and_activity(walk: Walk) -> None:
    """The pages of an account and of a voice, Activity after a fallback, and an attribute's words."""
    client = walk.instance.client
    await client.speech(walk.accounts["flow_tts"].speaker, "你好。")
    await client.speech(walk.accounts["sarvam"].speaker, "नमस्ते।")
    walk.emulator.sarvam.add_fault(FaultKind.RESET, times=-1)
    await client.speech(walk.accounts["sarvam"].speaker, f"बारिश हो रही है। {walk.width} {walk.language}")
    walk.emulator.sarvam.reset()
    devices = await client.ask("config/device_registry/list")
    ids = {device["name"]: device["id"] for device in devices}
    for name in ("Flow TTS", "Sarvam AI", "Garage"):
        await walk.open(f"/config/devices/device/{ids[name]}", "ha-device-entities-card")
        await walk.step(f"device_{name}")
    event = walk.accounts["sarvam"].sensors["utterance"]
    await walk.open(f"/logbook?entity_id={event}", "ha-logbook")
    await walk.sees("entity.event.utterance.state_attributes.event_type.state.taken_over")
    await walk.step("activity")
    for name, entity in (("event", event), ("quota", walk.accounts["flow_tts"].sensors["quota_remaining"])):
        await walk.page.evaluate(
            """entityId => document.querySelector("home-assistant").dispatchEvent(
                new CustomEvent("hass-more-info", {detail: {entityId}}))""",
            entity,
        )
        await walk.page.locator("ha-more-info-dialog").locator("dialog[open]").wait_for()
        await walk.step(f"more_info_{name}")
    assert not walk.found


ACTIONS: Final = (
    "check_voice", "clone_voice", "set_balance", "get_pronunciations", "set_pronunciations", "list_voices",
    "update_voice", "delete_voice", "list_dictionaries", "get_dictionary", "save_dictionary", "delete_dictionary",
    "speak_with_timestamps", "prepare",
)  # fmt: skip


async def test_actions(walk: Walk) -> None:
    """The form of each action in the developer tools."""
    for action in ACTIONS:
        chosen = json.dumps({"action": f"streaming_tts.{action}", "data": {}})
        await walk.page.evaluate(
            "chosen => localStorage.setItem('panel-dev-action-state-service-data', chosen)", chosen
        )
        tool = await walk.open("/config/tools/action", "tools-action")
        await expect(tool.get_by_text(walk.word(f"services.{action}.name"), exact=False).first).to_be_visible()
        await walk.step(f"action_{action}")
    assert not walk.found


async def test_automations(walk: Walk) -> None:
    """The triggers and conditions in the editor."""
    client = walk.instance.client
    target = {"entity_id": walk.accounts["flow_tts"].sensors["quota_level"]}
    exhausted = {"entity_id": walk.accounts["flow_tts"].sensors["quota_exhausted"]}
    spoken = {"entity_id": walk.accounts["sarvam"].sensors["utterance"]}
    threshold = {"type": "below", "value": {"number": 10, "unit_of_measurement": "%"}}
    await save(
        client,
        "automation",
        "walk",
        triggers=[
            {"trigger": "streaming_tts.quota_crossed", "target": target, "options": {"threshold": threshold}},
            {"trigger": "streaming_tts.quota_exhausted", "target": exhausted},
            {"trigger": "streaming_tts.fallback_took_over", "target": spoken},
        ],
        conditions=[
            {"condition": "streaming_tts.quota_is", "target": target, "options": {"threshold": threshold}},
            {"condition": "streaming_tts.quota_is_exhausted", "target": exhausted},
        ],
        actions=[],
    )
    try:
        editor = await walk.open("/config/automation/edit/walk", "manual-automation-editor")
        await walk.step("automation_1_rows")
        for number, part in enumerate(("ha-automation-trigger-row", "ha-automation-condition-row"), start=2):
            await editor.locator(part).first.click()
            await walk.step(f"automation_{number}_{part}")
            await walk.page.keyboard.press("Escape")
            await walk.page.wait_for_timeout(SETTLE_MS)
    finally:
        await remove(client, "automation", "walk")
    assert not walk.found


async def test_assistants_samples_and_health(walk: Walk) -> None:
    """The voice of an assistant, the samples in the media browser, and system information."""
    await walk.open("/media-browser/browser", "ha-media-player-browse ha-card")
    for number, folder in enumerate((walk.word("selector.media_source.options.voice_samples"), "AsyncFlow"), start=1):
        card = walk.page.locator("ha-media-player-browse ha-card").filter(has_text=folder).first
        await expect(card).to_be_visible()
        await walk.step(f"samples_{number}")
        await card.click()
    await walk.step("samples_3_languages")
    await walk.page.locator("ha-media-player-browse ha-card").nth(5).click()
    await walk.step("samples_4_voices")
    await walk.frontend.open("/config/repairs?dialog=system-health")
    await walk.sees("system_health.info.can_reach_asyncflow")
    await walk.step("health")
    assert not walk.found
