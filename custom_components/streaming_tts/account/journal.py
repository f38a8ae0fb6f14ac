"""Requests in progress, on the disk while they run: a crash must not leave them uncounted."""

from asyncio import Future
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
import json
import os
from pathlib import Path
from typing import Any, Self

from homeassistant.core import HomeAssistant, callback

from ..providers.types import Charge
from .stores import MALFORMED


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
        self._write: Future[None] | None = None
        self._closed = False

    @contextmanager
    def request(self, charge: Charge, money: float) -> Generator[None]:
        """Keep a request for as long as it is in progress; at the end it must have been counted."""
        self._newest = number = self._newest + 1
        self._open[number] = entry = JournalEntry(charge=charge, money=money)
        self._lines.append(f"{json.dumps({'number': number, **asdict(entry)})}\n")
        self._start_write()
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

    @callback
    def _start_write(self) -> None:
        """Have the waiting lines written, unless some are being written."""
        if self._write is not None or self._closed or not self._lines:
            return
        lines, self._lines = "".join(self._lines), []
        anew = self._newest_written <= self._saved()
        self._newest_written = self._newest
        self._write = self._hass.async_add_executor_job(_append, self._path, lines, anew)
        self._write.add_done_callback(self._written)

    @callback
    def _written(self, write: Future[None]) -> None:
        self._write = None
        if not write.cancelled():
            self._start_write()


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
