"""Lag of the event loop during the first utterance after a start.

Run `python -m benchmarks.first_utterance`; it exits with 1 if the limit is exceeded. Home Assistant is restarted for
each format, so that all imports and file reads happen during the measurement. The lag of the second utterance and of an
idle Home Assistant is subtracted.
"""

import asyncio
from collections.abc import Awaitable
from pathlib import Path
import sys
from tempfile import TemporaryDirectory
from typing import Any

from tests.e2e.instance import HomeAssistantProcess

from .bench import open_bench
from .scenarios import Timing

MAX_SECONDS = 0.02
TEXT = "Dinner is ready, and it took 25 minutes at 180 °C. Please come to the table."
SETTLED_SECONDS = 15.0
"""Seconds until Home Assistant is idle after its start."""

FORMATS: dict[str, dict[str, Any]] = {
    "wav": {"preferred_format": "wav", "preferred_sample_rate": 16000},
    "flac": {"preferred_format": "flac", "preferred_sample_rate": 48000},
    "mp3": {"preferred_format": "mp3"},
}


async def _lateness(instance: HomeAssistantProcess, work: Awaitable[object]) -> float:
    """Return the maximum lag of the event loop while awaiting something, in s."""
    await instance.client.ask("benchmark_tools/watch")
    await work
    return float((await instance.client.ask("benchmark_tools/watched"))["most"])


async def _measure(folder: Path) -> bool:
    """Print a line per format; return True if all are within the limit."""
    is_good = True
    async with open_bench(folder, Timing(), ["asyncflow"]) as bench:
        instance, (engine,) = bench.instance, bench.engines
        for audio_format, options in FORMATS.items():
            await instance.stop()
            await instance.start()
            await asyncio.sleep(SETTLED_SECONDS)
            idle = await _lateness(instance, asyncio.sleep(2))
            first = await _lateness(instance, instance.client.speech(engine.entity_id, TEXT, options=options))
            second = await _lateness(
                instance, instance.client.speech(engine.entity_id, f"{TEXT} Now.", options=options)
            )
            print(
                f"{audio_format}: event loop late by {1000 * first:.1f} ms at the most in the first utterance, "
                f"{1000 * second:.1f} ms in the second, {1000 * idle:.1f} ms while nobody speaks"
            )
            is_good &= first - max(second, idle) <= MAX_SECONDS
    return is_good


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        sys.exit(not asyncio.run(_measure(Path(folder) / "config")))
