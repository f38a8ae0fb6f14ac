"""The services of the emulator, each on a free port, and a client that knows nothing of them."""

from collections.abc import AsyncGenerator

import pytest

from .asyncflow import AsyncFlow
from .flow_client import FlowClient, flow_client
from .sarvam import Sarvam
from .settings import Settings
from .tencent import Tencent


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
async def portal(socket_enabled: None) -> AsyncGenerator[FlowClient]:
    """Return a client of the Flow service that the portal page describes."""
    async with flow_client("portal") as client:
        yield client


@pytest.fixture
async def backend(socket_enabled: None) -> AsyncGenerator[FlowClient]:
    """Return a client of the Flow service whose source is open."""
    async with flow_client("backend") as client:
        yield client
