"""When an account that failed is asked again, if somebody else can speak meanwhile. Pure: the clock is handed in."""

from datetime import UTC, datetime, timedelta

from .const import QUOTA_REST, UNREACHABLE_REST
from .providers.base import Failure, ProviderError

FOR_GOOD = datetime.max.replace(tzinfo=UTC)
"""The end of a rest that only the user can end, who does it with a reload."""


class Rest:
    """Remembers until when an account is left alone."""

    def __init__(self) -> None:
        """Start ready."""
        self.until: datetime | None = None

    def resting(self, now: datetime) -> bool:
        """Tell whether the account is left alone now."""
        return self.until is not None and now < self.until

    def succeeded(self) -> None:
        """Take note that the account spoke."""
        self.until = None

    def failed(self, error: ProviderError, renewal: datetime | None, now: datetime) -> None:
        """Take note of a failure; `renewal` is when the quota is renewed, if that is known."""
        match error.failure:
            case Failure.UNREACHABLE:
                self.until = now + UNREACHABLE_REST
            case Failure.QUOTA:
                self.until = renewal or now + QUOTA_REST
            case Failure.AUTH:
                self.until = FOR_GOOD
            case Failure.RATE if error.retry_after is not None:
                self.until = now + timedelta(seconds=error.retry_after)
