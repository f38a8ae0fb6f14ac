"""A conversation over Sarvam's WebSocket: config, text, flush, ping in.

Audio, event, error out (docs/dev/protocols.md B4).
"""

import asyncio
import base64
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
import json
import re
from typing import Any

from .codec import wav_header
from .sarvam_errors import SarvamError, SchemaError
from .sarvam_requests import Speech, Transport, check_speakable, read_text
from .sarvam_voice import socket_type
from .websocket import Socket, SocketClosed

_SENTENCE_END = re.compile(r"[.!?\u0964\u0965]+\s+")
_BLANK = re.compile(r"\s+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Voicing:
    """The parts of the service that a socket uses: configuration check, price, and audio.

    `read` and `charge` raise SarvamError; `speak` yields headerless audio in chunks, the first one not before the time
    to first byte after the text arrived.
    """

    read: Callable[[Mapping[str, Any]], Speech]
    charge: Callable[[Speech, str], None]
    speak: Callable[[Speech, str, float], AsyncGenerator[bytes]]
    request_id: Callable[[], str]
    timestamp: Callable[[], str]


class Conversation:
    """One socket. What is to be sent is queued while the client speaks on, so that it can leave at any time."""

    def __init__(
        self,
        socket: Socket,
        voicing: Voicing,
        *,
        idle_seconds: float,
        completion_events: bool,
    ) -> None:
        """`completion_events` says whether a `final` event follows what a flush has made."""
        self._socket = socket
        self._voicing = voicing
        self._idle_seconds = idle_seconds
        self._completion_events = completion_events
        self._speech: Speech | None = None
        self._buffer = ""
        self._cycle = False
        self._speakable = False
        self._failed = False
        self._waiting = 0
        self._outgoing: asyncio.Queue[Callable[[], Awaitable[None]]] = asyncio.Queue()
        self._header_of: Speech | None = None

    async def run(self) -> None:
        """Converse until one side closes.

        Raises an ExceptionGroup with SocketClosed then, or with what a fault raises.
        """
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._answer())
            await self._listen()

    async def _listen(self) -> None:
        while True:
            try:
                message = await self._socket.receive(self._idle_seconds)
            except TimeoutError:
                if self._waiting:
                    await self._outgoing.join()
                    continue
                await self._socket.close()
                raise SocketClosed from None
            if not self._failed:
                self._take(message)

    async def _answer(self) -> None:
        while True:
            send = await self._outgoing.get()
            await send()
            self._waiting -= 1
            self._outgoing.task_done()

    def _queue(self, send: Callable[[], Awaitable[None]]) -> None:
        self._waiting += 1
        self._outgoing.put_nowait(send)

    def _take(self, message: str) -> None:
        """Handle a message; an error about a text is the last message to the client."""
        try:
            self._do(*_parsed(message))
        except SchemaError as error:
            self._complain(error)
        except SarvamError as error:
            self._complain(error)
            self._failed = True
            self._queue(self._end)

    def _do(self, kind: Any, data: Mapping[str, Any]) -> None:
        match kind:
            case "config":
                self._configure(data)
            case "text":
                self._add(data)
            case "flush":
                self._flush()
            case "ping":
                pass
            case _:
                raise SchemaError

    def _complain(self, error: SarvamError) -> None:
        self._queue(partial(self._socket.send, error.frame(self._voicing.request_id())))

    def _configure(self, data: Mapping[str, Any]) -> None:
        """Take another config, once what is in the buffer has been spoken with the one before."""
        try:
            speech = self._voicing.read(data)
        except SarvamError as error:
            self._complain(error)
            return
        if self._speech:
            self._empty_buffer(self._speech)
        self._speech = speech

    def _add(self, data: Mapping[str, Any]) -> None:
        speech = self._configured()
        self._buffer += read_text(data, Transport.SOCKET, speech.model)
        self._cycle = True
        if len(self._buffer) >= speech.min_buffer_size:
            self._empty_buffer(speech)

    def _flush(self) -> None:
        """Speak what is there; the event belongs to the text since the last flush and does not come without any."""
        self._empty_buffer(self._configured())
        if self._cycle:
            self._cycle = self._speakable = False
            self._queue(self._finish)

    def _configured(self) -> Speech:
        if self._speech is None:
            raise SchemaError
        return self._speech

    def _empty_buffer(self, speech: Speech) -> None:
        text, self._buffer = self._buffer, ""
        if not text.strip():
            return
        if not self._speakable:
            check_speakable(text)
        self._speakable = True
        self._voicing.charge(speech, text)
        now = asyncio.get_running_loop().time()
        for piece in pieces(text, speech.max_chunk_length):
            self._queue(partial(self._say, speech, piece, now))

    async def _say(self, speech: Speech, text: str, since: float) -> None:
        """Send the audio of a text; a WAV starts with its header in a separate frame."""
        async with aclosing(self._voicing.speak(speech, text, since)) as audio:
            async for chunk in audio:
                if speech.codec == "wav" and self._header_of != speech:
                    await self._send_audio(speech, wav_header(speech.sample_rate))
                self._header_of = speech
                await self._send_audio(speech, chunk)

    async def _send_audio(self, speech: Speech, audio: bytes) -> None:
        data = {
            "request_id": self._voicing.request_id(),
            "content_type": socket_type(speech),
            "audio": base64.b64encode(audio).decode(),
        }
        await self._socket.send({"type": "audio", "data": data})

    async def _finish(self) -> None:
        self._header_of = None
        if self._completion_events:
            data = {
                "event_type": "final",
                "message": "Audio generation completed",
                "timestamp": self._voicing.timestamp(),
            }
            await self._socket.send({"type": "event", "data": data})

    async def _end(self) -> None:
        await self._socket.close()
        raise SocketClosed


def pieces(text: str, longest: int) -> Iterator[str]:
    """Split the text into pieces up to a length, after a sentence if possible, else at a space.

    Joined, they are the text.
    """
    while len(text) > longest:
        window = text[:longest]
        ends = [found.end() for found in _SENTENCE_END.finditer(window)]
        blanks = [found.end() for found in _BLANK.finditer(window)]
        cut = (ends or blanks or [longest])[-1]
        yield text[:cut]
        text = text[cut:]
    if text:
        yield text


def _parsed(message: str) -> tuple[Any, Mapping[str, Any]]:
    """Read the type and the data of a message. Raises SchemaError where it has not the form of one."""
    try:
        content = json.loads(message)
    except ValueError:
        raise SchemaError from None
    if not isinstance(content, dict):
        raise SchemaError
    data = content.get("data") or {}
    if not isinstance(data, dict):
        raise SchemaError
    return content.get("type"), data
