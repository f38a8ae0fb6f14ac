"""What the user says an account may use, and what is left of it by our own count. Pure: the clock is handed in."""

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, time, timedelta
from enum import StrEnum
import math
from typing import Any, Self

from ..providers.types import Charge

MAX_AMOUNT = 1e12
"""The largest amount that is believed of anybody."""

CHARACTERS_PER_PRICE = 10_000
"""For how many characters a price is given."""

_SECONDS_PER_HOUR = 3600.0


class BudgetKind(StrEnum):
    """How an account is filled up: each month again, or once, with what there is now (prepaid)."""

    MONTHLY = "monthly"
    BALANCE = "balance"


class BudgetUnit(StrEnum):
    """What is counted."""

    CHARACTERS = "characters"
    REQUESTS = "requests"
    HOURS = "hours"
    MONEY = "money"


class WhenUsedUp(StrEnum):
    """What is done when nothing is left.

    WARN goes on speaking, FALLBACK lets the fallback speak where there is one, STOP makes no request any more.
    """

    WARN = "warn"
    FALLBACK = "fallback"
    STOP = "stop"


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """An allowance of a month or a balance of now: `amount` in `unit`.

    `renewal_day` is the day of a month on which an allowance is whole again, in a shorter month its last day.
    `price_characters` is the money for `CHARACTERS_PER_PRICE` characters, `price_hour` that for an hour of audio; models
    that have prices of their own are in the mappings.
    """

    kind: BudgetKind
    unit: BudgetUnit
    amount: float
    renewal_day: int = 1
    price_characters: float = 0.0
    price_hour: float = 0.0
    prices_characters: Mapping[str, float] = field(default_factory=dict)
    prices_hour: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Self:
        """Return a budget from its fields as JSON."""
        return cls(**{**stored, "kind": BudgetKind(stored["kind"]), "unit": BudgetUnit(stored["unit"])})

    def money(self, charge: Charge, model: str | None) -> float:
        """Return what a charge costs that a model has made, None for no model."""
        price_characters = self.prices_characters.get(model or "", self.price_characters)
        price_hour = self.prices_hour.get(model or "", self.price_hour)
        characters = charge.characters / CHARACTERS_PER_PRICE * price_characters
        return characters + charge.seconds / _SECONDS_PER_HOUR * price_hour

    def used(self, charge: Charge, money: float) -> float:
        """Return how much a charge that cost so much money is in the budget's unit."""
        match self.unit:
            case BudgetUnit.CHARACTERS:
                return charge.characters
            case BudgetUnit.REQUESTS:
                return charge.requests
            case BudgetUnit.HOURS:
                return charge.seconds / _SECONDS_PER_HOUR
        return money

    def next_renewal(self, now: datetime) -> datetime | None:
        """Return when the allowance is whole again, at midnight in the zone of `now`; None for a balance."""
        if self.kind is BudgetKind.BALANCE:
            return None
        this_month = self._renewal_in(now)
        if this_month > now:
            return this_month
        return self._renewal_in(now.replace(day=1) + timedelta(days=32))

    def _renewal_in(self, month: datetime) -> datetime:
        day = min(self.renewal_day, monthrange(month.year, month.month)[1])
        return datetime.combine(month.date().replace(day=day), time(), tzinfo=month.tzinfo)


class BudgetTracker:
    """Keeps what is left of a budget: what there was at a mark, minus what the ledger counted since, or what that cost.

    All other methods take `charged`, the whole count of the ledger. A service that refuses for want of quota knows better than
    the estimate: nothing is left then, until the next renewal, or until it speaks again. A balance of which the service
    said so is unknown once it speaks again: somebody has filled it up, by how much nobody told.
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

    def take_up(self, budget: Budget | None, charged: Charge, now: datetime) -> None:
        """Go by a budget from now on; one that only changed keeps what is known of the period.

        A change of the allowance changes what is left, and one of the prices only what is still to come.
        """
        old = self._budget
        if budget == old:
            return
        self._renew(charged, now)
        if old is None or budget is None or old.kind != budget.kind or old.unit != budget.unit:
            self._granted, self._refused = None if budget is None else budget.amount, False
        elif budget.kind is BudgetKind.BALANCE and budget.amount != old.amount:
            self._granted, self._refused = budget.amount, False
        elif (left := self._left(charged)) is not None:
            self._granted = left + budget.amount - old.amount
        self._budget = budget
        self._set_mark(charged)
        self._renewal = None if budget is None else budget.next_renewal(now)
        self._renewal_before = None

    def spend(self, charge: Charge, model: str | None) -> None:
        """Reckon with the money that a charge of a model costs now, of which the ledger knows nothing."""
        if self._budget is not None:
            self._spent += self._budget.money(charge, model)

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
        if self._refused and self._budget is not None and self._budget.kind is BudgetKind.BALANCE:
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
        """Tell whether nothing is left; None where nobody knows."""
        remaining = self.remaining(charged, now)
        return None if remaining is None else remaining <= 0

    def renewal(self, charged: Charge, now: datetime) -> datetime | None:
        """Return when the allowance is whole again; None for a balance."""
        self._renew(charged, now)
        return self._renewal

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

        That is further away than it can be only if the clock was put back. Where it then jumps to where it was, as on a
        machine that has no clock of its own and starts in the past, it is the same month as before.
        """
        if self._budget is None or self._renewal is None:
            return
        coming = self._budget.next_renewal(now)
        if now < self._renewal:
            if coming is not None and coming < self._renewal:
                self._renewal, self._renewal_before = coming, self._renewal_before or self._renewal
            return
        is_same_month = coming is not None and coming == self._renewal_before
        self._renewal, self._renewal_before = coming, None
        if not is_same_month:
            self._granted, self._refused = self._budget.amount, False
            self._set_mark(charged)


def amount_of(value: object) -> float | None:
    """Return an amount that there can be, else None."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value) if 0 <= value <= MAX_AMOUNT else None


def _since(mark: Charge, charged: Charge) -> Charge:
    """Return what was charged since a mark."""
    return Charge(
        requests=charged.requests - mark.requests,
        characters=charged.characters - mark.characters,
        seconds=charged.seconds - mark.seconds,
        points=charged.points - mark.points,
    )
