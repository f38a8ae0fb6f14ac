"""Errors are described in the log, cached nowhere, and gone with their cause."""

import asyncio
from collections.abc import Callable
from hashlib import sha1
from pathlib import Path

import pytest

from tests.emulator.emulator import Emulator
from tests.emulator.faults import FaultKind

from .conftest import Log, Provider, services_of, start_anew
from .hearing import tone_of
from .instance import HomeAssistantProcess

MESSAGE = "The alarm is on. This is {} about {}."
WANTED = {"preferred_format": "wav", "preferred_sample_rate": 24000}

type Cause = Callable[[Emulator], None]


def _wrong_key(emulator: Emulator) -> None:
    emulator.asyncflow.configure(keys=("another-key",))
    emulator.sarvam.configure(keys=("another-key",))
    emulator.tencent.configure(secret_key="another-key")
    emulator.flow.sign_out()


def _no_quota(emulator: Emulator) -> None:
    emulator.asyncflow.change_quota({"limit": 0})
    emulator.sarvam.change_quota({"spend": 1_000_000})
    emulator.tencent.change_quota({"remaining": 0})
    emulator.flow.change_quota({"remaining": 0})


def _no_network(emulator: Emulator) -> None:
    for service in services_of(emulator).values():
        service.add_fault(FaultKind.RESET, times=-1)


@pytest.fixture(
    params=[
        pytest.param((_wrong_key, r"Invalid API key for .*\. Reauthenticate"), id="wrong key"),
        pytest.param(
            (_no_quota, r"The quota of .* is used up|has no package that includes speech"), id="quota used up"
        ),
        pytest.param((_no_network, r"Couldn't connect to .*\. Check your network"), id="no network"),
    ]
)
def failure(request: pytest.FixtureRequest) -> tuple[Cause, str]:
    """Return a fault, and its message in the log."""
    failure: tuple[Cause, str] = request.param
    return failure


async def test_failure_is_told_and_over_with_its_cause(
    instance: HomeAssistantProcess, provider: Provider, emulator: Emulator, log: Log, failure: tuple[Cause, str]
) -> None:
    """The log describes the error; nothing is cached, and the next attempt succeeds without the fault."""
    cause, words = failure
    message = MESSAGE.format(provider.key, cause.__name__.replace("_", " "))
    await start_anew(instance, provider)
    cause(emulator)
    log.expect(words)

    failed = await instance.client.speech(provider.speaker, message, options=WANTED)

    assert failed.status == 500
    await log.said(words)
    assert _files(instance, message) == []

    provider.service.reset()
    await _dismiss_requests_for_a_key(instance)
    spoken = await instance.client.speech(provider.speaker, message, options=WANTED)

    assert spoken.pcm == tone_of(message, provider, 24000)
    async with asyncio.timeout(10):
        while not _files(instance, message):
            await asyncio.sleep(0.02)


async def test_unknown_voice_is_told(instance: HomeAssistantProcess, provider: Provider, log: Log) -> None:
    """An unknown voice is named in the error; the next message with the saved voice is spoken."""
    message = MESSAGE.format(provider.key, "a voice")
    words = r"doesn't offer this voice\. Select another one"
    log.expect(words)
    await start_anew(instance, provider)

    failed = await instance.client.speech(provider.speaker, message, options={**WANTED, "voice": "nobody"})
    spoken = await instance.client.speech(provider.speaker, message, options=WANTED)

    assert failed.status == 500
    await log.said(words)
    assert spoken.pcm == tone_of(message, provider, 24000)


async def _dismiss_requests_for_a_key(instance: HomeAssistantProcess) -> None:
    """Close the reauthentication that a rejected key has started."""
    for flow in await instance.client.ask("config_entries/flow/progress"):
        await instance.client.request("DELETE", f"/api/config/config_entries/flow/{flow['flow_id']}")


def _files(instance: HomeAssistantProcess, message: str) -> list[Path]:
    """Return Home Assistant's cached files of a message."""
    return list((instance.folder / "tts").glob(f"{sha1(message.encode()).hexdigest()}_*"))
