"""A WebSocket of JSON text frames, and a connection that makes its requests over one."""

from abc import abstractmethod
import asyncio
from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from contextlib import aclosing, contextmanager, suppress
from dataclasses import dataclass, field, replace
import json
from typing import ClassVar, override

import aiohttp
from aiohttp import WSCloseCode, WSMessage, WSMsgType

from ..provider import Connection, Provider
from ..types import AudioFormat, Failure, ProviderError, Timeouts, Voice
from .audio_stream import SpeechStream, could_be_whole
from .http import MAX_AUDIO_JSON_BYTES, Answer, ErrorParser, ResponseTimeouts
from .json_values import parse_object
from .trace import MESSAGE, RequestTrace

MAX_FRAME_BYTES = 4 * 1024 * 1024
"""The longest message: 30 s of sound at 48 kHz, as base64."""
CLOSE_SECONDS = 1.0
"""How long a service may take to answer a close frame."""

type Frame = Mapping[str, object]


@dataclass(eq=False, slots=True)
class Socket:
    """An open WebSocket, listened to at all times: nothing that the service says between two requests is missed.

    `harmless` tells of a frame that arrives while nobody waits for an answer whether it may be dropped; any other, and
    the end of the socket, makes it unusable and is kept for the next reader. One that is no longer `usable` for another
    request may still be read.
    """

    websocket: aiohttp.ClientWebSocketResponse
    harmless: Callable[[Frame], bool]
    parse: Callable[[str], Frame]
    usable: bool = True
    _waiting: bool = False
    _received: int = 0
    _next: asyncio.Task[WSMessage] = field(init=False)

    @classmethod
    async def open(
        cls,
        session: aiohttp.ClientSession,
        url: str,
        *,
        timeouts: Timeouts,
        refused: ErrorParser,
        harmless: Callable[[Frame], bool],
        parse: Callable[[str], Frame] = parse_object,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Socket:
        """Open a socket within the time to connect; raises what `refused` makes of an answer that is no upgrade.

        aiohttp's handshake would follow redirects, with the key, and hides the body of a refusal. A session of its own
        on the same connector has a middleware that sees the answer first.
        """
        patience = ResponseTimeouts(replace(timeouts, first_byte=timeouts.connect))

        async def only_upgrades(
            request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
        ) -> aiohttp.ClientResponse:
            response = await handler(request)
            if response.status != 101:
                patience.has_answered = True
                try:
                    raise refused(await Answer(response, patience).refusal())
                finally:
                    response.close()
            return response

        if session.closed:
            raise patience.broken()
        async with (
            patience.waiting(),
            aiohttp.ClientSession(
                connector=session.connector,
                connector_owner=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                headers=session.headers,
                timeout=aiohttp.ClientTimeout(total=None),
                middlewares=(only_upgrades,),
            ) as handshake,
        ):
            websocket = await handshake.ws_connect(
                url,
                headers=headers,
                params=params,
                max_msg_size=MAX_FRAME_BYTES,
                timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_SECONDS),
            )
        socket = cls(websocket, harmless, parse)
        socket.listen()
        return socket

    @contextmanager
    def answering(self) -> Generator[None]:
        """Hold what arrives for `receive` while a request is under way."""
        self._waiting = True
        self._received = 0
        try:
            yield
        finally:
            self._waiting = False
            if self._next.done():
                self._arrived(self._next)

    async def send(self, frames: Sequence[Frame], patience: ResponseTimeouts) -> bool:
        """Send frames; return False where that failed, which the next reader is told by what the service said last."""
        try:
            for frame in frames:
                async with patience.waiting():
                    await self.websocket.send_str(json.dumps(frame))
        except ProviderError:
            return False
        return True

    async def arrives(self, patience: ResponseTimeouts, within: float | None) -> bool:
        """Return True if something arrives within so many seconds, or where that is None within the patience."""
        with suppress(ProviderError):
            async with patience.waiting():
                await asyncio.wait({self._next}, timeout=within)
        return self._next.done()

    async def receive(self, patience: ResponseTimeouts, trace: RequestTrace | None = None) -> Frame:
        """Return the next frame, and tell the trace; raises `ProviderError` where none comes, or something else."""
        async with patience.waiting():
            await asyncio.wait({self._next})
            if self._next.cancelled():
                raise patience.broken("closed")
            message = self._next.result()
        if message.type is not WSMsgType.TEXT:
            raise self._ended(message, patience)
        patience.has_answered = True
        self._received += len(message.data)
        if self._received > MAX_AUDIO_JSON_BYTES:
            raise ProviderError(Failure.BROKEN, code="too_long")
        self.listen()
        frame = self.parse(message.data)
        if trace is not None:
            trace.heard(MESSAGE, frame)
        return frame

    async def close(self) -> None:
        """Close the socket without waiting for what is still on its way; idempotent."""
        self.usable = False
        self._next.cancel()
        try:
            await asyncio.wait({self._next})
        finally:
            with suppress(aiohttp.ClientError, OSError, TimeoutError):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await self.websocket.close()

    def listen(self) -> None:
        """Wait for the next message."""
        self._next = asyncio.create_task(self.websocket.receive(), name="speech socket")
        self._next.add_done_callback(self._arrived)

    def _arrived(self, arrival: asyncio.Task[WSMessage]) -> None:
        """Judge what arrived while nobody waited for an answer."""
        if arrival is not self._next or self._waiting or not self.usable:
            return
        self.usable = self._is_harmless(arrival)
        if self.usable:
            self.listen()

    def _is_harmless(self, arrival: asyncio.Task[WSMessage]) -> bool:
        """Return True if the socket goes on as if nothing had arrived."""
        if arrival.cancelled() or arrival.exception() is not None:
            return False
        message = arrival.result()
        if message.type is not WSMsgType.TEXT:
            return False
        try:
            return self.harmless(self.parse(message.data))
        except ProviderError:
            return False

    def _ended(self, message: WSMessage, patience: ResponseTimeouts) -> ProviderError:
        """Return what it means that something else than text arrived."""
        self.usable = False
        if message.type in (WSMsgType.BINARY, WSMsgType.ERROR):
            return ProviderError(Failure.BROKEN, code="garbage")
        # What aiohttp keeps as the code is 1006 where the answer to a close frame finds nobody any more.
        code = message.data if message.type is WSMsgType.CLOSE else self.websocket.close_code
        if code == WSCloseCode.INTERNAL_ERROR:
            return ProviderError(Failure.SERVER, code=f"close_{code}")
        return patience.broken(f"close_{code}")


