"""The budget of an account and what it means when it is used up, by the count of its ledger."""

from contextlib import AbstractContextManager, nullcontext
from datetime import datetime

from homeassistant.util import dt as dt_util

from ..providers.provider import Provider
from ..providers.types import PRICE_QUANTITIES, Charge, Voice
from .ledger import Ledger
from .options import AccountOptions


class Allowance:
    """What the user allows an account to use, and what is left of it; all None without a budget."""

    def __init__(self, ledger: Ledger, options: AccountOptions, provider: Provider) -> None:
        """Go by a budget from now on."""
        self._ledger = ledger
        self._provider = provider
        self.configure(options)

    def configure(self, options: AccountOptions) -> None:
        """Go by other options from now on."""
        self.budget = options.budget
        self._options = options
        self._ledger.budget.take_up(options.budget, self._ledger.charged, dt_util.now())

    @property
    def amount(self) -> float | None:
        """Return how much may be used in all, None without a budget."""
        return None if self.budget is None else self.budget.amount

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
        """Return True if nothing is left, None where nobody knows."""
        return self._ledger.budget.exhausted(self._ledger.charged, dt_util.now())

    @property
    def renewal(self) -> datetime | None:
        """Return when an allowance is whole again."""
        return self._ledger.budget.renewal(self._ledger.charged, dt_util.now())

    @property
    def since(self) -> datetime | None:
        """Return from when on is counted what was used."""
        return self._ledger.budget.since(self._ledger.charged, dt_util.now())

    @property
    def percent_left(self) -> float | None:
        """Return the share that is left, None where nobody knows."""
        if self.budget is None or (remaining := self.remaining) is None:
            return None
        return 100.0 * remaining / self.budget.amount

    @property
    def closed(self) -> bool:
        """Return True if no request may be made.

        Speech stops at the limit, and requests in flight use up the budget.
        """
        if not self._options.stop_at_limit:
            return False
        return self._ledger.budget.spoken_for(self._ledger.charged, dt_util.now())

    def reserve(self, voice: Voice, charge: Charge) -> AbstractContextManager[None]:
        """Set aside what a request will probably use: requests at the same time must not overspend together."""
        if self.budget is None:
            return nullcontext()
        return self._ledger.budget.reserve(self.budget.used(charge, self.cost(charge, voice.model)))

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
        self._ledger.budget.spend(self.cost(charge, model))

    def cost(self, charge: Charge, model: str | None) -> float:
        """Return the money that a request costs: at the user's price, at the published one where there is none."""
        price = self._options.price
        if price is None:
            published = self._provider.published_price(model)
            price = 0.0 if published is None else published.amount
        unit = self._provider.billing_unit
        return charge.billed(unit) / PRICE_QUANTITIES[unit] * price
