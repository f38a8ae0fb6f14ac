"""What an account of the Flow service may still use: points per UTC day or for ever, and requests per window.

Points are deducted before the work is done and are not refunded when it fails (docs/dev/protocols.md C2, quota rules).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
import math


@dataclass(kw_only=True, slots=True)
class PointAccount:
    """The points that one user has used; the count starts anew when it is touched on another UTC day.

    `now` is None where it never does.
    """

    used: int = 0
    day: date = date.min

    def spend(self, points: int, daily: int, now: datetime | None) -> bool:
        """Deduct points and return True, or deduct nothing and return False when fewer of `daily` are left."""
        if points > self.remaining(daily, now):
            return False
        self.used += points
        return True

    def remaining(self, daily: int, now: datetime | None) -> int:
        """Points left; not below 0, also after the limit was lowered under what is used."""
        today = self.day if now is None else now.astimezone(UTC).date()
        if today != self.day:
            self.day, self.used = today, 0
        return max(0, daily - self.used)

    def read(self, daily: int, now: datetime | None) -> dict[str, int]:
        """Return the three numbers that every answer with a quota has."""
        remaining = self.remaining(daily, now)
        return {"daily": daily, "used": self.used, "remaining": remaining}


def next_reset(now: datetime) -> str:
    """Return the next 00:00 UTC in the form of the portal page."""
    tomorrow = now.astimezone(UTC).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def quota_headers(quota: Mapping[str, int], cost: int) -> dict[str, str]:
    """Return what the backend adds to every metered answer."""
    return {f"X-Quota-{name.capitalize()}": str(quota[name]) for name in ("daily", "used", "remaining")} | {
        "X-Quota-Cost": str(cost)
    }


@dataclass(kw_only=True, slots=True)
class RateWindow:
    """A fixed window of requests: it opens with a request, and everything in it counts until it closes."""

    used: int = 0
    opened_at: float = -math.inf

    def take(self, limit: int, seconds: float, now: float) -> bool:
        """Count one request at `now` (unix seconds); False when the window is full."""
        if not 0 <= now - self.opened_at < seconds:
            self.used, self.opened_at = 0, now
        if self.used >= limit:
            return False
        self.used += 1
        return True

    def headers(self, limit: int, seconds: float) -> dict[str, str]:
        """Return what the portal adds to every answer.

        The reset is in whole unix seconds, not before the window closes.
        """
        return {
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(max(0, limit - self.used)),
            "X-RateLimit-Reset": str(math.ceil(self.opened_at + seconds)),
        }
