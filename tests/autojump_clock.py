"""A clock that the test turns: the event loop's time jumps to its next timer as soon as nothing else is to do.

Minutes of stalls, pauses and rests then pass at once, in the order in which they would pass, for the code under test
and for an emulator in the same loop alike. Sockets on the loopback interface work: what was sent has arrived by the
time the loop looks. While threads are at work time stands still.
"""

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager
import selectors
from typing import Any
from unittest.mock import patch

SETTLE = 0.001
"""Real seconds in which a socket may still become ready before time jumps."""

THREADS = 0.01
"""Real seconds between two looks while threads are at work."""

CREEP = 1e-6
"""Seconds that pass each time on a clock that stands: what waits for less than a number can tell would wait for
ever."""

type Events = list[tuple[selectors.SelectorKey, int]]
"""What a selector returns."""


class TurningClock:
    """The time of an event loop, which jumps."""

    def __init__(self, loop: asyncio.AbstractEventLoop, *, stands: bool = False) -> None:
        """Take the loop's time as it is now.

        One that `stands` only jumps, so that no load of the machine is seen in it.
        """
        now = loop.time()
        self._real_time: Callable[[], float] = (lambda: now) if stands else loop.time
        self._creep = CREEP if stands else 0.0
        self._selector: selectors.BaseSelector = loop._selector  # type: ignore[attr-defined]  # noqa: SLF001
        self._real_select: Callable[[float | None], Events] = self._selector.select
        self._real_executor = loop.run_in_executor
        self._threads = 0
        self.jumped = 0.0

    def time(self) -> float:
        """Return the loop's time in s."""
        return self._real_time() + self.jumped

    def select(self, timeout: float | None = None) -> Events:
        """Return the sockets that are ready; if there is none, let the time until the next timer pass at once."""
        self.jumped += self._creep
        events = self._real_select(0)
        if events or timeout == 0:
            return events
        if timeout is None or self._threads:
            return self._real_select(THREADS if timeout is None else min(timeout, THREADS))
        if events := self._real_select(min(timeout, SETTLE)):
            return events
        self.jumped += timeout
        return []

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> asyncio.Future[Any]:
        """Run in a thread; time stands still until it has ended."""
        self._threads += 1
        future = self._real_executor(executor, func, *args)
        future.add_done_callback(self._ended)
        return future

    def _ended(self, _future: asyncio.Future[Any]) -> None:
        self._threads -= 1


@contextmanager
def turned(loop: asyncio.AbstractEventLoop, *, stands: bool = False) -> Generator[TurningClock]:
    """Turn a loop's clock; see `TurningClock`."""
    clock = TurningClock(loop, stands=stands)
    with (
        patch.object(loop, "time", clock.time),
        patch.object(loop, "run_in_executor", clock.run_in_executor),
        patch.object(loop._selector, "select", clock.select),  # type: ignore[attr-defined]  # noqa: SLF001
    ):
        yield clock
