"""Keep an account within its service's limits: concurrency and requests a minute, the most urgent request first.

The rate is limited in one of two ways. If the service documents a burst, it uses a token bucket, and so does this
module: a request takes a token, the bucket holds `burst` tokens, and `per_minute` are added evenly. Otherwise, no
minute has more than `per_minute` requests.

A request is *waiting*, then *running*, then gone. Transitions: waiting -> running when fewer than `concurrency` run, no
pause is set and the rate allows it, the earliest deadline first; waiting -> gone when it is cancelled or not admitted
in time (BUSY); running -> gone when it ends for any reason.
The concurrency is *documented* (or unlimited), *reported* (by a BUSY with a number; until another one is reported), or
*guessed* (after a BUSY without a number; for `GUESS_SECONDS`, then documented again).
Invariants: each admitted request leaves once; concurrency is at least 1; at most one timer is set, while any request
waits.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from ..providers.types import Failure, Limits, ProviderError

MINUTE = 60.0

GUESS_SECONDS = 600.0
"""Seconds for which a guessed concurrency applies: the service may only have been overloaded for a moment."""


class RateLimiter:
    """Admits requests of one account, those with the earliest due time first."""

    def __init__(self, limits: Limits) -> None:
        """Set the limits that a service documents; what it reports at run time lowers them."""
        self._clock = asyncio.get_running_loop().time
        self._documented = self._concurrency = limits.concurrency
        self._doubted_at = float("inf")
        self._per_minute = limits.per_minute
        self._burst = None if limits.per_minute is None else limits.burst
        self._tokens = float(limits.burst or 0)
        self._refilled_at = self._clock()
        self._running = 0
        self._started: deque[float] = deque()
        self._closed_until = 0.0
        self._waiting: dict[asyncio.Future[None], Callable[[], float]] = {}
        """The turns of waiting requests, each with the time when its request should be over."""
        self._timer: asyncio.TimerHandle | None = None

    @asynccontextmanager
    async def turn(self, due: Callable[[], float], *, until: float | None = None) -> AsyncGenerator[None]:
        """Wait for a turn, and hold it inside the context; a BUSY or RATE raised inside limits all requests.

        `due` returns when the request should be over (event loop time), which may become earlier while it waits. Raises
        BUSY if there is no turn until `until`.
        """
        turn = asyncio.get_running_loop().create_future()
        self._waiting[turn] = due
        self._admit()
        try:
            try:
                async with asyncio.timeout_at(until):
                    await turn
            except TimeoutError:
                raise ProviderError(Failure.BUSY, code="gate") from None
            try:
                yield
            except ProviderError as error:
                if error.failure is Failure.BUSY:
                    self._narrow(error.limit)
                elif error.failure is Failure.RATE and error.retry_after is not None:
                    self.pause(error.retry_after)
                raise
        finally:
            if self._waiting.pop(turn, None) is None:
                self._running -= 1
            self._admit()

    def note_request(self) -> None:
        """Count another request that is made within one turn."""
        if self._burst is None:
            self._started.append(self._clock())
        else:
            self._tokens -= 1

    def pause(self, seconds: float) -> None:
        """Admit no requests for so many seconds, a minute at most.

        Longer delays aren't rate limits, and requests don't wait for them.
        """
        self._closed_until = max(self._closed_until, self._clock() + min(seconds, MINUTE))
        self._admit()

    def _narrow(self, concurrency: int | None) -> None:
        """Lower the concurrency to the reported number, or to one less than the running requests, which are too many.

        A reported number applies until another one is reported; a guess expires.
        """
        if concurrency is not None:
            self._concurrency = max(1, min(concurrency, self._documented or concurrency))
            self._doubted_at = float("inf")
            return
        guessed = self._running - 1
        self._concurrency = max(1, min(guessed, self._concurrency or guessed))
        self._doubted_at = self._clock() + GUESS_SECONDS

    def _admit(self) -> None:
        """Admit the requests that the limits allow, and set a timer if time alone will allow more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._clock() >= self._doubted_at:
            self._concurrency, self._doubted_at = self._documented, float("inf")
        # Cancelled turns are about to leave
        while waiting := [turn for turn in self._waiting if not turn.done()]:
            if self._concurrency is not None and self._running >= self._concurrency:
                return
            now = self._clock()
            wait = self._closed_until - now
            if self._per_minute is None:
                self._started.clear()
            elif self._burst is not None:
                refill = (now - self._refilled_at) * self._per_minute / MINUTE
                self._tokens, self._refilled_at = min(self._burst, self._tokens + refill), now
                wait = max(wait, (1 - self._tokens) * MINUTE / self._per_minute)
            else:
                while self._started and self._started[0] <= now - MINUTE:
                    self._started.popleft()
                if len(self._started) >= self._per_minute:
                    wait = max(wait, self._started[-self._per_minute] + MINUTE - now)
            if wait > 0:
                self._timer = asyncio.get_running_loop().call_later(wait, self._admit)
                return
            first = min(waiting, key=lambda turn: self._waiting[turn]())
            del self._waiting[first]
            self._running += 1
            self.note_request()
            first.set_result(None)
