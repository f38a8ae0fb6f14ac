"""Two simulated hours in minutes: memory, leaks, and usage."""

import argparse
import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
import json
from pathlib import Path
import re
import sys
from tempfile import TemporaryDirectory

from homeassistant.const import __version__
from tests.e2e.conftest import LEFT_BEHIND, NOISE
from tests.emulator.settings import Settings

from .books import Books
from .evening import Evening
from .gauges import memory, quiet
from .publish import publish
from .result import Result
from .scene import Scene, running_scene

WARM_UP_MINUTES = 15
BEFORE_MIDNIGHT = 60
"""Minutes of the run before midnight, when the points of Flow TTS are renewed."""
LEFT_EARLY = re.compile("|".join((*NOISE, "Cannot write to closing transport", r"Error handling request from")))
"""Home Assistant's messages about disconnected clients."""
SERVICES = Settings(ttfb=0.02, realtime_factor=0.0)


def main() -> int:
    """Run the command; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="scripts/soak",
        description="Run two simulated hours in minutes, and check memory, tasks, connections, and usage.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--minutes", type=int, default=120, help="simulated minutes after the warm-up")
    parser.add_argument("--warm-up", type=int, default=WARM_UP_MINUTES, help="simulated minutes of the warm-up")
    parser.add_argument("--minute", type=float, default=2.0, help="minimum real seconds per simulated minute")
    parser.add_argument("--seed", type=int, default=1, help="of the random events")
    parser.add_argument("--json", type=Path, help="file for all results")
    parser.add_argument("--publish", action="store_true", help="write the tables into docs/, too")
    arguments = parser.parse_args()
    result = asyncio.run(_run(arguments))
    print(result.as_table())
    if arguments.json:
        arguments.json.write_text(json.dumps(result.as_json(), indent=2) + "\n", encoding="utf-8")
    if arguments.publish:
        publish("soak", result.as_table())
    return bool(result.broken)


async def _run(arguments: argparse.Namespace) -> Result:
    with TemporaryDirectory(prefix="soak-") as folder:
        async with running_scene(Path(folder) / "config", SERVICES) as scene:
            return await _hours(scene, arguments)


async def _hours(scene: Scene, arguments: argparse.Namespace) -> Result:
    """Run the warm-up, measure, run the hours, and measure again."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    scene.emulator.sarvam.change_quota({"credits": 100_000})
    await _begin_in_the_evening(scene, arguments.warm_up + BEFORE_MIDNIGHT)
    books = Books(scene)
    evening = Evening(scene, seconds_per_minute=arguments.minute, seed=arguments.seed)

    def look() -> int:
        books.look()
        return memory(scene.instance.pid)

    _say(f"warm-up: {arguments.warm_up} minutes")
    await evening.fill_memory()
    await evening.pass_by(arguments.warm_up, {}, look)
    before = await quiet(scene)
    _say(f"{before.memory / 2**20:.1f} MiB, then {arguments.minutes} minutes")
    await evening.pass_by(arguments.minutes, _events(scene, books), look)
    after = await quiet(scene)
    balances = await books.balances()
    log = scene.instance.log
    return Result(
        home_assistant=__version__,
        minutes=arguments.minutes,
        seconds=loop.time() - started,
        seed=arguments.seed,
        tally=evening.tally,
        before=before,
        after=after,
        balances=balances,
        errors=[error for error in scene.instance.errors() if not LEFT_EARLY.search(error)],
        left_behind=re.findall(LEFT_BEHIND, log),
        counts={"renewals of the Flow TTS token": len(scene.emulator.flow.asked("/auth/v1/token"))},
    )


def _events(scene: Scene, books: Books) -> dict[int, Callable[[], None]]:
    """Return the events: the AsyncFlow plan is used up for a while, and another client spends Flow TTS points."""
    asyncflow = scene.emulator.asyncflow
    return {
        10: lambda: asyncflow.configure(usage_limit=0.0),
        20: lambda: asyncflow.configure(usage_limit=None),
        25: lambda: books.spend_elsewhere(60),
    }


async def _begin_in_the_evening(scene: Scene, minutes: int) -> None:
    """Set the clocks to so many minutes before midnight UTC."""
    now = scene.emulator.clock.now()
    midnight = datetime.combine(now.date() + timedelta(days=2), time(), tzinfo=UTC)
    await scene.turn_clock((midnight - now).total_seconds() - 60 * minutes)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
