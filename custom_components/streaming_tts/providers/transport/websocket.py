"""A WebSocket with JSON text frames, and a connection that sends its requests over one."""

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
"""Maximum size of a message: 30 s of audio at 48 kHz, in base64."""
CLOSE_SECONDS = 1.0
"""Timeout for the response to a close frame."""

type Frame = Mapping[str, object]


@dataclass(eq=False, slots=True)
class Socket:
    """An open WebSocket that is read at all times, so that messages between two requests are noticed.

    Between requests, a frame is dropped if `harmless` returns True for it. Any other frame, and the end of the socket,
    makes the socket unusable and is kept for the next `receive`. A socket that isn't `usable` for another request can
    still be read.
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
        """Open a socket within the connect timeout. Raises the error from `refused` if the response isn't an upgrade.

        aiohttp's handshake would follow redirects with the key, and hide the body of an error response. Therefore, a
        separate session on the same connector has a middleware that handles the response first.
        """
        deadlines = ResponseTimeouts(replace(timeouts, first_byte=timeouts.connect))

        async def only_upgrades(
            request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
        ) -> aiohttp.ClientResponse:
            response = await handler(request)
            if response.status != 101:
                deadlines.has_answered = True
                try:
                    raise refused(await Answer(response, deadlines).refusal())
                finally:
                    response.close()
            return response

        if session.closed:
            raise deadlines.broken()
        async with (
            deadlines.waiting(),
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
        """Keep messages for `receive` while a request is in progress."""
        self._waiting = True
        self._received = 0
        try:
            yield
        finally:
            self._waiting = False
            if self._next.done():
                self._arrived(self._next)

    async def send(self, frames: Sequence[Frame], deadlines: ResponseTimeouts) -> bool:
        """Send frames and return True. On failure, return False; the next `receive` raises the reason."""
        try:
            for frame in frames:
                async with deadlines.waiting():
                    await self.websocket.send_str(json.dumps(frame))
        except ProviderError:
            return False
        return True

    async def arrives(self, deadlines: ResponseTimeouts, within: float | None) -> bool:
        """Return True if a message arrives within a number of seconds, or within the timeouts if None."""
        with suppress(ProviderError):
            async with deadlines.waiting():
                await asyncio.wait({self._next}, timeout=within)
        return self._next.done()

    async def receive(self, deadlines: ResponseTimeouts, trace: RequestTrace | None = None) -> Frame:
        """Return the next frame and record it in the trace. Raises `ProviderError` if it's missing or not text."""
        async with deadlines.waiting():
            await asyncio.wait({self._next})
            if self._next.cancelled():
                raise deadlines.broken("closed")
            message = self._next.result()
        if message.type is not WSMsgType.TEXT:
            raise self._ended(message, deadlines)
        deadlines.has_answered = True
        self._received += len(message.data)
        if self._received > MAX_AUDIO_JSON_BYTES:
            raise ProviderError(Failure.BROKEN, code="too_long")
        self.listen()
        frame = self.parse(message.data)
        if trace is not None:
            trace.received(MESSAGE, frame)
        return frame

    async def close(self) -> None:
        """Close the socket without waiting for messages in transit; idempotent."""
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
        """Handle a message that arrived between requests."""
        if arrival is not self._next or self._waiting or not self.usable:
            return
        self.usable = self._is_harmless(arrival)
        if self.usable:
            self.listen()

    def _is_harmless(self, arrival: asyncio.Task[WSMessage]) -> bool:
        """Return True if a message doesn't affect the socket."""
        if arrival.cancelled() or arrival.exception() is not None:
            return False
        message = arrival.result()
        if message.type is not WSMsgType.TEXT:
            return False
        try:
            return self.harmless(self.parse(message.data))
        except ProviderError:
            return False

    def _ended(self, message: WSMessage, deadlines: ResponseTimeouts) -> ProviderError:
        """Return the error for a message other than text."""
        self.usable = False
        if message.type in (WSMsgType.BINARY, WSMsgType.ERROR):
            return ProviderError(Failure.BROKEN, code="garbage")
        # aiohttp sets `close_code` to 1006 if its reply to a close frame can't be delivered.
        code = message.data if message.type is WSMsgType.CLOSE else self.websocket.close_code
        if code == WSCloseCode.INTERNAL_ERROR:
            return ProviderError(Failure.SERVER, code=f"close_{code}")
        return deadlines.broken(f"close_{code}")


