"""The services of the emulator, each on a free port, and a client that knows nothing of them."""

import asyncio
from collections.abc import AsyncGenerator

from aiohttp import ClientSession
import pytest

from tests.manual_clock import ManualClock

from .asyncflow import AsyncFlow
from .sarvam import Sarvam
from .settings import Settings
from .tencent import Tencent


@pytest.fixture
async def session(socket_enabled: None) -> AsyncGenerator[ClientSession]:
    """Open an HTTP client."""
    async with ClientSession() as client:
        yield client


@pytest.fixture
async def sarvam(socket_enabled: None) -> AsyncGenerator[Sarvam]:
    """Start the Sarvam service, with the tone voice and no delays."""
    async with Sarvam(Settings()) as service:
        yield service


@pytest.fixture
async def asyncflow(socket_enabled: None) -> AsyncGenerator[AsyncFlow]:
    """Run the AsyncFlow service, with the tone voice and no delays."""
    async with AsyncFlow(Settings()) as service:
        yield service


@pytest.fixture
async def tencent(socket_enabled: None) -> AsyncGenerator[Tencent]:
    """Run Tencent's API, with the tone voice and no delays."""
    async with Tencent(Settings()) as service:
        yield service


@pytest.fixture
async def loop_clock(monkeypatch: pytest.MonkeyPatch) -> ManualClock:
    """Return the clock of the event loop, which the test advances."""
    loop = asyncio.get_running_loop()
    clock = ManualClock(loop.time)
    monkeypatch.setattr(loop, "time", clock.time)
    return clock
