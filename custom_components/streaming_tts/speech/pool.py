"""The connections of an account: opened ahead, used again, kept alive while they may be needed, closed when not."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from ..providers.base import Connection, Provider, ProviderError, Transport

WARM_LIFETIME = 15.0
"""Seconds for which a connection that was opened ahead waits for its first text."""

IDLE_LIFETIME = {Transport.WEBSOCKET: 60.0, Transport.STREAM: 12.0, Transport.BODY: 12.0}
"""Seconds for which a connection that has spoken waits for more; behind HTTP `aiohttp` closes its socket after 15."""

MOST_IDLE = 4
"""Connections that wait at once; more are closed as soon as they have spoken."""

WARM_INTERVAL = 2.0
"""Seconds between two hints that each open a connection."""

WARM_DELAY = 0.15
"""Seconds after which a hint is followed: a text that comes sooner was complete all the time and wants no WebSocket."""

type Spawn = Callable[[Coroutine[None, None, None], str], asyncio.Task[None]]
"""Starts a named task that lives no longer than the account."""


@dataclass(kw_only=True, slots=True, eq=False)
class _Idle:
    connection: Connection
    transport: Transport
    bound_to: Hashable
    expires_at: float
    due_at: float | None


class Pool:
    """Hands out connections to one account, one request at a time each."""

    def __init__(self, provider: Provider, spawn: Spawn) -> None:
        """Open connections of a provider; `spawn` starts the tasks that look after idle ones and close them."""
        self._provider = provider
        self._spawn = spawn
        self._clock = asyncio.get_running_loop().time
        self._idle: list[_Idle] = []
        self._looked_at = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None
        self._warming: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._warmed_at = float("-inf")
        self._dialing = False
        self._closed = False

    @asynccontextmanager
    async def connection(self, transport: Transport, voice: Hashable = None) -> AsyncGenerator[Connection]:
        """Lend a connection for one request: a new one of the transport, or sooner a waiting one that streams as well.

        One that last spoke with the same `voice` comes first: some services bind a connection to it. A connection that
        fails takes those that wait with it: what broke one has probably broken all.
        """
        connection, transport = await self._take(transport, voice)
        try:
            yield connection
        except ProviderError:
            self._close(connection)
            self._close_idle()
            raise
        except BaseException:
            await asyncio.wait([self._close(connection)])
            raise
        self._put(connection, transport, voice, IDLE_LIFETIME[transport])

    def warm(self) -> None:
        """Open one connection ahead of a text that will probably come; cheap to call often, does nothing if one waits."""
        now = self._clock()
        if self._closed or self._waits or now - self._warmed_at < WARM_INTERVAL:
            return
        if self._warming is None or self._warming.done():
            self._warmed_at = now
            self._warming = self._spawn(self._open_ahead(), "connection opened ahead")

    @property
    def _waits(self) -> bool:
        """Tell whether a connection waits that its service has not closed meanwhile."""
        return any(idle.connection.reusable for idle in self._idle)

    async def close(self) -> None:
        """Close all that waits; what is lent is closed when it comes back."""
        self._closed = True
        tasks = [task for task in (self._warming, self._keeper) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._close_idle()
        await asyncio.gather(*self._closing, return_exceptions=True)

    async def _take(self, transport: Transport, voice: Hashable) -> tuple[Connection, Transport]:
        if self._warming is not None and not self._warming.done() and not self._waits:
            if not self._dialing or transport is not self._provider.transports[0]:
                self._warming.cancel()
            await asyncio.wait([self._warming])
        self._close_dead()
        serving = [idle for idle in reversed(self._idle) if _serves(idle.transport, transport)]
        if serving:
            idle = min(serving, key=lambda idle: (idle.bound_to != voice, idle.bound_to is not None))
            self._idle.remove(idle)
            return idle.connection, idle.transport
        return await self._provider.connect(transport), transport

    async def _open_ahead(self) -> None:
        transport = self._provider.transports[0]
        await asyncio.sleep(WARM_DELAY)
        self._dialing = True
        try:
            connection = await self._provider.connect(transport, ahead=True)
        except ProviderError:
            return  # the request itself will meet the same failure, and say so
        finally:
            self._dialing = False
        self._put(connection, transport, None, WARM_LIFETIME)

    def _put(self, connection: Connection, transport: Transport, bound_to: Hashable, lifetime: float) -> None:
        self._close_dead()
        if self._closed or not connection.reusable or len(self._idle) >= MOST_IDLE:
            self._close(connection)
            return
        now = self._clock()
        interval = connection.keep_alive_interval
        self._idle.append(
            _Idle(
                connection=connection,
                transport=transport,
                bound_to=bound_to,
                expires_at=now + lifetime,
                due_at=None if interval is None else now + interval,
            )
        )
        self._looked_at.set()
        if self._keeper is None or self._keeper.done():
            self._keeper = self._spawn(self._keep(), "idle connections")

    async def _keep(self) -> None:
        """Keep waiting connections alive until their time is over; ends with the last one."""
        while self._idle:
            moments = [moment for idle in self._idle for moment in (idle.expires_at, idle.due_at) if moment is not None]
            self._looked_at.clear()
            try:
                async with asyncio.timeout_at(min(moments)):
                    await self._looked_at.wait()
            except TimeoutError:
                await self._look_after()

    async def _look_after(self) -> None:
        """Close what has waited for too long, and keep alive what is due; nobody is offered it meanwhile."""
        now = self._clock()
        expired = [idle for idle in self._idle if idle.expires_at <= now]
        due = [idle for idle in self._idle if idle not in expired and idle.due_at is not None and idle.due_at <= now]
        self._idle = [idle for idle in self._idle if idle not in expired and idle not in due]
        for idle in expired:
            self._close(idle.connection)
        while due:
            idle = due.pop()
            try:
                await idle.connection.keep_alive()
            except BaseException:
                for each in (idle, *due):
                    self._close(each.connection)
                raise
            interval = idle.connection.keep_alive_interval
            if self._closed or not idle.connection.reusable or interval is None:
                self._close(idle.connection)
                continue
            idle.due_at = self._clock() + interval
            self._idle.append(idle)

    def _close_dead(self) -> None:
        """Close those that their service has closed meanwhile."""
        dead = [idle for idle in self._idle if not idle.connection.reusable]
        self._idle = [idle for idle in self._idle if idle not in dead]
        for each in dead:
            self._close(each.connection)

    def _close_idle(self) -> None:
        idle, self._idle = self._idle, []
        for each in idle:
            self._close(each.connection)

    def _close(self, connection: Connection) -> asyncio.Task[None]:
        """Close a connection: nobody has to wait for its good-bye, and it is closed though who waited has gone."""
        task = self._spawn(connection.close(), "connection that is closed")
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
        return task


def _serves(waiting: Transport, wanted: Transport) -> bool:
    """Tell whether a connection that waits serves as well: only the whole-body transport tells what others don't."""
    return (waiting is Transport.BODY) == (wanted is Transport.BODY)
