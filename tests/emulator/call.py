"""A request as a handler sees it, and the answers that it may give."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
import json
from typing import Any

from aiohttp import web

from .faults import Fault
from .log import LoggedRequest


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """An HTTP answer; a body that is a generator is sent as it comes, each chunk on its own."""

    status: int = 200
    content_type: str | None = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | AsyncGenerator[bytes] = b""


class Refusal(Exception):
    """Ends a request with an answer, from wherever it was found to be wrong."""

    def __init__(self, answer: Answer) -> None:
        """`answer` is what the client gets."""
        super().__init__(answer.status)
        self.answer = answer


def json_answer(payload: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """Return an answer of JSON."""
    return Answer(status=status, headers=headers or {}, body=json.dumps(payload, ensure_ascii=False).encode())


@dataclass(kw_only=True, slots=True)
class Call:
    """A request whose body has arrived; `started` is the time of the event loop at which it did."""

    request: web.Request
    entry: LoggedRequest
    started: float
    body: bytes = b""
    fault: Fault | None = None
    resources: ExitStack = field(default_factory=ExitStack)
    socket: web.WebSocketResponse | None = None

    @property
    def method(self) -> str:
        """In capitals."""
        return self.request.method

    @property
    def path(self) -> str:
        """Without the query."""
        return self.request.path

    @property
    def query(self) -> Mapping[str, str]:
        """The first value of each name."""
        return self.request.query

    @property
    def headers(self) -> Mapping[str, str]:
        """By name, in any case."""
        return self.request.headers

    @property
    def match(self) -> Mapping[str, str]:
        """The parts of the path that the route names."""
        return self.request.match_info

    def json(self) -> Any:
        """Return the body as JSON. Raises ValueError where it is none."""
        return json.loads(self.body)

    def hold[T](self, resource: AbstractContextManager[T]) -> T:
        """Enter something for as long as this request lasts, however it ends."""
        return self.resources.enter_context(resource)


type Handler = Callable[[Call], Awaitable[Answer | None]]
"""Answers a request; None where it was a WebSocket, which `Service.accept` accepted."""
type Route = tuple[str, str, Handler]
"""Method, path as aiohttp writes it, handler."""
