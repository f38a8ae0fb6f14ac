"""What a house goes through: reloads and removals during speech, clocks that jump, full disks, old backups."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager
from datetime import timedelta
import errno
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.streaming_tts.account.stores import RETRY_DELAY
from custom_components.streaming_tts.const import DOMAIN
from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
from homeassistant.util.file import WriteError
from tests.accounts import account, is_loaded, service_of, session, set_up, speak, state_of
from tests.emulator.emulator import Emulator
from tests.emulator.faults import FaultKind
from tests.utterances import ANSWER, SPEECH_PATHS, TEXT, WAV, asked, audible, expected, stream, written

FLOW = ["flow_tts"]
HALF = len(ANSWER) // 2


async def pair(home: HomeAssistant, emulator: Emulator, first: str, second: str) -> list[MockConfigEntry]:
    """Set up Anna and Ben, who takes over from her; return their accounts."""
    ben = await set_up(home, account(second, emulator, voices=("Ben",)))
    registered = er.async_get(home).async_get("tts.ben")
    assert registered is not None
    return [await set_up(home, account(first, emulator, saved={"fallback": registered.id})), ben]


async def interrupted(go_on: asyncio.Event) -> AsyncGenerator[str]:
    """Write one half of the answer, and the other when told."""
    yield ANSWER[:HALF]
    await go_on.wait()
    yield ANSWER[HALF:]


async def until_asked(emulator: Emulator, provider: str) -> None:
    """Wait until a service has been asked to speak."""
    async with asyncio.timeout(10):
        while not asked(emulator, provider):
            await asyncio.sleep(0.01)


# Reloads


async def test_a_reload_is_not_heard_in_what_is_being_spoken(
    home: HomeAssistant, emulator: Emulator, provider: str
) -> None:
    """The first byte has not come, the text is still being written: it goes on, and the next one begins anew."""
    entry = await set_up(home, account(provider, emulator))
    service_of(emulator, provider).configure(ttfb=0.2)
    go_on = asyncio.Event()
    announcing = asyncio.create_task(speak(home, TEXT, **WAV))
    answering = asyncio.create_task(stream(home, interrupted(go_on), **WAV))
    await until_asked(emulator, provider)
    assert await home.config_entries.async_reload(entry.entry_id)
    go_on.set()
    assert audible((await announcing)[44:]) == audible(expected(provider, TEXT))
    assert audible((await answering)[44:]) == audible(expected(provider, ANSWER))
    assert is_loaded(entry)
    assert await speak(home, "And this is new.", **WAV)


async def reloaded_while_speaking(
    home: HomeAssistant, emulator: Emulator, **data: Any
) -> tuple[MockConfigEntry, asyncio.Event, asyncio.Task[bytes]]:
    """Reload a Flow account in the middle of an answer, with other data of its entry; return how the answer goes on.

    The service takes no token any more that is older than what its clock is advanced by.
    """
    entry = await set_up(home, account("flow_tts", emulator, **session(emulator)))
    go_on = asyncio.Event()
    answering = asyncio.create_task(stream(home, interrupted(go_on), **WAV))
    await until_asked(emulator, "flow_tts")
    home.config_entries.async_update_entry(entry, data={**entry.data, **data})
    await home.config_entries.async_reload(entry.entry_id)
    return entry, go_on, answering


async def test_a_session_that_what_still_speaks_renews_after_a_reload_is_that_of_the_new_account(
    home: HomeAssistant, emulator: Emulator
) -> None:
    """A refresh token is good once: whoever used it again, minutes later, would end the session."""
    _, go_on, answering = await reloaded_while_speaking(home, emulator)
    emulator.clock.advance(7200)
    go_on.set()
    assert audible((await answering)[44:]) == audible(expected("flow_tts", ANSWER))
    emulator.clock.advance(7200)
    assert await speak(home, "And this is new.", **WAV)
    assert not home.config_entries.flow.async_progress()


async def test_a_session_that_the_new_account_renews_after_a_reload_is_that_of_what_still_speaks(
    home: HomeAssistant, emulator: Emulator
) -> None:
    """The other way round."""
    _, go_on, answering = await reloaded_while_speaking(home, emulator)
    emulator.clock.advance(7200)
    assert await stream(home, written("And this is new."), **WAV)
    emulator.clock.advance(7200)
    go_on.set()
    assert audible((await answering)[44:]) == audible(expected("flow_tts", ANSWER))
    assert await speak(home, "So is this.", **WAV)
    assert not home.config_entries.flow.async_progress()


async def test_what_still_speaks_with_an_old_session_does_not_write_it_over_the_new_one(
    home: HomeAssistant, emulator: Emulator, hass_storage: dict[str, Any]
) -> None:
    """A restart would find the tokens of another session, and begin with those that are used up."""
    entry, go_on, answering = await reloaded_while_speaking(home, emulator, **session(emulator))
    emulator.clock.advance(7200)
    assert await stream(home, written("And this is new."), **WAV)
    go_on.set()
    assert audible((await answering)[44:]) == audible(expected("flow_tts", ANSWER))
    kept = hass_storage[f"{DOMAIN}.{entry.entry_id}.account"]["data"]["credentials"]["credentials"]
    assert kept["refresh_token"] == entry.runtime_data.provider.credentials.refresh_token


async def test_what_still_speaks_writes_no_session_of_an_account_that_is_gone(
    home: HomeAssistant, emulator: Emulator, hass_storage: dict[str, Any]
) -> None:
    """Its secrets would stay on the disk for good."""
    entry, go_on, answering = await reloaded_while_speaking(home, emulator)
    await home.config_entries.async_remove(entry.entry_id)
    emulator.clock.advance(7200)
    go_on.set()
    assert audible((await answering)[44:]) == audible(expected("flow_tts", ANSWER))
    assert not [key for key in hass_storage if entry.entry_id in key]


async def test_a_reload_is_not_heard_in_what_waits_for_its_turn(home: HomeAssistant, emulator: Emulator) -> None:
    """The service lets one speak at a time: who waited at the gate of before is let through."""
    emulator.asyncflow.configure(concurrency_limit=1, ttfb=0.1)
    entry = await set_up(home, account("asyncflow", emulator))
    texts = [f"Text #{number} waits for its turn." for number in range(5)]
    speaking = [asyncio.create_task(speak(home, text, **WAV)) for text in texts]
    await until_asked(emulator, "asyncflow")
    assert await home.config_entries.async_reload(entry.entry_id)
    for text, sound in zip(texts, await asyncio.gather(*speaking), strict=True):
        assert audible(sound[44:]) == audible(expected("asyncflow", text))


async def test_a_reload_while_the_fallback_speaks_is_not_heard(home: HomeAssistant, emulator: Emulator) -> None:
    """Whichever of the two accounts it is."""
    anna, ben = await pair(home, emulator, "asyncflow", "sarvam")
    emulator.asyncflow.add_fault(FaultKind.RESET, SPEECH_PATHS["asyncflow"], times=-1)
    go_on = asyncio.Event()
    speaking = asyncio.create_task(stream(home, interrupted(go_on), **WAV))
    await until_asked(emulator, "sarvam")
    for entry in (anna, ben):
        assert await home.config_entries.async_reload(entry.entry_id)
    go_on.set()
    assert audible((await speaking)[44:]) == audible(expected("sarvam", ANSWER))
    await home.async_block_till_done()
    assert int(state_of(home, "sensor.sarvam_requests").state) >= 1


async def test_a_session_that_is_renewed_by_what_spoke_before_a_reload_is_not_used_up_by_what_came_with_it(
    home: HomeAssistant, emulator: Emulator
) -> None:
    """A refresh token that is used twice ends the session for both: they renew one after the other, and share it."""
    entry = await set_up(home, account("flow_tts", emulator, **session(emulator)))
    go_on = asyncio.Event()
    answering = asyncio.create_task(stream(home, interrupted(go_on), **WAV))
    await until_asked(emulator, "flow_tts")
    assert await home.config_entries.async_reload(entry.entry_id)
    emulator.flow.add_fault(FaultKind.STATUS, SPEECH_PATHS["flow_tts"], status=401)
    go_on.set()
    assert audible((await answering)[44:]) == audible(expected("flow_tts", ANSWER))
    emulator.clock.advance(60)
    emulator.flow.add_fault(FaultKind.STATUS, SPEECH_PATHS["flow_tts"], status=401)
    assert audible((await speak(home, TEXT, **WAV))[44:]) == audible(expected("flow_tts", TEXT))
    assert len(emulator.flow.asked("/auth/v1/token")) == 1
    assert not home.config_entries.flow.async_progress()


# Removals


async def test_an_account_may_be_removed_while_it_speaks(
    home: HomeAssistant, emulator: Emulator, provider: str
) -> None:
    """It finishes, and leaves nothing."""
    entry = await set_up(home, account(provider, emulator))
    service_of(emulator, provider).configure(ttfb=0.2)
    speaking = asyncio.create_task(speak(home, TEXT, **WAV))
    await until_asked(emulator, provider)
    await home.config_entries.async_remove(entry.entry_id)
    assert audible((await speaking)[44:]) == audible(expected(provider, TEXT))
    await home.async_block_till_done()
    assert home.states.get("tts.anna") is None


async def test_a_session_that_is_renewed_after_its_account_was_removed_is_not_stored(
    home: HomeAssistant, emulator: Emulator, hass_storage: dict[str, Any]
) -> None:
    """What still speaks needs it until it has ended; then nothing of it is left on the disk."""
    entry = await set_up(home, account("flow_tts", emulator, **session(emulator)))
    go_on = asyncio.Event()
    answering = asyncio.create_task(stream(home, interrupted(go_on), **WAV))
    await until_asked(emulator, "flow_tts")
    await home.config_entries.async_remove(entry.entry_id)
    emulator.flow.add_fault(FaultKind.STATUS, SPEECH_PATHS["flow_tts"], status=401)
    go_on.set()
    assert audible((await answering)[44:]) == audible(expected("flow_tts", ANSWER))
    assert len(emulator.flow.asked("/auth/v1/token")) == 1
    assert not [key for key in hass_storage if entry.entry_id in key]


async def test_an_account_may_be_removed_while_its_voice_takes_over(
    home: HomeAssistant, emulator: Emulator, issue_registry: ir.IssueRegistry
) -> None:
    """It finishes what it took over. From then on the voice that lost its fallback says why it is silent."""
    anna, ben = await pair(home, emulator, "asyncflow", "sarvam")
    (voice,) = anna.subentries.values()
    emulator.asyncflow.add_fault(FaultKind.RESET, SPEECH_PATHS["asyncflow"], times=-1)
    go_on = asyncio.Event()
    speaking = asyncio.create_task(stream(home, interrupted(go_on), **WAV))
    await until_asked(emulator, "sarvam")
    await home.config_entries.async_remove(ben.entry_id)
    go_on.set()
    assert audible((await speaking)[44:]) == audible(expected("sarvam", ANSWER))
    await home.async_block_till_done()

    assert issue_registry.async_get_issue(DOMAIN, f"fallback_gone_{voice.subentry_id}") is not None
    with pytest.raises(HomeAssistantError) as refused:
        await speak(home, "Nobody takes over.", **WAV)
    assert refused.value.translation_key == "provider_unreachable"
    emulator.asyncflow.faults.clear()
    assert audible((await speak(home, TEXT, **WAV))[44:]) == audible(expected("asyncflow", TEXT))


async def test_a_fallback_whose_account_does_not_run_is_passed_over(home: HomeAssistant, emulator: Emulator) -> None:
    """An account that was switched off is no fallback, and is one again afterwards."""
    _, ben = await pair(home, emulator, "asyncflow", "sarvam")
    emulator.asyncflow.add_fault(FaultKind.RESET, SPEECH_PATHS["asyncflow"], times=-1)
    await home.config_entries.async_unload(ben.entry_id)
    with pytest.raises(HomeAssistantError):
        await speak(home, "Nobody takes over.", **WAV)
    await home.config_entries.async_setup(ben.entry_id)
    await home.async_block_till_done()
    assert audible((await speak(home, TEXT, **WAV))[44:]) == audible(expected("sarvam", TEXT))


# Clocks


def set_clock(emulator: Emulator, freezer: FrozenDateTimeFactory, by: timedelta) -> None:
    """Put the clock of the home forward or back, but not that of the services."""
    true = emulator.clock.now()
    freezer.tick(by)
    emulator.clock.move_to(true)


async def test_a_day_that_is_skipped_renews_the_points_and_the_session(
    home: HomeAssistant, emulator: Emulator, freezer: FrozenDateTimeFactory
) -> None:
    """As when a machine slept: nothing is left of yesterday's refusal, and the token is renewed before it is used."""
    await set_up(home, account("flow_tts", emulator, **session(emulator)))
    emulator.flow.change_quota({"remaining": 0})
    with pytest.raises(HomeAssistantError):
        await speak(home, "Nothing is left.", **WAV)
    assert state_of(home, "binary_sensor.flow_tts_quota_exhausted").state == "on"
    freezer.tick(timedelta(hours=26))
    emulator.clock.move_to(dt_util.utcnow())
    async_fire_time_changed(home)
    await home.async_block_till_done()
    assert state_of(home, "binary_sensor.flow_tts_quota_exhausted").state == "off"
    assert audible((await speak(home, TEXT, **WAV))[44:]) == audible(expected("flow_tts", TEXT))
    assert not home.config_entries.flow.async_progress()


