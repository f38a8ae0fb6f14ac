"""Who is asked last after a failure, how that ends, and what the log tells of it."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from freezegun import freeze_time
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.streaming_tts.account.availability import Availability
from custom_components.streaming_tts.providers.types import Failure, ProviderError
from homeassistant.components import tts
from homeassistant.components.tts.helper import get_engine_instance
from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from tests.accounts import account, service_of, set_up, speak, state_of
from tests.emulator.emulator import Emulator
from tests.emulator.faults import FaultKind
from tests.playback.strangers import Stranger
from tests.utterances import SPEECH_PATHS, WAV, asked, expected, with_fallback

TEXT = "Dinner is ready."
OTHER = "Please come to the table."


def refuse(emulator: Emulator, provider: str, status: int, code: str | None = None) -> None:
    """Let a service refuse to speak, until its faults are reset."""
    more: dict[str, Any] = {} if code is None else {"code": code}
    service_of(emulator, provider).add_fault(FaultKind.STATUS, SPEECH_PATHS[provider], times=-1, status=status, **more)


def vanish(emulator: Emulator, provider: str) -> None:
    """Let a service not be reached."""
    service_of(emulator, provider).add_fault(FaultKind.RESET, SPEECH_PATHS[provider], times=-1)


def log_lines(caplog: pytest.LogCaptureFixture, words: str) -> int:
    """Return how many lines of the log have some words in them."""
    return sum(words in record.getMessage() for record in caplog.records)


@contextmanager
def later(home: HomeAssistant, time: timedelta) -> Generator[None]:
    """Let it be later."""
    with freeze_time(dt_util.utcnow() + time):
        async_fire_time_changed(home, dt_util.utcnow())
        yield


async def with_two_fallbacks(home: HomeAssistant, emulator: Emulator) -> MockConfigEntry:
    """Set up Anna, Ben who takes over from her, and Cleo who takes over from him; return Anna's account."""
    cleo = await set_up(home, account("flow_tts", emulator, voices=("Cleo",)))
    assert cleo
    registered = er.async_get(home).async_get("tts.cleo")
    assert registered is not None
    await set_up(home, account("sarvam", emulator, voices=("Ben",), saved={"fallback": registered.id}))
    registered = er.async_get(home).async_get("tts.ben")
    assert registered is not None
    return await set_up(home, account("asyncflow", emulator, saved={"fallback": registered.id}))


async def test_a_fallback_that_failed_is_not_asked_first_again(home: HomeAssistant, emulator: Emulator) -> None:
    """The next one speaks at once."""
    await with_two_fallbacks(home, emulator)
    refuse(emulator, "asyncflow", 429, "USAGE_LIMIT_EXCEEDED")
    vanish(emulator, "sarvam")
    assert (await speak(home, TEXT, **WAV))[44:] == expected("flow_tts", TEXT)
    before = asked(emulator, "sarvam")
    assert (await speak(home, OTHER, **WAV))[44:] == expected("flow_tts", OTHER)
    assert asked(emulator, "sarvam") == before


async def test_an_engine_of_another_integration_that_failed_is_not_asked_first_again(
    home: HomeAssistant,
    emulator: Emulator,
    stranger: Stranger,
) -> None:
    """The voice itself is, though its own account is in backoff as well; half a minute later the engine is back."""
    emulator.asyncflow.reset()
    refuse(emulator, "asyncflow", 429, "USAGE_LIMIT_EXCEEDED")
    stranger.answer = RuntimeError("out of order")
    with pytest.raises(HomeAssistantError):
        await speak(home, TEXT, **WAV)
    emulator.asyncflow.reset()
    assert (await speak(home, OTHER, **WAV))[44:] == expected("asyncflow", OTHER)
    assert len(stranger.asked) == 1


async def test_an_account_in_backoff_is_the_last_resort_when_its_fallback_fails(
    home: HomeAssistant, emulator: Emulator
) -> None:
    """It speaks again before its time is over, and nothing of it is kept as the fallback's."""
    await with_fallback(home, emulator)
    refuse(emulator, "asyncflow", 429, "USAGE_LIMIT_EXCEEDED")
    await speak(home, TEXT, **WAV)
    emulator.asyncflow.reset()
    refuse(emulator, "sarvam", 500)
    assert (await speak(home, OTHER, **WAV))[44:] == expected("asyncflow", OTHER)
    told = state_of(home, "event.anna_speech").attributes
    assert (told["event_type"], told["fallback"], told["reason"]) == ("spoken", None, None)
    told = state_of(home, "event.ben_speech").attributes
    assert (told["event_type"], told["fallback"], told["reason"]) == ("taken_over", "tts.anna", "server")


async def test_nobody_is_named_as_who_speaks_while_all_are_in_backoff(home: HomeAssistant, emulator: Emulator) -> None:
    """The voice itself is asked first then, under its own key."""
    await with_fallback(home, emulator)
    refuse(emulator, "asyncflow", 429, "USAGE_LIMIT_EXCEEDED")
    vanish(emulator, "sarvam")
    with pytest.raises(HomeAssistantError):
        await speak(home, TEXT, **WAV)
    engine = get_engine_instance(home, "tts.anna")
    assert isinstance(engine, tts.TextToSpeechEntity)
    assert "spoken_by" not in (engine.default_options or {})


