"""A voice with a model that its service has retired: repaired in the browser, and used again."""

import json
from pathlib import Path

from playwright.async_api import Browser, expect
import pytest

from tests.emulator.emulator import Emulator
from tests.emulator.sound import tone

from .browser import Frontend
from .conftest import KEY, LANGUAGES
from .hearing import assert_said
from .instance import Account, HomeAssistantProcess, add_account

WAV = {"preferred_format": "wav", "preferred_sample_rate": 24000}
SENTENCE = "The door of the garage is open."
RETIRED = "bulbul:v2"


async def _save_retired(instance: HomeAssistantProcess, account: Account, voice: str) -> None:
    """Save a voice with a model that the service no longer has."""
    await instance.stop()
    path = instance.folder / ".storage" / "core.config_entries"
    stored = json.loads(path.read_text(encoding="utf-8"))
    (entry,) = (entry for entry in stored["data"]["entries"] if entry["entry_id"] == account.entry_id)
    (subentry,) = entry["subentries"]
    subentry["data"] |= {"voice": voice, "model": RETIRED, "settings": {"pace": 1.0, "pitch": 0.0, "loudness": 1.0}}
    path.write_text(json.dumps(stored), encoding="utf-8")
    await instance.start()


@pytest.mark.parametrize(
    ("saved", "speaks"), [("anushka", "priya"), pytest.param("shubh", "shubh", marks=pytest.mark.full)]
)
async def test_a_voice_with_a_retired_model_is_repaired_and_heard(
    browser: Browser,
    other_instance: HomeAssistantProcess,
    emulator: Emulator,
    pictures: Path | None,
    *,
    saved: str,
    speaks: str,
) -> None:
    """The repair names both models, and suggests another voice if the saved one doesn't exist for the new model.

    A restart isn't necessary.
    """
    instance, service = other_instance, emulator.sarvam
    service.configure(deprecated_models=(RETIRED,))
    account = await add_account(
        instance.client,
        "sarvam",
        KEY,
        base_url=service.url,
        language=LANGUAGES["sarvam"],
        name="Kitchen",
        fallback=None,
    )
    await _save_retired(instance, account, saved)
    silent = await instance.client.speech(account.speaker, SENTENCE, options=WAV)
    assert silent.status == 500
    await instance.log_written()
    assert "Sarvam AI no longer offers the model of this voice." in instance.log

    async with Frontend.signed_in(browser, instance.url, pictures) as frontend:
        await frontend.open("/config/repairs")
        repair = frontend.page.get_by_text("Kitchen uses a retired model")
        await expect(repair).to_be_visible()
        await frontend.look(f"retired_{saved}_1_repairs")
        await repair.click()
        await frontend.flow.says("Sarvam AI no longer offers the model bulbul:v2", "Bulbul v3")
        if saved != speaks:
            await frontend.flow.chosen("Voice", "Priya · female")
        await frontend.look(f"retired_{saved}_2_form", dark=True)
        await frontend.flow.press("Submit")
        await frontend.look(f"retired_{saved}_3_done")
        await frontend.flow.press("Finish")
        await frontend.open("/config/repairs")
        await expect(frontend.page.get_by_text("There are currently no repairs pending")).to_be_visible()
        await frontend.look(f"retired_{saved}_4_none")

    heard = await instance.client.speech(account.speaker, SENTENCE, options=WAV)
    assert_said(heard.pcm, tone(SENTENCE, 24000, voice=speaks))
