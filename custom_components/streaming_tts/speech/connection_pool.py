"""The connections of an account: opened ahead, reused, kept alive while they may be needed, and closed.

A connection opened ahead is a socket, which is kept here, or an HTTP connection, which the session keeps. States:
*resting*, *hinted* (a text may arrive; one that arrives within `DELAY_SECONDS` was complete from the start and needs no
socket, or no connection at all if it is cached), *opening*. A request with the same transport waits for the connection
being opened, instead of opening another one; any other request, and a text that is cached, cancels both.

A socket is *lent* to one request at a time, *idle* (kept alive until it expires), or *closing*. It becomes idle if its
request was complete and the service hasn't closed it; otherwise it is closed. A failure of a connection also closes all
idle sockets (`close_idle`), because they probably have the same problem.

Transitions: opened ahead -> idle; idle -> lent to a request that it fits; lent -> idle or closing; idle -> closing when
it expires, when the service has closed it, or when the pool closes. Invariants: a socket that is lent or being kept
alive isn't offered to any request; at most `MAX_IDLE` are idle; one task keeps the idle ones alive, and ends with the
last of them; every socket is closed once.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
import logging
from math import ceil

from ..providers.provider import Connection, Provider
from ..providers.types import AudioFormat, ProviderError, Transport, Voice
from .synthesizer import utterance_id

MAX_FAILURES = 2
"""Consecutive failures after which the socket is avoided."""

MIN_AVOIDED_SECONDS = 600.0
MAX_AVOIDED_SECONDS = 86400.0

PROBE_SECONDS = 30.0
"""Seconds after which a probe without a result is replaced; a long text may take longer, then there are two probes."""

MIN_FIRST_BYTE_SECONDS = 0.5
MAX_FIRST_BYTE_SECONDS = 1.5

MIN_MEASUREMENTS = 10
"""Measurements needed for a meaningful 99th percentile of the first bytes."""

MAX_MEASUREMENTS = 100


@dataclass(slots=True, eq=False)
class TransportHealth:
    """Whether the socket of a service is reliable, learned from its requests.

    States: *trusted* (requests may use the socket), *avoided* until a time (all requests use HTTP), *probed* (that time
    is over, and one request tries the socket while all others still use HTTP).
    Transitions: trusted -> avoided after `MAX_FAILURES` consecutive failures, or one missing end mark; avoided ->
    probed with the first request after its time; probed -> trusted after a complete request; probed -> avoided, for
    twice as long, after any other. A probe without a result is replaced after `PROBE_SECONDS`. `clock` is in seconds
    and may be any monotonic one.
    """

    clock: Callable[[], float]
    _failures: int = field(default=0, init=False)
    _avoided_seconds: float = field(default=0.0, init=False)
    _avoided_until: float | None = field(default=None, init=False)
    _probing: bool = field(default=False, init=False)
    _first_bytes: deque[float] = field(default_factory=partial(deque, maxlen=MAX_MEASUREMENTS), init=False)

    @property
    def avoided_for(self) -> float:
        """Return the seconds until the socket is tried again; 0 if the next request may use it."""
        return 0.0 if self._avoided_until is None else max(0.0, self._avoided_until - self.clock())

    @property
    def first_byte_limit(self) -> float:
        """Return the seconds without audio after which a socket times out: the 99th percentile, within bounds."""
        if len(self._first_bytes) < MIN_MEASUREMENTS:
            return MAX_FIRST_BYTE_SECONDS
        percentile = sorted(self._first_bytes)[ceil(0.99 * len(self._first_bytes)) - 1]
        return min(max(percentile, MIN_FIRST_BYTE_SECONDS), MAX_FIRST_BYTE_SECONDS)

    def admits_socket(self) -> bool:
        """Return True if a request may use the socket now; while it probes the socket, other requests may not."""
        if self._avoided_until is None:
            return True
        if self.avoided_for:
            return False
        self._avoided_until = self.clock() + PROBE_SECONDS
        self._probing = True
        return True

    def note_whole(self, first_byte: float) -> None:
        """Learn from a request over the socket that was complete, with its end mark."""
        self._first_bytes.append(first_byte)
        self._failures = 0
        self._avoided_seconds = 0.0
        self._avoided_until = None
        self._probing = False

    def note_failed(self, *, silent: bool) -> None:
        """Learn from a request over the socket that failed before any audio, while HTTP succeeded.

        A silent one exceeded the timeout, so the next timeout has to be longer.
        """
        if silent:
            self._first_bytes.append(MAX_FIRST_BYTE_SECONDS)
        self._failures += 1
        if self._probing or self._failures >= MAX_FAILURES:
            self.avoid()

    def note_broken(self) -> None:
        """Learn from a request over the socket whose audio broke off.

        This only counts for a probe; the segment is resumed anyway.
        """
        if self._probing:
            self.avoid()

    def avoid(self) -> None:
        """Use HTTP for a while; requests that began before the socket was avoided have no further effect.

        A single missing end mark is enough: without end marks, truncated audio can't be recognized.
        """
        if self._avoided_until is not None and not self._probing:
            return
        self._avoided_seconds = min(max(2 * self._avoided_seconds, MIN_AVOIDED_SECONDS), MAX_AVOIDED_SECONDS)
        self._avoided_until = self.clock() + self._avoided_seconds
        self._failures = 0
        self._probing = False


_LOGGER = logging.getLogger(__name__)

WARM_SECONDS = 15.0
"""Seconds that a socket opened ahead waits for its first text."""

IDLE_SECONDS = 60.0
"""Seconds that a socket waits for another text."""

MAX_IDLE = 4
"""Maximum number of idle sockets; others are closed after their request."""

INTERVAL_SECONDS = 2.0
"""Minimum seconds between two hints that open a connection."""

DELAY_SECONDS = 0.15
"""Seconds between a hint and opening the connection. One iteration of the event loop is too short, because Home
Assistant checks its own cache first."""

DELAY_TURNS = 15
"""Minimum iterations of the event loop in this time: if they are slow, a text takes longer to arrive, too."""

HTTP_IDLE_SECONDS = 12.0
"""Seconds after an HTTP request in which no connection is opened ahead: `aiohttp` closes an idle one after 15 s."""

type Spawn = Callable[[Coroutine[None, None, None], str], asyncio.Task[None]]
"""Starts a named task whose owner outlives the utterances."""


@dataclass(kw_only=True, slots=True, eq=False)
class _Idle:
    connection: Connection
    spoke: Voice | None
    expires_at: float
    due_at: float
    """When it has to be kept alive, or expires."""


class ConnectionPool:
    """Opens connections of an account ahead, and lends each socket to one request at a time."""

    def __init__(self, provider: Provider, spawn: Spawn) -> None:
        """Set the provider; `spawn` starts the tasks that open, keep alive and close connections."""
        self._provider = provider
        self._spawn = spawn
        self._clock = asyncio.get_running_loop().time
        self._idle: list[_Idle] = []
        self._looked_at = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._opener: asyncio.Task[None] | None = None
        self._opening: Transport | None = None
        self._hinted_at = float("-inf")
        self.http_used_at = float("-inf")
        """When an HTTP request was last complete: its connection is idle in the session."""
        self._closed = False

    def hint(self, voice: Voice, transport: Transport) -> None:
        """Open a connection for a text that will probably arrive, unless there is one; may be called often."""
        now = self._clock()
        if self._closed or now - self._hinted_at < INTERVAL_SECONDS or self.fitting(voice):
            return
        if transport is not Transport.WEBSOCKET and now - self.http_used_at < HTTP_IDLE_SECONDS:
            return
        if self._opener is None or self._opener.done():
            self._hinted_at = now
            self._opener = self._spawn(self._open(voice, transport), "connection opened ahead")

    def open_nothing(self) -> None:
        """Cancel a connection being opened ahead: the text has arrived, and needs none."""
        if self._opener is not None:
            self._opener.cancel()

    async def opened(self, transport: Transport) -> None:
        """Wait for a connection being opened for this transport; cancel one for another transport."""
        if self._opener is None or self._opener.done():
            return
        if self._opening is not transport:
            self._opener.cancel()
        await asyncio.wait([self._opener])

    def fitting(self, voice: Voice, audio_format: AudioFormat | None = None) -> list[_Idle]:
        """Return the idle sockets that a voice can use, in an audio format if given."""
        return [idle for idle in self._idle if idle.connection.reusable and idle.connection.fits(voice, audio_format)]

    @asynccontextmanager
    async def connection(self, voice: Voice, audio_format: AudioFormat) -> AsyncGenerator[Connection]:
        """Lend a socket for one request: an idle one, preferably last used by the same voice, or a new one."""
        if fitting := self.fitting(voice, audio_format):
            idle = min(reversed(fitting), key=lambda each: each.spoke != voice)
            self._idle.remove(idle)
            connection = idle.connection
        else:
            connection = await self._provider.open_socket(voice)
        _LOGGER.debug("Utterance %s: socket %s", utterance_id.get(), "reused" if fitting else "opened")
        try:
            yield connection
        except ProviderError:
            self._close(connection)
            raise
        except BaseException:
            await asyncio.wait([self._close(connection)])
            raise
        self._put(connection, voice, IDLE_SECONDS)

    async def close(self) -> None:
        """Close all idle connections, and open no more; a lent socket is closed when it is returned."""
        self._closed = True
        tasks = [task for task in (self._opener, self._keeper) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.close_idle()
        await asyncio.gather(*self._closing, return_exceptions=True)

    def close_idle(self) -> None:
        """Close all idle sockets."""
        idle, self._idle = self._idle, []
        for each in idle:
            self._close(each.connection)

    async def _open(self, voice: Voice, transport: Transport) -> None:
        for _ in range(DELAY_TURNS):
            await asyncio.sleep(DELAY_SECONDS / DELAY_TURNS)
        self._opening = transport
        try:
            if transport is Transport.WEBSOCKET:
                self._put(await self._provider.open_socket(voice), None, WARM_SECONDS)
            else:
                await self._provider.touch()
                self.http_used_at = self._clock()
        except ProviderError:
            pass  # the request itself will fail in the same way, and report it
        finally:
            self._opening = None

    def _put(self, connection: Connection, spoke: Voice | None, lifetime: float) -> None:
        """Make a socket idle, and close idle ones that their service has closed."""
        waiting, self._idle = self._idle, []
        for idle in waiting:
            if idle.connection.reusable:
                self._idle.append(idle)
            else:
                self._close(idle.connection)
        if self._closed or not connection.reusable or len(self._idle) >= MAX_IDLE:
            self._close(connection)
            return
        now = self._clock()
        due_at = now + min(lifetime, connection.keep_alive_interval or lifetime)
        self._idle.append(_Idle(connection=connection, spoke=spoke, expires_at=now + lifetime, due_at=due_at))
        self._looked_at.set()
        if self._keeper is None or self._keeper.done():
            self._keeper = self._spawn(self._keep(), "idle connections")

    async def _keep(self) -> None:
        """Keep idle sockets alive until they expire; ends with the last one."""
        while self._idle:
            self._looked_at.clear()
            try:
                async with asyncio.timeout_at(min(idle.due_at for idle in self._idle)):
                    await self._looked_at.wait()
            except TimeoutError:
                await self._look_after()

    async def _look_after(self) -> None:
        """Close expired sockets, and keep alive those that are due; meanwhile they aren't offered to requests."""
        now = self._clock()
        due = [idle for idle in self._idle if idle.due_at <= now]
        self._idle = [idle for idle in self._idle if idle.due_at > now]
        while due:
            idle = due.pop()
            is_expired = idle.expires_at <= now
            try:
                if not is_expired:
                    await idle.connection.keep_alive()
            except BaseException:
                for each in (idle, *due):
                    self._close(each.connection)
                raise
            interval = idle.connection.keep_alive_interval
            if is_expired or self._closed or not idle.connection.reusable or interval is None:
                self._close(idle.connection)
                continue
            idle.due_at = min(idle.expires_at, self._clock() + interval)
            self._idle.append(idle)

    def _close(self, connection: Connection) -> asyncio.Task[None]:
        """Close a connection in a task of its own, which isn't cancelled with the caller."""
        task = self._spawn(connection.close(), "connection that is closed")
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
        return task
