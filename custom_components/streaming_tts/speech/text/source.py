"""The text stream of an utterance, read ahead by a task: available text is known, missing text can be waited for."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
import math

WATCHDOG = 90.0
"""Seconds without text after which the writer is considered gone: a cancelled pipeline never closes its text."""

type Spawn = Callable[[Coroutine[None, None, None]], asyncio.Task[None]]
"""Starts a task that has an owner."""


class TextSource:
    """Reads a text that may still be streaming. Always call `aclose`."""

    def __init__(self, chunks: AsyncIterator[str], spawn: Spawn = asyncio.create_task) -> None:
        """Read chunks of text from an iterator, in a task that `spawn` starts.

        `pending` is the text that has arrived and wasn't taken. `ended` is True if no more text follows, `complete` if
        the writer ended it. `nudge` wakes up all waiting tasks: something other than the text has changed.
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
        """Return the seconds since the last text."""
        return self._clock() - self.last_text_at

    async def open(self) -> None:
        """Wait for the first text, or the end; text that was available without waiting has then been read."""
        while not self.ended and not self.characters and self.idle < WATCHDOG:
            await self.wait(None)

    async def wait(self, seconds: float | None) -> None:
        """Wait for a change, at most so many seconds; None waits up to the watchdog's timeout.

        After the end of the text, and after the watchdog's timeout, None waits for a nudge.
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
        """Return the text since the last call; raises the writer's exception."""
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
                    continue  # at most a keep-alive: neither a first text nor the end of a pause
                self.pending += chunk
                self.chunk_count += 1
                self.characters += len(chunk)
                self.last_text_at = self._clock()
                self.first_text_at = min(self.first_text_at, self.last_text_at)
                self._changed.set()
            self.complete = True
        except Exception as error:  # noqa: BLE001 - raised by `take`
            self._error = error
        finally:
            self.ended = True
            self._changed.set()
