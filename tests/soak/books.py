"""Charges of the services compared with the usage counted by the integration, in billed units."""

from dataclasses import dataclass
from typing import Final

from .scene import Scene

UNITS: Final = {"asyncflow": "seconds", "sarvam": "characters", "tencent": "characters", "flow_tts": "points"}
"""The billed unit of each service, by its name in the ledger."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Balance:
    """The charge, usage, and requests of one account."""

    provider: str
    unit: str
    charged: float
    counted: float
    requests: int

    @property
    def off(self) -> float:
        """Counted minus charged."""
        return self.counted - self.charged


class Books:
    """Reads the charges of the services; needs a call per day of theirs, while nothing is spoken."""

    def __init__(self, scene: Scene) -> None:
        """Start with the charges so far."""
        self._scene = scene
        self._points = 0
        self._points_today = 0

    def look(self) -> None:
        """Record the points of today, which are reset the next day."""
        used = int(self._scene.emulator.flow.change_quota({"spend": 0})["used"])
        self._points += used - (self._points_today if used >= self._points_today else 0)
        self._points_today = used

    def spend_elsewhere(self, points: int) -> None:
        """Let another client of the Flow TTS account spend points, which don't count."""
        self.look()
        self._points_today = int(self._scene.emulator.flow.change_quota({"spend": points})["used"])

    async def balances(self) -> list[Balance]:
        """Return the current balances."""
        self.look()
        emulator = self._scene.emulator
        charged = {
            "asyncflow": emulator.asyncflow.limits.used,
            "sarvam": emulator.sarvam.account.characters,
            "tencent": emulator.tencent.change_quota({"spend": 0})["used"],
            "flow_tts": self._points,
        }
        balances = []
        for provider, unit in UNITS.items():
            counted = (await self._scene.ledger(provider))["charged"]
            balances.append(
                Balance(
                    provider=provider,
                    unit=unit,
                    charged=charged[provider],
                    counted=counted[unit],
                    requests=counted["requests"],
                )
            )
        return balances
