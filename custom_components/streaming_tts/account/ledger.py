"""Usage counted by this integration, kept across restarts and crashes."""

import asyncio
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from datetime import datetime
import json
import os
from pathlib import Path
from typing import Any, Self

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.util import dt as dt_util

from ..providers.types import Charge, Failure
from .quota import Budget, BudgetTracker, QuotaTracker
from .stores import MALFORMED, with_unknown


class Ledger:
    """Counts charges and failures of an account, and tracks its quota and budget.

    The ledger outlives a reload of the account, so utterances in progress are still counted here. `save` is called on
    every change and schedules a write of `as_dict`.
    """

    def __init__(self, save: CALLBACK_TYPE, *, daily_quota: bool) -> None:
        """Start at zero. `restore` loads the stored state."""
        self.charged = Charge()
        self.failures: dict[Failure, int] = {}
        self.quota = QuotaTracker(daily=daily_quota)
        self.budget: BudgetTracker | None = None
        self._daily_quota = daily_quota
        self._save = save
        self._stored: Mapping[str, Any] = {}
        self._listeners: list[CALLBACK_TYPE] = []
        self._utterances = 0
        self._untold = False

    @callback
    def async_add_listener(self, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call a listener on every change. Return a function that removes it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @contextmanager
    def speaking(self) -> Generator[None]:
        """Postpone notifications while an utterance is spoken. Listeners are called once at its end."""
        self._utterances += 1
        try:
            yield
        finally:
            self._utterances -= 1
            if self._untold:
                self._tell()

    @callback
    def take_up_budget(self, budget: Budget | None, *, stops_at_limit: bool) -> None:
        """Use a budget from now on, or none."""
        if budget is None:
            self.budget = None
            return
        if self.budget is None:
            self.budget = BudgetTracker.begun(budget, dt_util.now())
        self.budget.apply(budget, dt_util.now())
        self.budget.stops_at_limit = stops_at_limit

    @callback
    def count(self, charge: Charge, money: float, started: datetime, failure: Failure | None = None) -> None:
        """Count an ended request: its start, charge, cost in money, and failure, if any.

        The caller must call `async_changed` afterwards.
        """
        if charge.points:
            self.quota.spend(charge.points, started, dt_util.utcnow())
        if self.budget is not None:
            self.budget.spend(charge, money, dt_util.now())
        self.charged += charge
        if failure is not None:
            self.failures[failure] = self.failures.get(failure, 0) + 1

    @callback
    def async_changed(self) -> None:
        """Schedule a write and notify the listeners, after the current utterance if there is one."""
        self._save()
        if self._utterances:
            self._untold = True
        else:
            self._tell()

    def as_dict(self) -> dict[str, Any]:
        """Return the state as JSON, including stored keys of a later release."""
        return with_unknown(
            self._stored,
            {
                "charged": asdict(self.charged),
                "failures": {failure.value: count for failure, count in self.failures.items()},
                "quota": self.quota.as_dict(),
                "budget": {"budget": None} if self.budget is None else self.budget.as_dict(),
            },
        )

    def restore(self, stored: Mapping[str, Any]) -> None:
        """Load the state that `as_dict` returned. Unknown keys of a later release are kept and ignored.

        The four parts are loaded independently. Raises `ValueError` if one is unreadable; that part starts at zero.
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
            if part not in self._stored:  # Budgets were added after ledgers
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
            with suppress(ValueError):  # A failure kind of a later release
                failures[Failure(kind)] = count
        self.failures = {failure: _count(count) for failure, count in failures.items()}

    def _restore_quota(self, stored: Mapping[str, Any]) -> None:
        for key in ("limit", "used", "remaining"):
            if stored[key] is not None:
                _count(stored[key])
        quota = QuotaTracker(daily=self._daily_quota)
        quota.restore(stored)
        quota.state(dt_util.utcnow())  # Raises for a naive datetime
        self.quota = quota

    def _restore_budget(self, stored: Mapping[str, Any]) -> None:
        if stored["budget"] is not None:
            budget = BudgetTracker.of(stored, self.charged)
            budget.state(dt_util.now())  # Raises for a naive datetime
            self.budget = budget

    def _tell(self) -> None:
        self._untold = False
        for listener in tuple(self._listeners):
            listener()


def _known(kind: type[Charge], stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return the stored fields that this release has."""
    names = {field.name for field in fields(kind)}
    return {key: value for key, value in stored.items() if key in names}


def _count(value: Any) -> Any:
    """Return a stored count. Raises `ValueError` unless it is a non-negative number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise ValueError
    return value


@dataclass(frozen=True, kw_only=True, slots=True)
class JournalEntry:
    """The estimated charge of a request, and its cost."""

    charge: Charge
    money: float

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Self:
        """Return an entry from its fields as JSON. Raises one of `MALFORMED`."""
        charge = Charge(**{key: stored["charge"][key] for key in asdict(Charge())})
        if min(*asdict(charge).values(), stored["money"]) < 0:
            raise ValueError
        return cls(charge=charge, money=stored["money"])


class Journal:
    """Numbers the requests, and appends a line to a file when each begins.

    Requests do not wait for the write. It runs in the executor, together with lines added during the previous write.
    The account's file stores the number of its newest request, and the requests in progress at that time. At startup,
    these are counted, and all journal lines with a higher number. The journal is truncated when the account's file
    covers all its lines. `saved` returns the newest number in that file.
    """

    def __init__(self, hass: HomeAssistant, path: str, saved: Callable[[], int]) -> None:
        """Initialize the journal with the path of its file."""
        self._hass = hass
        self._path = path
        self._saved = saved
        self._newest = 0
        self._newest_written = 0
        self._open: dict[int, JournalEntry] = {}
        self._lines: list[str] = []
        self._write: asyncio.Task[None] | None = None
        self._closed = False

    @contextmanager
    def request(self, charge: Charge, money: float) -> Generator[None]:
        """Record a request while it is in progress. It must be counted before the context exits."""
        self._newest = number = self._newest + 1
        self._open[number] = entry = JournalEntry(charge=charge, money=money)
        self._lines.append(f"{json.dumps({'number': number, **asdict(entry)})}\n")
        if self._write is None and not self._closed:
            self._write = self._hass.async_create_task(self._async_write(), "Write the journal")
        try:
            yield
        finally:
            del self._open[number]

    def as_dict(self) -> dict[str, Any]:
        """Return the journal's part of the account's file."""
        return {"newest": self._newest, "open": [asdict(entry) for entry in self._open.values()]}

    async def async_take_up(self, stored: Mapping[str, Any] | None) -> list[JournalEntry]:
        """Return the requests that were in progress or not yet counted when Home Assistant ended.

        Raises one of `MALFORMED` if the output of `as_dict` is unreadable.
        """
        lines = await self._hass.async_add_executor_job(_read, self._path)
        saved: int = 0 if stored is None else stored["newest"]
        self._newest = self._newest_written = max([saved, *lines])
        left = [entry for number, entry in lines.items() if number > saved]
        return left if stored is None else [*map(JournalEntry.of, stored["open"]), *left]

    async def async_close(self) -> None:
        """Stop writing, after the write in progress."""
        self._closed = True
        if self._write is not None:
            await self._write

    async def _async_write(self) -> None:
        """Write the pending lines, and the ones added meanwhile."""
        try:
            while self._lines and not self._closed:
                lines, self._lines = "".join(self._lines), []
                anew = self._newest_written <= self._saved()
                self._newest_written = self._newest
                await self._hass.async_add_executor_job(_append, self._path, lines, anew)
        finally:
            self._write = None


def _append(path: str, lines: str, anew: bool) -> None:
    """Append lines to a file with mode 0600. If the disk is full, writing the account's file reports that."""
    flags = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if anew else os.O_APPEND)
    try:
        with os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8") as file:
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        pass


def _read(path: str) -> dict[int, JournalEntry]:
    """Return the lines of a file by number, without incomplete ones."""
    entries: dict[int, JournalEntry] = {}
    try:
        lines = Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return entries
    for line in lines:
        try:
            stored = json.loads(line)
            entries[int(stored["number"])] = JournalEntry.of(stored)
        except MALFORMED:
            continue
    return entries
