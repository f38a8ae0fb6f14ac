"""One request at a time: it is logged, its handler answers, faults strike, and the answer is sent."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
import socket
import struct
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, WeakSet

from aiohttp import web

from .call import Answer, Call, Handler, Refusal
from .faults import ConnectionReset, Fault, FaultKind, Faults, distorted, stall
from .log import KEPT_REQUESTS, LoggedRequest, readable
from .websocket import SocketClosed

if TYPE_CHECKING:
    from .service import Service

_WRONG_PAGE = b"<!doctype html><title>Sign in</title><p>Sign in to this network to go on."
_BEFORE_ANSWER = (FaultKind.RESET, FaultKind.STALL)
_KEEPS_LENGTH = (FaultKind.RESET, FaultKind.STALL, FaultKind.STATUS, FaultKind.CONTENT_TYPE, FaultKind.IDLE_CLOSE)
_IN_BODY = (
    FaultKind.RESET, FaultKind.TRUNCATE, FaultKind.STALL, FaultKind.GARBAGE, FaultKind.SENTINEL, FaultKind.CLOSE,
    FaultKind.MALFORMED_BASE64, FaultKind.MALFORMED_JSON, FaultKind.FLOOD,
)  # fmt: skip


class Dispatcher:
    """Everything that a service is asked and answers passes here."""

    def __init__(self, service: Service[Any]) -> None:
        """Dispatch for that service."""
        self.requests: deque[LoggedRequest] = deque(maxlen=KEPT_REQUESTS)
        self.faults = Faults()
        self.connections_made = 0
        self.busy: set[web.RequestHandler] = set()
        """The connections of requests that are being answered."""
        self._service = service
        self._requests_made = 0
        self._connections: WeakKeyDictionary[asyncio.BaseTransport, int] = WeakKeyDictionary()
        self._greeted: WeakSet[asyncio.BaseTransport] = WeakSet()
        self._closing: set[asyncio.TimerHandle] = set()

    def stop(self) -> None:
        """Cancel its timers."""
        for timer in self._closing:
            timer.cancel()

    def serving(self, handler: Handler) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """Return the handler as aiohttp wants it."""

        async def serve(request: web.Request) -> web.StreamResponse:
            loop = asyncio.get_running_loop()
            call = Call(request=request, entry=self._logged(request), started=loop.time())
            self.busy.add(request.protocol)
            try:
                with call.resources:
                    response = await self._answered(call, handler)
            except (ConnectionReset, SocketClosed, ExceptionGroup) as end:
                response = _ended(call, end)
            except asyncio.CancelledError, ConnectionError:
                call.entry.ended = "abandoned"
                raise
            finally:
                self.busy.discard(request.protocol)
                call.entry.ended = call.entry.ended or "complete"
            self._close_idle(call)
            return response

        return serve

    async def _answered(self, call: Call, handler: Handler) -> web.StreamResponse:
        await self._connect(call)
        call.body = await call.request.read()
        call.entry.body = readable(call.body, call.headers.get("Content-Type", ""))
        call.started = asyncio.get_running_loop().time()
        fault = call.fault = self.faults.take(call.method, call.entry.endpoint)
        if fault:
            call.entry.fault = fault.fault
            await _strike_before(fault)
        try:
            answer = self._instead(call, fault) or await handler(call)
        except Refusal as refusal:
            answer = refusal.answer
        if answer is None:
            assert call.socket is not None
            await call.socket.close()
            return call.socket
        return await self._send(call, answer)

    def _logged(self, request: web.Request) -> LoggedRequest:
        transport = request.transport
        assert transport is not None
        if transport not in self._connections:
            self.connections_made += 1
            self._connections[transport] = self.connections_made
        self._requests_made += 1
        entry = LoggedRequest(
            number=self._requests_made,
            connection=self._connections[transport],
            time=self._service.clock.time(),
            method=request.method,
            path=request.path,
            endpoint=self._service.endpoint(request),
            query=dict(request.query),
            headers=dict(request.headers),
        )
        self.requests.append(entry)
        return entry

    async def _connect(self, call: Call) -> None:
        """Wait for what a new connection costs, once."""
        transport = call.request.transport
        if transport is not None and transport not in self._greeted:
            self._greeted.add(transport)
            if self._service.behaviour.connect_delay:
                await asyncio.sleep(self._service.behaviour.connect_delay)

    def _instead(self, call: Call, fault: Fault | None) -> Answer | None:
        """Return what a fault answers instead of the service."""
        upgrade = call.headers.get("Upgrade", "").lower() == "websocket"
        if fault is None or fault.after_frames is not None:
            return None
        if fault.fault is FaultKind.STATUS and fault.status < 400 and fault.code is None:
            return Answer(status=fault.status, content_type=None, headers=fault.headers or {})
        if fault.fault is FaultKind.STATUS:
            answer = self._service.error(call, fault.status, fault.code, fault.message, fault.extra)
            headers = {**answer.headers, **(fault.headers or {})}
            return Answer(status=answer.status, content_type=answer.content_type, headers=headers, body=answer.body)
        if fault.fault is FaultKind.CONTENT_TYPE and not upgrade:
            return Answer(content_type=fault.content_type, body=_WRONG_PAGE)
        return None

    async def _send(self, call: Call, answer: Answer) -> web.StreamResponse:
        """Send the answer, as the fault leaves it."""
        response = web.StreamResponse(status=answer.status, headers=answer.headers)
        if answer.content_type:
            response.headers["Content-Type"] = answer.content_type
        if isinstance(answer.body, bytes) and (call.fault is None or call.fault.fault in _KEEPS_LENGTH):
            response.content_length = len(answer.body)
        call.entry.status = answer.status
        if isinstance(answer.body, bytes):
            call.resources.close()  # Its generator has sent it
        source = _at_once(answer.body) if isinstance(answer.body, bytes) else answer.body
        strikes = call.fault and call.fault.fault in _IN_BODY and not _struck_before(call.fault)
        body = distorted(source, call.fault) if call.fault and strikes else source
        async with aclosing(source), aclosing(body):
            await response.prepare(call.request)
            async for chunk in body:
                await response.write(chunk)
                call.entry.sent += len(chunk)
        call.resources.close()
        await response.write_eof()
        return response

    def _close_idle(self, call: Call) -> None:
        """Close a connection that would be kept alive, where the fault says so."""
        transport = call.request.transport
        if call.fault and call.fault.fault is FaultKind.IDLE_CLOSE and transport and not call.socket:
            timer = asyncio.get_running_loop().call_later(call.fault.seconds or 0.0, transport.close)
            self._closing.add(timer)


async def _at_once(body: bytes) -> AsyncGenerator[bytes]:
    if body:
        yield body


def _struck_before(fault: Fault) -> bool:
    """Whether it strikes before the answer has begun."""
    return fault.before_answer and fault.fault in _BEFORE_ANSWER


async def _strike_before(fault: Fault) -> None:
    """Let the fault strike before the service does anything."""
    if not _struck_before(fault):
        return
    if fault.fault is FaultKind.RESET:
        raise ConnectionReset
    await stall(fault)


def _ended(call: Call, end: Exception) -> web.StreamResponse:
    """Return the result of a request that ended early. Raises anything that is an error of the emulator."""
    group = ExceptionGroup("end", [end])
    if group.split((ConnectionReset, SocketClosed))[1]:
        raise end
    if group.subgroup(ConnectionReset):
        call.entry.ended = "reset"
        _reset_connection(call.request)
    return call.socket or web.Response()


def _reset_connection(request: web.Request) -> None:
    """End the connection with RST instead of FIN."""
    transport = request.transport
    if transport is None:
        return
    connection = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
