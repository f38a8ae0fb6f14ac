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
    """Which form a recording to clone comes in (protocols.md A8)."""

    CURRENT = "2026"
    STRICT = "002"
    """The provider's page of 2025: language and enhance are required, and the language is English."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AsyncFlowBehaviour(Behaviour):
    """What can be set, above all where the sources leave it open. No limit is None."""

    keys: tuple[str, ...] = ("demo-key",)
    concurrency_limit: int | None = None
    rate_limit: int | None = None
    """Requests to speak or to clone within 60 seconds."""
    usage_limit: float | None = None
    """Seconds of audio in all."""
    validation: Validation = Validation.WRAPPED
    bad_key: BadKey = BadKey.HTTP
    name_contexts: bool = True
    close_after_error: bool = True
    idle_timeout: float = 60.0
    null_cursor: bool = False
    """The cursor behind the last page is null instead of an empty text."""
    old_status: bool = False
    """`GET /` answers as it did in 2025."""
    clone_form: CloneForm = CloneForm.CURRENT
    clone_limit: int | None = None
    """Own voices that an account may have."""
    preview_seconds: float = 300.0
    """For which the address of a preview is good."""
