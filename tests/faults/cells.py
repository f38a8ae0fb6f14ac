"""The words of the matrix: a route to a service, a trouble on it, and what has to come of both."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from custom_components.streaming_tts.providers.provider import Provider
from custom_components.streaming_tts.providers.types import Credentials, Failure, Transport
from tests.emulator.faults import Fault, FaultKind
from tests.emulator.service import Service

WITHOUT_SOCKETS = ("tencent", "flow_tts")
"""The providers that speak over HTTP alone."""
PIECES = 4
"""In how many pieces the sound of a scene comes, where it comes in pieces."""
MIB = 1024 * 1024
MIDDLE_BYTES = 9000
"""Where the middle of an answer is, counted in bytes: between two samples."""


class Stage(StrEnum):
    """When something goes wrong."""

    CONNECT = "connect"
    """Before the service has answered anything."""
    ANSWER = "answer"
    """Behind the headers or the upgrade, before the first sound."""
    SOUND = "sound"
    """Between two pieces of the sound."""
    END = "end"
    """In the place of what marks the end."""
    IDLE = "idle"
    """Between two requests over one connection."""
    TOKEN = "token"
    """In what proves the account."""


class Outcome(StrEnum):
    """What comes of a request that raises nothing."""

    WHOLE = "whole"
    """The sound, sample for sample."""
    UNTOLD = "untold"
    """Other sound: bare samples that end early between two of them, or are noise, are like any others on the wire."""


class Form(StrEnum):
    """How sound comes over a route."""

    RAW = "raw"
    """As bare samples in a body."""
    JSON = "json"
    """As base64 in one object."""
    EVENTS = "events"
    """As base64 in server-sent events, of which the last has the end mark."""
    FRAMES = "frames"
    """As base64 in frames of a WebSocket, and an end mark behind them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """A way to have a text spoken: `variant` names which of its contracts a service follows, where it has several."""

    provider: str
    transport: Transport
    form: Form
    path: str
    variant: str = ""
    behaviour: tuple[tuple[str, Any], ...] = ()

    def __str__(self) -> str:
        """Return it in a word."""
        return "-".join(filter(None, (self.provider, self.transport, self.variant)))

    @property
    def goes_first(self) -> bool:
        """Tell whether what there is of a text goes over this route while the rest of it is being written."""
        return self.transport is (Transport.STREAM if self.provider in WITHOUT_SOCKETS else Transport.WEBSOCKET)

    def where(self, stage: Stage) -> dict[str, int]:
        """Return where in an answer a fault strikes at a stage, as options of `Fault`."""
        if stage is Stage.CONNECT:
            return {}
        if self.form in (Form.RAW, Form.JSON):
            return {"after_bytes": {Stage.ANSWER: 0, Stage.SOUND: MIDDLE_BYTES}[stage]}
        last = PIECES if self.form is Form.FRAMES else PIECES - 1
        return {"after_frames": {Stage.ANSWER: 0, Stage.SOUND: PIECES // 2, Stage.END: last}[stage]}

    def fault(self, kind: FaultKind, stage: Stage, **options: Any) -> Fault:
        """Return a fault that strikes at a stage."""
        return Fault(fault=kind, match=self.path, **self.where(stage) | options)


class Place(Protocol):
    """Where something goes wrong: an account that speaks over a route, alone or in a home.

    `credentials` are its first.
    """

    route: Route
    service: Service[Any]
    credentials: Credentials

    @property
    def provider(self) -> Provider:
        """Return the account's provider."""

    async def speak_before(self) -> None:
        """Speak over the connection that the trouble comes to, or over one that is kept alive for it."""

    def restore(self) -> None:
        """Bring the service back to how it was before the trouble."""


type Step = Callable[[Place], Awaitable[None]]
"""Something that is done to a place."""


async def nothing(_place: Place) -> None:
    """Do nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trouble:
    """What goes wrong, by the faults of the service or by what is done before or meanwhile.

    `within` bounds the loop's time in s, `taken` the bytes that are taken of an answer; `sure` are the bytes of sound
    that are right all the same (None: all that came), and `mend` makes good what stays wrong. `unmarked` says that the
    end
    mark never comes; `over_http` is what HTTP comes to where a home repeats there what failed on a socket, if not the
    sound.
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
    """A trouble on a route."""

    route: Route
    trouble: Trouble

    def __str__(self) -> str:
        """Return it in a few words."""
        return f"{self.route}: {self.trouble.stage}: {self.trouble.name}"