@pytest.mark.parametrize("back", [timedelta(hours=3), timedelta(days=400)])
async def test_a_clock_that_is_put_back_ends_every_rest(
    home: HomeAssistant, emulator: Emulator, freezer: FrozenDateTimeFactory, back: timedelta
) -> None:
    """A rest of 30 s does not become one of hours, nor is a quota used up for a year.

    In the afternoon: a clock that goes back over midnight makes the told reset a day further away.
    """
    emulator.flow.configure(access_token_seconds=7 * 24 * 3600)
    freezer.move_to(dt_util.utcnow().replace(hour=15))
    emulator.clock.move_to(dt_util.utcnow())
    await pair(home, emulator, "flow_tts", "asyncflow")
    emulator.flow.add_fault(FaultKind.RESET, SPEECH_PATHS["flow_tts"], times=2)
    assert audible((await speak(home, "Ben speaks.", **WAV))[44:]) == audible(expected("asyncflow", "Ben speaks."))
    set_clock(emulator, freezer, -back)
    assert audible((await speak(home, TEXT, **WAV))[44:]) == audible(expected("flow_tts", TEXT))

    emulator.flow.change_quota({"remaining": 0})
    await speak(home, "Ben speaks again.", **WAV)
    assert state_of(home, "binary_sensor.flow_tts_quota_exhausted").state == "on"
    set_clock(emulator, freezer, -back)
    await speak(home, "Ben speaks once more.", **WAV)
    freezer.tick(timedelta(days=1))
    assert audible((await speak(home, ANSWER, **WAV))[44:]) == audible(expected("flow_tts", ANSWER))


