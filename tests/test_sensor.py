"""Sensors: they exist where there is a source, say which it is, and are right when the voice has spoken."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.streaming_tts.const import DOMAIN
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.util import dt as dt_util
from tests.accounts import account, set_up, speak, state_of
from tests.emulator.emulator import Emulator
from tests.emulator.faults import FaultKind

COUNTED = {"requests", "characters", "audio", "first_sound"}
QUOTA = {"quota_level", "quota_remaining", "quota_used", "quota_limit", "quota_reset"}


def read(home: HomeAssistant, *sensors: str, account: str = "flow_tts") -> list[str]:
    """Return the states of sensors of an account."""
    states = [home.states.get(f"sensor.{account}_{sensor}") for sensor in sensors]
    return [state.state if state else "missing" for state in states]


def source(home: HomeAssistant, sensor: str) -> str | None:
    """Return where the number of a sensor of the Flow account comes from."""
    state = state_of(home, f"sensor.flow_tts_{sensor}")
    told: str | None = state.attributes["source"]
    return told


@pytest.mark.parametrize(
    ("provider", "sensors"),
    [("asyncflow", COUNTED), ("sarvam", COUNTED), ("flow_tts", COUNTED | QUOTA | {"rate_left"})],
)
async def test_a_sensor_exists_where_there_is_a_source(
    home: HomeAssistant, emulator: Emulator, entity_registry: er.EntityRegistry, provider: str, sensors: set[str]
) -> None:
    """Only Flow TTS reports the quota."""
    entry = await set_up(home, account(provider, emulator))
    registered = er.async_entries_for_config_entry(entity_registry, entry.entry_id)
    found = {each.translation_key for each in registered if each.domain == "sensor"}
    assert found == sensors


async def test_what_nobody_knows_is_unknown_and_what_was_counted_is_not(
    home: HomeAssistant, emulator: Emulator
) -> None:
    """The portal reports no quota before the first message."""
    await set_up(home, account("flow_tts", emulator))
    assert read(home, "quota_remaining", "quota_used", "quota_limit", "quota_resets_at") == ["unknown"] * 4
    assert source(home, "quota_remaining") is None
    assert read(home, "generated_audio", "characters", "requests") == ["0.0", "0", "0"]
    assert source(home, "requests") == "counted"
    state = state_of(home, "binary_sensor.flow_tts_quota_exhausted")
    assert state.state == "unknown"


async def test_a_quota_that_can_be_asked_for_is_known_from_the_start(home: HomeAssistant, emulator: Emulator) -> None:
    """The newest backend has an address for it."""
    emulator.flow.configure(contract="backend")
    emulator.flow.change_quota({"spend": 42})
    await set_up(home, account("flow_tts", emulator))
    assert read(home, "quota_limit", "quota_used", "quota_remaining") == ["10000", "42", "9958"]
    assert source(home, "quota_used") == "reported"


async def test_what_is_left_is_right_after_speaking(home: HomeAssistant, emulator: Emulator) -> None:
    """A portal stream doesn't report it, so the next short text uses REST; then the price is subtracted."""
    await set_up(home, account("flow_tts", emulator))
    await speak(home, "Short.")
    assert read(home, "quota_limit", "quota_used", "quota_remaining") == ["unknown"] * 3
    await speak(home, "Short again.")
    assert read(home, "quota_limit", "quota_used", "quota_remaining") == ["100", "2", "98"]
    assert source(home, "quota_remaining") == "reported"
    await speak(home, "Short once more.")
    assert read(home, "quota_limit", "quota_used", "quota_remaining") == ["100", "3", "97"]
    assert source(home, "quota_remaining") == "estimated"
    midnight = datetime.combine(dt_util.utcnow().date() + timedelta(days=1), time(), tzinfo=UTC)
    assert read(home, "quota_resets_at") == [midnight.isoformat()]


@pytest.mark.parametrize("provider", ["asyncflow", "sarvam", "tencent", "flow_tts"])
async def test_what_was_used_is_counted(home: HomeAssistant, emulator: Emulator, provider: str) -> None:
    """One request, its characters, and the received audio."""
    await set_up(home, account(provider, emulator))
    await speak(home, "Hello there.")
    requests, characters, audio = read(home, "requests", "characters", "generated_audio", account=provider)
    assert (requests, characters) == ("1", "12")
    assert float(audio) > 0.001


