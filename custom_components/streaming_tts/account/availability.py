"""Availability of an account or another engine: backoff, failures, latency. Pure: the clock is injected."""

from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from statistics import median

from ..const import LOGGER, QUOTA_REST, UNREACHABLE_REST
from ..providers.types import Failure, ProviderError, Transport

UNTIL_PROVEN = datetime.max.replace(tzinfo=UTC)
"""The end of a backoff that does not time out: the credentials must be verified or replaced."""

MAX_LATENCIES = 100
MAX_REQUESTS = 10

REQUEST_FAILURES = frozenset({Failure.INPUT, Failure.VOICE})
"""Failures caused by a request's content. A success with other content does not clear them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LastFailure:
    """The newest failure of a kind: its time and the service's error code."""

    at: datetime
    code: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class RecentRequest:
    """An ended request: its id at the service, its transport, and its failure, if any."""

    at: datetime
    request_id: str | None
    transport: Transport | None
    failure: Failure | None
    code: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Latency:
    """Seconds to the first byte of audio: of the newest request, and the median of recent ones."""

    last: float
    median: float
    requests: int


@dataclass(eq=False, slots=True)
class Availability:
    """Availability of an engine. Logs once when it becomes unavailable, and once when it recovers.

    After a failure it is in backoff: fallbacks that are available are preferred.
    """

    name: str
    """The name in log messages."""
    requests: deque[RecentRequest] = field(default_factory=lambda: deque(maxlen=MAX_REQUESTS))
    """The newest speech requests, with the ids to look them up at the service."""
    first_bytes: deque[float] = field(default_factory=lambda: deque(maxlen=MAX_LATENCIES))
    """Seconds to the first byte of audio of the newest requests."""
    last_failures: dict[Failure, LastFailure] = field(default_factory=dict)
    last_success: datetime | None = None
    _until: datetime | None = None
    _reason: Failure | None = None
    _failed_at: datetime | None = None
    _logged: set[tuple[Failure, str | None]] = field(default_factory=set)

    def backoff_reason(self, now: datetime) -> Failure | None:
        """Return the failure that caused the current backoff, or None.

        A failure in the future is ignored: it was recorded before the clock was set back.
        """
        if self._until is None or self._failed_at is None or not self._failed_at <= now < self._until:
            return None
        return self._reason

    def note_failure(self, error: ProviderError, renewal: datetime | None, now: datetime) -> None:
        """Record a failure. `renewal` is when the quota is renewed, if known."""
        self.note_attempt(error, now)
        self._failed_at = now
        until = _end_of_backoff(error, renewal, now)
        if until is not None and (self._until is None or until > self._until):
            self._until, self._reason = until, error.failure
        # A request can be invalid in several ways; each is logged once
        kind = (error.failure, error.code if error.failure in REQUEST_FAILURES else None)
        if kind in self._logged:
            return
        self._logged.add(kind)
        if error.failure is Failure.QUOTA:
            LOGGER.warning("The quota of %s is used up", self.name)
        else:
            LOGGER.warning("%s is unavailable: %s", self.name, error)

    def note_attempt(self, error: ProviderError, now: datetime) -> None:
        """Record a failure that was recovered by a retry over another transport."""
        self.last_failures[error.failure] = LastFailure(at=now, code=error.code)

    def note_success(self, started: datetime, now: datetime) -> None:
        """Record a successful request that started at `started`."""
        self.last_success = now
        over = {kind for kind in self._logged if kind[0] not in REQUEST_FAILURES}
        if over:
            self._logged -= over
            LOGGER.info("%s is available again", self.name)
        self.end_backoff(started)

    def end_backoff(self, started: datetime, reason: Failure | None = None) -> bool:
        """End a backoff, or only one for `reason`, after a success. Return True if there was one.

        A request started before the failure does not end it.
        """
        if self._until is None or (self._failed_at is not None and started <= self._failed_at):
            return False
        if reason not in (None, self._reason):
            return False
        self._until = self._reason = None
        return True

    @property
    def latency(self) -> Latency | None:
        """Return the latency, or None before the first audio."""
        if not self.first_bytes:
            return None
        return Latency(last=self.first_bytes[-1], median=median(self.first_bytes), requests=len(self.first_bytes))


def _end_of_backoff(error: ProviderError, renewal: datetime | None, now: datetime) -> datetime | None:
    """Return the end of the backoff for a failure, None if it causes none."""
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
