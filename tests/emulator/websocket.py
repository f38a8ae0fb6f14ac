"""A WebSocket of a service: logs its frames and lets the faults strike."""

import asyncio
from collections.abc import Callable, Mapping
import json
from typing import Any

from aiohttp import WSMsgType, web

from .faults import MALFORMED, PAUSE, SENTINEL, ConnectionReset, Fault, FaultKind, garbage, malformed, stall
from .log import LoggedRequest

type ErrorFrame = Callable[[int, str | None, str | None, Mapping[str, Any] | None], Mapping[str, Any]]


class SocketClosed(Exception):
    """The conversation is over; there is nothing left to do."""


class Socket:
    """An accepted WebSocket. One task at a time receives; any may send."""

    def __init__(
        self,
        socket: web.WebSocketResponse,
        entry: LoggedRequest,
        fault: Fault | None,
        *,
        time: Callable[[], float],
        error_frame: ErrorFrame,
    ) -> None:
        """`time` is for the log, `error_frame` makes the frame of a status fault."""
        self._socket = socket
        self._entry = entry
        self._fault = fault
        self._time = time
        self._error_frame = error_frame
        self._frames_sent = 0
        self._struck = False
        self._sending = asyncio.Lock()

    async def receive(self, idle_timeout: float | None = None) -> str:
        """Receive the next message, as text.

        Raises SocketClosed when the client closed or vanished and TimeoutError when it said nothing for too long.
        """
        if self._fault and self._fault.fault is FaultKind.IDLE_CLOSE:
            idle_timeout = self._fault.seconds or 0.0
        async with asyncio.timeout(idle_timeout):
            message = await self._socket.receive()
        if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
            raise SocketClosed
        text = message.data if message.type is WSMsgType.TEXT else bytes(message.data).decode(errors="replace")
        self._entry.log_frame("client", text, self._time())
        return str(text)

    async def send(self, payload: Mapping[str, Any], *, answers: bool = True) -> None:
        """Send a message of JSON. Raises SocketClosed when the conversation is over, ConnectionReset by a fault.

        A fault passes by what is no part of an answer, and counts only frames that are.
        """
        text = json.dumps(payload, ensure_ascii=False)
        async with self._sending:
            if not answers:
                await self._send_text(text)
                return
            fault = self._fault
            if fault and not self._struck and self._frames_sent >= (fault.after_frames or 0):
                whole = text
                text = await self._distorted(fault, text)
                self._struck = fault.fault not in MALFORMED or text != whole
            await self._send_text(text)
            self._frames_sent += 1

    async def close(self, code: int = 1000) -> None:
        """Close from this side and end the conversation."""
        await self._socket.close(code=code)

    @property
    def close_code(self) -> int | None:
        """With which code it was closed, once it is."""
        return self._socket.close_code

    async def _send_text(self, text: str) -> None:
        if self._socket.closed:
            raise SocketClosed
        try:
            await self._socket.send_str(text)
        except ConnectionError:
            raise SocketClosed from None
        self._entry.sent += len(text)
        self._entry.log_frame("service", text, self._time())

    async def _distorted(self, fault: Fault, text: str) -> str:
        """Return what is sent instead of the message, where anything is. A fault strikes only at one frame."""
        match fault.fault:
            case FaultKind.STALL if not fault.before_answer:
                await stall(fault)
            case FaultKind.MALFORMED_BASE64 | FaultKind.MALFORMED_JSON:
                return malformed(fault, text.encode()).decode()
            case FaultKind.RESET if not fault.before_answer:
                await asyncio.sleep(PAUSE)
                raise ConnectionReset
            case FaultKind.GARBAGE | FaultKind.CONTENT_TYPE:
                await self._socket.send_bytes(garbage())
                await self._end(1000)
            case FaultKind.FLOOD:
                return f'{text[:-1]}, "more": "{"A" * fault.size}"}}'
            case FaultKind.SENTINEL:
                await self._send_text(SENTINEL.decode())
                await self._end(1000)
            case FaultKind.STATUS if not fault.before_answer:
                frame = self._error_frame(fault.status, fault.code, fault.message, fault.extra)
                await self._send_text(json.dumps(frame))
                await self._end(fault.close_code)
            case FaultKind.TRUNCATE:
                await self._end(1000)
            case FaultKind.CLOSE:
                await self._end(fault.close_code)
        return text

    async def _end(self, code: int) -> None:
        await self.close(code)
        raise SocketClosed
