"""What the user says an account may use, and what is left of it by our own count. Pure: the clock is handed in."""

from calendar import monthrange
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
import math
from typing import Any, Self

from ..providers.types import BillingUnit, Charge

MAX_AMOUNT = 1e12
"""The largest amount that is believed of anybody."""

_LARGEST_OFFSET = timedelta(hours=27)
"""How far apart the beginnings of a day are on the earth at most."""


class BudgetUnit(StrEnum):
    """What is counted: what the service bills by, or what that costs."""

    CHARACTERS = "characters"
    HOURS = "hours"
    POINTS = "points"
    MONEY = "money"


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """What may be used: `amount` in `unit`.

    `renewal_day` is the day of a month on which a monthly allowance is whole again, in a shorter month its last day; a
    prepaid balance has none.
    """

    unit: BudgetUnit
    amount: float
    renewal_day: int | None = None

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Self:
        """Return a budget from its fields as JSON, also as release 0.1 wrote them."""
        unit = BudgetUnit.POINTS if stored["unit"] == "requests" else BudgetUnit(stored["unit"])
        is_prepaid = stored.get("kind") == "balance"
        return cls(unit=unit, amount=stored["amount"], renewal_day=None if is_prepaid else stored["renewal_day"])

    @property
    def is_prepaid(self) -> bool:
        """Return True for a balance that is not renewed."""
        return self.renewal_day is None

    def used(self, charge: Charge, money: float) -> float:
        """Return how much a charge that cost so much money is in the budget's unit."""
        return money if self.unit is BudgetUnit.MONEY else charge.billed(BillingUnit(self.unit))

    def next_renewal(self, now: datetime) -> datetime | None:
        """Return when the allowance is whole again, at midnight in the zone of `now`; None for a balance."""
        if self.renewal_day is None:
            return None
        this_month = _midnight_in(now, self.renewal_day)
        if this_month > now:
            return this_month
        return _midnight_in(now.replace(day=1) + timedelta(days=32), self.renewal_day)


