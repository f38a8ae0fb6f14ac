"""Whether an account, or another engine, can be asked: backoff, failures, latency. Pure: the clock is handed in."""

from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from statistics import median

from ..const import LOGGER, QUOTA_REST, UNREACHABLE_REST
from ..providers.types import Failure, ProviderError, Transport

UNTIL_PROVEN = datetime.max.replace(tzinfo=UTC)
"""The end of a backoff that time does not end: the credentials have to be proven, or replaced."""

MAX_LATENCIES = 100
MAX_REQUESTS = 10

REQUEST_FAILURES = frozenset({Failure.INPUT, Failure.VOICE})
"""Failures of what was asked: that something else could be spoken does not end them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LastFailure:
    """The newest failure of a kind: when, and the service's own code for it."""

    at: datetime
    code: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class RecentRequest:
    """A request that has ended: its id at the service, its transport, and how it failed if it did."""

    at: datetime
    request_id: str | None
    transport: Transport | None
    failure: Failure | None
    code: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Latency:
    """Seconds to the first byte of audio: of the newest request, and the median of the remembered ones."""

    last: float
    median: float
    requests: int


@dataclass(eq=False, slots=True)
class Availability:
    """What is known of how well somebody can be asked, logged once when that ends and once when it is back.

    Who failed is in backoff, and asked last, behind everybody else who could speak.
    """

    name: str
    """What the log calls it."""
    requests: deque[RecentRequest] = field(default_factory=lambda: deque(maxlen=MAX_REQUESTS))
    """The newest requests to speak: a service finds them by their ids."""
    first_bytes: deque[float] = field(default_factory=lambda: deque(maxlen=MAX_LATENCIES))
    """The seconds that the newest first bytes of audio took."""
    last_failures: dict[Failure, LastFailure] = field(default_factory=dict)
    last_success: datetime | None = None
    _until: datetime | None = None
    _reason: Failure | None = None
    _failed_at: datetime | None = None
    _logged: set[tuple[Failure, str | None]] = field(default_factory=set)

    def backoff_reason(self, now: datetime) -> Failure | None:
        """Return the failure that it is in backoff for, None if it is not.

        A failure in the future was one before the clock was put back, and counts no more.
        """
        if self._until is None or self._failed_at is None or not self._failed_at <= now < self._until:
            return None
        return self._reason

    def note_failure(self, error: ProviderError, renewal: datetime | None, now: datetime) -> None:
        """Take a failure that counts; `renewal` is when the quota is renewed, if that is known."""
        self.note_attempt(error, now)
        self._failed_at = now
        until = _end_of_backoff(error, renewal, now)
        if until is not None and (self._until is None or until > self._until):
            self._until, self._reason = until, error.failure
        # What was asked may be wrong in several ways, each of which is one thing to know
        kind = (error.failure, error.code if error.failure in REQUEST_FAILURES else None)
        if kind in self._logged:
            return
        self._logged.add(kind)
        if error.failure is Failure.QUOTA:
            LOGGER.warning("The quota of %s is used up", self.name)
        else:
            LOGGER.warning("%s is unavailable: %s", self.name, error)

    def note_attempt(self, error: ProviderError, now: datetime) -> None:
        """Take a failure that was made good at once over another transport."""
        self.last_failures[error.failure] = LastFailure(at=now, code=error.code)

    def note_success(self, started: datetime, now: datetime) -> None:
        """Take a request that was spoken and when it was made."""
        self.last_success = now
        over = {kind for kind in self._logged if kind[0] not in REQUEST_FAILURES}
        if over:
            self._logged -= over
            LOGGER.info("%s is available again", self.name)
        self.end_backoff(started)

    def end_backoff(self, started: datetime, reason: Failure | None = None) -> bool:
        """End a backoff, or only one for a reason, by what was asked at a time; return True if there was one.

        What was asked before the failure says nothing.
        """
        if self._until is None or (self._failed_at is not None and started <= self._failed_at):
            return False
        if reason not in (None, self._reason):
            return False
        self._until = self._reason = None
        return True

    @property
    def latency(self) -> Latency | None:
        """Return the figures, or None before the first audio."""
        if not self.first_bytes:
            return None
        return Latency(last=self.first_bytes[-1], median=median(self.first_bytes), requests=len(self.first_bytes))


def _end_of_backoff(error: ProviderError, renewal: datetime | None, now: datetime) -> datetime | None:
    """Return until when a failure lasts, None where it calls for no backoff."""
    match error.failure:
        case Failure.UNREACHABLE:
            return now + UNREACHABLE_REST
        case Failure.QUOTA:
            return renewal or now + QUOTA_REST
        case Failure.AUTH:
            return UNTIL_PROVEN
        case Failure.RATE if error.retry_after is not None:
            return now + timedelta(seconds=error.retry_after)
    return None