@dataclass(eq=False)
class SocketConnection(Connection):
    """Requests over a WebSocket, one after the other.

    A request that fails or is given up spoils the socket, as there is no way to tell the service to stop, and nothing
    of an abandoned answer may sound in the next one.

    An answer ends with the end mark. Where sound has come and then nothing for `_quiet_seconds`, the service is asked
    to end it (`_closing_frame`), if it can be. Where no end mark comes all the same, the answer counts as whole if the
    text can have been spoken in so much sound, and as broken otherwise.
    """

    _quiet_seconds: ClassVar[float]
    """How long nothing comes behind sound before it is taken for the last."""
    _pace_setting: ClassVar[str]
    """The setting that says how fast a voice speaks."""

    provider: Provider
    socket: Socket = field(init=False)
    """What `dial` has opened last."""
    _trace: RequestTrace = field(default_factory=RequestTrace)
    _heard: bool = False
    _replaced: list[Socket] = field(default_factory=list)
    """Sockets that failed under a request which was then repeated: closing them would have delayed that."""

    @override
    async def speak(
        self, voice: Voice, audio_format: AudioFormat, text: str, trace: RequestTrace
    ) -> AsyncGenerator[bytes]:
        """Yield the sound of one text as it arrives; what `_is_repeated` is asked once more over a new socket."""
        self._trace, self._heard = trace, False
        while True:
            try:
                async with aclosing(self._spoken(voice, audio_format, text)) as sound:
                    async for piece in sound:
                        yield piece
            except ProviderError as error:
                if self._heard or not self._is_repeated(voice, error):
                    raise
            else:
                return
            self._replaced.append(self.socket)
            await self.dial()

    async def _spoken(self, voice: Voice, audio_format: AudioFormat, text: str) -> AsyncGenerator[bytes]:
        """Make a request and yield its sound; the socket can't be used again unless the end mark came."""
        patience = ResponseTimeouts(self.provider.timeouts)
        stream = SpeechStream(audio_format, text, patience)
        size, whole = 0, False
        quiet: float | None = self._quiet_seconds
        pace = float(voice.options.get(self._pace_setting, 1.0))
        try:
            if not self.socket.usable:
                self._read(await self.socket.receive(patience), patience)
                raise ProviderError(Failure.UNREACHABLE, code="closed")
            with self.socket.answering():
                frames = await self._begin(voice, audio_format, text, patience)
                self._trace.asked = True
                await self.socket.send(frames, patience)
                ended = False
                while not ended:
                    if size and not await self.socket.arrives(patience, quiet):
                        if quiet is not None and (closing := self._closing_frame()) is not None:
                            await self.socket.send([closing], patience)
                        elif could_be_whole(text, size, audio_format, pace=pace):
                            self._trace.end_mark_missing = True
                            break
                        elif quiet is None:
                            raise patience.exhausted()
                        quiet = None
                        continue
                    audio, ended = self._read(await self.socket.receive(patience, self._trace), patience)
                    if audio:
                        size += len(audio)
                        self._heard = True
                        if sound := stream.feed(audio):
                            yield sound
                    if ended and not self._heard and self._is_unanswered(text):
                        frames, ended = await self._begin(voice, audio_format, text, patience), False
                        await self.socket.send(frames, patience)
                if sound := stream.end():
                    yield sound
                await self._finish(patience)
            whole = not self._trace.end_mark_missing
        finally:
            if not whole:
                self.socket.usable = False  # its owner closes it: a close frame would delay the next request

    @property
    @override
    def reusable(self) -> bool:
        """Return True if the socket is open and in order."""
        return self.socket.usable

    @override
    async def keep_alive(self) -> None:
        """Say something that makes no sound."""
        frame = self._idle_frame()
        if frame is not None and self.reusable:
            if not await self.socket.send([frame], ResponseTimeouts(self.provider.timeouts)):
                await self.close()

    @override
    async def close(self) -> None:
        """Close the socket, and what it has replaced; idempotent."""
        replaced, self._replaced = self._replaced, []
        for socket in (*replaced, self.socket):
            await socket.close()

    def _is_repeated(self, voice: Voice, error: ProviderError) -> bool:
        """Return True if a request that failed before any sound is to be made again over a new socket."""
        return False

    def _closing_frame(self) -> Frame | None:
        """Return what asks the service to end an answer that has fallen quiet, if there is such a thing."""
        return None

    @abstractmethod
    async def dial(self) -> None:
        """Open the socket, or another one; raises `ProviderError`."""

    @abstractmethod
    async def _begin(
        self, voice: Voice, audio_format: AudioFormat, text: str, patience: ResponseTimeouts
    ) -> Sequence[Frame]:
        """Prepare the socket for a request, and return the frames that make it."""

    def _is_unanswered(self, text: str) -> bool:
        """Return True if an answer without sound was none, and the request is to be made once more."""
        return False

    async def _finish(self, patience: ResponseTimeouts) -> None:
        """Do what is due behind an answer."""

    @abstractmethod
    def _read(self, frame: Frame, patience: ResponseTimeouts) -> tuple[bytes, bool]:
        """Return the sound in a frame and whether it is the last one; raises the error that it is."""

    @abstractmethod
    def _idle_frame(self) -> Frame | None:
        """Return what keeps an idle socket open, if anything may be sent yet."""