@pytest.mark.parametrize(
    ("provider", "options", "primary"),
    [
        ("asyncflow", {}, {"audio"}),
        ("sarvam", {"unit": "characters", "amount": 100}, {"characters", "quota_level", "budget_remaining_characters"}),
        ("flow_tts", {}, {"quota_level", "quota_remaining"}),
    ],
)
async def test_few_sensors_of_an_account_matter(
    home: HomeAssistant,
    emulator: Emulator,
    entity_registry: er.EntityRegistry,
    *,
    provider: str,
    options: dict[str, Any],
    primary: set[str],
) -> None:
    """Quota and billed usage are enabled; the others are diagnostic."""
    entry = await set_up(home, account(provider, emulator, options=options))
    registered = er.async_entries_for_config_entry(entity_registry, entry.entry_id)
    sensors = [each for each in registered if each.domain == "sensor"]
    assert {each.translation_key for each in sensors if each.entity_category is None} == primary


async def test_the_level_is_the_lower_one_of_quota_and_budget(home: HomeAssistant, emulator: Emulator) -> None:
    """And says which of them it is."""
    emulator.flow.configure(contract="backend", daily_points=100)
    emulator.flow.change_quota({"spend": 42})
    entry = await set_up(home, account("flow_tts", emulator, options={"unit": "points", "amount": 50}))
    assert read(home, "quota_level") == ["58.0"]
    assert source(home, "quota_level") == "reported"
    ledger = entry.runtime_data.ledger
    ledger.budget.correct(20, dt_util.now())
    ledger.async_changed()
    await home.async_block_till_done()
    assert read(home, "quota_level") == ["40.0"]
    assert source(home, "quota_level") == "counted"


async def test_an_exhausted_quota_is_a_problem_until_it_is_renewed(
    home: HomeAssistant, emulator: Emulator, issue_registry: ir.IssueRegistry, freezer: FrozenDateTimeFactory
) -> None:
    """Sensors and issue report it, and both end at midnight without a message."""
    freezer.move_to(datetime(2026, 11, 20, 23, 59, tzinfo=UTC))
    emulator.clock.move_to(dt_util.utcnow())
    entry = await set_up(home, account("flow_tts", emulator))
    emulator.flow.change_quota({"remaining": 0})
    with pytest.raises(HomeAssistantError) as refused:
        await speak(home, "Nothing is left.")
    assert refused.value.translation_key == "provider_quota"
    assert read(home, "quota_limit", "quota_used", "quota_remaining") == ["100", "100", "0"]
    assert read(home, "quota_resets_at") == ["2026-11-21T00:00:00+00:00"]
    assert state_of(home, "binary_sensor.flow_tts_quota_exhausted").state == "on"
    assert issue_registry.async_get_issue(DOMAIN, f"quota_exhausted_{entry.entry_id}")
    freezer.move_to(datetime(2026, 11, 21, tzinfo=UTC))
    async_fire_time_changed(home)
    await home.async_block_till_done()
    assert read(home, "quota_used", "quota_remaining") == ["0", "100"]
    assert source(home, "quota_remaining") == "estimated"
    assert state_of(home, "binary_sensor.flow_tts_quota_exhausted").state == "off"
    assert not issue_registry.async_get_issue(DOMAIN, f"quota_exhausted_{entry.entry_id}")


async def test_a_quota_that_was_raised_is_no_problem_any_more(home: HomeAssistant, emulator: Emulator) -> None:
    """Without a known reset, the next message reports it."""
    await set_up(home, account("sarvam", emulator))
    emulator.sarvam.add_fault(
        FaultKind.STATUS, "/text-to-speech", status=429, code="insufficient_quota_error", times=-1
    )
    with pytest.raises(HomeAssistantError):
        await speak(home, "No credit.")
    assert state_of(home, "binary_sensor.sarvam_quota_exhausted").state == "on"
    emulator.sarvam.faults.clear()
    assert await speak(home, "Credit again.")
    assert state_of(home, "binary_sensor.sarvam_quota_exhausted").state == "off"


async def test_the_reset_of_a_budget_follows_the_time_zone_of_the_house(
    home: HomeAssistant, emulator: Emulator, freezer: FrozenDateTimeFactory
) -> None:
    """Immediately, without a message."""
    freezer.move_to(datetime(2026, 11, 20, 12, tzinfo=UTC))
    await home.config.async_update(time_zone="UTC")
    budget = {"unit": "points", "amount": 100, "renewal_day": 1}
    await set_up(home, account("flow_tts", emulator, options=budget))
    assert read(home, "budget_resets_at") == ["2026-12-01T00:00:00+00:00"]
    for zone, reset in (("America/New_York", "2026-12-01T05:00:00+00:00"), ("Asia/Tokyo", "2026-11-30T15:00:00+00:00")):
        await home.config.async_update(time_zone=zone)
        await home.async_block_till_done()
        assert read(home, "budget_resets_at") == [reset]
