"""The text of an utterance as it comes: read ahead, so that what is there is known and what is coming is waited for."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
import math

WATCHDOG = 90.0
"""Seconds without text after which a writer is taken for gone: a cancelled pipeline never closes its text."""

type Spawn = Callable[[Coroutine[None, None, None]], asyncio.Task[None]]
"""Starts a task that somebody owns."""


class TextSource:
    """Reads a text that may still be written. `aclose` it whatever happens."""

    def __init__(self, chunks: AsyncIterator[str], spawn: Spawn = asyncio.create_task) -> None:
        """Read chunks of text from an iterator, in a task that `spawn` starts.

        `pending` is the text that has come and was not taken; `ended` tells that no more comes, `complete` that it was
        the writer who ended it. `nudge` wakes all waiting tasks: something other than the text has changed.
        """
        self._chunks = chunks
        self._clock = asyncio.get_running_loop().time
        self._error: Exception | None = None
        self._changed = asyncio.Event()
        self.nudge = self._changed.set
        self.pending = ""
        self.ended = False
        self.complete = False
        self.chunk_count = 0
        self.characters = 0
        self.last_text_at = self._clock()
        self.first_text_at = math.inf
        self._reader = spawn(self._read())

    @property
    def idle(self) -> float:
        """Return for how many seconds no text has come."""
        return self._clock() - self.last_text_at

    async def open(self) -> None:
        """Wait for the first text, or for the end; what is there without waiting is then read."""
        while not self.ended and not self.characters and self.idle < WATCHDOG:
            await self.wait(None)

    async def wait(self, seconds: float | None) -> None:
        """Wait until something has come, or for so many seconds; None waits for the watchdog at most.

        Behind the end of the text, and behind the watchdog, None waits for a nudge.
        """
        left = None if self.ended or self.idle >= WATCHDOG else WATCHDOG - self.idle
        bounds = [bound for bound in (seconds, left) if bound is not None]
        try:
            async with asyncio.timeout(min(bounds, default=None)):
                await self._changed.wait()
        except TimeoutError:
            return
        self._changed.clear()

    def take(self) -> str:
        """Return the text that has come since the last call; raises what the writer raised."""
        taken, self.pending = self.pending, ""
        if self._error is not None and not taken:
            raise self._error
        return taken

    async def aclose(self) -> None:
        """Stop reading."""
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)

    async def _read(self) -> None:
        try:
            async for chunk in self._chunks:
                if not chunk:
                    continue  # a sign of life at the most: it neither opens a text nor ends a pause
                self.pending += chunk
                self.chunk_count += 1
                self.characters += len(chunk)
                self.last_text_at = self._clock()
                self.first_text_at = min(self.first_text_at, self.last_text_at)
                self._changed.set()
            self.complete = True
        except Exception as error:  # noqa: BLE001 - whatever the writer raises is the utterance's to raise
            self._error = error
        finally:
            self.ended = True
            self._changed.set()
