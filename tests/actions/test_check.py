"""The action that checks a voice: what it answers, what it costs, what it keeps to itself."""

import json
from typing import Any

import pytest

from custom_components.streaming_tts.const import DOMAIN
from custom_components.streaming_tts.providers.check import SENTENCE
from homeassistant.core import HomeAssistant
from homeassistant.core_config import async_process_ha_core_config
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from tests.accounts import KEY, VOICES, account, service_of, set_up, speak
from tests.action_calls import told
from tests.emulator.emulator import Emulator
from tests.emulator.faults import FaultKind
from tests.emulator.flow import USERS


async def check(home: HomeAssistant, entity_id: str = "tts.anna") -> dict[str, Any]:
    """Call the action."""
    answer: Any = await home.services.async_call(
        DOMAIN, "check_voice", {"entity_id": entity_id}, blocking=True, return_response=True
    )
    return dict(answer)


@pytest.mark.parametrize("provider", VOICES)
async def test_every_transport_is_checked_and_charged(home: HomeAssistant, emulator: Emulator, provider: str) -> None:
    """The account counts what the answer says."""
    entry = await set_up(home, account(provider, emulator))
    running = entry.runtime_data

    found = await check(home)

    assert [each["transport"] for each in found["transports"]] == list(running.provider.transports)
    assert all(each["spoken"] and each["as_expected"] and each["end_mark"] for each in found["transports"])
    assert found["charge"]["requests"] == running.ledger.charged.requests == len(running.provider.transports)
    assert found["charge"]["points"] == running.ledger.charged.points
    assert (found["service"], found["model"]) == (provider, VOICES[provider]["model"])
    assert set(found["versions"]) == {DOMAIN, "homeassistant"}


async def test_one_transport_that_fails_is_told_and_does_not_stop_the_account(
    home: HomeAssistant, emulator: Emulator
) -> None:
    """The others speak."""
    entry = await set_up(home, account("sarvam", emulator))
    emulator.sarvam.add_fault(FaultKind.STATUS, "/text-to-speech/stream", status=503, times=-1)

    socket, stream, body = (await check(home))["transports"]

    assert (socket["spoken"], stream["spoken"], body["spoken"]) == (True, False, True)
    assert (stream["failure"], stream["seconds"]) == ("rate", 0)
    assert not entry.runtime_data.backoff_reason


async def test_a_service_that_is_down_is_noted(home: HomeAssistant, emulator: Emulator) -> None:
    """As by any other request."""
    entry = await set_up(home, account("sarvam", emulator))
    for path in ("/text-to-speech/ws", "/text-to-speech"):
        emulator.sarvam.add_fault(FaultKind.RESET, path, times=-1)

    found = await check(home)

    assert [each["spoken"] for each in found["transports"]] == [False] * 3
    assert entry.runtime_data.backoff_reason


@pytest.mark.parametrize("provider", VOICES)
async def test_the_answer_can_be_shown_to_anybody(home: HomeAssistant, emulator: Emulator, provider: str) -> None:
    """Neither key nor text nor account is in it, also where the service repeats them."""
    entry = await set_up(home, account(provider, emulator))
    secret = entry.data["api_key"]
    service_of(emulator, provider).add_fault(
        FaultKind.STATUS,
        "/",
        status=400,
        message=f"{secret} said {SENTENCE}",
        extra={secret: SENTENCE, "request_id": secret[:60]},
        times=-1,
    )

    shown = json.dumps(await check(home))

    people = [text for user in USERS for text in (user.email, user.user_id)]
    hidden = [secret, KEY, SENTENCE, entry.entry_id, str(entry.unique_id), *people]
    assert [text for text in hidden if text in shown] == []


@pytest.mark.parametrize(
    ("internal_url", "hints"),
    [
        (None, ["hint_internal_url_unset"]),
        ("http://127.0.0.1:8123", ["hint_url_loopback"]),
        ("http://localhost:8123", ["hint_url_loopback"]),
        ("http://192.168.1.5:8123", []),
    ],
)
async def test_an_address_that_no_player_reaches_is_hinted_at(
    home: HomeAssistant, emulator: Emulator, internal_url: str | None, hints: list[str]
) -> None:
    """In words, since the service itself may be all right."""
    urls = {"external_url": "https://house.example"}
    await async_process_ha_core_config(home, urls if internal_url is None else {**urls, "internal_url": internal_url})
    await set_up(home, account("sarvam", emulator))

    found = (await check(home))["hints"]

    assert [hint["hint"] for hint in found] == hints
    assert all(" " in hint["message"] for hint in found)


@pytest.mark.parametrize("entity_id", ["tts.nobody", "tts.anna"])
async def test_what_is_no_voice_that_runs_is_refused(home: HomeAssistant, emulator: Emulator, entity_id: str) -> None:
    """In words."""
    entry = await set_up(home, account("sarvam", emulator))
    await home.config_entries.async_unload(entry.entry_id)

    with pytest.raises(ServiceValidationError) as refused:
        await check(home, entity_id)

    assert entity_id in told(refused.value)


async def test_a_budget_that_is_used_up_is_not_checked_away(home: HomeAssistant, emulator: Emulator) -> None:
    """It is refused like speech."""
    options = {"unit": "characters", "amount": 1, "renewal_day": 1, "stop_at_limit": True}
    entry = await set_up(home, account("sarvam", emulator, options=options))
    await speak(home, "More than one character.")

    with pytest.raises(HomeAssistantError):
        await check(home)

    assert entry.runtime_data.ledger.charged.requests == 1
