"""What this integration counted itself, kept over restarts and crashes."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.storage import Store
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN, LEDGER_SAVE_DELAY, STORAGE_VERSION
from ..providers.types import Charge, Failure
from .budget import BudgetTracker
from .quota import QuotaTracker
from .storage import LastingStore


class Ledger:
    """Counts what an account was charged and what failed, beside what is known of its quota.

    It outlives a reload of the account, so that what is still speaking then is counted in the same place.
    """

    def __init__(self, hass: HomeAssistant, entry_id: str, *, daily_quota: bool) -> None:
        """Start at zero; `async_load` takes up what was stored."""
        self.charged = Charge()
        self.failures: dict[Failure, int] = {}
        self.quota = QuotaTracker(daily=daily_quota)
        self.budget = BudgetTracker()
        self._store = LastingStore(hass, STORAGE_VERSION, _storage_key(entry_id))
        self._save_pending = False
        self._listeners: list[CALLBACK_TYPE] = []
        self._utterances = 0
        self._untold = False

    @callback
    def async_add_listener(self, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call a listener whenever something has changed; returns how to stop that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def async_load(self) -> None:
        """Take up what was stored."""
        if (state := await self._store.async_load()) is None:
            return
        self.charged = Charge(**state["charged"])
        self.failures = {Failure(failure): count for failure, count in state["failures"].items()}
        self.quota.restore(state["quota"])
        if (budget := state.get("budget")) is not None:  # written since there are budgets
            self.budget.restore(budget)

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

    @callback
    def async_changed(self) -> None:
        """Tell that something has changed, at the end of what is being spoken, and have it written soon.

        A write that is pending is not put off: under steady speech it would never come.
        """
        if not self._save_pending:
            self._save_pending = True
            self._store.async_delay_save(self._state_to_save, LEDGER_SAVE_DELAY)
        if self._utterances:
            self._untold = True
        else:
            self._tell()

    async def async_remove(self) -> None:
        """Remove what was stored; whoever still speaks is not written down any more."""
        self._save_pending = True
        await self._store.async_remove()

    def _tell(self) -> None:
        self._untold = False
        for listener in tuple(self._listeners):
            listener()

    @callback
    def _state_to_save(self) -> dict[str, Any]:
        """Return a copy of the state; the next change asks for the next write."""
        self._save_pending = False
        return {
            "charged": {
                "requests": self.charged.requests,
                "characters": self.charged.characters,
                "seconds": self.charged.seconds,
                "points": self.charged.points,
            },
            "failures": dict(self.failures),
            "quota": self.quota.as_dict(),
            "budget": self.budget.as_dict(),
        }


def _storage_key(entry_id: str) -> str:
    """Return the name of the file that an account's ledger is stored in."""
    return f"{DOMAIN}.{entry_id}.ledger"


_LEDGERS: HassKey[dict[str, Ledger]] = HassKey(f"{DOMAIN}_ledgers")


async def async_get_ledger(hass: HomeAssistant, entry_id: str, *, daily_quota: bool) -> Ledger:
    """Return the ledger of an account: the one in use, else the stored one, else a new one."""
    ledgers = hass.data.setdefault(_LEDGERS, {})
    if entry_id not in ledgers:
        ledger = Ledger(hass, entry_id, daily_quota=daily_quota)
        await ledger.async_load()
        ledgers[entry_id] = ledger
    return ledgers[entry_id]


async def async_remove_ledger(hass: HomeAssistant, entry_id: str) -> None:
    """Forget the ledger of an account that was removed."""
    if (ledger := hass.data.get(_LEDGERS, {}).pop(entry_id, None)) is not None:
        await ledger.async_remove()
    else:
        await Store[dict[str, Any]](hass, STORAGE_VERSION, _storage_key(entry_id)).async_remove()