@pytest.mark.parametrize("fast", [timedelta(hours=-5), timedelta(hours=5), timedelta(days=30)])
async def test_a_wrong_clock_here_does_not_spend_sessions(
    home: HomeAssistant, emulator: Emulator, freezer: FrozenDateTimeFactory, fast: timedelta
) -> None:
    """Tokens of a right clock seem to be over, or to last: all are spoken with, and renewed once at the most."""
    await set_up(home, account("flow_tts", emulator, **session(emulator)))
    set_clock(emulator, freezer, fast)
    renewals = len(emulator.flow.asked("/auth/v1/token"))
    for number in range(4):
        assert await speak(home, f"This is said with a wrong clock, number {number:03}.", **WAV)
    await home.async_block_till_done()
    assert len(emulator.flow.asked("/auth/v1/token")) - renewals <= 1
    assert not home.config_entries.flow.async_progress()


# Disks and backups


@contextmanager
def full_disk() -> Generator[list[str]]:
    """Let nothing be written; yields the names of the files that were tried."""
    tried: list[str] = []

    async def refuse(self: Store[Any], data: Any) -> None:
        tried.append(self.key)
        data["data"] = data.pop("data_func")() if "data_func" in data else data["data"]
        raise WriteError(OSError(errno.ENOSPC, "No space left on device"))

    with patch.object(Store, "_async_write_data", refuse):
        yield tried


