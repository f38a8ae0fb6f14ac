"""The requirements of the project, checked against one run."""

from collections.abc import Iterator
from dataclasses import dataclass

from .results import Case, Crowd, Median, Results

NATIVE, WRITTEN, CONVERTED = 0.015, 0.025, 0.050
"""Seconds after the limit for audio that is passed through, streamed, or converted."""

LEVEL = 0.010
AGAIN = 0.010
LATE = 0.005
PEERS = frozenset({"elevenlabs", "fish_audio"})
ONE_FORM = frozenset({"flow_tts"})
"""Engines whose service only has PCM at one rate."""
COMPLETE = frozenset({"announcement", "announcement_forms", "complete", "complete_whole", "slow", "five_players"})
PAUSING = frozenset({"early_tool", "pause_whole"})
LATENCY = (
    *("announcement", "announcement_forms", "complete", "tokens", "tokens_sudden", "tokens_wav", "clause", "slow"),
    "early_tool",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """The result of one requirement in one case, with the measured number."""

    requirement: str
    case: str
    passed: bool
    found: str


def checks(results: Results) -> Iterator[Check]:
    """Yield all checks that this run has the measurements for."""
    yield from _first_sounds(results)
    yield from _whole(results)
    yield from _repeated(results)
    yield from _crowds(results)


def ours(medians: list[Median]) -> list[Median]:
    """Return the medians of our own engines."""
    return [each for each in medians if each.engine not in PEERS]


def described(case: Case) -> str:
    """Return a case as text."""
    scenario, form, warm = case
    return f"{scenario}, {form}, {'warm' if warm else 'cold'}"


def allowed(own: Median) -> float:
    """Return how many seconds after the limit the first audio may come."""
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
                yield Check(requirement="speaks", case=name, passed=False, found="; ".join(own.errors))
                continue
            most = allowed(own)
            yield Check(
                requirement=f"first audio within {most * 1000:.0f} ms of the limit",
                case=name,
                passed=own.beyond_limit <= most,
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
        requirement=f"faster than {peer.engine}{', or equal' if at_limit else ''}",
        case=name,
        passed=behind < 0 or (at_limit and behind <= LEVEL),
        found=f"{behind * 1000:+.0f} ms",
    )


def _whole(results: Results) -> Iterator[Check]:
    for each in ours(results.medians()):
        case = f"{each.engine}: {described((each.scenario, each.form, each.warm))}"
        if not each.scenario.endswith("_whole") and each.scenario != "early_tool":
            continue
        yield Check(
            requirement="no stall",
            case=case,
            passed=not each.stalls and not each.errors,
            found=f"{each.stalls} ({each.stalled:.2f} s)",
        )
        if each.scenario not in PAUSING:
            yield Check(
                requirement="no silence added", case=case, passed=not each.silence, found=f"{each.silence:.2f} s"
            )
        if each.engine == "flow_tts" and each.scenario in ("complete_whole", "tokens_whole"):
            most = 1 if each.scenario == "complete_whole" else 3
            yield Check(
                requirement=f"at most {most} points",
                case=case,
                passed=0 < each.requests <= most,
                found=str(each.requests),
            )


def _repeated(results: Results) -> Iterator[Check]:
    for each in ours(results.medians()):
        case = f"{each.engine}: {each.scenario}, {each.form}"
        first = each.first if each.first is not None else float("inf")
        if each.scenario.startswith("again"):
            yield Check(requirement="no request", case=case, passed=not each.requests, found=str(each.requests))
            yield Check(requirement="within 10 ms", case=case, passed=first <= AGAIN, found=f"{first * 1000:.0f} ms")
        elif each.scenario == "five_players":
            yield Check(requirement="one request", case=case, passed=each.requests == 1, found=str(each.requests))


def _crowds(results: Results) -> Iterator[Check]:
    crowds = medians_of_crowds(results)
    for own in crowds:
        if own.engine in PEERS:
            continue
        case = f"{own.engine}: {own.scenario}, {own.form}"
        yield Check(
            requirement="event loop lag below 5 ms (p99)",
            case=case,
            passed=own.late_p99 < LATE,
            found=f"{own.late_p99 * 1000:.1f} ms",
        )
        for peer in crowds:
            if peer.engine in PEERS and (peer.scenario, peer.form) == (own.scenario, own.form):
                yield Check(
                    requirement=f"less CPU than {peer.engine}",
                    case=case,
                    passed=own.cpu_with_converters < peer.cpu_with_converters,
                    found=f"{own.cpu_with_converters * 1000:.1f} vs. {peer.cpu_with_converters * 1000:.1f} ms/s",
                )


def medians_of_crowds(results: Results) -> list[Crowd]:
    """Return the run with the median CPU time of each crowd."""
    groups: dict[tuple[str, str, str], list[Crowd]] = {}
    for crowd in results.crowds:
        groups.setdefault((crowd.scenario, crowd.form, crowd.engine), []).append(crowd)
    return [sorted(runs, key=lambda run: run.cpu_with_converters)[(len(runs) - 1) // 2] for runs in groups.values()]
