"""What an AsyncFlow account may do: at the same time, in a minute, and in all (docs/dev/protocols.md A4, A5)."""

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import contextmanager

from .asyncflow_errors import Problem
from .clock import Clock

_WINDOW = 60.0


class Limits:
    """Counts; the limits themselves are given with each question, so that they can change. None is no limit."""

    def __init__(self, clock: Clock) -> None:
        """Nothing used yet; rates go by the clock."""
        self._clock = clock
        self._speaking = 0
        self._requests: deque[float] = deque()
        self.used = 0.0
        """Seconds of audio so far."""

    def count_request(self, limit: int | None) -> None:
        """One more request in this minute. Raises Problem where it is one too many."""
        now = self._clock.time()
        while self._requests and not 0 <= now - self._requests[0] < _WINDOW:
            self._requests.popleft()
        if limit is not None and len(self._requests) >= limit:
            wait = self._requests[0] + _WINDOW - now if self._requests else _WINDOW
            raise Problem(code="RATE_LIMIT_EXCEEDED", extra={"limit": limit, "retry_after_ms": round(wait * 1000)})
        self._requests.append(now)

    @contextmanager
    def speaking(self, limit: int | None) -> Iterator[None]:
        """Speak, within the concurrency limit. Raises Problem if it's reached."""
        if limit is not None and self._speaking >= limit:
            extra = {"limit": limit, "current": self._speaking + 1}
            raise Problem(code="TOO_MANY_CONCURRENT_REQUESTS", extra=extra)
        self._speaking += 1
        try:
            yield
        finally:
            self._speaking -= 1

    def check_usage(self, limit: float | None, needed: float = 0.0) -> None:
        """Raise Problem where the usage is at its limit, or would go beyond it for what is needed in seconds."""
        if limit is not None and (self.used >= limit or self.used + needed > limit):
            raise Problem(code="USAGE_LIMIT_EXCEEDED", extra={"limit": int(limit), "current": int(self.used)})

    async def metered(
        self, pieces: AsyncIterator[bytes], *, size: int, duration: float, limit: float | None, align: int
    ) -> AsyncGenerator[bytes]:
        """Yield the pieces of an audio of `size` bytes and `duration` seconds, each charged.

        Raises Problem behind the last whole sample that the limit allows.
        """
        per_byte = duration / size
        async for piece in pieces:
            allowed = len(piece)
            if limit is not None:
                left = max(0, int((limit - self.used) / per_byte + 1e-6))
                allowed = min(allowed, left // align * align)
            self.used += allowed * per_byte
            if allowed:
                yield piece[:allowed]
            if allowed < len(piece):
                self.used = max(self.used, limit or 0.0)
                self.check_usage(limit)