async def passes(home: HomeAssistant, freezer: FrozenDateTimeFactory, seconds: float) -> None:
    """Let some time pass for all that waits for it."""
    freezer.tick(timedelta(seconds=seconds))
    async_fire_time_changed(home)
    await home.async_block_till_done()


async def test_a_full_disk_is_told_once_and_costs_no_count(
    home: HomeAssistant,
    emulator: Emulator,
    hass_storage: dict[str, Any],
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The house speaks on; the count is written as soon as there is room, also when nobody speaks any more."""
    entry = await set_up(home, account("sarvam", emulator))
    key = f"{DOMAIN}.{entry.entry_id}.account"
    with full_disk() as tried:
        for number in range(4):
            assert await speak(home, f"This is announcement number {number:03}.", **WAV)
            await passes(home, freezer, 3)
        assert tried.count(key) == 1  # not once for each: it is tried again every minute
        assert key not in hass_storage
        assert state_of(home, "sensor.sarvam_requests").state == "4"
    await passes(home, freezer, 61)
    assert hass_storage[key]["data"]["ledger"]["charged"]["requests"] == 4
    assert caplog.text.count("Could not write usage") == 1
    assert caplog.text.count("works again") == 1


async def test_a_session_that_could_not_be_stored_is_stored_later(
    home: HomeAssistant, emulator: Emulator, hass_storage: dict[str, Any], freezer: FrozenDateTimeFactory
) -> None:
    """The refresh token before it is used up: without its successor the account would be signed out by a restart."""
    entry = await set_up(home, account("flow_tts", emulator, **session(emulator)))
    key = f"{DOMAIN}.{entry.entry_id}.account"
    freezer.tick(timedelta(hours=2))
    emulator.clock.move_to(dt_util.utcnow())
    with full_disk():
        assert audible((await speak(home, TEXT, **WAV))[44:]) == audible(expected("flow_tts", TEXT))
        assert key not in hass_storage
    await passes(home, freezer, 2 * RETRY_DELAY)
    newest = entry.runtime_data.provider.credentials
    assert hass_storage[key]["data"]["credentials"]["credentials"]["refresh_token"] == newest.refresh_token
    assert newest.refresh_token != entry.data["refresh_token"]


async def test_an_old_backup_asks_for_the_session_in_words_and_speaks_with_the_fallback_meanwhile(
    home: HomeAssistant, emulator: Emulator, hass_storage: dict[str, Any], freezer: FrozenDateTimeFactory
) -> None:
    """Its refresh token was used since: the service takes it for stolen. Nothing else of the account is lost."""
    ben = await set_up(home, account("asyncflow", emulator, voices=("Ben",)))
    assert is_loaded(ben)
    registered = er.async_get(home).async_get("tts.ben")
    assert registered is not None
    saved = {"fallback": registered.id}
    entry = await set_up(home, account("flow_tts", emulator, saved=saved, **session(emulator)))
    assert await speak(home, "This was said before the backup.", **WAV)
    for _ in range(2):
        freezer.tick(timedelta(hours=2))
        emulator.clock.move_to(dt_util.utcnow())
        assert await speak(home, f"It is {dt_util.utcnow():%H} o'clock.", **WAV)
    await entry.runtime_data.storage.async_save()
    await home.config_entries.async_unload(entry.entry_id)
    home.data["streaming_tts_accounts"].clear()
    del hass_storage[f"{DOMAIN}.{entry.entry_id}.account"]["data"]["credentials"]
    await home.config_entries.async_setup(entry.entry_id)
    await home.async_block_till_done()

    assert is_loaded(entry)
    assert audible((await speak(home, TEXT, **WAV))[44:]) == audible(expected("asyncflow", TEXT))
    (flow,) = home.config_entries.flow.async_progress()
    assert flow["context"]["source"] == SOURCE_REAUTH
    assert flow["step_id"] == "reauth_session"
    assert state_of(home, "sensor.flow_tts_requests").state == "3"