class BudgetTracker:
    """Keeps what is left of a budget: what there was at a mark, minus what the ledger counted since, or what that cost.

    All other methods take `charged`, the whole count of the ledger. A service that refuses for want of quota knows
    better than the estimate: nothing is left then, until the next renewal, or until it speaks again. A balance of which
    the service said so is unknown once it speaks again: somebody has filled it up, by how much nobody told.
    """

    def __init__(self) -> None:
        """Start without a budget."""
        self._budget: Budget | None = None
        self._granted: float | None = None
        self._mark = Charge()
        self._spent = 0.0  # money, since the mark
        self._renewal: datetime | None = None
        self._renewal_before: datetime | None = None  # which was next before the clock was put back
        self._refused = False
        self._since: datetime | None = None  # when what there is was granted
        self._reserved = 0.0

    @contextmanager
    def reserve(self, amount: float) -> Generator[None]:
        """Set an amount aside for a request that is in flight."""
        self._reserved += amount
        try:
            yield
        finally:
            self._reserved -= amount

    def take_up(self, budget: Budget | None, charged: Charge, now: datetime) -> None:
        """Go by a budget from now on; one that only changed keeps what is known of the period.

        A change of the allowance changes what is left.
        """
        old = self._budget
        if budget == old:
            return
        self._renew(charged, now)
        if old is None or budget is None or (old.is_prepaid, old.unit) != (budget.is_prepaid, budget.unit):
            self._granted, self._refused, self._since = None if budget is None else budget.amount, False, now
        elif budget.is_prepaid:
            self._granted, self._refused, self._since = budget.amount, False, now
        elif (left := self._left(charged)) is not None:
            self._granted = left + budget.amount - old.amount
        self._budget = budget
        self._set_mark(charged)
        self._renewal = None if budget is None else budget.next_renewal(now)
        self._renewal_before = None

    def spend(self, money: float) -> None:
        """Take what a charge costs, of which the ledger knows nothing."""
        self._spent += money

    def correct(self, remaining: float, charged: Charge, now: datetime) -> None:
        """Take what the user saw to be left."""
        self._renew(charged, now)
        self._granted, self._refused = remaining, False
        self._set_mark(charged)

    def refuse(self, charged: Charge, now: datetime) -> None:
        """Take note that the service refused for want of quota."""
        self._renew(charged, now)
        self._refused = True

    def accept(self, charged: Charge, now: datetime) -> None:
        """Take note that the service spoke, so that there is something."""
        self._renew(charged, now)
        if self._refused and self._budget is not None and self._budget.is_prepaid:
            self._granted = None
        self._refused = False

    def remaining(self, charged: Charge, now: datetime) -> float | None:
        """Return what is left, at least 0; None where nobody knows."""
        self._renew(charged, now)
        if self._budget is None:
            return None
        left = 0.0 if self._refused else self._left(charged)
        return None if left is None else max(0.0, left)

    def used(self, charged: Charge, now: datetime) -> float | None:
        """Return what was used of the amount, as far as is known."""
        remaining = self.remaining(charged, now)
        if remaining is None or self._budget is None:
            return None
        return max(0.0, self._budget.amount - remaining)

    def exhausted(self, charged: Charge, now: datetime) -> bool | None:
        """Return True if nothing is left; None where nobody knows."""
        remaining = self.remaining(charged, now)
        return None if remaining is None else remaining <= 0

    def spoken_for(self, charged: Charge, now: datetime) -> bool:
        """Return True if nothing is left beside what requests in flight will probably use."""
        remaining = self.remaining(charged, now)
        return remaining is not None and remaining <= self._reserved

    def renewal(self, charged: Charge, now: datetime) -> datetime | None:
        """Return when the allowance is whole again; None for a balance."""
        self._renew(charged, now)
        return self._renewal

    def since(self, charged: Charge, now: datetime) -> datetime | None:
        """Return from when on is counted what was used: since the allowance was renewed, or the balance entered."""
        self._renew(charged, now)
        return self._since

    def as_dict(self) -> dict[str, Any]:
        """Return the state as JSON."""
        return {
            "budget": self._budget and asdict(self._budget),
            "granted": self._granted,
            "mark": asdict(self._mark),
            "spent": self._spent,
            "renewal": self._renewal and self._renewal.isoformat(),
            "renewal_before": self._renewal_before and self._renewal_before.isoformat(),
            "refused": self._refused,
            "since": self._since and self._since.isoformat(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up the state that `as_dict` returned."""
        self._budget = Budget.of(state["budget"]) if state["budget"] else None
        self._granted = state["granted"]
        self._mark = Charge(**state["mark"])
        self._spent = state.get("spent", 0.0)  # written since models have prices
        self._renewal = datetime.fromisoformat(state["renewal"]) if state["renewal"] else None
        before = state.get("renewal_before")  # written since it is known
        self._renewal_before = datetime.fromisoformat(before) if before else None
        self._refused = state["refused"]
        since = state.get("since")  # written since 0.2
        self._since = datetime.fromisoformat(since) if since else None

    def _left(self, charged: Charge) -> float | None:
        """Return what is left by our count, below 0 where more was used than there was."""
        if self._budget is None or self._granted is None:
            return None
        return self._granted - self._budget.used(_since(self._mark, charged), self._spent)

    def _set_mark(self, charged: Charge) -> None:
        """Count from now on."""
        self._mark, self._spent = charged, 0.0

    def _renew(self, charged: Charge, now: datetime) -> None:
        """Let the allowance be whole again once its day has come.

        Home Assistant may be in another time zone now, in which that is another moment, or has come. It is further away
        than it can be only if the clock was put back. Where it then jumps to where it was, as on a
        machine that has no clock of its own and starts in the past, it is the same month as before.
        """
        if self._budget is None or self._renewal is None:
            return
        coming = self._budget.next_renewal(now)
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
            self._granted, self._refused = self._budget.amount, False
            self._set_mark(charged)


def amount_of(value: object) -> float | None:
    """Return an amount that there can be, else None."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value) if 0 <= value <= MAX_AMOUNT else None


def _midnight_in(month: datetime, day: int) -> datetime:
    """Return the beginning of a day of a month, of its last day where the month is shorter."""
    last = monthrange(month.year, month.month)[1]
    return datetime.combine(month.date().replace(day=min(day, last)), time(), tzinfo=month.tzinfo)


def _is_same_day(renewal: datetime, other: datetime | None) -> bool:
    """Return True if both are the beginning of the same day, in whatever time zones."""
    return other is not None and abs(renewal - other) <= _LARGEST_OFFSET


def _since(mark: Charge, charged: Charge) -> Charge:
    """Return what was charged since a mark."""
    return Charge(
        requests=charged.requests - mark.requests,
        characters=charged.characters - mark.characters,
        seconds=charged.seconds - mark.seconds,
        points=charged.points - mark.points,
    )
