"""The budget of an account and what it means when it is used up, by the count of its ledger."""

from datetime import datetime
from typing import Final

from homeassistant.util import dt as dt_util

from ..providers.types import Charge
from .budget import Budget, WhenUsedUp
from .ledger import Ledger

BUDGET: Final = "budget"
"""The code of a refusal of our own: the budget is used up."""


class Allowance:
    """What the user allows an account to use, and what is left of it; all None without a budget."""

    def __init__(self, ledger: Ledger, budget: Budget | None, when_used_up: WhenUsedUp) -> None:
        """Go by a budget from now on."""
        self.budget = budget
        self._ledger = ledger
        self._when_used_up = when_used_up
        ledger.budget.take_up(budget, ledger.charged, dt_util.now())

    @property
    def remaining(self) -> float | None:
        """Return what is left, None where nobody knows."""
        return self._ledger.budget.remaining(self._ledger.charged, dt_util.now())

    @property
    def used(self) -> float | None:
        """Return what was used, None where nobody knows."""
        return self._ledger.budget.used(self._ledger.charged, dt_util.now())

    @property
    def exhausted(self) -> bool | None:
        """Tell whether nothing is left, None where nobody knows."""
        return self._ledger.budget.exhausted(self._ledger.charged, dt_util.now())

    @property
    def renewal(self) -> datetime | None:
        """Return when an allowance is whole again."""
        return self._ledger.budget.renewal(self._ledger.charged, dt_util.now())

    @property
    def percent_left(self) -> float | None:
        """Return the share that is left, None where nobody knows."""
        if self.budget is None or (remaining := self.remaining) is None:
            return None
        return 100.0 * remaining / self.budget.amount if self.budget.amount else 0.0

    def closes(self, *, alone: bool) -> bool:
        """Tell whether the account may not be asked, since the budget is used up; `alone` if nobody could take over."""
        if self._when_used_up is WhenUsedUp.WARN or (self._when_used_up is WhenUsedUp.FALLBACK and alone):
            return False
        return self.exhausted is True

    def correct(self, remaining: float) -> None:
        """Take what the user saw to be left."""
        self._ledger.budget.correct(remaining, self._ledger.charged, dt_util.now())
        self._ledger.async_changed()

    def refused(self) -> None:
        """Take note that the service refused for want of quota."""
        self._ledger.budget.refuse(self._ledger.charged, dt_util.now())

    def accepted(self) -> None:
        """Take note that the service spoke."""
        self._ledger.budget.accept(self._ledger.charged, dt_util.now())

    def spend(self, charge: Charge, model: str | None) -> None:
        """Reckon with a request of a model before it is counted; it belongs to a new period if that has come."""
        self._ledger.budget.renewal(self._ledger.charged, dt_util.now())
        self._ledger.budget.spend(charge, model)
