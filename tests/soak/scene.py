"""The house of the long runs.

A real Home Assistant with an account at each provider, each voice with a fallback, and the services.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
import json
from pathlib import Path
from typing import Any

from tests.e2e.conftest import COMPONENTS, PROVIDERS, Provider, add_provider
from tests.e2e.device import Device
from tests.e2e.instance import HomeAssistantProcess
from tests.emulator.emulator import Emulator, running_emulator
from tests.emulator.service import Service
from tests.emulator.settings import Settings

PROBE = Path(__file__).parent / "components" / "soak_probe"
STRANGER = "tts.stranger"
_LEDGER_SECONDS = 3.0
"""What was counted is in its file after 2 s."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """Everything that takes part."""

    instance: HomeAssistantProcess
    emulator: Emulator
    providers: dict[str, Provider]

    @property
    def services(self) -> Iterable[Service[Any]]:
        """The services."""
        return [provider.service for provider in self.providers.values()]

    async def turn_clock(self, seconds: float) -> None:
        """Let it be later for everybody."""
        self.emulator.clock.advance(seconds)
        await self.instance.client.act("soak_probe.turn_clock", seconds=seconds)

    async def measure(self) -> dict[str, Any]:
        """Return what the probe sees in Home Assistant."""
        found: dict[str, Any] = await self.instance.client.act("soak_probe.measure", answered=True)
        return found

    async def ledger(self, provider: str) -> dict[str, Any]:
        """Return what the integration has counted of an account, once that is written."""
        await asyncio.sleep(_LEDGER_SECONDS)
        account = self.providers[provider].account
        path = self.instance.folder / ".storage" / f"streaming_tts.{account.entry_id}.account"
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["data"]["ledger"]
        return content


@asynccontextmanager
async def running_scene(folder: Path, settings: Settings, *, fallbacks: bool = True) -> AsyncGenerator[Scene]:
    """Run the house; Flow's voice falls back on Sarvam's, that on AsyncFlow's, that on another engine, if at all."""
    async with (
        running_emulator(settings) as emulator,
        Device() as device,
        HomeAssistantProcess(
            folder,
            components=[COMPONENTS / "test_devices", PROBE],
            level="warning",
            configuration="soak_probe:\n",
        ) as instance,
    ):
        flow = await instance.client.add("test_devices")
        await flow.finish(url=device.url)
        providers: dict[str, Provider] = {}
        fallback = STRANGER if fallbacks else None
        for key in PROVIDERS:
            providers[key] = await add_provider(instance, emulator, key, fallback=fallback)
            fallback = providers[key].speaker if fallbacks else None
        yield Scene(instance=instance, emulator=emulator, providers=providers)
