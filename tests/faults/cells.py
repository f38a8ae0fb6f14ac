"""Terms of the matrix: a route to a service, a fault on it, and the expected outcome."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from custom_components.streaming_tts.providers.provider import Provider
from custom_components.streaming_tts.providers.types import Credentials, Failure, Transport
from tests.emulator.faults import Fault, FaultKind
from tests.emulator.service import Service

WITHOUT_SOCKETS = ("tencent", "flow_tts")
"""Providers that only speak over HTTP."""
PIECES = 4
"""Number of audio chunks of a scene."""
MIB = 1024 * 1024
MIDDLE_BYTES = 9000
"""The middle of a response in bytes, between two samples."""


class Stage(StrEnum):
    """The time of a fault."""

    CONNECT = "connect"
    """Before any response."""
    ANSWER = "answer"
    """After the headers or the upgrade, before the first audio."""
    SOUND = "sound"
    """Between two audio chunks."""
    END = "end"
    """In place of the end mark."""
    IDLE = "idle"
    """Between two requests over one connection."""
    TOKEN = "token"
    """In the credentials."""


class Outcome(StrEnum):
    """The outcome of a request without an error."""

    WHOLE = "complete"
    """Complete audio, sample by sample."""
    UNDETECTED = "undetected"
    """Other audio: PCM that ends early or is noise can't be distinguished from valid PCM."""


class Form(StrEnum):
    """The encoding of audio on a route."""

    RAW = "raw"
    """PCM in a body."""
    JSON = "json"
    """Base64 in one object."""
    EVENTS = "events"
    """Base64 in server-sent events, with an end mark in the last one."""
    FRAMES = "frames"
    """Base64 in WebSocket frames, followed by an end mark."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """A way to request speech; `variant` is the contract, if a service has several."""

    provider: str
    transport: Transport
    form: Form
    path: str
    variant: str = ""
    behaviour: tuple[tuple[str, Any], ...] = ()

    def __str__(self) -> str:
        """Return its name."""
        return "-".join(filter(None, (self.provider, self.transport, self.variant)))

    @property
    def goes_first(self) -> bool:
        """Return True if the first segments of a streamed text use this route."""
        return self.transport is (Transport.STREAM if self.provider in WITHOUT_SOCKETS else Transport.WEBSOCKET)

    def where(self, stage: Stage) -> dict[str, int]:
        """Return the position of a stage in a response, as options of `Fault`."""
        if stage is Stage.CONNECT:
            return {}
        if self.form in (Form.RAW, Form.JSON):
            return {"after_bytes": {Stage.ANSWER: 0, Stage.SOUND: MIDDLE_BYTES}[stage]}
        last = PIECES if self.form is Form.FRAMES else PIECES - 1
        return {"after_frames": {Stage.ANSWER: 0, Stage.SOUND: PIECES // 2, Stage.END: last}[stage]}

    def fault(self, kind: FaultKind, stage: Stage, **options: Any) -> Fault:
        """Return a fault at a stage."""
        return Fault(fault=kind, match=self.path, **self.where(stage) | options)


class Place(Protocol):
    """An account that speaks over a route, alone or in Home Assistant.

    `credentials` are its initial ones.
    """

    route: Route
    service: Service[Any]
    credentials: Credentials

    @property
    def provider(self) -> Provider:
        """Return the account's provider."""

    async def speak_before(self) -> None:
        """Speak over the connection under test, or over one that is kept alive for it."""

    def restore(self) -> None:
        """Reset the service to its state before the fault."""


type Step = Callable[[Place], Awaitable[None]]
"""An action on a place."""


async def nothing(_place: Place) -> None:
    """Do nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trouble:
    """A fault, caused by the emulator or by actions before or during the request.

    `within` limits the loop's time in s, `taken` the bytes read of a response. `sure` are the bytes of audio that are
    valid in any case (None: all received ones), and `mend` repairs a permanent fault. `unmarked` means that the end
    mark never arrives; `over_http` is the outcome over HTTP if Home Assistant repeats a failed socket request there, if
    not complete audio.
    """

    name: str
    stage: Stage
    expected: Failure | Outcome
    faults: tuple[Fault, ...] = ()
    within: float = 2.0
    taken: int = 2 * MIB
    sure: int | None = None
    unmarked: bool = False
    over_http: Failure | None = None
    before: Step = nothing
    connected: Step = nothing
    sounding: Step = nothing
    mend: Step = nothing


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """A fault on a route."""

    route: Route
    trouble: Trouble

    def __str__(self) -> str:
        """Return its name."""
        return f"{self.route}: {self.trouble.stage}: {self.trouble.name}"
