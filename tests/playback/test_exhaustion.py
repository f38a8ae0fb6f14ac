"""A quota that runs out in the middle of an answer.

No sentence is lost, the house knows, and the first voice comes back.
"""

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from freezegun import freeze_time
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.util import dt as dt_util
from tests.accounts import account, issues_of, service_of, set_up, speak, state_of
from tests.emulator.emulator import Emulator
from tests.emulator.faults import FaultKind
from tests.utterances import SPEECH_PATHS, WAV, asked, audible, expected, stream

SENTENCES = [f"This is sentence number {number:03} of an answer that is quite long." for number in range(1, 16)]
ANSWER = " ".join(SENTENCES)
BUDGET: dict[str, Any] = {"unit": "characters", "amount": 100_000, "renewal_day": 1}
STAND_INS = {"asyncflow": "sarvam", "sarvam": "asyncflow", "tencent": "asyncflow", "flow_tts": "asyncflow"}
SPENT: dict[str, dict[str, Any]] = {
    "asyncflow": {"limit": 0},
    "sarvam": {"credits": 0},
    "tencent": {"remaining": 0},
    "flow_tts": {"remaining": 0},
}
"""How another client spends all that is left."""
REFILLED: dict[str, dict[str, Any]] = {
    "asyncflow": {"limit": None},
    "sarvam": {"credits": 100},
    "tencent": {"remaining": None},
    "flow_tts": {"spend": 0},
}
"""How somebody fills it up again; Flow does it itself at midnight."""
BUDGETED = ("asyncflow", "sarvam", "tencent")
LEFT = {**dict.fromkeys(BUDGETED, "budget_remaining"), "flow_tts": "quota_remaining"}
RESETS = {**dict.fromkeys(BUDGETED, "budget_resets_at"), "flow_tts": "quota_resets_at"}


@contextmanager
def later(home: HomeAssistant, hours: float) -> Generator[None]:
    """Let it be so much later on every wall; nothing that waits for seconds goes on meanwhile."""
    with freeze_time(dt_util.utcnow() + timedelta(hours=hours)):
        async_fire_time_changed(home, dt_util.utcnow())
        yield


async def pair(home: HomeAssistant, emulator: Emulator, first: str, **options: Any) -> MockConfigEntry:
    """Set up Anna with a budget, and Ben who takes over from her; return her account."""
    await set_up(home, account(STAND_INS[first], emulator, voices=("Ben",)))
    registered = er.async_get(home).async_get("tts.ben")
    assert registered is not None
    emulator.flow.configure(access_token_seconds=7 * 24 * 3600)
    anna = account(first, emulator, saved={"fallback": registered.id}, options=BUDGET | options)
    return await set_up(home, anna)


async def hear(home: HomeAssistant, emulator: Emulator, entry: MockConfigEntry) -> bytes:
    """Let Anna speak the answer while it is written; return the sound without pauses.

    When she has said all that is certain to be sentences so far, another client spends all that is left.
    """
    provider = entry.title
    before = entry.runtime_data.ledger.charged.requests

    async def written() -> AsyncGenerator[str]:
        yield " ".join(SENTENCES[:8]) + " "
        while entry.runtime_data.ledger.charged.requests == before:
            await asyncio.sleep(0.01)
        service_of(emulator, provider).change_quota(SPENT[provider])
        yield " ".join(SENTENCES[8:])

    sound = await stream(home, written(), **WAV)
    await home.async_block_till_done()
    return audible(sound[44:])


def parted(provider: str, border: int) -> bytes:
    """Return the answer as it sounds when Ben speaks from a sentence on."""
    first, rest = " ".join(SENTENCES[:border]), " ".join(SENTENCES[border:])
    return audible(expected(provider, first) + expected(STAND_INS[provider], rest))


async def test_the_fallback_speaks_on_where_the_quota_ended(
    home: HomeAssistant,
    emulator: Emulator,
    issue_registry: ir.IssueRegistry,
    provider: str,
) -> None:
    """In order and sample for sample.

    What is left reads 0, the reset is known, and after it the first voice is back.
    """
    entry = await pair(home, emulator, provider)
    await speak(home, "So that the quota is known.", **WAV)
    assert await hear(home, emulator, entry) == parted(provider, 7)

    assert state_of(home, f"sensor.{provider}_{LEFT[provider]}").state == "0"
    reset = state_of(home, f"sensor.{provider}_{RESETS[provider]}").state
    assert datetime.fromisoformat(reset) > dt_util.utcnow()
    assert state_of(home, f"binary_sensor.{provider}_quota_exhausted").state == "on"
    assert issues_of(issue_registry, entry) == {"quota_exhausted"}
    told = state_of(home, "event.anna_speech").attributes
    assert (told["event_type"], told["reason"], told["fallback"]) == ("taken_over", "quota", "tts.ben")

    before = asked(emulator, provider)
    assert (await speak(home, ANSWER, **WAV))[44:] == expected(STAND_INS[provider], ANSWER)
    assert asked(emulator, provider) == before, "An account whose quota is used up is not asked before it resets"

    service_of(emulator, provider).change_quota(REFILLED[provider])
    with later(home, hours=24):
        assert (await speak(home, ANSWER, **WAV))[44:] == expected(provider, ANSWER)
    assert state_of(home, f"binary_sensor.{provider}_quota_exhausted").state == "off"
    assert issues_of(issue_registry, entry) == set()


