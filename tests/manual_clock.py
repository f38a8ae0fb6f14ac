"""A clock of an event loop that can be turned forward; see `turning_clock.py` for one that turns itself."""

from collections.abc import Callable


class TurnedClock:
    """The clock of an event loop, which stands still for nobody but can be turned forward."""

    def __init__(self, real: Callable[[], float]) -> None:
        """Go with the real clock."""
        self._real = real
        self._turned = 0.0

    def time(self) -> float:
        """Return what the loop takes for the time."""
        return self._real() + self._turned

    def turn(self, seconds: float) -> None:
        """Turn the clock forward."""
        self._turned += seconds
