"""What a service was asked, for `GET /_emulator/requests` and for tests in the same process."""

from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
import json
from typing import Any, Literal

KEPT_REQUESTS = 5000
KEPT_FRAMES = 2000
KEPT_CHARACTERS_SENT = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """A WebSocket message. What the service sent is cut to its first characters; `size` is the whole length."""

    sender: Literal["client", "service"]
    time: float
    size: int
    text: str

    @property
    def json(self) -> Any:
        """The message as JSON; only what the client sent is complete enough for it."""
        return json.loads(self.text)


@dataclass(kw_only=True, slots=True)
class LoggedRequest:
    """A request and what became of it.

    `body` is parsed where it is JSON, text where it is text, and otherwise says its length. `connection` numbers the
    TCP connections. `sent` is the bytes of the body that was answered. `ended` is empty while it runs, then `complete`,
    `abandoned` (the client went away) or `reset` (by a fault); `fault` is the one that was applied.
    """

    number: int
    connection: int
    time: float
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any = None
    status: int | None = None
    sent: int = 0
    ended: str = ""
    fault: str | None = None
    frames: deque[Frame] = field(default_factory=lambda: deque(maxlen=KEPT_FRAMES))

    def frames_of_client(self) -> list[Any]:
        """Return what the client sent over the WebSocket, parsed."""
        return [frame.json for frame in self.frames if frame.sender == "client"]

    def log_frame(self, sender: Literal["client", "service"], text: str, time: float) -> None:
        """Keep a message."""
        kept = text if sender == "client" else text[:KEPT_CHARACTERS_SENT]
        self.frames.append(Frame(sender=sender, time=time, size=len(text), text=kept))

    def as_json(self) -> dict[str, Any]:
        """For the control endpoint."""
        return asdict(self) | {"frames": [asdict(frame) for frame in self.frames]}


def readable(body: bytes, content_type: str) -> Any:
    """Return the body of a request as the log has it."""
    if not body:
        return None
    if content_type.startswith("multipart/"):
        return f"{len(body)} bytes"
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return f"{len(body)} bytes"
    try:
        return json.loads(text)
    except ValueError:
        return text
