"""A restart, a power cut, and a start without a network."""

import asyncio
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.emulator.emulator import Emulator
from tests.emulator.faults import FaultKind
from tests.emulator.sound import tone

from .conftest import KEY, LANGUAGES
from .hearing import assert_said
from .instance import Account, HomeAssistantProcess, add_account

WANTED = {"preferred_format": "wav", "preferred_sample_rate": 24000}
_STORE_SECONDS = 10.0
_POLL_SECONDS = 0.1


@pytest.mark.parametrize("ending", [pytest.param("stop", marks=pytest.mark.full), "kill"])
async def test_account_speaks_and_counts_on(
    other_instance: HomeAssistantProcess, emulator: Emulator, ending: str
) -> None:
    """After a normal stop or a power cut, and without a network at the start, the voice and its usage are available."""
    instance, service = other_instance, emulator.asyncflow
    account = await add_account(
        instance.client, "asyncflow", KEY, base_url=service.url, language=LANGUAGES["asyncflow"]
    )
    await instance.client.speech(account.speaker, "This was said before the end.", options=WANTED)
    await _is_stored(instance, account)

    await getattr(instance, ending)()
    service.add_fault(FaultKind.RESET, times=-1)
    await instance.start()

    counted = await instance.client.state_when(
        account.sensors["requests"], lambda state: bool(state["state"].isdigit())
    )
    assert counted["state"] == "1"

    service.reset()
    heard = await instance.client.speech(account.speaker, "This is said after it.", options=WANTED)

    assert_said(heard.pcm, tone("This is said after it.", 24000, voice=account.voice.voice_id))


async def test_a_power_cut_in_the_middle_of_speech_leaves_no_half_of_it(
    other_instance: HomeAssistantProcess, emulator: Emulator
) -> None:
    """The interrupted message is spoken completely the next time, and both requests are counted."""
    instance, service = other_instance, emulator.asyncflow
    account = await add_account(
        instance.client, "asyncflow", KEY, base_url=service.url, language=LANGUAGES["asyncflow"]
    )
    await instance.client.speech(account.speaker, "This was said before the end.", options=WANTED)
    await _is_stored(instance, account)
    service.configure(realtime_factor=1.0)
    text = "This is broken off by a power cut, long before it has been spoken to its end."
    path = await instance.client.speech_path(account.speaker, text, options=WANTED)
    async with instance.client.session.get(f"{instance.url}{path}") as response:
        assert await response.content.readany()
        await instance.kill()
    service.configure(realtime_factor=0.0)
    await instance.start()

    heard = await instance.client.speech(account.speaker, text, options=WANTED)

    assert_said(heard.pcm, tone(text, 24000, voice=account.voice.voice_id))
    await instance.client.state_when(account.sensors["requests"], lambda state: state["state"] == "3")


async def _is_stored(instance: HomeAssistantProcess, account: Account) -> None:
    """Wait until the usage is saved, which takes seconds. Raises TimeoutError."""
    async with asyncio.timeout(_STORE_SECONDS):
        while not any('"requests":1' in file.read_text().replace(" ", "") for file in _files(instance, account)):
            await asyncio.sleep(_POLL_SECONDS)


def _files(instance: HomeAssistantProcess, account: Account) -> Iterable[Path]:
    """Return the files of an account, without the journal, which is written immediately."""
    files = (instance.folder / ".storage").glob(f"streaming_tts*{account.entry_id}*")
    return [file for file in files if not file.name.endswith(".journal")]
