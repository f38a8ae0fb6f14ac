"""What went wrong with an account and how soon it answers. Pure: the clock is handed in."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from ..providers.types import Failure, ProviderError, Transport

_REMEMBERED_ANSWERS = 100
_REMEMBERED_REQUESTS = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class LastFailure:
    """The newest failure of a kind: when, and the service's own code for it."""

    at: datetime
    code: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class RecentRequest:
    """A request that has ended: what the service calls it, how it travelled, and how it failed if it did."""

    at: datetime
    request_id: str | None
    transport: Transport | None
    failure: Failure | None
    code: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Latency:
    """Seconds to the first byte of sound: of the newest request, and the median of the remembered ones."""

    last: float
    median: float
    requests: int


class Health:
    """Remembers the newest failure of each kind, and the time to first byte of the newest requests."""

    def __init__(self) -> None:
        """Start healthy and unmeasured."""
        self.last_failures: dict[Failure, LastFailure] = {}
        self.last_success: datetime | None = None
        self.requests: deque[RecentRequest] = deque(maxlen=_REMEMBERED_REQUESTS)
        """The newest requests to speak: a service finds them by their ids."""
        self._first_bytes: deque[float] = deque(maxlen=_REMEMBERED_ANSWERS)

    def failed(self, error: ProviderError, now: datetime) -> None:
        """Take note of a failure."""
        self.last_failures[error.failure] = LastFailure(at=now, code=error.code)

    def succeeded(self, now: datetime) -> None:
        """Take note that the account spoke."""
        self.last_success = now

    def answered(self, first_byte: float) -> None:
        """Take note of the seconds that a first byte of sound took."""
        self._first_bytes.append(first_byte)

    @property
    def latency(self) -> Latency | None:
        """Return the figures, or None before the first sound."""
        if not self._first_bytes:
            return None
        return Latency(last=self._first_bytes[-1], median=median(self._first_bytes), requests=len(self._first_bytes))
