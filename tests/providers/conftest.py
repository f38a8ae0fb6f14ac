"""What the tests of the adapters share: a session, the emulated services, and the clock of the event loop."""

import asyncio
from collections.abc import AsyncGenerator

import aiohttp
import pytest

from tests.emulator.settings import Settings
from tests.manual_clock import ManualClock


@pytest.fixture
def settings() -> Settings:
    """Return services that answer at once, in tones that are a function of the text."""
    return Settings()


@pytest.fixture
async def session(socket_enabled: None) -> AsyncGenerator[aiohttp.ClientSession]:
    """Return a session; connections that a test leaves open are detected when its service stops."""
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def clock() -> AsyncGenerator[ManualClock]:
    """Return the clock of the event loop, which the test advances."""
    loop = asyncio.get_running_loop()
    real = loop.time
    clock = ManualClock(real)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "time", clock.time)
        yield clock
