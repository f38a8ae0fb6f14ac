"""The services together."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from .asyncflow import AsyncFlow
from .clock import Clock
from .flow import Flow
from .sarvam import Sarvam
from .settings import Settings
from .tencent import Tencent


@dataclass(frozen=True, kw_only=True, slots=True)
class Emulator:
    """The services, listening, and the clock that they share."""

    asyncflow: AsyncFlow
    sarvam: Sarvam
    flow: Flow
    tencent: Tencent
    clock: Clock


@asynccontextmanager
async def running_emulator(settings: Settings | None = None, clock: Clock | None = None) -> AsyncGenerator[Emulator]:
    """All services, on free ports where the settings say no other; gone without a trace afterwards."""
    settings = settings or Settings()
    clock = clock or Clock()
    async with (
        AsyncFlow(settings, clock=clock) as asyncflow,
        Sarvam(settings, clock=clock) as sarvam,
        Flow(settings, clock=clock) as flow,
        Tencent(settings, clock=clock) as tencent,
    ):
        yield Emulator(asyncflow=asyncflow, sarvam=sarvam, flow=flow, tencent=tencent, clock=clock)
