"""Faults: what may go wrong with an answer, as data, and the one place that makes it go wrong."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, fields
from enum import StrEnum
import random
import re
from typing import Any

SENTINEL = b"--ERROR:QUOTA_EXCEEDED--"
# Between the two parts of a split sentinel, so that a client reads them apart; and before a reset, so that it has read
# what came before, which the reset would take away.
PAUSE = 0.01
_GARBAGE_BYTES = 4096
_FLOOD_BYTES = 1024 * 1024
_BASE64 = re.compile(rb'("[A-Za-z_0-9]*audios?[A-Za-z_0-9]*"\s*:\s*\[?\s*")([A-Za-z0-9+/=]+)', re.IGNORECASE)


class FaultKind(StrEnum):
    """What goes wrong. "Here" is `after_bytes` or `after_frames`; see Fault."""

    STATUS = "status"
    """An error with `status`, `code`, `message`, `extra`, in the service's own envelope; on a WebSocket with
    `after_frames` an error frame and the end. Without a code a status below 400, which is no error, has no body."""
    RESET = "reset"
    """The TCP connection is reset: before the answer, or here."""
    TRUNCATE = "truncate"
    """The answer ends here, as if that were all of it; a WebSocket closes with 1000."""
    STALL = "stall"
    """Nothing more for `seconds`, or for ever: before the answer, or here."""
    GARBAGE = "garbage"
    """Random bytes instead of the rest, from here."""
    CONTENT_TYPE = "content_type"
    """A page of `content_type` with status 200 instead of the answer."""
    SENTINEL = "sentinel"
    """AsyncFlow's in-band error, split after its first `split` bytes, and then the end."""
    CLOSE = "close"
    """A WebSocket closes here with `close_code`; an HTTP connection is reset."""
    IDLE_CLOSE = "idle_close"
    """The connection is idle for too long after `seconds` (0 where not said): a WebSocket gets what the service says
    then, an HTTP connection that was kept alive closes."""
    FLOOD = "flood"
    """`size` times the letter A instead of the rest, from here; on a WebSocket as one more field of a frame."""
    MALFORMED_BASE64 = "malformed_base64"
    """The first audio in JSON from here on is no base64."""
    MALFORMED_JSON = "malformed_json"
    """The first JSON from here on lacks its last brace."""


MALFORMED = (FaultKind.MALFORMED_BASE64, FaultKind.MALFORMED_JSON)


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One fault, for requests whose path starts with `match`.

    `skip` requests pass before it, then it strikes `times` (-1: for ever). `after_bytes` counts bytes of the body; None
    is before the headers for reset and stall, otherwise the same as 0. `after_frames` counts frames of the service, or,
    where `after_bytes` is None, the events of a streamed body; the fault takes the place of the next one, and None is
    at the upgrade, or before the headers, for status, reset and stall, otherwise the same as 0.
    """

    fault: FaultKind
    match: str = "/"
    method: str | None = None
    times: int = 1
    skip: int = 0
    status: int = 500
    code: str | None = None
    message: str | None = None
    extra: Mapping[str, Any] | None = None
    headers: Mapping[str, str] | None = None
    after_bytes: int | None = None
    after_frames: int | None = None
    seconds: float | None = None
    split: int = len(SENTINEL)
    close_code: int = 1011
    content_type: str = "text/html"
    size: int = 0

    @classmethod
    def from_json(cls, payload: Mapping[str, Any]) -> Fault:
        """Return a fault as the control endpoint gets it. Raises ValueError where it is none."""
        if unknown := payload.keys() - {field.name for field in fields(cls)}:
            raise ValueError(f"no such option: {', '.join(sorted(unknown))}")
        return cls(**dict(payload) | {"fault": FaultKind(payload.get("fault", ""))})

    @property
    def before_answer(self) -> bool:
        """Whether it strikes before the service has answered anything."""
        return self.after_bytes is None and self.after_frames is None


class ConnectionReset(Exception):
    """The connection is to be reset now."""


class Faults:
    """The faults that were added to a service."""

    def __init__(self) -> None:
        """None at first."""
        self._waiting: list[tuple[Fault, int, int]] = []

    def add(self, fault: Fault) -> None:
        """One more; those that were added before go first."""
        self._waiting.append((fault, fault.skip, fault.times))

    def clear(self) -> None:
        """No more faults."""
        self._waiting.clear()

    def pending(self) -> list[Fault]:
        """Those that may still strike."""
        return [fault for fault, _, _ in self._waiting]

    def take(self, method: str, path: str) -> Fault | None:
        """Take the fault that strikes this request, counted."""
        for index, (fault, skip, times) in enumerate(self._waiting):
            if not path.startswith(fault.match) or fault.method not in (None, method):
                continue
            if skip:
                self._waiting[index] = (fault, skip - 1, times)
                continue
            if times == 1:
                del self._waiting[index]
            elif times > 1:
                self._waiting[index] = (fault, 0, times - 1)
            return fault
        return None


async def stall(fault: Fault) -> None:
    """Wait for as long as the fault says, or for ever."""
    if fault.seconds is None:
        await asyncio.get_running_loop().create_future()
    else:
        await asyncio.sleep(fault.seconds)


def garbage() -> bytes:
    """Random bytes, the same each time."""
    return random.Random(0).randbytes(_GARBAGE_BYTES)


def malformed(fault: Fault, payload: bytes) -> bytes:
    """JSON, or events of it, in which the audio is no base64, or that lacks a brace."""
    if fault.fault is FaultKind.MALFORMED_BASE64:
        return _BASE64.sub(lambda found: found[1] + b"!" + found[2][3:], payload, count=1)
    head, _, tail = payload.rpartition(b"}")
    return head + tail


async def distorted(body: AsyncIterator[bytes], fault: Fault) -> AsyncGenerator[bytes]:
    """Yield the body as the fault leaves it. Raises ConnectionReset where the connection is to be reset."""
    left = fault.after_bytes or 0
    events = fault.after_frames or 0 if fault.after_bytes is None else 0
    async for chunk in body:
        if events or (len(chunk) <= left and left):
            events = max(0, events - 1)
            left = max(0, left - len(chunk))
            yield chunk
            continue
        if fault.fault in MALFORMED and malformed(fault, chunk) == chunk:
            yield chunk
            continue
        async with aclosing(_struck(fault, chunk[:left], chunk[left:])) as pieces:
            async for piece in pieces:
                yield piece
        if fault.fault is FaultKind.STALL or fault.fault in MALFORMED:
            async for rest in body:
                yield rest
        return
    async with aclosing(_struck(fault, b"", b"")) as pieces:
        async for piece in pieces:
            yield piece


async def _struck(fault: Fault, head: bytes, tail: bytes) -> AsyncGenerator[bytes]:
    """Yield the chunk in which the fault strikes, between its head and its tail."""
    if fault.fault is FaultKind.SENTINEL:
        yield head + SENTINEL[: fault.split]
        if rest := SENTINEL[fault.split :]:
            await asyncio.sleep(PAUSE)
            yield rest
        return
    if head:
        yield head
    match fault.fault:
        case FaultKind.RESET | FaultKind.CLOSE:
            await asyncio.sleep(PAUSE)
            raise ConnectionReset
        case FaultKind.STALL:
            await stall(fault)
            yield tail
        case FaultKind.GARBAGE:
            yield garbage()
        case FaultKind.FLOOD:
            for start in range(0, fault.size, _FLOOD_BYTES):
                yield b"A" * min(_FLOOD_BYTES, fault.size - start)
        case FaultKind.MALFORMED_BASE64 | FaultKind.MALFORMED_JSON:
            yield malformed(fault, tail)