async def test_a_key_that_is_proven_good_ends_what_one_refusal_began(home: HomeAssistant, emulator: Emulator) -> None:
    """Without a reload: the first voice speaks again, and nobody is asked for a key."""
    entry, _ = await with_fallback(home, emulator)
    refuse(emulator, "asyncflow", 401)
    assert (await speak(home, TEXT, **WAV))[44:] == expected("sarvam", TEXT)
    assert [*entry.async_get_active_flows(home, {SOURCE_REAUTH})]
    emulator.asyncflow.reset()
    running = entry.runtime_data
    with later(home, timedelta(minutes=5, seconds=1)):
        await home.async_block_till_done(wait_background_tasks=True)
    assert entry.runtime_data is running
    assert not [*entry.async_get_active_flows(home, {SOURCE_REAUTH})]
    assert (await speak(home, OTHER, **WAV))[44:] == expected("asyncflow", OTHER)


async def test_a_key_that_stays_refused_is_asked_for(home: HomeAssistant, emulator: Emulator) -> None:
    """The fallback goes on speaking, and the key is tried less and less often."""
    entry, _ = await with_fallback(home, emulator)
    emulator.asyncflow.configure(keys=["another-key"])
    await speak(home, TEXT, **WAV)

    def tries() -> int:
        return len(emulator.asyncflow.requests)

    for minutes, is_tried in ((5, True), (5, False), (10, True)):
        before = tries()
        async_fire_time_changed(home, dt_util.utcnow() + timedelta(minutes=minutes, seconds=1))
        await home.async_block_till_done(wait_background_tasks=True)
        assert (tries() > before) is is_tried
    assert [*entry.async_get_active_flows(home, {SOURCE_REAUTH})]
    assert (await speak(home, OTHER, **WAV))[44:] == expected("sarvam", OTHER)


async def test_an_outage_is_logged_once_and_its_end_once(
    home: HomeAssistant, emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    """Not for each utterance."""
    await with_fallback(home, emulator)
    refuse(emulator, "asyncflow", 500)
    for number in range(3):
        await speak(home, f"Utterance number {number}.", **WAV)
    assert log_lines(caplog, "asyncflow is unavailable: server") == 1
    assert [
        record.message for record in caplog.records if record.levelname == "WARNING" and "anna" in record.message
    ] == []
    emulator.asyncflow.reset()
    await speak(home, TEXT, **WAV)
    await speak(home, OTHER, **WAV)
    assert log_lines(caplog, "asyncflow is available again") == 1
    refuse(emulator, "asyncflow", 500)
    await speak(home, "And once more.", **WAV)
    assert log_lines(caplog, "asyncflow is unavailable: server") == 2


BEGIN = datetime(2026, 11, 20, 12, tzinfo=UTC)
AWAY = ProviderError(Failure.UNREACHABLE)


def test_a_late_success_that_was_asked_for_before_the_failure_ends_no_backoff() -> None:
    """The service was still there then; what is asked for after the failure ends it."""
    availability, failed = Availability("Anna"), BEGIN + timedelta(seconds=5)
    availability.note_failure(AWAY, None, failed)
    for started in (BEGIN, failed):
        availability.note_success(started, BEGIN + timedelta(seconds=9))
        assert availability.backoff_reason(BEGIN + timedelta(seconds=9)) is Failure.UNREACHABLE
    availability.note_success(failed + timedelta(seconds=1), BEGIN + timedelta(seconds=9))
    assert availability.backoff_reason(BEGIN + timedelta(seconds=9)) is None


def test_a_shorter_backoff_does_not_take_the_place_of_a_longer_one() -> None:
    """A connection that fails meanwhile says nothing of the quota."""
    used_up, hour = (ProviderError(Failure.QUOTA), BEGIN + timedelta(hours=12)), BEGIN + timedelta(hours=1)
    for failures in ([used_up, (AWAY, None)], [(AWAY, None), used_up]):
        availability = Availability("Anna")
        for seconds, (error, renewal) in enumerate(failures):
            availability.note_failure(error, renewal, BEGIN + timedelta(seconds=seconds))
        assert availability.backoff_reason(hour) is Failure.QUOTA


def test_a_rate_limit_lasts_as_long_as_the_service_says() -> None:
    """Where it says nothing, the next request may be in time."""
    availability = Availability("Anna")
    availability.note_failure(ProviderError(Failure.RATE), None, BEGIN)
    assert availability.backoff_reason(BEGIN) is None
    availability.note_failure(ProviderError(Failure.RATE, retry_after=30), None, BEGIN)
    assert availability.backoff_reason(BEGIN + timedelta(seconds=29)) is Failure.RATE
    assert availability.backoff_reason(BEGIN + timedelta(seconds=31)) is None


async def test_only_the_kind_of_a_failure_is_counted(home: HomeAssistant, emulator: Emulator) -> None:
    """Once for each request that failed so, and none for those that were spoken."""
    anna, ben = await with_fallback(home, emulator)
    refuse(emulator, "asyncflow", 500)
    await speak(home, TEXT, **WAV)
    assert set(anna.runtime_data.ledger.failures) == {Failure.SERVER}
    assert anna.runtime_data.ledger.failures[Failure.SERVER] == asked(emulator, "asyncflow")
    assert ben.runtime_data.ledger.failures == {}
