"""The setup of the long runs.

A real Home Assistant with an account for each provider and fallback voices, and the services.
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
"""Usage is saved after 2 s."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """Home Assistant, the services, and the accounts."""

    instance: HomeAssistantProcess
    emulator: Emulator
    providers: dict[str, Provider]

    @property
    def services(self) -> Iterable[Service[Any]]:
        """The services."""
        return [provider.service for provider in self.providers.values()]

    async def turn_clock(self, seconds: float) -> None:
        """Advance the clocks of Home Assistant and of the services."""
        self.emulator.clock.advance(seconds)
        await self.instance.client.act("soak_probe.turn_clock", seconds=seconds)

    async def measure(self) -> dict[str, Any]:
        """Return the measurements of the probe in Home Assistant."""
        found: dict[str, Any] = await self.instance.client.act("soak_probe.measure", answered=True)
        return found

    async def ledger(self, provider: str) -> dict[str, Any]:
        """Return the usage of an account once it's saved."""
        await asyncio.sleep(_LEDGER_SECONDS)
        account = self.providers[provider].account
        path = self.instance.folder / ".storage" / f"streaming_tts.{account.entry_id}.account"
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["data"]["ledger"]
        return content


@asynccontextmanager
async def running_scene(folder: Path, settings: Settings, *, fallbacks: bool = True) -> AsyncGenerator[Scene]:
    """Run Home Assistant; each voice falls back to that of the previous account, the first one to another engine."""
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
