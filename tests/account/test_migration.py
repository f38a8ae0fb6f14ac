"""What release 0.1 stored of an account still does what it did, as far as there is such a thing today."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.streaming_tts.account.migration import MINOR_VERSION
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from tests.accounts import VOICES, account, speak, state_of
from tests.emulator.emulator import Emulator

PRICES: dict[str, Any] = {"price_characters": 30.0, "price_bulbul_v2": 15.0, "price_hour": 0.0, "currency": "INR"}
HOUR_PRICES: dict[str, Any] = {"price_characters": 0.0, "price_hour": 0.5, "price_async_pro": 1.0, "currency": "USD"}
MONTHLY: dict[str, Any] = {"budget": "monthly", "renewal_day": 7, "amount": 1000, "when_used_up": "warn"}
BALANCE: dict[str, Any] = {"budget": "balance", "renewal_day": 1, "amount": 20.5, "when_used_up": "warn"}
KEPT = {"amount": 1000, "renewal_day": 7, "stop_at_limit": False}
PREPAID = {"amount": 20.5, "stop_at_limit": False}


async def moved(home: HomeAssistant, emulator: Emulator, provider: str, **content: Any) -> MockConfigEntry:
    """Return an account that release 0.1 stored, set up by this one."""
    entry = account(provider, emulator, **content)
    entry.add_to_hass(home)
    home.config_entries.async_update_entry(entry, minor_version=1)
    await home.config_entries.async_setup(entry.entry_id)
    await home.async_block_till_done(wait_background_tasks=True)
    assert entry.state is ConfigEntryState.LOADED
    assert (entry.version, entry.minor_version) == (1, MINOR_VERSION)
    return entry


@pytest.mark.parametrize(
    ("provider", "stored", "today"),
    [
        ("sarvam", {}, {}),
        (
            "sarvam",
            {"warn_at": 20, "most_characters": 500, "budget": "none", "open_ahead": False, "keep_sound": False},
            {"warn_at": 20, "most_characters": 500},
        ),
        ("sarvam", {**MONTHLY, **PRICES, "unit": "characters"}, {**KEPT, "unit": "characters"}),
        ("sarvam", {**BALANCE, **PRICES, "unit": "characters"}, {**PREPAID, "unit": "characters"}),
        ("flow_tts", {**MONTHLY, **PRICES, "unit": "requests"}, {**KEPT, "unit": "points"}),
        ("asyncflow", {**BALANCE, **HOUR_PRICES, "unit": "hours"}, {**PREPAID, "unit": "hours"}),
        # The published prices need not be given any more, another one is kept, per 1,000 characters
        ("sarvam", {**BALANCE, **PRICES, "unit": "money"}, {**PREPAID, "unit": "money", "currency": "INR"}),
        ("asyncflow", {**BALANCE, **HOUR_PRICES, "unit": "money"}, {**PREPAID, "unit": "money", "currency": "USD"}),
        (
            "sarvam",
            {**BALANCE, **PRICES, "unit": "money", "price_characters": 25.0},
            {**PREPAID, "unit": "money", "price": 2.5, "currency": "INR"},
        ),
        (
            "asyncflow",
            {**BALANCE, **HOUR_PRICES, "unit": "money", "currency": "EUR"},
            {**PREPAID, "unit": "money", "price": 0.5, "currency": "EUR"},
        ),
        # What a service does not bill by cannot be counted any more, nor can nothing
        ("sarvam", {**MONTHLY, **PRICES, "unit": "hours", "warn_at": 5}, {"warn_at": 5}),
        ("asyncflow", {**MONTHLY, **HOUR_PRICES, "unit": "requests"}, {}),
        ("flow_tts", {**MONTHLY, **PRICES, "unit": "money"}, {}),
        ("sarvam", {**MONTHLY, **PRICES, "unit": "characters", "amount": 0}, {}),
    ],
)
async def test_options_are_moved(
    *,
    home: HomeAssistant,
    emulator: Emulator,
    caplog: pytest.LogCaptureFixture,
    provider: str,
    stored: dict[str, Any],
    today: dict[str, Any],
) -> None:
    """The account runs with them; whoever loses a budget is told in the log, and nobody else."""
    entry = await moved(home, emulator, provider, options=stored)
    assert ("Removed the budget" in caplog.text) == ("amount" in stored and "amount" not in today)
    assert entry.options == today
    assert (home.states.get(f"sensor.{provider}_budget_remaining") is not None) == ("amount" in today)


@pytest.mark.parametrize(
    ("used_up", "fallbacks", "stop"),
    [
        ("warn", True, False),
        ("stop", False, True),
        ("fallback", True, True),
        ("fallback", False, False),
    ],
)
async def test_who_went_on_speaking_at_the_limit_goes_on(
    home: HomeAssistant, emulator: Emulator, used_up: str, fallbacks: bool, stop: bool
) -> None:
    """A voice without a fallback was not silenced by leaving it to the fallbacks."""
    options = {**MONTHLY, **PRICES, "unit": "characters", "when_used_up": used_up}
    saved = {"fallback": "tts.ben"} if fallbacks else {}
    entry = await moved(home, emulator, "sarvam", options=options, saved=saved)
    assert entry.options["stop_at_limit"] is stop


async def test_settings_of_a_voice_that_are_gone_are_removed(home: HomeAssistant, emulator: Emulator) -> None:
    """It speaks at the rate of the service, with its other settings."""
    settings = {**VOICES["sarvam"]["settings"], "pace": 1.5}
    old = settings | {"sample_rate": "8000", "enable_preprocessing": True}
    entry = await moved(home, emulator, "sarvam", saved={"settings": old})
    (voice,) = entry.subentries.values()
    assert voice.data["settings"] == settings
    assert await speak(home, "नमस्ते।")
    (request,) = emulator.sarvam.asked("/text-to-speech/stream")
    assert (request.body["speech_sample_rate"], request.body["pace"]) == (24000, 1.5)
    assert "enable_preprocessing" not in request.body


@pytest.mark.parametrize(
    ("provider", "volume", "gain"),
    [
        ("sarvam", {"loudness": 2.0}, (0.0, 6.0)),
        ("flow_tts", {"volume": 0.5}, (-2.0, -8.0)),
        ("flow_tts", {"volume": 10.0}, (6.0, 20.0)),
        ("flow_tts", {"volume": 1.0}, (3.0, 3.0)),
        ("asyncflow", {}, (3.0, 3.0)),
    ],
)
async def test_a_louder_voice_stays_louder(
    home: HomeAssistant, emulator: Emulator, provider: str, volume: dict[str, float], gain: tuple[float, float]
) -> None:
    """What a setting said that has left the form is the volume adjustment; even loudness is off until it is chosen."""
    settings = VOICES[provider]["settings"]
    before, today = gain
    entry = await moved(home, emulator, provider, saved={"settings": {**settings, **volume}, "gain": before})
    (voice,) = entry.subentries.values()
    assert voice.data["gain"] == today
    assert voice.data["settings"] == (settings if today != before else {**settings, **volume})
    assert "even_loudness" not in entry.options


async def test_an_account_of_a_later_release_is_left_alone(home: HomeAssistant, emulator: Emulator) -> None:
    """A later minor version can be read, a later major version can not."""
    options = {"warn_at": 30, "of_a_later_release": 1}
    entry = account("sarvam", emulator, options=options)
    entry.add_to_hass(home)
    home.config_entries.async_update_entry(entry, minor_version=MINOR_VERSION + 1)
    assert await home.config_entries.async_setup(entry.entry_id)
    assert state_of(home, "sensor.sarvam_characters").state == "0"
    assert await home.config_entries.async_unload(entry.entry_id)
    home.config_entries.async_update_entry(entry, version=2)
    assert not await home.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.MIGRATION_ERROR
    assert entry.options == options
