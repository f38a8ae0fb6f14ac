"""Results of the simulated hours: checks, and tables."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from .books import Balance
from .evening import Tally
from .gauges import Gauge

MIB: Final = 2**20
MOST_GROWTH: Final = 16 * MIB
"""Maximum growth of memory in bytes after the warm-up: recorder, file cache, and log vary."""
MOST_BLOCKS: Final = 0.03
"""Maximum relative growth of Python's allocated blocks, which shows leaks first."""
LONGER: Final = {"seconds": 0.002}
"""Maximum relative difference of usage by unit: an MP3 is a little longer than its audio."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """The results of a run; seconds are real ones."""

    home_assistant: str
    minutes: int
    seconds: float
    seed: int
    tally: Tally
    before: Gauge
    after: Gauge
    balances: Sequence[Balance]
    errors: Sequence[str]
    left_behind: Sequence[str]
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def broken(self) -> list[str]:
        """The failed checks."""
        grown = self.after.memory - self.before.memory
        blocks = self.after.blocks / self.before.blocks - 1
        promises = {
            f"memory grew by {grown / MIB:.1f} MiB": grown <= MOST_GROWTH,
            f"allocated blocks grew by {blocks:.1%}": blocks <= MOST_BLOCKS,
            f"tasks are left: {self.after.tasks}": not self.after.tasks,
            f"connections are left: {self.after.connections}": not self.after.connections,
            f"sockets grew from {self.before.sockets} to {self.after.sockets}": self.after.sockets
            <= self.before.sockets,
            f"texts were not played completely: {self.tally.cut}": not self.tally.cut,
            f"the log reports abandoned tasks or connections: {self.left_behind}": not self.left_behind,
            f"the log has errors: {self.errors}": not self.errors,
        }
        promises |= {
            f"the ledger of {each.provider} is off by {each.off:g} {each.unit}": self._agrees(each)
            for each in self.balances
        }
        return [promise for promise, kept in promises.items() if not kept]

    def _agrees(self, balance: Balance) -> bool:
        """Return True if the usage of an account matches.

        If a service stops before the first byte of a response, its charge is unknown: each restart allows for one
        request.
        """
        unknown = self.tally.restarts.get(balance.provider, 0) * balance.charged / max(1, balance.requests)
        longer = LONGER.get(balance.unit, 0.0) * balance.charged
        return -unknown - longer <= balance.off <= longer

    def as_json(self) -> dict[str, Any]:
        """Return all results."""
        return asdict(self) | {"broken": self.broken}

    def as_table(self) -> str:
        """Return all results as Markdown."""
        return "\n".join([*self._head(), *self._said(), *self._kept(), *self._books(), *self._verdict()])

    def _head(self) -> Iterator[str]:
        yield (
            f"Home Assistant {self.home_assistant}: {self.minutes} simulated minutes in {self.seconds:.0f} s "
            f"(seed {self.seed}).\n"
        )

    def _said(self) -> Iterator[str]:
        tally = self.tally
        yield "| event | count |\n|---|---|"
        yield f"| announcements | {tally.announcements} |"
        yield f"| streamed answers | {tally.answers} |"
        yield f"| canceled answers | {tally.cancelled} |"
        yield f"| played completely | {tally.heard} of {tally.announcements + tally.answers} |"
        yield f"| restarts of a service during speech | {sum(tally.restarts.values())} |"
        for name, count in self.counts.items():
            yield f"| {name} | {count} |"
        yield f"| errors in the log, except for disconnected clients | {len(self.errors)} |"

    def _kept(self) -> Iterator[str]:
        before, after = self.before, self.after
        yield "\n| when idle | after the warm-up | at the end |\n|---|---|---|"
        yield f"| memory, MiB | {before.memory / MIB:.1f} | {after.memory / MIB:.1f} (max. {max(self.tally.memory) / MIB:.1f}) |"  # noqa: E501
        yield f"| allocated blocks, thousands | {before.blocks / 1000:.0f} | {after.blocks / 1000:.0f} |"
        yield f"| Python objects, thousands | {before.objects / 1000:.0f} | {after.objects / 1000:.0f} |"
        yield f"| open sockets | {before.sockets} | {after.sockets} |"
        yield f"| connections to the services | {before.connections} | {after.connections} |"
        yield f"| tasks of the integration | {sum(before.tasks.values())} | {sum(after.tasks.values())} |"

    def _books(self) -> Iterator[str]:
        yield "\n| account | unit | charged by the service | counted here | requests |\n|---|---|---|---|---|"
        for each in self.balances:
            yield f"| {each.provider} | {each.unit} | {each.charged:.2f} | {each.counted:.2f} | {each.requests} |"

    def _verdict(self) -> Iterator[str]:
        yield ""
        yield "All checks passed." if not self.broken else "\n".join(f"- failed: {each}" for each in self.broken)
