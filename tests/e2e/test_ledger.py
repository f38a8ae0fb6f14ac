"""A power cut during speech: usage is known except for its last seconds."""

import asyncio
from pathlib import Path

import pytest

from tests.emulator.emulator import Emulator

from .instance import HomeAssistantProcess, add_account

KEY = "demo-key"
SPEAKING_SECONDS = 6.0
LAST = "And one more after it."
LOST_SECONDS = 3.0
"""The loss that the README documents (2 s), and a second for a busy machine."""


@pytest.mark.full
async def test_a_power_cut_costs_the_counts_of_the_last_seconds_alone(emulator: Emulator, tmp_path: Path) -> None:
    """During continuous speech without a pause for writing; nothing is counted twice."""
    clock = asyncio.get_running_loop().time
    charged: list[tuple[float, int]] = []
    async with HomeAssistantProcess(tmp_path / "config") as instance:
        account = await add_account(instance.client, "asyncflow", KEY, base_url=emulator.asyncflow.url, language="en")
        end = clock() + SPEAKING_SECONDS
        while clock() < end:
            text = f"This is announcement number {len(charged)}."
            await instance.client.speech(account.speaker, text)
            charged.append((clock(), (charged[-1][1] if charged else 0) + len(text)))
        killed_at = clock()
        await instance.kill()
        await instance.start()
        state = await instance.client.state(account.sensors["characters"])
        assert state is not None
        kept = int(state["state"])
        assert max(count for at, count in charged if at < killed_at - LOST_SECONDS) <= kept <= charged[-1][1]

        await instance.client.speech(account.speaker, LAST)
        counted = str(kept + len(LAST))
        await instance.client.state_when(account.sensors["characters"], lambda state: state["state"] == counted)
        await instance.client.remove(account.entry_id)
        assert [file.name for file in (instance.folder / ".storage").iterdir() if account.entry_id in file.name] == []