async def test_the_sentinel_in_the_sound_is_not_heard(
    home: HomeAssistant, emulator: Emulator, issue_registry: ir.IssueRegistry
) -> None:
    """AsyncFlow ends the sound with words; the interrupted sentence starts again in the fallback's voice."""
    entry = await pair(home, emulator, "asyncflow")
    whole = expected("asyncflow", ANSWER)
    emulator.asyncflow.change_quota({"limit": len(whole) / 2 / 24000 / 2})
    sound = (await speak(home, ANSWER, **WAV))[44:]
    (request,) = emulator.sarvam.asked("/text-to-speech/stream")
    rest = expected("sarvam", request.body["text"])
    border = SENTENCES.index(request.body["text"].split(". ")[0] + ".")
    assert request.body["text"] == " ".join(SENTENCES[border:])
    assert sound.endswith(rest)
    assert whole.startswith(sound.removesuffix(rest))
    assert len(expected("asyncflow", " ".join(SENTENCES[:border]))) <= len(sound) - len(rest) <= len(whole) // 2 + 2
    assert issues_of(issue_registry, entry) == {"quota_exhausted"}
    assert state_of(home, "sensor.asyncflow_budget_remaining").state == "0"


async def test_an_announcement_of_an_outage_is_afterwards_spoken_by_the_first_voice(
    home: HomeAssistant,
    emulator: Emulator,
    tts_cache: Path,
    provider: str,
) -> None:
    """Nothing of the fallback was kept, neither of the utterance in which it happened nor of those after it."""
    await pair(home, emulator, provider)
    service_of(emulator, provider).add_fault(FaultKind.RESET, SPEECH_PATHS[provider], times=-1)
    for _ in range(2):
        assert (await speak(home, ANSWER, **WAV))[44:] == expected(STAND_INS[provider], ANSWER)
    service_of(emulator, provider).faults.clear()
    with later(home, hours=0.02):
        assert (await speak(home, ANSWER, **WAV))[44:] == expected(provider, ANSWER)


async def test_an_exhausted_account_is_not_asked_after_a_restart_either(
    home: HomeAssistant, emulator: Emulator
) -> None:
    """What the service said is stored."""
    entry = await pair(home, emulator, "flow_tts")
    emulator.flow.change_quota({"remaining": 0})
    await speak(home, SENTENCES[0], **WAV)
    before = asked(emulator, "flow_tts")
    assert await home.config_entries.async_reload(entry.entry_id)
    await speak(home, SENTENCES[1], **WAV)
    assert asked(emulator, "flow_tts") == before


async def test_without_a_fallback_each_utterance_tries(home: HomeAssistant, emulator: Emulator) -> None:
    """Silence is no better than a refusal, which costs nothing."""
    await set_up(home, account("flow_tts", emulator))
    emulator.flow.change_quota({"remaining": 0})
    for number in (1, 2):
        with pytest.raises(HomeAssistantError) as refused:
            await speak(home, SENTENCES[number], **WAV)
        assert refused.value.translation_key == "provider_quota"
        assert asked(emulator, "flow_tts") == number
    told = state_of(home, "event.anna_speech").attributes
    assert (told["event_type"], told["reason"], told["fallback"]) == ("failed", "quota", None)


@pytest.mark.parametrize("left", [1, 2])
async def test_the_last_point_carries_a_text_that_is_still_being_written(
    home: HomeAssistant, emulator: Emulator, left: int
) -> None:
    """It is held a little, so that one request is enough; with a second point the first sentence leaves at once."""
    await set_up(home, account("flow_tts", emulator))
    emulator.flow.change_quota({"remaining": left + 2})
    await speak(home, "A stream tells no quota.", **WAV)
    await speak(home, "So that the quota is known.", **WAV)
    assert state_of(home, "sensor.flow_tts_quota_remaining").state == str(left)
    before = asked(emulator, "flow_tts")

    async def written() -> AsyncGenerator[str]:
        for sentence in SENTENCES:
            yield sentence + " "
            await asyncio.sleep(0.02)

    sound = await stream(home, written(), **WAV)
    await home.async_block_till_done()
    assert sound[44:] == expected("flow_tts", ANSWER)
    assert asked(emulator, "flow_tts") == before + left
    assert state_of(home, "sensor.flow_tts_quota_remaining").state == "0"


NONSENSE = [-5, "many", "7", None, 10**30, 1.5, float("nan"), float("inf"), True, [], {"limit": 1}]


@pytest.mark.parametrize("number", NONSENSE, ids=str)
async def test_no_number_of_a_service_makes_a_state_that_cannot_be(
    home: HomeAssistant, emulator: Emulator, number: Any
) -> None:
    """What it says of its quota may be anything; what is shown is unknown, or something that there can be."""
    await set_up(home, account("asyncflow", emulator, voices=("Anna",), options=BUDGET))
    await set_up(home, account("flow_tts", emulator, voices=("Ben",)))
    emulator.asyncflow.add_fault(
        FaultKind.STATUS,
        "/text_to_speech",
        status=429,
        code="USAGE_LIMIT_EXCEEDED",
        extra={"limit": number, "current": number},
    )
    quota = dict.fromkeys(("daily", "used", "remaining", "resetAt"), number)
    emulator.flow.add_fault(FaultKind.STATUS, "/api/tts/synthesize", status=403, extra={"quota": quota}, times=2)
    for entity_id in ("tts.anna", "tts.ben"):
        with pytest.raises(HomeAssistantError):
            await speak(home, "Hello.", entity_id=entity_id, **WAV)
    assert state_of(home, "binary_sensor.asyncflow_quota_exhausted").state == "on"
    assert state_of(home, "sensor.asyncflow_budget_remaining").state == "0"
    shown = {state.entity_id: state.state for state in home.states.async_all("sensor")}
    numbers = {entity_id: value for entity_id, value in shown.items() if not entity_id.endswith("resets_at")}
    assert not [value for value in numbers.values() if value != "unknown" and not 0 <= float(value) <= 1e12]
    assert shown["sensor.flow_tts_quota_resets_at"] == "unknown"
