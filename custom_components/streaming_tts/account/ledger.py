"""What this integration counted itself, kept over restarts and crashes."""

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, fields
from typing import Any

from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.util import dt as dt_util

from ..providers.types import Charge, Failure
from .budget import BudgetTracker
from .quota import QuotaTracker
from .stores import with_unknown


class Ledger:
    """Counts what an account was charged and what failed, beside what is known of its quota.

    It outlives a reload of the account, so that what is still speaking then is counted in the same place. `save` is
    called when something has changed, and has `as_dict` written soon.
    """

    def __init__(self, save: CALLBACK_TYPE, *, daily_quota: bool) -> None:
        """Start at zero; `restore` takes up what was stored."""
        self.charged = Charge()
        self.failures: dict[Failure, int] = {}
        self.quota = QuotaTracker(daily=daily_quota)
        self.budget = BudgetTracker()
        self._daily_quota = daily_quota
        self._save = save
        self._stored: Mapping[str, Any] = {}
        self._listeners: list[CALLBACK_TYPE] = []
        self._utterances = 0
        self._untold = False

    @callback
    def async_add_listener(self, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call a listener whenever something has changed; returns how to stop that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @contextmanager
    def speaking(self) -> Generator[None]:
        """Hold back what is to be told while an utterance is spoken: it is told once, at the end."""
        self._utterances += 1
        try:
            yield
        finally:
            self._utterances -= 1
            if self._untold:
                self._tell()

    @callback
    def async_count(self, charge: Charge, failure: Failure | None) -> None:
        """Count a request with what it was charged and how it failed."""
        self.charged += charge
        if failure is not None:
            self.failures[failure] = self.failures.get(failure, 0) + 1
        self.async_changed()

    def count_interrupted(self, charge: Charge, money: float) -> None:
        """Count a request that was in progress when Home Assistant ended, with what it costs."""
        now = dt_util.utcnow()
        self.charged += charge
        self.quota.spend(charge.points, now, now)
        self.budget.spend(money)

    @callback
    def async_changed(self) -> None:
        """Tell that something has changed, at the end of what is being spoken, and have it written soon."""
        self._save()
        if self._utterances:
            self._untold = True
        else:
            self._tell()

    def as_dict(self) -> dict[str, Any]:
        """Return the state as JSON, with what a later release has stored beside it."""
        return with_unknown(
            self._stored,
            {
                "charged": asdict(self.charged),
                "failures": {failure.value: count for failure, count in self.failures.items()},
                "quota": self.quota.as_dict(),
                "budget": self.budget.as_dict(),
            },
        )

    def restore(self, stored: Mapping[str, Any]) -> None:
        """Take up the state that `as_dict` returned; what a later release has beside it is kept and ignored.

        Each of the four parts is taken up alone. Raises `ValueError` if one cannot be read; that one starts at zero.
        """
        self._stored = {**stored}
        parts: dict[str, Callable[[Mapping[str, Any]], None]] = {
            "charged": self._restore_charged,
            "failures": self._restore_failures,
            "quota": self._restore_quota,
            "budget": self._restore_budget,
        }
        unreadable = []
        for part, restore in parts.items():
            if part not in self._stored:  # Budgets are younger than ledgers
                continue
            try:
                restore(self._stored[part])
            except AttributeError, KeyError, TypeError, ValueError:
                unreadable.append(part)
                del self._stored[part]
        if unreadable:
            raise ValueError(", ".join(unreadable))

    def _restore_charged(self, stored: Mapping[str, Any]) -> None:
        charged = Charge(**_known(Charge, stored))
        for count in asdict(charged).values():
            _count(count)
        self.charged = charged

    def _restore_failures(self, stored: Mapping[str, Any]) -> None:
        failures = {}
        for kind, count in stored.items():
            with suppress(ValueError):  # A kind of a later release
                failures[Failure(kind)] = count
        self.failures = {failure: _count(count) for failure, count in failures.items()}

    def _restore_quota(self, stored: Mapping[str, Any]) -> None:
        for key in ("limit", "used", "remaining"):
            if stored[key] is not None:
                _count(stored[key])
        quota = QuotaTracker(daily=self._daily_quota)
        quota.restore(stored)
        quota.exhausted(dt_util.utcnow())  # Raises for a time without its zone
        self.quota = quota

    def _restore_budget(self, stored: Mapping[str, Any]) -> None:
        budget = BudgetTracker()
        budget.restore({**stored, "mark": _known(Charge, stored["mark"])})
        budget.remaining(self.charged, dt_util.now())
        self.budget = budget

    def _tell(self) -> None:
        self._untold = False
        for listener in tuple(self._listeners):
            listener()


def _known(kind: type[Charge], stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that this release knows of what was stored."""
    names = {field.name for field in fields(kind)}
    return {key: value for key, value in stored.items() if key in names}


def _count(value: Any) -> Any:
    """Return a stored number of things; raises `ValueError` for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise ValueError
    return value