@dataclass(eq=False)
class SocketConnection(Connection):
    """Requests over a WebSocket, one after the other.

    A failed or canceled request makes the socket unusable: the service can't be asked to stop, and audio of an
    abandoned response must not be part of the next one.

    A response ends with the end mark. If audio is followed by nothing for `_quiet_seconds`, the service is asked to end
    the response (`_closing_frame`), if it supports that. Without an end mark, the response is complete if its audio is
    long enough for the text, otherwise broken.
    """

    _quiet_seconds: ClassVar[float]
    """Seconds without a message before the latest audio is assumed to be the last."""
    _pace_setting: ClassVar[str]
    """Key of the setting for the speaking rate."""

    provider: Provider
    socket: Socket = field(init=False)
    """The socket that `dial` opened last."""
    _trace: RequestTrace = field(default_factory=RequestTrace)
    _heard: bool = False
    _replaced: list[Socket] = field(default_factory=list)
    """Failed sockets of repeated requests. They are closed later, as that would have delayed the repetition."""

    @override
    async def speak(
        self, voice: Voice, audio_format: AudioFormat, text: str, trace: RequestTrace
    ) -> AsyncGenerator[bytes]:
        """Yield the audio of one text as it arrives. Repeat the request over a new socket if `_is_repeated`."""
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
        """Send a request and yield its audio. The socket becomes unusable unless the end mark arrives."""
        deadlines = ResponseTimeouts(self.provider.timeouts)
        stream = SpeechStream(audio_format, text, deadlines)
        size, whole = 0, False
        quiet: float | None = self._quiet_seconds
        pace = float(voice.options.get(self._pace_setting, 1.0))
        try:
            if not self.socket.usable:
                self._read(await self.socket.receive(deadlines), deadlines)
                raise ProviderError(Failure.UNREACHABLE, code="closed")
            with self.socket.answering():
                frames = await self._begin(voice, audio_format, text, deadlines)
                self._trace.asked = True
                await self.socket.send(frames, deadlines)
                ended = False
                while not ended:
                    if size and not await self.socket.arrives(deadlines, quiet):
                        if quiet is not None and (closing := self._closing_frame()) is not None:
                            await self.socket.send([closing], deadlines)
                        elif could_be_whole(text, size, audio_format, pace=pace):
                            self._trace.end_mark_missing = True
                            break
                        elif quiet is None:
                            raise deadlines.exhausted()
                        quiet = None
                        continue
                    audio, ended = self._read(await self.socket.receive(deadlines, self._trace), deadlines)
                    if audio:
                        size += len(audio)
                        self._heard = True
                        if sound := stream.feed(audio):
                            yield sound
                    if ended and not self._heard and self._is_unanswered(text):
                        frames, ended = await self._begin(voice, audio_format, text, deadlines), False
                        await self.socket.send(frames, deadlines)
                if sound := stream.end():
                    yield sound
                await self._finish(deadlines)
            whole = not self._trace.end_mark_missing
        finally:
            if not whole:
                self.socket.usable = False  # closed by its owner, as a close frame would delay the next request

    @property
    @override
    def reusable(self) -> bool:
        """Return True if the socket is open and usable."""
        return self.socket.usable

    @override
    async def keep_alive(self) -> None:
        """Send a frame that produces no audio."""
        frame = self._idle_frame()
        if frame is not None and self.reusable:
            if not await self.socket.send([frame], ResponseTimeouts(self.provider.timeouts)):
                await self.close()

    @override
    async def close(self) -> None:
        """Close the socket, and those it has replaced; idempotent."""
        replaced, self._replaced = self._replaced, []
        for socket in (*replaced, self.socket):
            await socket.close()

    def _is_repeated(self, voice: Voice, error: ProviderError) -> bool:
        """Return True if a request that failed before any audio should be repeated over a new socket."""
        return False

    def _closing_frame(self) -> Frame | None:
        """Return the frame that asks the service to end a response that went quiet, or None if there is none."""
        return None

    @abstractmethod
    async def dial(self) -> None:
        """Open the socket, or another one. Raises `ProviderError`."""

    @abstractmethod
    async def _begin(
        self, voice: Voice, audio_format: AudioFormat, text: str, deadlines: ResponseTimeouts
    ) -> Sequence[Frame]:
        """Prepare the socket for a request, and return its frames."""

    def _is_unanswered(self, text: str) -> bool:
        """Return True if the request should be sent again after a response without audio."""
        return False

    async def _finish(self, deadlines: ResponseTimeouts) -> None:
        """Finish a request after its response."""

    @abstractmethod
    def _read(self, frame: Frame, deadlines: ResponseTimeouts) -> tuple[bytes, bool]:
        """Return the audio in a frame, and whether it's the last one. Raises the error that a frame reports."""

    @abstractmethod
    def _idle_frame(self) -> Frame | None:
        """Return the frame that keeps an idle socket open, or None if nothing may be sent yet."""
