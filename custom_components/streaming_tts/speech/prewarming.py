"""Opens a connection ahead of a text: a socket, which the pool keeps, or one for HTTP, which the session keeps.

States: *resting*, *hinted* (a text may come, but one that comes within `DELAY_SECONDS` was complete all the time and
wants no socket, least of all if it is in memory), *opening*. A request that travels the same way waits for what is
being opened, instead of opening another; any other request, and a text that is in memory, ends both.
"""

import asyncio

from ..providers.provider import Provider
from ..providers.types import ProviderError, Transport, Voice
from .connection_pool import ConnectionPool, Spawn

INTERVAL_SECONDS = 2.0
"""Time between two hints that each open a connection."""

DELAY_SECONDS = 0.15
"""Time after which a hint is followed. One turn of the event loop is too short, as Home Assistant looks into its own
cache in between."""

DELAY_TURNS = 15
"""Turns of the event loop in which that passes at least: where they are slow, a text takes longer to come, too."""

HTTP_IDLE_SECONDS = 12.0
"""For how long HTTP needs no connection ahead behind a request: `aiohttp` closes an idle one after 15 s."""


class Prewarmer:
    """Follows the hints of one account; at most one connection is being opened ahead."""

    def __init__(self, provider: Provider, pool: ConnectionPool, spawn: Spawn) -> None:
        """Open connections of a provider, in tasks that `spawn` starts."""
        self._provider = provider
        self._pool = pool
        self._spawn = spawn
        self._clock = asyncio.get_running_loop().time
        self._task: asyncio.Task[None] | None = None
        self._opening: Transport | None = None
        self._hinted_at = self._http_used_at = float("-inf")

    def hint(self, voice: Voice, transport: Transport) -> None:
        """Open a connection unless there is one; cheap to call often."""
        now = self._clock()
        if self._pool.closed or now - self._hinted_at < INTERVAL_SECONDS or self._pool.has_idle(voice):
            return
        if transport is not Transport.WEBSOCKET and now - self._http_used_at < HTTP_IDLE_SECONDS:
            return
        if self._task is None or self._task.done():
            self._hinted_at = now
            self._task = self._spawn(self._open(voice, transport), "connection opened ahead")

    def cancel(self) -> None:
        """Open nothing: the text has come, and needs no connection."""
        if self._task is not None:
            self._task.cancel()

    async def settled(self, transport: Transport) -> None:
        """Wait for a connection that is being opened for the transport of a request; any other is given up."""
        if self._task is None or self._task.done():
            return
        if self._opening is not transport:
            self._task.cancel()
        await asyncio.wait([self._task])

    def note_http(self) -> None:
        """Learn that a request over HTTP was whole: its connection waits in the session."""
        self._http_used_at = self._clock()

    async def close(self) -> None:
        """Open nothing more."""
        self.cancel()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    async def _open(self, voice: Voice, transport: Transport) -> None:
        for _ in range(DELAY_TURNS):
            await asyncio.sleep(DELAY_SECONDS / DELAY_TURNS)
        self._opening = transport
        try:
            if transport is Transport.WEBSOCKET:
                await self._pool.open_ahead(voice)
            else:
                await self._provider.touch()
                self.note_http()
        except ProviderError:
            pass  # the request itself will meet the same failure, and say so
        finally:
            self._opening = None
