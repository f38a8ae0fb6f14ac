"""What the services have charged, beside what the integration has counted: each in the unit that the service bills."""

from dataclasses import dataclass
from typing import Final

from .scene import Scene

UNITS: Final = {"asyncflow": "seconds", "sarvam": "characters", "tencent": "characters", "flow_tts": "points"}
"""What each service charges for, by the name that the ledger has for it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Balance:
    """One account: what its service charged, what was counted, and how many requests that were."""

    provider: str
    unit: str
    charged: float
    counted: float
    requests: int

    @property
    def off(self) -> float:
        """How much more was counted than charged, below 0 where it was less."""
        return self.counted - self.charged


class Books:
    """Reads the services' own books; has to look at least once in a day of theirs, when nobody speaks."""

    def __init__(self, scene: Scene) -> None:
        """Begin with what has been charged so far."""
        self._scene = scene
        self._points = 0
        self._points_today = 0

    def look(self) -> None:
        """Take note of the points of today, which the next day forgets."""
        used = int(self._scene.emulator.flow.change_quota({"spend": 0})["used"])
        self._points += used - (self._points_today if used >= self._points_today else 0)
        self._points_today = used

    def spend_elsewhere(self, points: int) -> None:
        """Let another client of Flow's account spend points, which are none of ours."""
        self.look()
        self._points_today = int(self._scene.emulator.flow.change_quota({"spend": points})["used"])

    async def balances(self) -> list[Balance]:
        """Return the accounts as they are now."""
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
