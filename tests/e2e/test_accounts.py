"""Adding accounts, and the errors of the form."""

import json

import pytest

from tests.emulator.emulator import Emulator
from tests.emulator.faults import FaultKind
from tests.emulator.flow import PUBLIC_KEY, USERS
from tests.emulator.flow_settings import Contract
from tests.emulator.ports import reserve_port

from .conftest import DETAILS, PROVIDERS, services_of
from .instance import Flow, HomeAssistantProcess, begin_account
from .instance.folder import HOST

USED_UP = "quota is used up"
QUOTAS = {
    "asyncflow": (429, "USAGE_LIMIT_EXCEEDED", USED_UP),
    "sarvam": (429, "insufficient_quota_error", USED_UP),
    "tencent": (200, "ResourceInsufficient", "its package is used up"),
    "flow_tts": (429, "quota_exceeded", USED_UP),
}
"""The status and code with which each service reports a used-up quota, and the words of the form."""


@pytest.fixture(params=PROVIDERS)
def key(request: pytest.FixtureRequest) -> str:
    """Return the name of each provider in turn."""
    key: str = request.param
    return key


def _secret(emulator: Emulator, key: str) -> str:
    """Return the key of an account that isn't set up yet.

    Flow TTS is a deployment with a free endpoint for checking a token, which the portal doesn't document.
    """
    emulator.asyncflow.configure(keys=("demo-key", "second-key"))
    emulator.sarvam.configure(keys=("demo-key", "second-key"))
    emulator.flow.configure(contract=Contract.BACKEND)
    emulator.tencent.configure(secret_key="second-key")
    return str(emulator.flow.new_session(USERS[1])["access_token"]) if key == "flow_tts" else "second-key"


async def _send(flow: Flow, key: str, secret: str, url: str) -> None:
    """Submit the credentials form."""
    details = DETAILS.get(key, {})
    field = next(field["name"] for field in flow.fields if field["name"] not in details)
    await flow.answer(**{field: secret, **details, "connection": {"base_url": url}})


async def _is_added(instance: HomeAssistantProcess, flow: Flow) -> None:
    """Assert that the account exists, and remove it."""
    assert flow.kind == "create_entry"
    await instance.client.remove(flow.result["entry_id"])


async def test_wrong_key_is_told_in_the_form(instance: HomeAssistantProcess, emulator: Emulator, key: str) -> None:
    """A rejected key isn't saved; the right one can be entered in the same form."""
    right = _secret(emulator, key)
    wrong = emulator.flow.demo_token()[:-6] + "AAAAAA" if key == "flow_tts" else "no-such-key"
    flow = await begin_account(instance.client, key)

    await _send(flow, key, wrong, services_of(emulator)[key].url)

    assert flow.kind == "form"
    assert "Invalid API key" in await flow.words()

    await _send(flow, key, right, services_of(emulator)[key].url)

    await _is_added(instance, flow)


async def test_unreachable_service_is_told_in_the_form(
    instance: HomeAssistantProcess, emulator: Emulator, key: str
) -> None:
    """A connection error is shown; the right URL can be entered in the same form."""
    secret = _secret(emulator, key)
    flow = await begin_account(instance.client, key)

    with reserve_port(HOST) as unused:
        await _send(flow, key, secret, f"http://{HOST}:{unused.getsockname()[1]}")

    assert flow.kind == "form"
    assert "Failed to connect" in await flow.words()

    await _send(flow, key, secret, services_of(emulator)[key].url)

    await _is_added(instance, flow)


async def test_used_up_quota_is_told_in_the_form(instance: HomeAssistantProcess, emulator: Emulator, key: str) -> None:
    """A used-up quota has its own error, and the form can be submitted again."""
    secret = _secret(emulator, key)
    status, code, words = QUOTAS[key]
    services_of(emulator)[key].add_fault(FaultKind.STATUS, status=status, code=code)
    flow = await begin_account(instance.client, key)

    await _send(flow, key, secret, services_of(emulator)[key].url)

    assert flow.kind == "form"
    assert words in await flow.words()

    await _send(flow, key, secret, services_of(emulator)[key].url)

    await _is_added(instance, flow)


async def test_same_account_is_not_added_twice(instance: HomeAssistantProcess, emulator: Emulator, key: str) -> None:
    """An account that is already set up is rejected."""
    secret = _secret(emulator, key)
    first = await begin_account(instance.client, key)
    await _send(first, key, secret, services_of(emulator)[key].url)
    second = await begin_account(instance.client, key)

    await _send(second, key, _secret(emulator, key), services_of(emulator)[key].url)

    assert second.reason == "already_configured"
    await _is_added(instance, first)


async def test_refused_session_is_told_in_the_form(instance: HomeAssistantProcess, emulator: Emulator) -> None:
    """A portal session is renewed before it's saved; an invalid one is rejected, and another one accepted."""
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
