"""Lag of the event loop, measured by the delay of a repeated timer."""

import asyncio
import gc

INTERVAL = 0.01
"""Seconds between two calls."""


class Lateness:
    """Records the delay of each call of a timer."""

    def __init__(self) -> None:
        """Start without records."""
        self._late: list[float] = []
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Start to record.

        Runs the garbage collector first, because a full collection of Home Assistant's objects takes 0.2 s or more.
        """
        self.stop()
        gc.collect()
        self._late = []
        self._schedule(asyncio.get_running_loop().time() + INTERVAL)

    def stop(self) -> dict[str, float]:
        """Stop; return the median, the 99th percentile, and the maximum in s, and the number of calls."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        late = sorted(self._late) or [0.0]
        return {
            "p50": late[len(late) // 2],
            "p99": late[min(len(late) - 1, len(late) * 99 // 100)],
            "most": late[-1],
            "calls": len(self._late),
        }

    def _schedule(self, moment: float) -> None:
        self._timer = asyncio.get_running_loop().call_at(moment, self._look, moment)

    def _look(self, due: float) -> None:
        now = asyncio.get_running_loop().time()
        self._late.append(now - due)
        # A blocked loop is late for each call that it missed
        while (due := due + INTERVAL) <= now:
            self._late.append(now - due)
        self._schedule(due)
