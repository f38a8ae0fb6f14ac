"""An event loop clock that a test can advance; `autojump_clock.py` has one that advances on its own."""

from collections.abc import Callable


class ManualClock:
    """The real clock of an event loop, plus the seconds that the test added."""

    def __init__(self, real: Callable[[], float]) -> None:
        """Start at the real time."""
        self._real = real
        self._advanced = 0.0

    def time(self) -> float:
        """Return the loop's time in s."""
        return self._real() + self._advanced

    def advance(self, seconds: float) -> None:
        """Advance the clock."""
        self._advanced += seconds
