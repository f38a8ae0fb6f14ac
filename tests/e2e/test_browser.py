"""The frontend in a browser: add, view, change, repair, and play accounts and voices.

Screenshots are saved in `artifacts`, some in dark mode, too.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
import json
from pathlib import Path
import shutil

from playwright.async_api import Browser, expect
import pytest
import pytest_asyncio

from tests.emulator.emulator import Emulator
from tests.emulator.flow import PUBLIC_KEY, USERS
from tests.emulator.sound import tone

from .assist import ask
from .browser import Assistants, Dialog, Frontend
from .conftest import KEY, Log, Provider
from .hearing import assert_same_sound
from .instance import Account, HomeAssistantProcess, add_account

SECOND_KEY = "second-key"
THIRD_KEY = "third-key"
RATE = 24000
WAV = {"preferred_format": "wav", "preferred_sample_rate": RATE}
SENTENCE = "Good evening, the door of the garage is open."


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def frontend(browser: Browser, instance: HomeAssistantProcess, pictures: Path | None) -> AsyncGenerator[Frontend]:
    """Sign in to the instance."""
    if pictures is not None:
        shutil.rmtree(pictures, ignore_errors=True)
    async with Frontend.signed_in(browser, instance.url, pictures) as frontend:
        yield frontend


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def usual_accounts(instance: HomeAssistantProcess, providers: dict[str, Provider]) -> AsyncGenerator[None]:
    """Remove the accounts that a test has added."""
    yield
    usual = {provider.account.entry_id for provider in providers.values()}
    for entry in await instance.client.entries("streaming_tts"):
        if entry["entry_id"] not in usual:
            await instance.client.remove(entry["entry_id"])


@pytest_asyncio.fixture(loop_scope="session")
async def second(instance: HomeAssistantProcess, emulator: Emulator, providers: dict[str, Provider]) -> Account:
    """Add a second account at Sarvam AI, with a Hindi voice called Kitchen."""
    emulator.sarvam.configure(keys=(KEY, SECOND_KEY))
    address = emulator.sarvam.url
    return await add_account(instance.client, "sarvam", SECOND_KEY, base_url=address, language="hi-IN", name="Kitchen")


async def _send_key(form: Dialog, key: str, *, kind: str = "input[type=password]") -> None:
    """Enter a key and submit it."""
    await form.fill(kind, key)
    await form.press("Submit")


async def _send_address(form: Dialog, url: str) -> None:
    """Expand the connection section, and enter another URL."""
    await form.silent("Service URL")
    await form.unfold("Connection")
    await form.says("Change this only if you use a regional endpoint or a proxy.")
    await form.fill("input[type=url]", url)


async def test_account_is_added_with_its_first_voice(
    frontend: Frontend, instance: HomeAssistantProcess, emulator: Emulator
) -> None:
    """A wrong key is shown as an error and corrected; account and voice are added as devices."""
    emulator.asyncflow.configure(keys=("demo-key", SECOND_KEY))
    form = await frontend.add_integration()
    await form.says("Add a speech service", "AsyncFlow (async.com)", "Sarvam AI")
    await form.says("Flow TTS (Tencent Cloud API key)", "Flow TTS (portal session)")
    await frontend.look("add_2_provider")
    await form.shown.get_by_text("AsyncFlow (async.com)").click()
    await form.says("Create an API key in the", "The key is checked before it's saved.")
    await frontend.look("add_3_key")

    await _send_address(form, emulator.asyncflow.url)
    await frontend.look("add_4_address")
    await _send_key(form, "no-such-key")
    await form.says("Invalid API key. Check that you copied all of it and that it hasn't been revoked.")
    await frontend.look("add_5_refused", dark=True)
    await _send_key(form, SECOND_KEY)

    await form.says("The account comes with the voice", "AsyncFlow 2 Nora", "Listen to it in the media browser")
    await frontend.look("add_6_success")
    await form.press("Skip and finish")
    await frontend.open_integration()
    await expect(frontend.voice("AsyncFlow 2 Nora")).to_contain_text("Voice")
    assert await instance.client.state("tts.asyncflow_2_nora") is not None


async def test_voice_is_added(frontend: Frontend, instance: HomeAssistantProcess, emulator: Emulator) -> None:
    """Selecting another language lists its voices; the settings follow, and the voice is added as a device."""
    await frontend.open_integration()
    form = await frontend.add_voice("AsyncFlow")
    await form.says("Add voice", "Select a voice", "Clone from a recording")
    await frontend.look("voice_1_how")
    await form.shown.get_by_text("Select a voice", exact=True).click()
    await form.says("voices speak this language")
    await form.chosen("Language", "English")
    await expect(form.shown.get_by_role("link", name="Listen to samples")).to_have_attribute("target", "_blank")
    await frontend.look("voice_2_selection")
    await form.choose("Language", "German", search=True)
    await form.choose("Voice", "Ada · female · British · Formal, Clear", search=True)
    await form.press("Next")
    await form.says("5 voices speak this language", "Your previous voice doesn't support this language")
    await frontend.look("voice_3_german", dark=True)
    await form.chosen("Voice", "★ Anna · female")
    assert "Edda · female · German · Formal, Calm" in await form.offered("Voice")
    await form.choose("Voice", "Edda · female · German · Formal, Calm", search=True)
    await form.chosen("Model", "Flash 1.5")
    await form.choose("Model", "Flash 1.0")  # This model has more settings
    await frontend.look("voice_4_chosen")
    await form.press("Next")
    await form.says("Edda", "Settings for Flash 1.0", "Takes over when this voice is unavailable")
    await form.asks("Name", "Speed", "Stability", "Fallback voice")
    await form.silent("Applied by Home Assistant")
    await frontend.look("voice_5_settings")
    await form.unfold("Text and audio")
    await form.says("Applied by Home Assistant, for every service.")
    await form.asks("Clean up text", "Lead-in silence", "Volume adjustment")
    await frontend.look("voice_6_sound", dark=True)
    await form.press("Submit")
    await form.says("Success", "AsyncFlow Edda")
    await frontend.look("voice_7_success")
    await form.press("Finish")

    await frontend.open_integration()
    await expect(frontend.voice("AsyncFlow Edda")).to_contain_text("Voice")
    assert await instance.client.state("tts.asyncflow_edda") is not None


async def test_session_of_the_portal_is_confirmed(frontend: Frontend, emulator: Emulator) -> None:
    """The form explains how to get a session, and shows the sign-in server before anything is sent there."""
    form = await frontend.add_integration()
    await form.shown.get_by_text("Flow TTS (portal session)").click()
    await form.says("in a private browser window", "JSON.stringify(", "Close the window without logging out")
    await frontend.look("session_1")
    await _send_address(form, emulator.flow.url)
    await _send_key(form, "neither one nor the other")
    await form.says("Invalid session or access token.")
    await frontend.look("session_2_unreadable")
    await _send_key(form, json.dumps(emulator.flow.new_session(USERS[1])))

    await form.says("Confirm the sign-in server", "Continue only if it belongs to your provider.")
    await expect(form.shown.locator("input[type=url]")).to_have_value(f"{emulator.flow.url}/auth/v1")
    await frontend.look("session_3_renewal")
    await form.fill("ha-selector-text:not(:has(input[type=url])) input", PUBLIC_KEY)
    await form.press("Submit")

    await form.shown.get_by_text("Select a voice", exact=True).click()
    await form.choose("Language", "Cantonese", search=True)
    await form.press("Next")
    await form.says("3 voices speak this language")
    await frontend.look("session_4_voice")
    await form.press("Next")
    await form.says("Settings for Flow 01 Turbo")
    await form.asks("Speed", "Pitch")
    await frontend.look("session_5_settings")
    await form.press("Submit")
    await form.says("Success")
    await form.press("Finish")


async def test_devices_show_what_is_left(
    frontend: Frontend, instance: HomeAssistantProcess, emulator: Emulator, providers: dict[str, Provider]
) -> None:
    """The account is a service device with sensors and units; the voice is a device below it that speaks."""
    provider = providers["flow_tts"]
    emulator.flow.configure(
        contract="backend", speech_cost=1, daily_points=100
    )  # The backend reports the quota with each response, even if it's already known
    emulator.flow.change_quota({"remaining": 41, "email": USERS[0].email})
    await instance.client.speech(provider.speaker, f"How much is left? {SENTENCE}")
    await frontend.open_integration()
    await frontend.has_picture(
        frontend.page.locator("img[alt*='Streaming TTS'], .integration-icon img, .logo img").first
    )
    await frontend.look("devices_1_integration", dark=True)

    await frontend.open_device("Flow TTS", "entities")
    sensors = frontend.card("Sensors")
    for name, state in (("Quota level", "40%"), ("Quota remaining", "40 points"), ("Quota exhausted", "OK")):
        await expect(
            sensors.locator("hui-sensor-entity-row, hui-simple-entity-row").filter(has_text=name)
        ).to_contain_text(state)
    for text in ("Quota limit", "100 points", "Quota used", "60 points", "Requests", "Characters", "Generated audio"):
        await expect(frontend.card("Diagnostic")).to_contain_text(text)
    await frontend.look("devices_2_account", dark=True)

    await frontend.open_integration()
    await frontend.open_device("flow_tts voice", "Flow 01 Turbo")
    await expect(frontend.page.get_by_text("Connected via")).to_be_visible()
    await expect(frontend.page.get_by_text("by Tencent")).to_be_visible()
    await frontend.look("devices_3_voice")


async def test_voice_is_changed(frontend: Frontend, instance: HomeAssistantProcess, second: Account) -> None:
    """The forms show the saved values; a changed name, pace, and fallback voice are saved and used."""
    await frontend.open_integration()
    form = await frontend.change_voice("Kitchen")
    await form.says("Change Kitchen", "Settings for Bulbul v3")
    await frontend.look("change_1_settings")
    await form.unfold("Language, voice, and model")
    await form.chosen("Language", "Hindi")
    await form.chosen("Voice", "Priya · female · Bulbul v3")
    await form.chosen("Model", "Bulbul v3")
    await frontend.look("change_2_voice", dark=True)
    await expect(form.written("Name")).to_have_value("Kitchen")
    await form.written("Name").fill("Pantry")
    await form.written("Pace").fill("1.5")
    await form.choose("Fallback voice", "asyncflow voice", search=True)
    await frontend.look("change_3_settings")
    await form.press("Submit")
    await form.says("Reconfiguration was successful")
    await frontend.look("change_4_done")
    await form.press("Close")

    form = await frontend.change_voice("Pantry")
    await expect(form.written("Name")).to_have_value("Pantry")
    await expect(form.written("Pace")).to_have_value("1.5")
    await form.chosen("Fallback voice", "asyncflow voice")
    await form.press("Close")
    heard = await instance.client.speech(second.speaker, SENTENCE, options=WAV)
    assert heard.pcm == tone(SENTENCE, RATE, voice="priya", speed=1.5)


async def test_account_is_changed(
    frontend: Frontend, instance: HomeAssistantProcess, emulator: Emulator, second: Account
) -> None:
    """A new URL without the key is rejected; with the key, the account is changed and keeps its voices."""
    await frontend.open_integration()
    form = await frontend.account_menu("Sarvam AI 2", "Reconfigure")
    await form.says("Reconfigure Sarvam AI 2", "Change the API key or the URL.", "Leave empty to keep the current key.")
    await form.silent("session")
    await frontend.look("account_1_change")
    await _send_address(form, emulator.sarvam.url.replace("127.0.0.1", "localhost"))
    await form.press("Submit")
    await form.says("it's required again when the URL changes")
    await frontend.look("account_2_missing")
    await _send_key(form, SECOND_KEY)
    await form.says("Reconfiguration was successful")
    await frontend.look("account_3_done")
    await form.press("Close")

    heard = await instance.client.speech(second.speaker, SENTENCE, options=WAV)
    assert heard.pcm == tone(SENTENCE, RATE, voice=second.voice.voice_id)
    assert emulator.sarvam.asked()[-1].headers["Host"].startswith("localhost")


async def test_budget_is_given_and_seen(frontend: Frontend, instance: HomeAssistantProcess, second: Account) -> None:
    """The options have a section for the budget, in the unit of the service; its sensors appear and count down."""
    await frontend.open_integration()
    form = await frontend.change_options("Sarvam AI 2")
    await form.says("Warnings, limits, and budget", "Pronunciations")
    await frontend.look("options_1_menu")
    await form.shown.get_by_text("Warnings, limits, and budget").click()
    await form.says("Sarvam AI 2 options", "enter your plan and Home Assistant keeps track")
    await form.asks("Low quota warning", "Maximum message length", "Amount", "Renewal day", "Stop at the limit")
    await form.chosen("Unit", "Characters")
    await form.written("Amount").fill("0")
    await frontend.look("options_2_account")
    await form.press("Submit")
    await form.says("Enter a valid amount.")
    await form.written("Amount").fill("1000")
    await frontend.look("options_3_budget", dark=True)
    await form.press("Submit")
    await form.says("Success")
    await form.press("Finish")

    sensors = (await second.known_again(instance.client)).sensors
    left = sensors["budget_remaining_characters"]
    await instance.client.state_when(left, lambda state: state["state"] == "1000")
    await instance.client.speech(second.speaker, SENTENCE)
    await instance.client.state_when(left, lambda state: state["state"] == str(1000 - len(SENTENCE)))
    await frontend.open_integration()
    await frontend.open_device("Sarvam AI 2", "entities")
    await expect(frontend.card("Sensors")).to_contain_text(f"{1000 - len(SENTENCE)} characters")
    await frontend.look("options_4_sensors")


async def test_refused_account_is_signed_in_again(
    frontend: Frontend, instance: HomeAssistantProcess, emulator: Emulator, second: Account, log: Log
) -> None:
    """A rejected key is asked for on the page of the integration; then the voice speaks again."""
    log.expect("Authentication failed while fetching Sarvam AI 2 catalogue data")
    emulator.sarvam.configure(keys=(KEY, THIRD_KEY))
    await instance.client.post(f"/api/config/config_entries/entry/{second.entry_id}/reload")
    await frontend.open_integration()
    form = await frontend.sign_in_again()
    await form.says("Reauthenticate Sarvam AI 2", "Enter a new key for the same account")
    await frontend.look("again_2_key")
    await _send_key(form, SECOND_KEY)
    await form.says("Invalid API key. Check that you copied all of it and that it hasn't been revoked.")
    await _send_key(form, THIRD_KEY)
    await form.says("Re-authentication was successful")
    await frontend.look("again_3_done")
    await form.press("Close")

    heard = await instance.client.speech(second.speaker, SENTENCE, options=WAV)
    assert heard.pcm == tone(SENTENCE, RATE, voice=second.voice.voice_id)


@dataclass(frozen=True, kw_only=True, slots=True)
class Tongue:
    """A language of a provider with its name in lists.

    The suggested voice, and the selected one.
    """

    key: str
    language: str
    first: str
    chosen: str
    chosen_id: str
    message: str


TONGUES = (
    Tongue(
        key="asyncflow",
        language="German",
        first="★ Anna · female",
        chosen="Theo · male · American · Narrative, Calm",
        chosen_id="69cb82f6-3831-4f97-84fb-181f5f60a04b",
        message="Guten Abend, das Tor der Garage ist noch offen, und es fängt gleich an zu regnen.",
    ),
    Tongue(
        key="sarvam",
        language="Hindi",
        first="Priya · female",
        chosen="Ritu · female",
        chosen_id="ritu",
        message="नमस्ते, गैराज का दरवाज़ा अभी भी खुला है, और बाहर बहुत ज़ोर से बारिश होने लगी है।",
    ),
    Tongue(
        key="flow_tts",
        language="Chinese",
        first="小芮 · female",
        chosen="大山 · male",
        chosen_id="v-zh-male-shan",
        message="晚上好，车库的门还开着，外面马上就要下大雨了，请记得把窗户和阳台的门都关好，衣服已经洗完了。",
    ),
)


@pytest.mark.parametrize(
    "tongue",
    [
        pytest.param(tongue, id=tongue.key, marks=() if tongue.key == "flow_tts" else pytest.mark.full)
        for tongue in TONGUES
    ],
)
async def test_assistant_speaks_a_language(
    frontend: Frontend,
    instance: HomeAssistantProcess,
    emulator: Emulator,
    providers: dict[str, Provider],
    tongue: Tongue,
) -> None:
    """The voices of the language are listed; the selected one is tried, and speaks an answer in Assist."""
    provider = providers[tongue.key]
    name = f"{tongue.language} guide"
    await frontend.open("/config/voice-assistants/assistants")
    assistants = Assistants(frontend.page)
    await assistants.begin(name, tongue.language, "Assistant")
    await assistants.speech.choose("Text-to-speech", f"{tongue.key} voice")
    # The frontend preselects the assistant's language if it has loaded the engine's languages by then
    await assistants.speech.choose("Language", tongue.language)
    await assistants.speech.chosen("Language", tongue.language)
    await assistants.speech.chosen("Voice", tongue.first)
    assert (await assistants.speech.offered("Voice"))[0] == tongue.first
    await assistants.speech.choose("Voice", tongue.chosen)
    await frontend.look(f"assist_{tongue.key}_1_voice")

    await assistants.try_voice(tongue.message)
    path, seconds = await frontend.sound()
    wanted = tone(tongue.message, RATE, voice=tongue.chosen_id)
    # The browser estimates the length of streamed MP3 from its bit rate, which is lower in pauses
    assert seconds == pytest.approx(len(wanted) / 2 / RATE, rel=0.2)
    assert_same_sound(await instance.client.listen(path), wanted, RATE)
    await frontend.look(f"assist_{tongue.key}_2_try")
    await assistants.end_trial()
    await assistants.create(name)

    pipelines = (await instance.client.ask("assist_pipeline/pipeline/list"))["pipelines"]
    pipeline = next(pipeline for pipeline in pipelines if pipeline["name"] == name)
    assert (pipeline["tts_engine"], pipeline["tts_voice"]) == (provider.speaker, tongue.chosen_id)
    answer = await ask(instance, pipeline["id"], {"say": tongue.message})
    assert_same_sound(answer.heard, wanted, RATE)
    await instance.client.ask("assist_pipeline/pipeline/delete", pipeline_id=pipeline["id"])
