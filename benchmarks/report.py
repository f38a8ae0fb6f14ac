"""The tables in Markdown."""

from collections.abc import Iterator, Sequence

from .checks import Check, described, medians_of_crowds
from .results import Median, Results
from .scenarios import SCENARIOS

TITLES = {scenario.name: scenario.title for scenario in SCENARIOS} | {
    "again": "repeated phrase",
    "again_answer": "repeated phrase, in an answer",
    "five_players": "one announcement, five players",
}


def report(results: Results, checks: Sequence[Check]) -> str:
    """Return the whole report."""
    return "\n".join([*_head(results), *_first_sounds(results), *_whole(results), *_crowds(results), *_checks(checks)])


def _head(results: Results) -> Iterator[str]:
    yield f"Home Assistant {results.home_assistant}, {results.machine}, {results.taken}."
    if idle := results.idle:
        yield (
            f"Idle: {idle.cpu * 100:.1f}% CPU, event loop lag {idle.late_p99 * 1000:.1f} ms (p99), "
            f"{idle.memory / 2**20:.0f} MiB."
        )


def _first_sounds(results: Results) -> Iterator[str]:
    engines = list(dict.fromkeys(run.engine for run in results.runs))
    yield "\n## Time to first audio\n"
    yield "Seconds after the start of the text; in parentheses, milliseconds over the limit.\n"
    yield f"| scenario | format | connection | limit | {' | '.join(engines)} |"
    yield f"|{'---|' * (4 + len(engines))}"
    for case in results.cases:
        found = {each.engine: each for each in results.medians(case)}
        limit = min(each.limit for each in found.values())
        cells = [_first(found.get(engine)) for engine in engines]
        title = TITLES.get(case[0], case[0])
        yield f"| {title} | {case[1]} | {'warm' if case[2] else 'cold'} | {limit:.2f} | {' | '.join(cells)} |"


def _first(found: Median | None) -> str:
    if found is None:
        return ""
    if found.first is None or found.beyond_limit is None:
        return "failed"
    return f"{found.first:.3f} ({found.beyond_limit * 1000:+.0f})"


def _whole(results: Results) -> Iterator[str]:
    yield "\n## Complete messages\n"
    yield "| case | engine | stalls | stalled, s | added silence, s | audio, s | requests | CPU, ms per s of audio |"
    yield "|---|---|---|---|---|---|---|---|"
    for case in results.cases:
        for each in results.medians(case):
            if each.cpu_per_second is not None or case[0].endswith(("_whole", "_tool", "_players")):
                used = "" if each.cpu_per_second is None else f"{each.cpu_per_second * 1000:.1f}"
                yield (
                    f"| {described(case)} | {each.engine} | {each.stalls} | {each.stalled:.2f} | {each.silence:.2f} "
                    f"| {each.seconds:.1f} | {each.requests} | {used} |"
                )


def _crowds(results: Results) -> Iterator[str]:
    if not results.crowds:
        return
    yield "\n## Twenty concurrent messages\n"
    yield (
        "| case | engine | first audio, s | slowest first audio, s | stalls | requests | CPU, ms per s | with FFmpeg "
        "| event loop lag p99, ms | max., ms | memory, MiB |"
    )
    yield f"|{'---|' * 11}"
    for each in medians_of_crowds(results):
        yield (
            f"| {each.scenario}, {each.form} | {each.engine} | {each.first:.2f} | {each.last_first:.2f} | "
            f"{each.stalls} | {each.requests} | {each.cpu * 1000:.1f} | {each.cpu_with_converters * 1000:.1f} "
            f"| {each.late_p99 * 1000:.1f} | {each.late_most * 1000:.0f} | {each.memory / 2**20:.1f} |"
        )


def _checks(checks: Sequence[Check]) -> Iterator[str]:
    broken = [check for check in checks if not check.passed]
    yield f"\n## Checks\n\n{len(checks) - len(broken)} of {len(checks)} passed.\n"
    for check in broken:
        yield f"- failed: {check.requirement}: {check.case}: {check.found}"
