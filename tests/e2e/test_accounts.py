"""Accounts as a person adds them, and what the form says when something is wrong."""

import json

import pytest

from tests.emulator.emulator import Emulator
from tests.emulator.faults import FaultKind
from tests.emulator.flow import PUBLIC_KEY, USERS
from tests.emulator.flow_settings import Contract

from .conftest import PROVIDERS
from .instance import Flow, HomeAssistantProcess, begin_account
from .instance.folder import HOST
from .instance.process import port_or_free_one

QUOTA_CODES = {
    "asyncflow": "USAGE_LIMIT_EXCEEDED",
    "sarvam": "insufficient_quota_error",
    "flow_tts": "quota_exceeded",
}


@pytest.fixture(params=PROVIDERS)
def key(request: pytest.FixtureRequest) -> str:
    """Return the name of each provider in turn."""
    key: str = request.param
    return key


def _address(emulator: Emulator, key: str) -> str:
    return {"asyncflow": emulator.asyncflow.url, "sarvam": emulator.sarvam.url, "flow_tts": emulator.flow.url}[key]


def _secret(emulator: Emulator, key: str) -> str:
    """Return the key of an account that Home Assistant does not have yet.

    Flow TTS is a deployment that has something free to try a token with, which its portal does not document.
    """
    emulator.asyncflow.configure(keys=("demo-key", "second-key"))
    emulator.sarvam.configure(keys=("demo-key", "second-key"))
    emulator.flow.configure(contract=Contract.BACKEND)
    return str(emulator.flow.new_session(USERS[1])["access_token"]) if key == "flow_tts" else "second-key"


async def _send(flow: Flow, secret: str, url: str) -> None:
    """Send the form for the key."""
    await flow.answer(**{flow.fields[0]["name"]: secret, "connection": {"base_url": url}})


async def _is_added(instance: HomeAssistantProcess, flow: Flow) -> None:
    """Assert that the account is there, and take it away again."""
    assert flow.kind == "create_entry"
    await instance.client.remove(flow.result["entry_id"])


async def test_wrong_key_is_told_in_the_form(instance: HomeAssistantProcess, emulator: Emulator, key: str) -> None:
    """A key that the service refuses is not stored; the right one goes into the same form."""
    right = _secret(emulator, key)
    wrong = emulator.flow.demo_token()[:-6] + "AAAAAA" if key == "flow_tts" else "no-such-key"
    flow = await begin_account(instance.client, key)

    await _send(flow, wrong, _address(emulator, key))

    assert flow.kind == "form"
    assert "Invalid API key" in await flow.words()

    await _send(flow, right, _address(emulator, key))

    await _is_added(instance, flow)


async def test_unreachable_service_is_told_in_the_form(
    instance: HomeAssistantProcess, emulator: Emulator, key: str
) -> None:
    """A service that cannot be reached is told; the right address goes into the same form."""
    secret = _secret(emulator, key)
    flow = await begin_account(instance.client, key)

    await _send(flow, secret, f"http://{HOST}:{port_or_free_one()}")

    assert flow.kind == "form"
    assert "Failed to connect" in await flow.words()

    await _send(flow, secret, _address(emulator, key))

    await _is_added(instance, flow)


async def test_used_up_quota_is_told_in_the_form(instance: HomeAssistantProcess, emulator: Emulator, key: str) -> None:
    """A used up quota is not a wrong key, and the form says so; it can be sent again."""
    secret = _secret(emulator, key)
    for service in (emulator.asyncflow, emulator.sarvam, emulator.flow):
        service.add_fault(FaultKind.STATUS, status=429, code=QUOTA_CODES[key])
    flow = await begin_account(instance.client, key)

    await _send(flow, secret, _address(emulator, key))

    assert flow.kind == "form"
    assert "quota is used up" in await flow.words()

    await _send(flow, secret, _address(emulator, key))

    await _is_added(instance, flow)


async def test_same_account_is_not_added_twice(instance: HomeAssistantProcess, emulator: Emulator, key: str) -> None:
    """The account of a key that is there already is refused."""
    secret = _secret(emulator, key)
    first = await begin_account(instance.client, key)
    await _send(first, secret, _address(emulator, key))
    second = await begin_account(instance.client, key)

    await _send(second, _secret(emulator, key), _address(emulator, key))

    assert second.reason == "already_configured"
    await _is_added(instance, first)


async def test_refused_session_is_told_in_the_form(instance: HomeAssistantProcess, emulator: Emulator) -> None:
    """A session of the portal is renewed before it is stored; one that cannot be is refused, and another one taken."""
    url = emulator.flow.url
    session = emulator.flow.new_session(USERS[1])
    flow = await begin_account(instance.client, "flow_tts")

    await flow.answer(session=json.dumps(session | {"refresh_token": "used-up"}), connection={"base_url": url})
    await flow.answer(public_key=PUBLIC_KEY)

    assert flow.step == "flow_tts"
    assert "rejected the session" in await flow.words()

    await flow.answer(session=json.dumps(session), connection={"base_url": url})
    await flow.answer(public_key=PUBLIC_KEY)

    await _is_added(instance, flow)
