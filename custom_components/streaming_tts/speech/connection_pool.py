"""The sockets of an account: opened ahead, used again, kept alive while they may be needed, closed when not.

A socket is *lent* to one request at a time, *idle* (kept alive until it expires), or *closing*. It becomes idle when a
request over it was whole and its service has not closed it; anything else closes it. A failure of the connection itself
closes all that are idle, too: what broke one has probably broken all. HTTP is not pooled: `aiohttp` keeps its sockets.

Transitions: opened ahead -> idle; idle -> lent with a request; lent -> idle or closing; idle -> closing when it
expires, when its service has closed it, or when the pool closes. Invariants: a socket that is lent or being kept alive
is offered to nobody; at most `MAX_IDLE` are idle; at most one is being opened ahead; one task keeps the idle ones
alive, and ends with the last of them; every socket is closed once.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass
import logging

from ..providers.provider import Connection, Provider
from ..providers.types import Failure, ProviderError, Transport
from .synthesizer import utterance_id

_LOGGER = logging.getLogger(__name__)

WARM_SECONDS = 15.0
"""For how long a socket that was opened ahead waits for its first text."""

IDLE_SECONDS = 60.0
"""For how long a socket that has spoken waits for more."""

HTTP_IDLE_SECONDS = 12.0
"""For how long HTTP needs no connection ahead behind a request: `aiohttp` closes an idle one after 15 s."""

MAX_IDLE = 4
"""Sockets that wait at once; more are closed as soon as they have spoken."""

WARM_INTERVAL_SECONDS = 2.0
"""Time between two hints that each open a connection."""

WARM_DELAY_SECONDS = 0.15
"""Time after which a hint is followed: a text that comes sooner was complete all the time and wants no socket, least of
all if it is in memory. One turn of the event loop is too short, as Home Assistant looks into its own cache in
between."""

WARM_DELAY_TURNS = 15
"""Turns of the event loop in which that passes at least: where they are slow, a text takes longer to come, too."""

CONNECTION_FAILURES = frozenset({Failure.AUTH, Failure.BROKEN, Failure.SERVER, Failure.UNREACHABLE})
"""Failures that idle sockets probably share; the others speak of one request."""

type Spawn = Callable[[Coroutine[None, None, None], str], asyncio.Task[None]]
"""Starts a named task that somebody owns who outlives the utterances."""


@dataclass(kw_only=True, slots=True, eq=False)
class _Idle:
    connection: Connection
    bound_to: Hashable
    expires_at: float
    due_at: float | None


class ConnectionPool:
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
        self._warmed_at = self._http_used_at = float("-inf")
        self._dialing: Transport | None = None
        self._closed = False

    @asynccontextmanager
    async def connection(self, transport: Transport, voice: Hashable = None) -> AsyncGenerator[Connection]:
        """Lend a connection for one request: over a socket, one that waits, if there is one.

        A socket that last spoke with the same `voice` comes first: some services bind a socket to it.
        """
        connection = await self._take(transport, voice)
        try:
            yield connection
        except ProviderError as error:
            self._close(connection)
            if error.failure in CONNECTION_FAILURES:
                self._close_idle()
            raise
        except BaseException:
            await asyncio.wait([self._close(connection)])
            raise
        if transport is Transport.WEBSOCKET:
            self._put(connection, voice, IDLE_SECONDS)
        else:
            self._http_used_at = self._clock()
            await connection.close()

    def warm(self, transport: Transport) -> None:
        """Open a connection ahead of a text that will probably come; cheap to call often, does nothing if one waits."""
        now = self._clock()
        if self._closed or self.socket_waits or now - self._warmed_at < WARM_INTERVAL_SECONDS:
            return
        if transport is not Transport.WEBSOCKET and now - self._http_used_at < HTTP_IDLE_SECONDS:
            return
        if self._warming is None or self._warming.done():
            self._warmed_at = now
            self._warming = self._spawn(self._open_ahead(transport), "connection opened ahead")

    def cancel_warming(self) -> None:
        """Give up a connection that is being opened ahead: the text has come, and needs none."""
        if self._warming is not None:
            self._warming.cancel()

    @property
    def socket_waits(self) -> bool:
        """Return True if a socket waits that its service has not closed meanwhile."""
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

    async def _take(self, transport: Transport, voice: Hashable) -> Connection:
        if self._warming is not None and not self._warming.done() and not self.socket_waits:
            if self._dialing is not transport:
                self._warming.cancel()
            await asyncio.wait([self._warming])
        self._close_dead()
        if transport is Transport.WEBSOCKET and self._idle:
            idle = min(reversed(self._idle), key=lambda idle: (idle.bound_to != voice, idle.bound_to is not None))
            self._idle.remove(idle)
            _LOGGER.debug("Utterance %s: connection reused", utterance_id.get())
            return idle.connection
        connection = await self._provider.connect(transport)
        _LOGGER.debug("Utterance %s: connection opened, %s", utterance_id.get(), transport)
        return connection

    async def _open_ahead(self, transport: Transport) -> None:
        for _ in range(WARM_DELAY_TURNS):
            await asyncio.sleep(WARM_DELAY_SECONDS / WARM_DELAY_TURNS)
        self._dialing = transport
        try:
            connection = await self._provider.connect(transport, ahead=True)
        except ProviderError:
            return  # the request itself will meet the same failure, and say so
        finally:
            self._dialing = None
        if transport is Transport.WEBSOCKET:
            self._put(connection, None, WARM_SECONDS)
        else:
            self._http_used_at = self._clock()
            await connection.close()

    def _put(self, connection: Connection, bound_to: Hashable, lifetime: float) -> None:
        self._close_dead()
        if self._closed or not connection.reusable or len(self._idle) >= MAX_IDLE:
            self._close(connection)
            return
        now = self._clock()
        interval = connection.keep_alive_interval
        self._idle.append(
            _Idle(
                connection=connection,
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
