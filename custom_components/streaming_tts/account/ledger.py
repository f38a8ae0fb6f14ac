"""What this integration counted, kept over restarts and crashes."""

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
    """Counts what an account was charged and what failed, beside what is known of its quota.

    It outlives a reload of the account, so that what is still speaking then is counted in the same place. `save` is
    called when something has changed, and has `as_dict` written soon.
    """

    def __init__(self, save: CALLBACK_TYPE, *, daily_quota: bool) -> None:
        """Start at zero; `restore` takes up what was stored."""
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
    def take_up_budget(self, budget: Budget | None, *, stops_at_limit: bool) -> None:
        """Go by a budget from now on, or by none."""
        if budget is None:
            self.budget = None
            return
        if self.budget is None:
            self.budget = BudgetTracker.begun(budget, dt_util.now())
        self.budget.take_up(budget, dt_util.now())
        self.budget.stops_at_limit = stops_at_limit

    @callback
    def count(self, charge: Charge, money: float, started: datetime, failure: Failure | None = None) -> None:
        """Count a request that has ended: when it was made, what it was charged and costs, and how it failed.

        `async_changed` is still to be called.
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
                "budget": {"budget": None} if self.budget is None else self.budget.as_dict(),
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
        quota.state(dt_util.utcnow())  # Raises for a time without its zone
        self.quota = quota

    def _restore_budget(self, stored: Mapping[str, Any]) -> None:
        if stored["budget"] is not None:
            budget = BudgetTracker.of(stored, self.charged)
            budget.state(dt_util.now())  # the same
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


@dataclass(frozen=True, kw_only=True, slots=True)
class JournalEntry:
    """What a request will probably be charged, and what that costs."""

    charge: Charge
    money: float

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Self:
        """Return an entry from its fields as JSON; raises one of `MALFORMED`."""
        charge = Charge(**{key: stored["charge"][key] for key in asdict(Charge())})
        if min(*asdict(charge).values(), stored["money"]) < 0:
            raise ValueError
        return cls(charge=charge, money=stored["money"])


class Journal:
    """Numbers the requests, and appends a line for each to a file when it begins.

    Nothing waits for the line: it is written in the executor, with those that came while the one before was written.
    The account's file has the number of the newest request that it knows, and the requests that were in progress then.
    At start-up these are counted, and of the journal the lines with a higher number. The file begins anew when all its
    lines are known to the account's file; `saved` returns the newest number in that.
    """

    def __init__(self, hass: HomeAssistant, path: str, saved: Callable[[], int]) -> None:
        """Bind the journal to its file."""
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
        """Keep a request for as long as it is in progress; at the end it must have been counted."""
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
        """Return what belongs into the account's file."""
        return {"newest": self._newest, "open": [asdict(entry) for entry in self._open.values()]}

    async def async_take_up(self, stored: Mapping[str, Any] | None) -> list[JournalEntry]:
        """Return the requests that were in progress or not yet counted when Home Assistant ended.

        Raises one of `MALFORMED` if what `as_dict` returned cannot be read.
        """
        lines = await self._hass.async_add_executor_job(_read, self._path)
        saved: int = 0 if stored is None else stored["newest"]
        self._newest = self._newest_written = max([saved, *lines])
        left = [entry for number, entry in lines.items() if number > saved]
        return left if stored is None else [*map(JournalEntry.of, stored["open"]), *left]

    async def async_close(self) -> None:
        """Write nothing any more."""
        self._closed = True
        if self._write is not None:
            await self._write

    async def _async_write(self) -> None:
        """Write the lines that wait, and those that come meanwhile."""
        try:
            while self._lines and not self._closed:
                lines, self._lines = "".join(self._lines), []
                anew = self._newest_written <= self._saved()
                self._newest_written = self._newest
                await self._hass.async_add_executor_job(_append, self._path, lines, anew)
        finally:
            self._write = None


def _append(path: str, lines: str, anew: bool) -> None:
    """Append lines to a file that its owner alone may read; where the disk is full, the account's file reports that."""
    flags = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if anew else os.O_APPEND)
    try:
        with os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8") as file:
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        pass


def _read(path: str) -> dict[int, JournalEntry]:
    """Return the lines of a file by their numbers; one in the middle of which the machine ended is none."""
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
