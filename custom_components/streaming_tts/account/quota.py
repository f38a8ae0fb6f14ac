"""What is left of an account's allowance, by the last report and what was spent since. Pure: the clock is handed in."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from ..providers.types import Quota, Source

_DAY = timedelta(days=1)

MAX_NUMBER = 10**12
"""The largest number that is believed of a service."""


class QuotaTracker:
    """Keeps an account's quota between reports.

    A reported number is taken. Until the next report it is the last one minus the price of what was asked since, and
    once the allowance has been renewed it is whole again: both are estimates and say so. `daily` tells that it is
    renewed at 00:00 UTC unless the service names another time; without it the time is unknown until it is named. Some
    services that look daily have a pool that is never renewed: where what was used outlives 00:00 UTC, no more renewals
    are assumed, until less is used than before.
    """

    def __init__(self, *, daily: bool) -> None:
        """Start with nothing known."""
        self._daily = daily
        self._known: Quota | None = None
        self._renewal: datetime | None = None
        self._told: datetime | None = None  # the renewal that the service has told
        self._since: datetime | None = None  # the last renewal
        self._renewal_before: datetime | None = None  # which was next before the clock was put back
        self._refused: bool | None = None
        self._refused_at: datetime | None = None
        self._reported_at: datetime | None = None
        self._reported_used: int | None = None
        self._renewed_since_report = False
        self._is_pool = False

    def report(self, quota: Quota, now: datetime) -> None:
        """Take what the service said; numbers that cannot be are left out, a report without any is none."""
        sane = _sane(quota)
        if (sane.limit, sane.used, sane.remaining) == (None, None, None):
            return
        self._renew(now)
        self._judge_renewal(sane)
        self._known = replace(sane, source=Source.REPORTED)
        self._renewal, self._renewal_before = self._next_renewal(sane.resets_at, now), None
        self._reported_at = now
        self._refused = None

    def spend(self, points: int, started: datetime, now: datetime) -> None:
        """Reckon with the price of a request, unless a report that came after its start has included it."""
        self._renew(now)
        known = self._known
        if known is None or points <= 0 or (self._reported_at is not None and self._reported_at >= started):
            return
        self._known = replace(
            known,
            used=None if known.used is None else known.used + points,
            remaining=None if known.remaining is None else max(0, known.remaining - points),
            source=Source.ESTIMATED,
        )

    def refuse(self, quota: Quota | None, now: datetime) -> None:
        """Take note that the service refused for want of quota, with what it said on that occasion."""
        self._renew(now)
        if quota is not None:
            self.report(quota, now)
        known = self._known or Quota()
        if known.remaining != 0:
            self._known = replace(known, used=known.limit, remaining=0, source=Source.ESTIMATED)
        self._renewal = self._renewal or self._next_renewal(None, now)
        self._refused = True
        self._refused_at = now

    def accept(self, started: datetime, now: datetime) -> None:
        """Take note that the service spoke on a request.

        If it was made after a refusal, there is something left again.
        """
        self._renew(now)
        if self._refused_at is not None and self._refused_at >= started:
            return
        if self._refused and self._known is not None:
            self._known = replace(self._known, used=None, remaining=None)
        self._refused = False

    def quota(self, now: datetime) -> Quota | None:
        """Return what is left, or None while nothing is known."""
        self._renew(now)
        return None if self._known is None else replace(self._known, resets_at=self._renewal)

    def exhausted(self, now: datetime) -> bool | None:
        """Return True if nothing is left; None while nobody knows."""
        self._renew(now)
        if self._known is not None and self._known.remaining is not None:
            return self._known.remaining == 0
        return self._refused

    def closed_until(self, now: datetime) -> datetime | None:
        """Return until when it is certain that nothing is left: the service said so, and when that ends."""
        if self.exhausted(now) and (self._refused or (self._known and self._known.source is Source.REPORTED)):
            return self._renewal
        return None

    def renewal(self, now: datetime) -> datetime | None:
        """Return when the allowance is renewed next, if that is known."""
        self._renew(now)
        return self._renewal

    def since(self, now: datetime) -> datetime | None:
        """Return when the allowance was renewed last, None where that was not observed."""
        self._renew(now)
        return self._since

    def as_dict(self) -> dict[str, Any]:
        """Return the state as JSON."""
        known = self._known
        return {
            "limit": known and known.limit,
            "used": known and known.used,
            "remaining": known and known.remaining,
            "source": known and known.source,
            "renewal": self._renewal and self._renewal.isoformat(),
            "told": self._told and self._told.isoformat(),
            "since": self._since and self._since.isoformat(),
            "renewal_before": self._renewal_before and self._renewal_before.isoformat(),
            "refused": self._refused,
            "reported_used": self._reported_used,
            "renewed_since_report": self._renewed_since_report,
            "is_pool": self._is_pool,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up the state that `as_dict` returned; what was reported before a restart is an estimate after it."""
        if state["source"] is not None:
            self._known = Quota(
                limit=state["limit"], used=state["used"], remaining=state["remaining"], source=Source.ESTIMATED
            )
        self._renewal = datetime.fromisoformat(state["renewal"]) if state["renewal"] else None
        # Later releases have added these
        self._told = _restored(state.get("told"))
        self._since = _restored(state.get("since"))
        self._renewal_before = _restored(state.get("renewal_before"))
        self._refused = state["refused"]
        self._reported_used = state.get("reported_used")  # written since pools are known, as are the next two
        self._renewed_since_report = state.get("renewed_since_report", False)
        self._is_pool = state.get("is_pool", False)

    def _renew(self, now: datetime) -> None:
        """Let the allowance be whole again once its time has come; a clock that is right again is on the same day."""
        self._mind_the_clock(now)
        if self._renewal is None or now < self._renewal:
            return
        before, self._renewal_before = self._renewal_before, None
        passed, self._renewal = self._renewal, self._next_renewal(None, now)
        if self._renewal is not None and self._renewal == before:
            return
        self._since = passed
        self._refused = self._refused_at = self._reported_at = None
        self._renewed_since_report = True
        limit = None if self._known is None else self._known.limit
        self._known = None if limit is None else Quota(limit=limit, used=0, remaining=limit, source=Source.ESTIMATED)

    def _judge_renewal(self, report: Quota) -> None:
        """Learn from a report whether there was a renewal: what was used before it is no longer used after it."""
        before, self._reported_used = self._reported_used, report.used
        renewed, self._renewed_since_report = self._renewed_since_report, False
        if before is None or report.used is None:
            return
        spent_since = (self._known.used if self._known is not None else None) or 0
        if report.used < before:
            self._is_pool = False
        elif renewed and report.used > spent_since:
            self._is_pool = before > 0

    def _mind_the_clock(self, now: datetime) -> None:
        """Forget what is still to come and cannot be: the clock has been put back."""
        if self._refused_at is not None and self._refused_at > now:
            self._refused_at = None
        if self._reported_at is not None and self._reported_at > now:
            self._reported_at = None
        if self._daily and self._renewal not in (None, self._told) and self._renewal - now > _DAY:
            self._renewal_before = self._renewal_before or self._renewal
            self._renewal = self._next_renewal(None, now)

    def _next_renewal(self, told: datetime | None, now: datetime) -> datetime | None:
        """Return the time that the service told last if it is to come, else the next 00:00 UTC if that is the rule."""
        self._told = next((time for time in (told, self._told) if time is not None and time > now), None)
        if self._told is not None:
            return self._told
        if not self._daily or self._is_pool:
            return None
        return datetime.combine(now.astimezone(UTC).date() + timedelta(days=1), datetime.min.time(), tzinfo=UTC)


def _restored(time: str | None) -> datetime | None:
    """Return a stored time."""
    return None if time is None else datetime.fromisoformat(time)


def _sane(quota: Quota) -> Quota:
    """Return a report without the numbers that cannot be, and with the one that follows from the two others."""
    limit, used, remaining = (_number(value) for value in (quota.limit, quota.used, quota.remaining))
    if limit is not None and remaining is not None and remaining > limit:
        remaining = None
    if remaining is None and limit is not None and used is not None:
        remaining = max(0, limit - used)
    if used is None and limit is not None and remaining is not None:
        used = limit - remaining
    return replace(quota, limit=limit, used=used, remaining=remaining)


def _number(value: int | None) -> int | None:
    """Return a number of things that there can be, else None."""
    return value if value is not None and 0 <= value <= MAX_NUMBER else None
