"""Benchmark latency and CPU time against the engines of Home Assistant.

Writes a table, JSON, and a chart.
"""

import argparse
import asyncio
from datetime import UTC, datetime
import json
import os
from pathlib import Path
import platform
import sys
import tempfile
import time

from homeassistant.const import __version__
from tests.e2e.instance import ProcessError

from .bench import DOMAIN, PEERS, PROVIDERS, open_bench
from .chart import chart
from .checks import checks
from .measure import Measurement
from .publish import publish
from .report import report
from .results import Results
from .scenarios import QUICK, SCENARIOS, Timing

FOLDER = Path(__file__).parent / "results"
EXTRA = ("again", "five_players", "twenty")
NAMES = (*(scenario.name for scenario in SCENARIOS), *EXTRA)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/benchmark", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few scenarios only")
    parser.add_argument("--scenario", action="append", choices=NAMES, help="this one only; may be given again")
    parser.add_argument(
        "--engine", action="append", choices=[*PROVIDERS, *PEERS], help="this one only; may be given again"
    )
    parser.add_argument("--runs", type=int, help="runs of each case, where one is measured more than once")
    parser.add_argument("--output", type=Path, default=FOLDER, help="folder for report.md, results.json and chart.svg")
    parser.add_argument("--publish", action="store_true", help="write the run into docs/, too")
    return parser.parse_args()


async def run(arguments: argparse.Namespace) -> Results:
    """Measure and return the results."""
    wanted = arguments.scenario or (QUICK if arguments.quick else NAMES)
    results = Results(
        home_assistant=__version__,
        machine=f"{os.cpu_count()} cores, Python {platform.python_version()}",
        taken=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    )
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        async with open_bench(Path(folder) / "config", Timing(), arguments.engine) as bench:
            measurement = Measurement(bench, results)
            await measurement.warm_up()
            logged = len(bench.instance.log)
            for scenario in SCENARIOS:
                if scenario.name in wanted:
                    await measurement.scenario(scenario, arguments.runs if scenario.runs > 1 else None)
            if "again" in wanted:
                await measurement.again()
            if "five_players" in wanted:
                await measurement.five_players()
            if "twenty" in wanted:
                await measurement.crowd(runs=arguments.runs or 1)
            results.log += [entry for entry in bench.instance.errors(logged) if DOMAIN in entry]
    return results


def write(results: Results, folder: Path, *, published: bool) -> None:
    """Write the files and print the table."""
    folder.mkdir(parents=True, exist_ok=True)
    found = list(checks(results))
    text = report(results, found)
    (folder / "report.md").write_text(f"{text}\n", encoding="utf-8")
    (folder / "results.json").write_text(json.dumps(results.as_json(), indent=1), encoding="utf-8")
    (folder / "chart.svg").write_text(chart(results), encoding="utf-8")
    if published:
        publish(text, chart(results))
    print(text)


def main() -> int:
    """Run from the command line; returns the exit status."""
    arguments = _arguments()
    started = time.monotonic()
    try:
        results = asyncio.run(run(arguments))
    except ProcessError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    write(results, arguments.output, published=arguments.publish)
    print(
        f"\n{time.monotonic() - started:.0f} s; report, numbers and chart are in {arguments.output}.", file=sys.stderr
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
