"""Common parts of the services: routes, request log, faults, audio, start, and stop."""

from abc import ABC, abstractmethod
import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
import socket
from typing import Any, Self

from aiohttp import web

from .call import Answer, Call, Refusal, Route
from .clock import Clock
from .codec import Container, Encoding, encode, resample
from .control import Control
from .dispatch import Dispatcher
from .espeak import timed_speech
from .faults import Fault, FaultKind, Faults
from .log import LoggedRequest
from .ports import reserve_port
from .settings import Behaviour, Settings, VoiceMode
from .sound import SPEECH_LUFS, TONE_LUFS, Sound, amplified, tone, tone_starts
from .websocket import Socket
from .words import TimedWord, timed_words

MAX_BODY = 64 * 1024 * 1024
_STOP_SECONDS = 0.1


class Service[B: Behaviour](ABC):
    """One service on one port; an async context manager that listens as long as it is entered.

    A subclass gives its routes, its behaviour, the envelope of its errors, and takes back its state on `restart`.
    Everything it answers passes here, where it is logged and where faults strike.
    """

    name: str

    def __init__(self, settings: Settings, behaviour: B, *, port: int = 0, clock: Clock | None = None) -> None:
        """`behaviour` is what it starts with and what a reset brings back; port 0 takes a free one."""
        self.clock = clock or Clock()
        self.behaviour = behaviour
        self.url = ""
        self._initial = behaviour
        self._host = settings.host
        self._port = port
        self._reservation: socket.socket | None = None
        self._dispatcher = Dispatcher(self)
        self._server: web.Server | None = None
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None
        self._threads: ThreadPoolExecutor | None = None
        self._running = AsyncExitStack()

    # What a service is

    @abstractmethod
    def routes(self) -> Iterable[Route]:
        """Its endpoints, the first that matches answers."""

    @abstractmethod
    def not_found(self, call: Call) -> Answer:
        """Its answer to a request that no route matches."""

    @abstractmethod
    def error(
        self, call: Call, status: int, code: str | None, message: str | None, extra: Mapping[str, Any] | None
    ) -> Answer:
        """Return an error in its own envelope; None is what it would say itself with that status."""

    def endpoint(self, request: web.Request) -> str:
        """Return the name of a request in the log and for faults: the path by default."""
        return request.path

    def error_frame(
        self, status: int, code: str | None, message: str | None, extra: Mapping[str, Any] | None
    ) -> Mapping[str, Any]:
        """Return the same as a frame of its WebSocket. Raises NotImplementedError where it has none."""
        raise NotImplementedError

    @abstractmethod
    def restart(self) -> None:
        """Take its state back to what it was at the start."""

    @abstractmethod
    def change_quota(self, change: Mapping[str, Any]) -> Mapping[str, Any]:
        """Let another client spend `{"spend": amount}`; return the rest. Raises ValueError if it's invalid."""

    # What a test does with it

    @property
    def requests(self) -> deque[LoggedRequest]:
        """What it was asked, oldest first."""
        return self._dispatcher.requests

    @property
    def faults(self) -> Faults:
        """What is to go wrong."""
        return self._dispatcher.faults

    @property
    def connections_made(self) -> int:
        """TCP connections that have asked for something, since the start."""
        return self._dispatcher.connections_made

    def add_fault(self, fault: FaultKind | str, match: str = "/", **options: Any) -> None:
        """Let something go wrong; the options are those of Fault."""
        self.faults.add(Fault(fault=FaultKind(fault), match=match, **options))

    def configure(self, **changes: Any) -> None:
        """Change its behaviour from now on. Raises ValueError for what it does not have."""
        self.behaviour = self.behaviour.changed(changes)

    def reset(self) -> None:
        """As at the start: state, behaviour, log, faults, and the clock, which the services share.

        What still runs, such as a WebSocket that waits for its next text, stays in the log with what comes from now on.
        """
        self.behaviour = self._initial
        running = [entry for entry in self.requests if not entry.ended]
        for entry in running:
            entry.frames.clear()
        self.requests.clear()
        self.requests.extend(running)
        self.faults.clear()
        self.clock.reset()
        self.restart()

    def asked(self, path: str = "/", method: str | None = None) -> list[LoggedRequest]:
        """Return the requests so far, oldest first, to paths that start so."""
        return [entry for entry in self.requests if entry.endpoint.startswith(path) and method in (None, entry.method)]

    @property
    def open_connections(self) -> int:
        """TCP connections that are open now."""
        return len(self._server.connections) if self._server else 0

    def close_idle_connections(self) -> None:
        """Close the connections that are kept open for another request."""
        for connection in self._server.connections if self._server else ():
            if connection not in self._dispatcher.busy:
                connection.force_close()

    # Audio

    async def sound(
        self, text: str, *, sample_rate: int, voice: str = "", language: str | None = None, speed: float = 1.0
    ) -> Sound:
        """Return the text said in the voice, at the rate: the tone, or speech where the behaviour says so."""
        return (await self._said(text, sample_rate, voice, language, speed))[0]

    async def timed_sound(
        self, text: str, *, sample_rate: int, voice: str = "", language: str | None = None, speed: float = 1.0
    ) -> tuple[Sound, list[TimedWord]]:
        """Return the same, and when its words are said."""
        sound, starts = await self._said(text, sample_rate, voice, language, speed)
        starts = starts or dict(enumerate(tone_starts(text, speed=speed)))
        return sound, await self.in_thread(lambda: timed_words(text, sound, starts))

    async def _said(
        self, text: str, sample_rate: int, voice: str, language: str | None, speed: float
    ) -> tuple[Sound, dict[int, float]]:
        """Return the audio at its volume, and the start times of its words if it's speech."""
        sound, starts = await self._natural(text, sample_rate, voice, language, speed)
        if (loudness := self.behaviour.loudness) is not None:
            gain = loudness - (SPEECH_LUFS if starts else TONE_LUFS)
            sound = await self.in_thread(lambda: amplified(sound, gain))
        return sound, starts

    async def _natural(
        self, text: str, sample_rate: int, voice: str, language: str | None, speed: float
    ) -> tuple[Sound, dict[int, float]]:
        if self.behaviour.voice is VoiceMode.SPEECH:
            spoken, starts = await self.in_thread(
                lambda: timed_speech(text, language=language, voice=voice, speed=speed)
            )
            if spoken.pcm:
                return await self.in_thread(lambda: resample(spoken, sample_rate)), starts
        return Sound(pcm=tone(text, sample_rate, voice=voice, speed=speed), sample_rate=sample_rate), {}

    async def encoded(
        self, sound: Sound, container: Container, encoding: Encoding = Encoding.S16LE, *, bit_rate: int | None = None
    ) -> bytes:
        """Return the audio in a container; see `codec.encode`."""
        return await self.in_thread(lambda: encode(sound, container, encoding, bit_rate=bit_rate))

    async def in_thread[T](self, function: Callable[[], T]) -> T:
        """Run what blocks."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, function)

    # Start and stop

    async def __aenter__(self) -> Self:
        """Listen. Raises OSError where it can't."""
        self._reservation = reserve_port(self._host, self._port)
        self._port = self._reservation.getsockname()[1]
        try:
            await self.start()
        except BaseException:
            self._reservation.close()
            raise
        return self

    async def __aexit__(self, *_error: object) -> None:
        """Stop, and give the port back."""
        await self.stop()
        if self._reservation is not None:
            self._reservation.close()

    async def start(self) -> None:
        """Listen at its address after a stop."""
        async with AsyncExitStack() as starting:
            self._threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix=f"emulator-{self.name}")
            starting.callback(self._threads.shutdown, cancel_futures=True)
            runner = web.AppRunner(
                self._application(), access_log=None, handler_cancellation=True, shutdown_timeout=_STOP_SECONDS
            )
            starting.push_async_callback(runner.cleanup)
            starting.callback(self._dispatcher.stop)
            await runner.setup()
            self._site = web.TCPSite(runner, self._host, self._port)
            await self._site.start()
            self._server = runner.server
            self.url = f"http://{self._host}:{self._port}"
            self._runner = runner
            self._running = starting.pop_all()

    async def stop(self) -> None:
        """Stop listening, end what runs, close every connection; the port stays reserved."""
        await self._running.aclose()

    @asynccontextmanager
    async def away(self) -> AsyncGenerator[None]:
        """Be switched off while this is entered: every connection is cut and none accepted; what it knows is kept."""
        assert self._site is not None
        assert self._runner is not None
        await self._site.stop()
        for connection in self._server.connections if self._server else ():
            if connection.transport is not None:
                connection.transport.abort()
        try:
            yield
        finally:
            self._site = web.TCPSite(self._runner, self._host, self._port)
            await self._site.start()

    def _application(self) -> web.Application:
        async def no_route(call: Call) -> Answer:
            return self.not_found(call)

        application = web.Application(client_max_size=MAX_BODY)
        Control(self).add_to(application.router)
        for method, path, handler in (*self.routes(), ("*", "/{tail:.*}", no_route)):
            application.router.add_route(method, path, self._dispatcher.serving(handler))
        return application

    @property
    def websocket_url(self) -> str:
        """The same address for WebSockets."""
        return f"ws{self.url.removeprefix('http')}"

    async def accept(self, call: Call, protocols: Iterable[str] = ()) -> Socket:
        """Accept the WebSocket of a request. Raises Refusal where it asks for none."""
        response = web.WebSocketResponse(protocols=tuple(protocols), timeout=1.0)
        if not response.can_prepare(call.request).ok:
            raise Refusal(Answer(status=426, headers={"Upgrade": "websocket"}))
        await response.prepare(call.request)
        call.socket = response
        call.entry.status = 101
        return Socket(response, call.entry, call.fault, time=self.clock.time, error_frame=self.error_frame)
