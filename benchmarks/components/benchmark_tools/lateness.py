"""How late the event loop is: a timer that looks at the clock when it is called."""

import asyncio
import gc

INTERVAL = 0.01
"""Seconds between two calls."""


class Lateness:
    """Notes by how much each call of a timer came late."""

    def __init__(self) -> None:
        """Watch nothing yet."""
        self._late: list[float] = []
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Watch from now on.

        Python looks through all of Home Assistant's objects now and then, which takes 0.2 s and more, whoever speaks
        when the time has come: it does so now.
        """
        self.stop()
        gc.collect()
        self._late = []
        self._schedule(asyncio.get_running_loop().time() + INTERVAL)

    def stop(self) -> dict[str, float]:
        """Stop; return the median, the 99th percentile and the most, in s, and how many calls there were."""
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
        # A loop that was blocked for long is late for each of the calls that it missed
        while (due := due + INTERVAL) <= now:
            self._late.append(now - due)
        self._schedule(due)
