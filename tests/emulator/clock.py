"""The time of day that the services believe in."""

from datetime import UTC, datetime
import time


class Clock:
    """The wall clock, moved by an offset.

    Quotas, rates and tokens go by it. Delays do not: they are `asyncio.sleep`, so that a test that turns the time of
    its event loop turns the emulator's delays too.
    """

    def __init__(self) -> None:
        """Start with the real time."""
        self.offset = 0.0

    def time(self) -> float:
        """Seconds since the epoch."""
        return time.time() + self.offset

    def now(self) -> datetime:
        """Return the same as an aware datetime in UTC."""
        return datetime.fromtimestamp(self.time(), UTC)

    def advance(self, seconds: float) -> None:
        """Move forward, or back where it is negative."""
        self.offset += seconds

    def move_to(self, moment: datetime) -> None:
        """Make it that moment now."""
        self.offset += moment.timestamp() - self.time()

    def reset(self) -> None:
        """Back to the real time."""
        self.offset = 0.0
