"""An event loop clock that jumps to the next timer when the loop is idle, like `autojump_clock` of trio.

Minutes of stalls and pauses take no real time and keep their order, for the code under test and for an emulator in the
same loop. Sockets on the loopback interface work: data has arrived before the loop polls. The clock doesn't jump while
a thread of the executor is running.
"""

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager
import selectors
from typing import Any
from unittest.mock import patch

SETTLE = 0.001
"""Real seconds to wait for a socket before the clock jumps."""

THREADS = 0.01
"""Real seconds between two polls while threads run."""

CREEP = 1e-6
"""Seconds that a frozen clock advances at each poll. Otherwise, a timeout below the precision of a float never ends."""

type Events = list[tuple[selectors.SelectorKey, int]]
"""The result of `select`."""


class AutojumpClock:
    """The clock of an event loop; jumps to the next timer when the loop is idle."""

    def __init__(self, loop: asyncio.AbstractEventLoop, *, frozen: bool = False) -> None:
        """Start at the loop's current time.

        A `frozen` clock advances by jumps only, so that the load of the machine doesn't affect it.
        """
        now = loop.time()
        self._real_time: Callable[[], float] = (lambda: now) if frozen else loop.time
        self._creep = CREEP if frozen else 0.0
        self._selector: selectors.BaseSelector = loop._selector  # type: ignore[attr-defined]  # noqa: SLF001
        self._real_select: Callable[[float | None], Events] = self._selector.select
        self._real_executor = loop.run_in_executor
        self._threads = 0
        self.jumped = 0.0

    def time(self) -> float:
        """Return the loop's time in s."""
        return self._real_time() + self.jumped

    def select(self, timeout: float | None = None) -> Events:
        """Return the ready sockets. If there are none, jump to the next timer."""
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
        """Run a function in a thread; the clock doesn't jump until it has finished."""
        self._threads += 1
        future = self._real_executor(executor, func, *args)
        future.add_done_callback(self._ended)
        return future

    def _ended(self, _future: asyncio.Future[Any]) -> None:
        self._threads -= 1


@contextmanager
def autojump(loop: asyncio.AbstractEventLoop, *, frozen: bool = False) -> Generator[AutojumpClock]:
    """Replace the clock of a loop with an `AutojumpClock`."""
    clock = AutojumpClock(loop, frozen=frozen)
    with (
        patch.object(loop, "time", clock.time),
        patch.object(loop, "run_in_executor", clock.run_in_executor),
        patch.object(loop._selector, "select", clock.select),  # type: ignore[attr-defined]  # noqa: SLF001
    ):
        yield clock
