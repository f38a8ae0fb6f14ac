"""What a service was asked, for `GET /_emulator/requests` and for tests in the same process."""

from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
import hashlib
import json
from typing import Any, Literal

from .forms import Part, parts

_RECORDINGS = ("audio", "audioData", "ref_audio", "PromptAudio")
"""Fields of JSON that a recording comes in, as base64."""

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

    `endpoint` is the path, or what tells requests to the same path apart. `body` is parsed where it is JSON or a form,
    text where it is text, and otherwise says its length; of a file or a recording, `size` and `sha256` are kept and
    nothing else. `connection` numbers the TCP connections. `sent` is the
    bytes of the body that was answered. `ended` is empty while it runs, then `complete`,
    `abandoned` (the client went away) or `reset` (by a fault); `fault` is the one that was applied.
    """

    number: int
    connection: int
    time: float
    method: str
    path: str
    endpoint: str
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
        kept = _without_recordings(text) if sender == "client" else text[:KEPT_CHARACTERS_SENT]
        self.frames.append(Frame(sender=sender, time=time, size=len(text), text=kept))

    def as_json(self) -> dict[str, Any]:
        """For the control endpoint."""
        return asdict(self) | {"frames": [asdict(frame) for frame in self.frames]}


def readable(body: bytes, content_type: str) -> Any:
    """Return the body of a request as the log has it; `content_type` is the header."""
    if not body:
        return None
    if form := parts(content_type, body):
        return {name: _readable_part(part) for name, part in form.items()}
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return f"{len(body)} bytes"
    try:
        return json.loads(text, object_hook=_recordings_told)
    except ValueError:
        return text


def _readable_part(part: Part) -> Any:
    try:
        return part.data.decode() if part.filename is None else {"filename": part.filename, **_told(part.data)}
    except UnicodeDecodeError:
        return _told(part.data)


def _without_recordings(text: str) -> str:
    """Return a message as it came, but for recordings in it."""
    if not any(f'"{name}"' in text for name in _RECORDINGS):
        return text
    try:
        return json.dumps(json.loads(text, object_hook=_recordings_told), ensure_ascii=False)
    except ValueError:
        return text


def _recordings_told(fields: dict[str, Any]) -> dict[str, Any]:
    recordings = {name: fields[name] for name in _RECORDINGS if isinstance(fields.get(name), str)}
    return fields | {name: _told(recording.encode()) for name, recording in recordings.items()}


def _told(data: bytes) -> dict[str, Any]:
    return {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
