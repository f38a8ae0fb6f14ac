"""The sockets of an account: opened ahead, used again, kept alive while they may be needed, closed when not.

A socket is *lent* to one request at a time, *idle* (kept alive until it expires), or *closing*. It becomes idle when a
request over it was whole and its service has not closed it; anything else closes it. A failure of the connection itself
closes all that are idle, too (`close_idle`): what broke one has probably broken all.

Transitions: opened ahead -> idle; idle -> lent with a request that it fits; lent -> idle or closing; idle -> closing
when it expires, when its service has closed it, or when the pool closes. Invariants: a socket that is lent or being
kept alive is offered to nobody; at most `MAX_IDLE` are idle; one task keeps the idle ones alive, and ends with the last
of them; every socket is closed once.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
import logging

from ..providers.provider import Connection, Provider
from ..providers.types import AudioFormat, ProviderError, Voice
from .synthesizer import utterance_id

_LOGGER = logging.getLogger(__name__)

WARM_SECONDS = 15.0
"""For how long a socket that was opened ahead waits for its first text."""

IDLE_SECONDS = 60.0
"""For how long a socket that has spoken waits for more."""

MAX_IDLE = 4
"""Sockets that wait at once; more are closed as soon as they have spoken."""

type Spawn = Callable[[Coroutine[None, None, None], str], asyncio.Task[None]]
"""Starts a named task that somebody owns who outlives the utterances."""


@dataclass(kw_only=True, slots=True, eq=False)
class _Idle:
    connection: Connection
    spoke: Voice | None
    expires_at: float
    due_at: float | None

    def serves(self, voice: Voice, audio_format: AudioFormat | None) -> bool:
        return self.connection.reusable and self.connection.fits(voice, audio_format)


class ConnectionPool:
    """Hands out the sockets of one account, one request at a time each."""

    def __init__(self, provider: Provider, spawn: Spawn) -> None:
        """Open sockets of a provider; `spawn` starts the tasks that look after idle ones and close them."""
        self._provider = provider
        self._spawn = spawn
        self._clock = asyncio.get_running_loop().time
        self._idle: list[_Idle] = []
        self._looked_at = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self.closed = False

    @asynccontextmanager
    async def connection(self, voice: Voice, audio_format: AudioFormat) -> AsyncGenerator[Connection]:
        """Lend a socket for one request: one that waits and fits, if there is one, one of the voice itself first."""
        connection = await self._take(voice, audio_format)
        try:
            yield connection
        except ProviderError:
            self._close(connection)
            raise
        except BaseException:
            await asyncio.wait([self._close(connection)])
            raise
        self._put(connection, voice, IDLE_SECONDS)

    async def open_ahead(self, voice: Voice) -> None:
        """Open a socket for a text that will probably come; raises `ProviderError`."""
        self._put(await self._provider.open_socket(voice), None, WARM_SECONDS)

    def has_idle(self, voice: Voice, audio_format: AudioFormat | None = None) -> bool:
        """Return True if a socket waits that a voice can speak over, in a format if one is known."""
        return any(idle.serves(voice, audio_format) for idle in self._idle)

    async def close(self) -> None:
        """Close all that waits; what is lent is closed when it comes back."""
        self.closed = True
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        self.close_idle()
        await asyncio.gather(*self._closing, return_exceptions=True)

    def close_idle(self) -> None:
        """Close all that wait, once a connection has failed."""
        idle, self._idle = self._idle, []
        for each in idle:
            self._close(each.connection)

    async def _take(self, voice: Voice, audio_format: AudioFormat) -> Connection:
        self._close_dead()
        fitting = [idle for idle in self._idle if idle.serves(voice, audio_format)]
        if fitting:
            idle = min(reversed(fitting), key=lambda each: each.spoke != voice)
            self._idle.remove(idle)
            _LOGGER.debug("Utterance %s: socket reused", utterance_id.get())
            return idle.connection
        connection = await self._provider.open_socket(voice)
        _LOGGER.debug("Utterance %s: socket opened", utterance_id.get())
        return connection

    def _put(self, connection: Connection, spoke: Voice | None, lifetime: float) -> None:
        self._close_dead()
        if self.closed or not connection.reusable or len(self._idle) >= MAX_IDLE:
            self._close(connection)
            return
        now = self._clock()
        interval = connection.keep_alive_interval
        self._idle.append(
            _Idle(
                connection=connection,
                spoke=spoke,
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
            if self.closed or not idle.connection.reusable or interval is None:
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

    def _close(self, connection: Connection) -> asyncio.Task[None]:
        """Close a connection: nobody has to wait for its good-bye, and it is closed though who waited has gone."""
        task = self._spawn(connection.close(), "connection that is closed")
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
        return task
