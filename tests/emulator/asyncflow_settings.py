"""What can be set about AsyncFlow beyond what all three share."""

from dataclasses import dataclass
from enum import StrEnum

from .settings import Behaviour


class Validation(StrEnum):
    """What a body that makes no sense is answered with: the usual envelope and 400, or a list and 422."""

    WRAPPED = "wrapped"
    LIST = "list"


class BadKey(StrEnum):
    """What a WebSocket with a bad key gets: 401 at the upgrade, or an error frame and the end."""

    HTTP = "http"
    FRAME = "frame"


class CloneForm(StrEnum):
    """Which form a recording to clone comes in (docs/dev/protocols.md A8)."""

    CURRENT = "2026"
    STRICT = "002"
    """The provider's page of 2025: language and enhance are required, and the language is English."""


class EarlyClose(StrEnum):
    """The effect of a `close_context` before the audio of its context is complete."""

    FINISH = "finish"
    """All of the text is spoken, as the documentation says."""
    TRUNCATE = "truncate"
    """The audio ends with the frames sent so far; the first frame is always sent."""
    EMPTY = "empty"
    """Nothing more is sent, not even a first frame."""


class Final(StrEnum):
    """The message that ends a context with a final frame."""

    ALWAYS = "always"
    """An empty transcript (LiveKit) or a `close_context`, whichever comes first."""
    ON_CLOSE = "on_close"
    """A `close_context` only; an empty transcript does no more than have the rest spoken."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AsyncFlowBehaviour(Behaviour):
    """What can be set, above all where the sources leave it open. No limit is None.

    The defaults agree with all clients that are known to work with the real service (docs/dev/protocols.md A3): Pipecat
    and LiveKit use ids of their own, LiveKit ends a context with an empty transcript, and both use more than one
    context per socket. Behavior that only one team saw, or that would break those two, has to be switched on:
    `server_ids_only`, `final` on close, `close_after_final`, `gap_ms`.
    """

    keys: tuple[str, ...] = ("demo-key",)
    concurrency_limit: int | None = None
    rate_limit: int | None = None
    """Requests to speak or to clone within 60 seconds."""
    usage_limit: float | None = None
    """Seconds of audio in all."""
    validation: Validation = Validation.WRAPPED
    bad_key: BadKey = BadKey.HTTP
    name_contexts: bool = True
    init_ack: bool = True
    """The first frame is acknowledged with the id of a context that the service made; text without an id goes there."""
    server_ids_only: bool = False
    """Only the acknowledged ID speaks: text for other IDs is answered with an empty final frame."""
    early_close: EarlyClose = EarlyClose.TRUNCATE
    final: Final = Final.ALWAYS
    close_after_final: bool = False
    """The service closes the socket after a final frame: one utterance per socket."""
    gap_ms: float = 0.0
    """Milliseconds between two audio frames of a context; about 1000 were observed."""
    retired_models: tuple[str, ...] = ("asyncflow_v2.0", "asyncflow_multilingual_v1.0", "asyncflow_multilingual_v1.0.0")
    """Models that are refused, as they are no longer listed (docs/dev/protocols.md A9); without any they speak."""
    close_after_error: bool = True
    idle_timeout: float = 60.0
    null_cursor: bool = False
    """The cursor after the last page is null instead of an empty string."""
    old_status: bool = False
    """`GET /` answers as it did in 2025."""
    clone_form: CloneForm = CloneForm.CURRENT
    clone_limit: int | None = None
    """Own voices that an account may have."""
    preview_seconds: float = 300.0
    """For which the address of a preview is good."""
