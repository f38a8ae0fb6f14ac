"""Keeps an account within its service's limits: requests at once and requests a minute, the most urgent first."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
import heapq
from itertools import count

from ..providers.base import AudioFormat, Failure, Limits, ProviderError
from .speaker import Speaker

MINUTE = 60.0

GUESS_HOLDS = 600.0
"""Seconds for which as few are let through as a service took that did not say how many: it may have had a bad moment."""

SECONDS_PER_CHARACTER = 0.06
"""About how long a character sounds."""


class Gate:
    """Lets requests of one account through, earliest deadline first."""

    def __init__(self, limits: Limits) -> None:
        """Keep limits that a service documents; what it says at run time narrows them."""
        self._clock = asyncio.get_running_loop().time
        self._documented = self._concurrency = limits.concurrency
        self._doubted_at = float("inf")
        self._per_minute = limits.per_minute
        self._running = 0
        self._started: deque[float] = deque()
        self._closed_until = 0.0
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = count()
        self._timer: asyncio.TimerHandle | None = None

    @asynccontextmanager
    async def turn(self, deadline: float) -> AsyncGenerator[None]:
        """Wait for one's turn, the earliest deadline (time of the event loop) first, and hold it while inside."""
        turn = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (deadline, next(self._order), turn))
        self._admit()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._leave()
            raise
        finally:
            if not self._is_awaited():
                self._unset_timer()
        try:
            yield
        finally:
            self._leave()

    def narrow(self, concurrency: int | None) -> None:
        """Let fewer through at once: as many as the service told, or else one less than run now, which is too many.

        What it told holds until it tells something else; what was guessed is doubted after a while.
        """
        if concurrency is not None:
            self._concurrency = max(1, min(concurrency, self._documented or concurrency))
            self._doubted_at = float("inf")
            return
        guessed = self._running - 1
        self._concurrency = max(1, min(guessed, self._concurrency or guessed))
        self._doubted_at = self._clock() + GUESS_HOLDS

    def pause(self, seconds: float) -> None:
        """Let nobody through for so many seconds, a minute at most: longer ones are no rate, and nobody waits for them."""
        self._closed_until = max(self._closed_until, self._clock() + min(seconds, MINUTE))
        self._admit()

    def _leave(self) -> None:
        self._running -= 1
        self._admit()

    def _admit(self) -> None:
        """Let through whom the limits allow, and come back when time alone will allow more."""
        if self._clock() >= self._doubted_at:
            self._concurrency, self._doubted_at = self._documented, float("inf")
        while self._is_awaited() and self._has_room():
            if (wait := self._opens_in()) > 0:
                self._set_timer(wait)
                return
            _, _, turn = heapq.heappop(self._waiting)
            self._running += 1
            self._started.append(self._clock())
            turn.set_result(None)

    def _is_awaited(self) -> bool:
        """Tell whether anybody waits who has not gone meanwhile; those who have are forgotten."""
        while self._waiting and self._waiting[0][2].done():
            heapq.heappop(self._waiting)
        return bool(self._waiting)

    def _has_room(self) -> bool:
        return self._concurrency is None or self._running < self._concurrency

    def _opens_in(self) -> float:
        """Return after how many seconds the rate allows one more request."""
        now = self._clock()
        wait = self._closed_until - now
        if self._per_minute is not None:
            while self._started and self._started[0] <= now - MINUTE:
                self._started.popleft()
            if len(self._started) >= self._per_minute:
                wait = max(wait, self._started[-self._per_minute] + MINUTE - now)
        else:
            self._started.clear()
        return wait

    def _set_timer(self, seconds: float) -> None:
        self._unset_timer()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._admit)

    def _unset_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class Gated:
    """A speaker that waits for its turn, and whose refusals narrow the gate for all."""

    def __init__(self, speaker: Speaker, gate: Gate, *, patience: float | None = None) -> None:
        """Speak through a gate; a turn that does not come `patience` s after the deadline is given up as BUSY."""
        self._speaker = speaker
        self._gate = gate
        self._patience = patience
        self.audio_format: AudioFormat = speaker.audio_format

    async def speak(self, text: str, deadline: float) -> AsyncGenerator[bytes]:
        """Yield the sound of a text, as `Speaker.speak`."""
        async with self._turn(text, deadline):
            try:
                async with aclosing(self._speaker.speak(text, deadline)) as sound:
                    async for chunk in sound:
                        yield chunk
            except ProviderError as error:
                if error.failure is Failure.BUSY:
                    self._gate.narrow(error.limit)
                elif error.failure is Failure.RATE and error.retry_after is not None:
                    self._gate.pause(error.retry_after)
                raise

    @asynccontextmanager
    async def _turn(self, text: str, deadline: float) -> AsyncGenerator[None]:
        """Hold a turn.

        Of those that wait, the one goes first whose sound should be over first: an announcement passes long answers that
        want to begin at the same time, and no answer waits for more of them than it would have covered itself.
        """
        due = deadline + len(text) * SECONDS_PER_CHARACTER
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(self._wait(deadline)):
                    await stack.enter_async_context(self._gate.turn(due))
            except TimeoutError:
                raise ProviderError(Failure.BUSY, code="gate") from None
            yield

    def _wait(self, deadline: float) -> float | None:
        if self._patience is None:
            return None
        return max(0.0, deadline - asyncio.get_running_loop().time()) + self._patience
