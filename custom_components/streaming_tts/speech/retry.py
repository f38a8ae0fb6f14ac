"""When a request is made again: what may pass, as long as nothing was heard and there is time."""

from ..providers.types import Failure, ProviderError

PATIENCE = 3.0
"""Seconds that a first sound may wait for a service that is busy, where a fallback could speak instead."""

LAST_PATIENCE = 60.0
"""Seconds that it may wait where nobody else could."""

PAUSE = 0.5
"""Seconds between two tries where the service does not say how long."""

PAUSE_GROWTH = 1.2
"""By how much the next of these pauses is longer."""

MIN_PAUSE = 0.1
"""Seconds between two tries at least, whatever it says."""


class RetryPolicy:
    """The tries of one request: once more after each transient kind of failure, while it is busy until a time."""

    def __init__(self, *, until: float, charges_failures: bool, has_fallback: bool) -> None:
        """Begin with the first try; no try begins later than `until`, in the time of the clock that `wait` is told.

        A service that charges failed requests is only tried again where nobody else could speak.
        """
        self._until = until
        self._own_pause = PAUSE
        self._repeated = {Failure.UNREACHABLE}
        if not charges_failures or not has_fallback:
            self._repeated |= {Failure.SERVER, Failure.BROKEN}

    def wait(self, error: ProviderError, now: float) -> float | None:
        """Return after how many seconds to try again after a failure without audio, or None for never."""
        seconds = self._pause(error)
        if seconds is None or now + seconds > self._until:
            return None
        self._repeated.discard(error.failure)
        return seconds

    def _pause(self, error: ProviderError) -> float | None:
        if error.failure in (Failure.BUSY, Failure.RATE):
            if error.retry_after:
                return max(error.retry_after, MIN_PAUSE)
            pause, self._own_pause = self._own_pause, PAUSE_GROWTH * self._own_pause
            return pause
        return 0.0 if error.failure in self._repeated else None
