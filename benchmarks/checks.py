"""What the project promises, line by line, and whether it was kept in this run."""

from collections.abc import Iterator
from dataclasses import dataclass

from .results import Case, Crowd, Median, Results

NATIVE, WRITTEN, CONVERTED = 0.015, 0.025, 0.050
"""Seconds behind the limit: what passes through, what is still being written, what has to be converted."""

LEVEL = 0.010
AGAIN = 0.010
LATE = 0.005
PEERS = frozenset({"elevenlabs", "fish_audio"})
ONE_FORM = frozenset({"flow_tts"})
"""Engines whose service has PCM at one rate and nothing else."""
COMPLETE = frozenset({"announcement", "announcement_forms", "complete", "complete_whole", "slow", "five_players"})
PAUSING = frozenset({"early_tool", "pause_whole"})
LATENCY = (
    *("announcement", "announcement_forms", "complete", "tokens", "tokens_sudden", "tokens_wav", "clause", "slow"),
    "early_tool",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One promise in one case: kept or not, with the number that says so."""

    promise: str
    case: str
    kept: bool
    found: str


def checks(results: Results) -> Iterator[Check]:
    """Yield all promises that this run can tell about."""
    yield from _first_sounds(results)
    yield from _whole(results)
    yield from _repeated(results)
    yield from _crowds(results)


def ours(medians: list[Median]) -> list[Median]:
    """Return those of the project's own engines."""
    return [each for each in medians if each.engine not in PEERS]


def described(case: Case) -> str:
    """Return a case in words."""
    scenario, form, warm = case
    return f"{scenario}, {form}, {'warm' if warm else 'cold'}"


def allowed(own: Median) -> float:
    """Return how far behind the limit a first sound may be."""
    if own.form.startswith("flac") or (own.form in ("mp3", "wav 16000") and own.engine in ONE_FORM):
        return CONVERTED
    return NATIVE if own.scenario in COMPLETE else WRITTEN


def _first_sounds(results: Results) -> Iterator[Check]:
    for case in results.cases:
        if case[0] not in LATENCY:
            continue
        medians = results.medians(case)
        peers = [each for each in medians if each.engine in PEERS and each.first is not None]
        for own in ours(medians):
            name = f"{own.engine}: {described(case)}"
            if own.first is None or own.beyond_limit is None:
                yield Check(promise="speaks", case=name, kept=False, found="; ".join(own.errors))
                continue
            most = allowed(own)
            yield Check(
                promise=f"first sound within {most * 1000:.0f} ms of the limit",
                case=name,
                kept=own.beyond_limit <= most,
                found=f"{own.beyond_limit * 1000:+.0f} ms",
            )
            for peer in peers:
                yield _before(own, peer, name)


def _before(own: Median, peer: Median, name: str) -> Check:
    assert own.first is not None
    assert peer.first is not None
    at_limit = peer.first - peer.limit <= LEVEL
    behind = own.first - peer.first
    return Check(
        promise=f"before {peer.engine}{', or level' if at_limit else ''}",
        case=name,
        kept=behind < 0 or (at_limit and behind <= LEVEL),
        found=f"{behind * 1000:+.0f} ms",
    )


def _whole(results: Results) -> Iterator[Check]:
    for each in ours(results.medians()):
        case = f"{each.engine}: {described((each.scenario, each.form, each.warm))}"
        if not each.scenario.endswith("_whole") and each.scenario != "early_tool":
            continue
        yield Check(
            promise="no stall",
            case=case,
            kept=not each.stalls and not each.errors,
            found=f"{each.stalls} ({each.stalled:.2f} s)",
        )
        if each.scenario not in PAUSING:
            yield Check(promise="no silence put in", case=case, kept=not each.silence, found=f"{each.silence:.2f} s")
        if each.engine == "flow_tts" and each.scenario in ("complete_whole", "tokens_whole"):
            most = 1 if each.scenario == "complete_whole" else 3
            yield Check(
                promise=f"at most {most} points", case=case, kept=0 < each.requests <= most, found=str(each.requests)
            )


def _repeated(results: Results) -> Iterator[Check]:
    for each in ours(results.medians()):
        case = f"{each.engine}: {each.scenario}, {each.form}"
        first = each.first if each.first is not None else float("inf")
        if each.scenario.startswith("again"):
            yield Check(promise="no request", case=case, kept=not each.requests, found=str(each.requests))
            yield Check(promise="within 10 ms", case=case, kept=first <= AGAIN, found=f"{first * 1000:.0f} ms")
        elif each.scenario == "five_players":
            yield Check(promise="one request", case=case, kept=each.requests == 1, found=str(each.requests))


def _crowds(results: Results) -> Iterator[Check]:
    crowds = medians_of_crowds(results)
    for own in crowds:
        if own.engine in PEERS:
            continue
        case = f"{own.engine}: {own.scenario}, {own.form}"
        yield Check(
            promise="event loop less than 5 ms late (99 %)",
            case=case,
            kept=own.late_p99 < LATE,
            found=f"{own.late_p99 * 1000:.1f} ms",
        )
        for peer in crowds:
            if peer.engine in PEERS and (peer.scenario, peer.form) == (own.scenario, own.form):
                yield Check(
                    promise=f"less CPU than {peer.engine}",
                    case=case,
                    kept=own.cpu_with_converters < peer.cpu_with_converters,
                    found=f"{own.cpu_with_converters * 1000:.1f} to {peer.cpu_with_converters * 1000:.1f} ms/s",
                )


def medians_of_crowds(results: Results) -> list[Crowd]:
    """Return, of each crowd, the run whose CPU is the median."""
    groups: dict[tuple[str, str, str], list[Crowd]] = {}
    for crowd in results.crowds:
        groups.setdefault((crowd.scenario, crowd.form, crowd.engine), []).append(crowd)
    return [sorted(runs, key=lambda run: run.cpu_with_converters)[(len(runs) - 1) // 2] for runs in groups.values()]
