"""Remaining quota of an account, by the service's last report, and remaining budget, by our own count.

Pure: the clock is injected.
"""

from calendar import monthrange
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
import math
from typing import Any, Self

from ..providers.types import BillingUnit, Charge, Quota, Source

_DAY = timedelta(days=1)

MAX_NUMBER = 10**12
"""The largest number that is accepted from a service."""


@dataclass(frozen=True, kw_only=True, slots=True)
class QuotaState:
    """The state of a quota. None means unknown.

    `closed_until` is set if the service reported that nothing is left, and when it will be renewed. `renewal` is the
    next renewal, and `since` the last one, None if it was not observed.
    """

    quota: Quota | None
    exhausted: bool | None
    closed_until: datetime | None
    renewal: datetime | None
    since: datetime | None


class QuotaTracker:
    """Tracks an account's quota between reports.

    Reported numbers are used as they are. Until the next report, the price of each request is subtracted, and a
    renewal restores the full allowance. Both results are marked as estimates. With `daily`, the quota is renewed at
    00:00 UTC unless the service reports another time; without it, the renewal time is unknown until it is reported.
    Some services that appear to renew daily have a pool that is never renewed: if the used amount does not drop after
    00:00 UTC, no renewals are assumed until it drops.
    """

    def __init__(self, *, daily: bool) -> None:
        """Start with an unknown quota."""
        self._daily = daily
        self._known: Quota | None = None
        self._renewal: datetime | None = None
        self._reported: datetime | None = None  # The renewal that the service reported
        self._since: datetime | None = None  # The last renewal
        self._renewal_before: datetime | None = None  # The next renewal before the clock was set back
        self._refused: bool | None = None
        self._refused_at: datetime | None = None
        self._reported_at: datetime | None = None
        self._reported_used: int | None = None
        self._renewed_since_report = False
        self._is_pool = False

    def report(self, quota: Quota, now: datetime) -> None:
        """Use a report of the service. Implausible numbers are dropped, and a report without numbers is ignored."""
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
        """Subtract the price of a request, unless a report after its start already includes it."""
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
        """Record that the service refused a request because the quota is used up, and the quota it reported with it."""
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
        """Record that a request was successful.

        If it started after a refusal, some quota is left again.
        """
        self._renew(now)
        if self._refused_at is not None and self._refused_at >= started:
            return
        if self._refused and self._known is not None:
            self._known = replace(self._known, used=None, remaining=None)
        self._refused = False

    def state(self, now: datetime) -> QuotaState:
        """Return the state of the quota."""
        self._renew(now)
        known = self._known
        exhausted = self._refused if known is None or known.remaining is None else known.remaining == 0
        is_reported = self._refused or (known is not None and known.source is Source.REPORTED)
        return QuotaState(
            quota=None if known is None else replace(known, resets_at=self._renewal),
            exhausted=exhausted,
            closed_until=self._renewal if exhausted and is_reported else None,
            renewal=self._renewal,
            since=self._since,
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the state as JSON."""
        known = self._known
        return {
            "limit": known and known.limit,
            "used": known and known.used,
            "remaining": known and known.remaining,
            "source": known and known.source,
            "renewal": self._renewal and self._renewal.isoformat(),
            "told": self._reported and self._reported.isoformat(),
            "since": self._since and self._since.isoformat(),
            "renewal_before": self._renewal_before and self._renewal_before.isoformat(),
            "refused": self._refused,
            "reported_used": self._reported_used,
            "renewed_since_report": self._renewed_since_report,
            "is_pool": self._is_pool,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Load the state that `as_dict` returned. Numbers reported before a restart become estimates."""
        if state["source"] is not None:
            self._known = Quota(
                limit=state["limit"], used=state["used"], remaining=state["remaining"], source=Source.ESTIMATED
            )
        self._renewal = _restored(state["renewal"])
        # Added by later releases
        self._reported = _restored(state.get("told"))
        self._since = _restored(state.get("since"))
        self._renewal_before = _restored(state.get("renewal_before"))
        self._refused = state["refused"]
        self._reported_used = state.get("reported_used")  # Added with the detection of pools, as are the next two
        self._renewed_since_report = state.get("renewed_since_report", False)
        self._is_pool = state.get("is_pool", False)

    def _renew(self, now: datetime) -> None:
        """Restore the allowance after its renewal, but not twice on one day when the clock is set back and forward."""
        # Times in the future are impossible: the clock has been set back
        if self._refused_at is not None and self._refused_at > now:
            self._refused_at = None
        if self._reported_at is not None and self._reported_at > now:
            self._reported_at = None
        if self._daily and self._renewal not in (None, self._reported) and self._renewal - now > _DAY:
            self._renewal_before = self._renewal_before or self._renewal
            self._renewal = self._next_renewal(None, now)
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
        """Detect from a report whether the quota was renewed: the used amount then starts again at zero."""
        before, self._reported_used = self._reported_used, report.used
        renewed, self._renewed_since_report = self._renewed_since_report, False
        if before is None or report.used is None:
            return
        spent_since = (self._known.used if self._known is not None else None) or 0
        if report.used < before:
            self._is_pool = False
        elif renewed and report.used > spent_since:
            self._is_pool = before > 0

    def _next_renewal(self, reported: datetime | None, now: datetime) -> datetime | None:
        """Return the reported renewal if it is in the future, else the next 00:00 UTC if the quota renews daily."""
        self._reported = next((time for time in (reported, self._reported) if time is not None and time > now), None)
        if self._reported is not None:
            return self._reported
        if not self._daily or self._is_pool:
            return None
        return datetime.combine(now.astimezone(UTC).date() + timedelta(days=1), datetime.min.time(), tzinfo=UTC)


def _restored(time: str | None) -> datetime | None:
    return datetime.fromisoformat(time) if time else None


def _sane(quota: Quota) -> Quota:
    """Return a report without implausible numbers, and with a missing number derived from the other two."""
    limit, used, remaining = (_number(value) for value in (quota.limit, quota.used, quota.remaining))
    if limit is not None and remaining is not None and remaining > limit:
        remaining = None
    if remaining is None and limit is not None and used is not None:
        remaining = max(0, limit - used)
    if used is None and limit is not None and remaining is not None:
        used = limit - remaining
    return replace(quota, limit=limit, used=used, remaining=remaining)


def _number(value: int | None) -> int | None:
    """Return a plausible count, else None."""
    return value if value is not None and 0 <= value <= MAX_NUMBER else None


MAX_AMOUNT = 1e12
"""The largest amount that a user can enter."""

_LARGEST_OFFSET = timedelta(hours=27)
"""The largest distance between the starts of a calendar day in two time zones."""


class BudgetUnit(StrEnum):
    """The unit of a budget: the service's billing unit, or money."""

    CHARACTERS = "characters"
    HOURS = "hours"
    POINTS = "points"
    MONEY = "money"


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """An amount that the account may use: `amount` in `unit`.

    `renewal_day` is the day of the month on which a monthly allowance is renewed, or the last day of a shorter month.
    It is None for a prepaid balance.
    """

    unit: BudgetUnit
    amount: float
    renewal_day: int | None = None

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Self:
        """Return a budget from its fields as JSON, also in the form of release 0.1."""
        unit = BudgetUnit.POINTS if stored["unit"] == "requests" else BudgetUnit(stored["unit"])
        is_prepaid = stored.get("kind") == "balance"
        return cls(unit=unit, amount=stored["amount"], renewal_day=None if is_prepaid else stored["renewal_day"])

    @property
    def is_prepaid(self) -> bool:
        """Return True for a balance without renewals."""
        return self.renewal_day is None

    def used(self, charge: Charge, money: float) -> float:
        """Return a charge in the budget's unit; `money` is its cost."""
        return money if self.unit is BudgetUnit.MONEY else charge.billed(BillingUnit(self.unit))

    def next_renewal(self, now: datetime) -> datetime | None:
        """Return the next renewal, at midnight in the time zone of `now`. None for a balance."""
        if self.renewal_day is None:
            return None
        this_month = _midnight_in(now, self.renewal_day)
        if this_month > now:
            return this_month
        return _midnight_in(now.replace(day=1) + timedelta(days=32), self.renewal_day)


@dataclass(frozen=True, kw_only=True, slots=True)
class BudgetState:
    """The state of a budget. Numbers and times are None without a budget, or if unknown.

    `used` is `amount` minus `remaining`, at least 0. `renewal` is the next renewal of an allowance. `since` is the
    last one, or when the balance was entered. `closed` is True if speech stops at the limit, and requests in flight
    will probably use all that is left.
    """

    amount: float | None = None
    remaining: float | None = None
    used: float | None = None
    exhausted: bool | None = None
    percent_left: float | None = None
    renewal: datetime | None = None
    since: datetime | None = None
    closed: bool = False


@dataclass(eq=False, slots=True)
class BudgetTracker:
    """Tracks what is left of a budget: the granted amount minus the usage since.

    If the service refuses a request because the quota is used up, nothing is left until the next renewal or the next
    successful request, whatever was counted. If that request follows a top-up of a prepaid balance, the remaining
    amount is unknown.
    """

    budget: Budget
    _left: float | None
    """The counted remainder: negative if overspent, None if unknown."""
    _renewal: datetime | None = None
    _renewal_before: datetime | None = None
    """The next renewal before the clock was set back."""
    _refused: bool = False
    _since: datetime | None = None
    """When the current amount was granted."""
    _reserved: float = 0.0
    stops_at_limit: bool = False

    @classmethod
    def begun(cls, budget: Budget, now: datetime) -> Self:
        """Return the tracker of a new budget."""
        return cls(budget, budget.amount, _renewal=budget.next_renewal(now), _since=now)

    @classmethod
    def of(cls, state: Mapping[str, Any], charged: Charge) -> Self:
        """Return a tracker from the output of `as_dict`. Keys of later releases may be missing.

        Release 0.1 stored the granted amount with a mark of the ledger. `charged` is the ledger's total now.
        """
        budget = Budget.of(state["budget"])
        left = state.get("left")
        if "left" not in state and state["granted"] is not None:
            mark = Charge(**{key: count for key, count in state["mark"].items() if key in asdict(charged)})
            left = state["granted"] + budget.used(mark, 0.0) - budget.used(charged, state.get("spent", 0.0))
        return cls(
            budget,
            left,
            _renewal=_restored(state["renewal"]),
            _renewal_before=_restored(state.get("renewal_before")),
            _refused=state["refused"],
            _since=_restored(state.get("since")),
        )

    @contextmanager
    def reserve(self, amount: float) -> Generator[None]:
        """Reserve an amount for a request in flight."""
        self._reserved += amount
        try:
            yield
        finally:
            self._reserved -= amount

    def apply(self, budget: Budget, now: datetime) -> None:
        """Use a budget from now on. If it only changed, the usage of the current period is kept.

        A change of the allowance changes the remainder by the same amount.
        """
        old = self.budget
        if budget == old:
            return
        self.renew(now)
        if budget.is_prepaid or (old.is_prepaid, old.unit) != (budget.is_prepaid, budget.unit):
            self._left, self._refused, self._since = budget.amount, False, now
        elif self._left is not None:
            self._left += budget.amount - old.amount
        self.budget = budget
        self._renewal, self._renewal_before = budget.next_renewal(now), None

    def spend(self, charge: Charge, money: float, now: datetime) -> None:
        """Subtract the charge of a request, or its cost if the budget is in money."""
        self.renew(now)
        if self._left is not None:
            self._left -= self.budget.used(charge, money)

    def correct(self, remaining: float, now: datetime) -> None:
        """Set the remaining amount to the one that the user entered."""
        self.renew(now)
        self._left, self._refused = remaining, False

    def refuse(self, now: datetime) -> None:
        """Record that the service refused a request because the quota is used up."""
        self.renew(now)
        self._refused = True

    def accept(self, now: datetime) -> None:
        """Record a successful request: some quota is left."""
        self.renew(now)
        if self._refused and self.budget.is_prepaid:
            self._left = None
        self._refused = False

    def state(self, now: datetime) -> BudgetState:
        """Return the state of the budget."""
        self.renew(now)
        amount = self.budget.amount
        left = 0.0 if self._refused else self._left
        remaining = None if left is None else max(0.0, left)
        used = percent = None
        if remaining is not None:
            used, percent = max(0.0, amount - remaining), 100.0 * remaining / amount if amount else None
        return BudgetState(
            amount=amount,
            remaining=remaining,
            used=used,
            exhausted=None if remaining is None else remaining <= 0,
            percent_left=percent,
            renewal=self._renewal,
            since=self._since,
            closed=self.stops_at_limit and remaining is not None and remaining <= self._reserved,
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the state as JSON."""
        return {
            "budget": asdict(self.budget),
            "left": self._left,
            "renewal": self._renewal and self._renewal.isoformat(),
            "renewal_before": self._renewal_before and self._renewal_before.isoformat(),
            "refused": self._refused,
            "since": self._since and self._since.isoformat(),
        }

    def renew(self, now: datetime) -> None:
        """Restore the allowance after its renewal.

        The renewal moves with the time zone of Home Assistant. If it is further away than one period, the clock was set
        back. If the clock then returns, as on a machine without a hardware clock that boots in the past, it is the same
        month, and the allowance is not restored again.
        """
        if self._renewal is None:
            return
        coming = self.budget.next_renewal(now)
        if now < self._renewal and (coming is None or coming < self._renewal or _is_same_day(coming, self._renewal)):
            if coming is not None and coming != self._renewal:
                if not _is_same_day(coming, self._renewal):
                    self._renewal_before = self._renewal_before or self._renewal
                self._renewal = coming
            return
        is_same_month = coming is not None and _is_same_day(coming, self._renewal_before)
        passed, self._renewal, self._renewal_before = self._renewal, coming, None
        if not is_same_month:
            self._since = passed
            self._left, self._refused = self.budget.amount, False


def amount_of(value: object) -> float | None:
    """Return a plausible amount, else None."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value) if 0 <= value <= MAX_AMOUNT else None


def _midnight_in(month: datetime, day: int) -> datetime:
    """Return the start of a day of a month, or of its last day if the month is shorter."""
    last = monthrange(month.year, month.month)[1]
    return datetime.combine(month.date().replace(day=min(day, last)), time(), tzinfo=month.tzinfo)


def _is_same_day(renewal: datetime, other: datetime | None) -> bool:
    """Return True if both are the start of the same calendar day, in any time zones."""
    return other is not None and abs(renewal - other) <= _LARGEST_OFFSET
