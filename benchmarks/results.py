"""Results: single runs, their medians, and the load of concurrent messages."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

type Case = tuple[str, str, bool]
"""Scenario, format, and whether the connection was warm."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One utterance. Times are s after the start of the text; `limit` is the earliest possible time of the first audio.

    `error` says why there was no audio; the numbers are then 0.
    """

    scenario: str
    form: str
    warm: bool
    engine: str
    limit: float
    first: float | None
    stalls: int = 0
    stalled: float = 0.0
    seconds: float = 0.0
    silence: float = 0.0
    requests: int = 0
    cpu: float | None = None
    error: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Median:
    """All runs of one case with one engine: medians, except for the maximum of stalls, silence, and requests."""

    scenario: str
    form: str
    warm: bool
    engine: str
    runs: int
    limit: float
    first: float | None
    beyond_limit: float | None
    stalls: int
    stalled: float
    silence: float
    seconds: float
    requests: int
    cpu_per_second: float | None
    errors: tuple[str, ...]

    @classmethod
    def of(cls, runs: Sequence[Run]) -> Median:
        """Summarize runs of the same case."""
        one = runs[0]
        heard = [run for run in runs if run.first is not None]
        beyond = [run.first - run.limit for run in heard if run.first is not None]
        used = [run.cpu for run in heard if run.cpu is not None]
        seconds = sum(run.seconds for run in heard)
        return cls(
            scenario=one.scenario,
            form=one.form,
            warm=one.warm,
            engine=one.engine,
            runs=len(runs),
            limit=median(run.limit for run in runs),
            first=median(run.first for run in heard if run.first is not None) if heard else None,
            beyond_limit=median(beyond) if beyond else None,
            stalls=max(run.stalls for run in runs),
            stalled=max(run.stalled for run in runs),
            silence=max(run.silence for run in runs),
            seconds=median(run.seconds for run in runs),
            requests=max(run.requests for run in runs),
            cpu_per_second=max(0.0, sum(used)) / seconds if used and seconds else None,
            errors=tuple(run.error for run in runs if run.error),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Crowd:
    """Many concurrent utterances.

    CPU is s per s of audio, of Home Assistant alone and with the converters. `late_p99` is the lag of the event loop in
    s. `memory` is the maximum increase in bytes.
    """

    scenario: str
    form: str
    engine: str
    utterances: int
    first: float
    last_first: float
    stalls: int
    seconds: float
    requests: int
    cpu: float
    cpu_with_converters: float
    late_p50: float
    late_p99: float
    late_most: float
    memory: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Idle:
    """An idle Home Assistant: s of CPU per s, and the lag of the event loop in s."""

    cpu: float
    late_p50: float
    late_p99: float
    memory: int


@dataclass(kw_only=True, slots=True)
class Results:
    """The results of one run of the benchmarks."""

    home_assistant: str
    machine: str
    taken: str
    idle: Idle | None = None
    runs: list[Run] = field(default_factory=list)
    crowds: list[Crowd] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    """Errors that Home Assistant logged during the run."""

    @property
    def cases(self) -> list[Case]:
        """Return all cases in the order of their measurement."""
        return list(dict.fromkeys((run.scenario, run.form, run.warm) for run in self.runs))

    def medians(self, case: Case | None = None) -> list[Median]:
        """Return the medians of a case, or of all."""
        groups: dict[tuple[Case, str], list[Run]] = {}
        for run in self.runs:
            of = (run.scenario, run.form, run.warm)
            if case in (None, of):
                groups.setdefault((of, run.engine), []).append(run)
        return [Median.of(runs) for runs in groups.values()]

    def as_json(self) -> dict[str, Any]:
        """Return everything, including the medians."""
        return asdict(self) | {"medians": [asdict(each) for each in self.medians()]}
