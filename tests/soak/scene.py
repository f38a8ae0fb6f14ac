"""The house of the long runs.

A real Home Assistant with three accounts, each voice with a fallback, and the services.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
import json
from pathlib import Path
from typing import Any

from tests.e2e.conftest import COMPONENTS, KEY, LANGUAGES, Provider
from tests.e2e.device import Device
from tests.e2e.house import Account, House, add_account
from tests.emulator.emulator import Emulator, running_emulator
from tests.emulator.flow import PUBLIC_KEY
from tests.emulator.service import Service
from tests.emulator.settings import Settings

PROBE = Path(__file__).parent / "components" / "house_probe"
STRANGER = "tts.stranger"
_LEDGER_SECONDS = 3.0
"""What was counted is in its file after 2 s."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """Everything that takes part."""

    house: House
    emulator: Emulator
    providers: dict[str, Provider]

    @property
    def services(self) -> Iterable[Service[Any]]:
        """The services."""
        return [provider.service for provider in self.providers.values()]

    async def turn_clock(self, seconds: float) -> None:
        """Let it be later for everybody."""
        self.emulator.clock.advance(seconds)
        await self.house.client.act("house_probe.turn_clock", seconds=seconds)

    async def measure(self) -> dict[str, Any]:
        """Return what the probe sees in Home Assistant."""
        found: dict[str, Any] = await self.house.client.act("house_probe.measure", answered=True)
        return found

    async def ledger(self, provider: str) -> dict[str, Any]:
        """Return what the integration has counted of an account, once that is written."""
        await asyncio.sleep(_LEDGER_SECONDS)
        account = self.providers[provider].account
        path = self.house.folder / ".storage" / f"streaming_tts.{account.entry_id}.account"
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["data"]["ledger"]
        return content


@asynccontextmanager
async def living_house(folder: Path, settings: Settings, *, fallbacks: bool = True) -> AsyncGenerator[Scene]:
    """Run the house; Flow's voice falls back on Sarvam's, that on AsyncFlow's, that on another engine, if at all."""
    async with (
        running_emulator(settings) as emulator,
        Device() as device,
        House(
            folder,
            components=[COMPONENTS / "house_test", PROBE],
            level="warning",
            configuration="house_probe:\n",
        ) as house,
    ):
        flow = await house.client.add("house_test")
        await flow.finish(url=device.url)
        services: dict[str, Service[Any]] = {
            "asyncflow": emulator.asyncflow,
            "sarvam": emulator.sarvam,
            "flow_tts": emulator.flow,
        }
        providers: dict[str, Provider] = {}
        fallback = STRANGER if fallbacks else None
        for key, service in services.items():
            account = await _add(house, key, service, fallback)
            providers[key] = Provider(key=key, service=service, account=account)
            fallback = account.speaker if fallbacks else None
        yield Scene(house=house, emulator=emulator, providers=providers)


async def _add(house: House, key: str, service: Service[Any], fallback: str | None) -> Account:
    """Add an account with a voice that has a fallback, or none."""
    secret = json.dumps(service.new_session()) if hasattr(service, "new_session") else KEY
    return await add_account(
        house.client,
        key,
        secret,
        base_url=service.url,
        public_key=PUBLIC_KEY,
        language=LANGUAGES[key],
        name=f"{key} voice",
        fallback=fallback,
    )
