"""When an account that failed is asked again, if somebody else can speak meanwhile. Pure: the clock is handed in."""

from datetime import UTC, datetime, timedelta

from ..const import QUOTA_REST, UNREACHABLE_REST
from ..providers.types import Failure, ProviderError

FOR_GOOD = datetime.max.replace(tzinfo=UTC)
"""The end of a rest that only the user can end, who does it with a reload."""


class Backoff:
    """Remembers until when an account is left alone."""

    def __init__(self) -> None:
        """Start ready."""
        self.until: datetime | None = None
        self.reason: Failure | None = None
        self._failed_at: datetime | None = None

    def resting(self, now: datetime) -> bool:
        """Tell whether the account is left alone now; a failure in the future was one before the clock was put back."""
        return self.until is not None and self._failed_at is not None and self._failed_at <= now < self.until

    def succeeded(self, started: datetime) -> None:
        """Take note that the account spoke; what was asked before the failure says nothing."""
        if self._failed_at is None or started > self._failed_at:
            self.until = self.reason = None

    def failed(self, error: ProviderError, renewal: datetime | None, now: datetime) -> None:
        """Take note of a failure; `renewal` is when the quota is renewed, if that is known."""
        self._failed_at = now
        until = self._until(error, renewal, now)
        if until is not None and (self.until is None or until > self.until):
            self.until, self.reason = until, error.failure

    def _until(self, error: ProviderError, renewal: datetime | None, now: datetime) -> datetime | None:
        """Return until when a failure lets the account rest, None where it does not."""
        match error.failure:
            case Failure.UNREACHABLE:
                return now + UNREACHABLE_REST
            case Failure.QUOTA:
                return renewal or now + QUOTA_REST
            case Failure.AUTH:
                return FOR_GOOD
            case Failure.RATE if error.retry_after is not None:
                return now + timedelta(seconds=error.retry_after)
        return None
