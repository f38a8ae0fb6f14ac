"""Long-term statistics of quota and budget: sums that are right after corrections, renewals and another budget."""

from datetime import UTC, datetime, timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done

from homeassistant.components.recorder.core import Recorder
from homeassistant.components.recorder.statistics import get_metadata, statistics_during_period, validate_statistics
from homeassistant.components.recorder.tasks import StatisticsTask
from homeassistant.components.sensor import DOMAIN as SENSOR_DOMAIN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.recorder import get_instance
from homeassistant.setup import async_setup_component
from tests.accounts import account, set_up, speak
from tests.emulator.emulator import Emulator
from tests.utterances import WAV

START = datetime(2026, 11, 20, 12, tzinfo=UTC)
PERIOD = timedelta(minutes=5)
pytestmark = pytest.mark.usefixtures("recorder_mock")


@pytest.fixture(autouse=True)
async def sensors(
    recorder_mock: Recorder, home: HomeAssistant, emulator: Emulator, freezer: FrozenDateTimeFactory
) -> None:
    """Have statistics made of sensors, at a time that does not pass by itself."""
    freezer.move_to(START)
    emulator.sarvam.reset()  # its limits go by the clock
    assert await async_setup_component(home, SENSOR_DOMAIN, {})


async def compiled(home: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """Make the statistics of five minutes, and go on to the next."""
    begin = datetime.now(UTC)
    freezer.tick(PERIOD)
    async_fire_time_changed(home, begin + PERIOD)
    await async_wait_recording_done(home)
    get_instance(home).queue_task(StatisticsTask(begin, fire_events=True))
    for _ in range(2):  # what has been compiled is looked at, and may be dropped
        await async_wait_recording_done(home)


async def sums(home: HomeAssistant, entity_id: str) -> list[float]:
    """Return the sums of a sensor, one for each five minutes."""
    found = await get_instance(home).async_add_executor_job(
        lambda: statistics_during_period(home, START, None, {entity_id}, "5minute", None, {"sum"})
    )
    return [row["sum"] or 0.0 for row in found[entity_id]]


async def test_a_report_that_corrects_what_was_used_adds_nothing(
    home: HomeAssistant, emulator: Emulator, freezer: FrozenDateTimeFactory
) -> None:
    """60, 100 and 60 points are no more than at the start."""
    emulator.flow.configure(contract="backend")
    emulator.flow.change_quota({"remaining": 40})
    entry = await set_up(home, account("flow_tts", emulator))
    await compiled(home, freezer)
    for remaining in (0, 40):
        emulator.flow.change_quota({"remaining": remaining})
        await entry.runtime_data.catalogue.async_refresh()
        await home.async_block_till_done()
        await compiled(home, freezer)
    assert await sums(home, "sensor.flow_tts_quota_used") == [0, 40, 0]


async def test_money_that_was_used_goes_on_after_a_renewal(
    home: HomeAssistant, emulator: Emulator, freezer: FrozenDateTimeFactory
) -> None:
    """The sensor begins anew, the sum does not."""
    options = {"unit": "money", "amount": 100, "renewal_day": 21, "price": 100, "currency": "EUR"}
    await set_up(home, account("sarvam", emulator, options=options))
    await compiled(home, freezer)
    await speak(home, "Ten letters", **WAV)
    await compiled(home, freezer)
    freezer.move_to(START + timedelta(days=1))
    async_fire_time_changed(home, datetime.now(UTC))
    await home.async_block_till_done()
    await compiled(home, freezer)
    assert await sums(home, "sensor.sarvam_budget_used") == pytest.approx([0, 1.1, 1.1])
    assert (await sums_known(home)) & {"sensor.sarvam_budget_remaining"} == set()


async def sums_known(home: HomeAssistant) -> set[str]:
    """Return the sensors that statistics are made of."""
    known = await get_instance(home).async_add_executor_job(lambda: get_metadata(home))
    return set(known)


@pytest.mark.parametrize("between", [True, False])
async def test_a_budget_in_another_unit_begins_its_statistics_anew(
    home: HomeAssistant,
    emulator: Emulator,
    entity_registry: er.EntityRegistry,
    freezer: FrozenDateTimeFactory,
    between: bool,
) -> None:
    """Also without a budget in between; no repair is left."""
    hours: dict[str, Any] = {"unit": "hours", "amount": 10}
    entry = await set_up(home, account("asyncflow", emulator, options=hours))
    await compiled(home, freezer)
    assert "sensor.asyncflow_budget_used" in await sums_known(home)
    if between:
        home.config_entries.async_update_entry(entry, options={})
        await home.async_block_till_done(wait_background_tasks=True)
        assert entity_registry.async_get("sensor.asyncflow_budget_used") is None
        assert home.states.get("sensor.asyncflow_budget_used") is None
    money = {"unit": "money", "amount": 10, "currency": "USD"}
    home.config_entries.async_update_entry(entry, options=money)
    await home.async_block_till_done(wait_background_tasks=True)
    await compiled(home, freezer)  # still has states in the old unit
    await compiled(home, freezer)
    found = await get_instance(home).async_add_executor_job(lambda: validate_statistics(home))
    assert {key: issues for key, issues in found.items() if "asyncflow" in key} == {}
