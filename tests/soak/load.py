"""A hundred concurrent utterances, with the limits of the smallest plans and without fallback voices.

Measures latencies and rejections.
"""

import argparse
import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
import json
from pathlib import Path
from statistics import median
import sys
from tempfile import TemporaryDirectory
from typing import Any, Final

from homeassistant.const import __version__
from tests.e2e.conftest import Provider
from tests.emulator.settings import Settings
from tests.emulator.sound import SECONDS_PER_CHARACTER

from .evening import RATE, WAV, WHOLE
from .publish import publish
from .scene import Scene, running_scene

SERVICES: Final = Settings(ttfb=0.2, realtime_factor=6.0)
"""Latency and speed of typical services."""
PLANS: Final[dict[str, dict[str, Any]]] = {
    "asyncflow": {"concurrency_limit": 5},
    "sarvam": {"sockets": 50, "burst": 50, "requests_per_minute": 30.0},
    "tencent": {"rate_limit": 20},
    "flow_tts": {"rate_limit": 60},
}
"""The limits of the smallest plans; Tencent's is one per second. AsyncFlow's is learned from the first refusal."""
_REFUSALS: Final = ("busy", "rate")
LONG: Final = "This is sentence number {} of an answer that goes on and on about the weather of the whole week."
SHORT: Final = "Number {}, dinner is ready."
SENTENCES: Final = 4
LONG_SHARE: Final = 3
"""Three of four utterances are long, and they are requested first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Utterance:
    """One utterance: seconds from its request to its first audio and to its end."""

    provider: str
    long: bool
    first: float
    ended: float
    whole: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Crowd:
    """The results of all utterances; refusals are requests that failed with `busy` or `rate`."""

    home_assistant: str
    utterances: Sequence[Utterance]
    refusals: dict[str, int]
    errors: int

    def as_table(self) -> str:
        """Return the results as Markdown."""
        verdict = [f"- failed: {each}" for each in self.broken] or ["All checks passed."]
        return "\n".join([*self._rows(), "", *verdict])

    def _rows(self) -> Iterator[str]:
        yield f"Home Assistant {self.home_assistant}: {len(self.utterances)} concurrent utterances.\n"
        yield "| account | utterances | played completely | short: first audio, s | long: first audio, s | rejected, then retried |"  # noqa: E501
        yield f"|{'---|' * 6}"
        for provider in PLANS:
            own = [each for each in self.utterances if each.provider == provider]
            short, long = ([each.first for each in own if each.long is kind] for kind in (False, True))
            yield (
                f"| {provider} | {len(own)} | {sum(each.whole for each in own)} | {_waits(short)} | {_waits(long)} "
                f"| {self.refusals[provider]} |"
            )

    @property
    def broken(self) -> list[str]:
        """The failed checks."""
        lost = sum(not each.whole for each in self.utterances)
        promises = {f"{lost} utterances were not played completely": not lost, f"{self.errors} errors": not self.errors}
        for provider in (name for name, plan in PLANS.items() if "concurrency_limit" in plan):
            own = [each for each in self.utterances if each.provider == provider]
            short, long = ([each.first for each in own if each.long is kind] for kind in (False, True))
            if short and long:
                promises[f"at {provider} announcements wait for long answers"] = max(short) <= median(long)
        return [promise for promise, kept in promises.items() if not kept]


def _waits(seconds: Sequence[float]) -> str:
    """Return median and maximum; there may be no utterance of a kind."""
    return "–" if not seconds else f"{median(seconds):.1f} (max. {max(seconds):.1f})"


async def crowd(scene: Scene, number: int) -> Crowd:
    """Speak a number of utterances at once, in turn with each account; long ones first."""
    providers = list(scene.providers.values())
    asked = [(providers[index % len(providers)], index) for index in range(number)]
    long = [(provider, True, index) for provider, index in asked if index // len(providers) % 4 < LONG_SHARE]
    short = [(provider, False, index) for provider, index in asked if index // len(providers) % 4 >= LONG_SHARE]
    known = len(scene.instance.errors())
    utterances = await asyncio.gather(*(_speak(scene, *each) for each in (*long, *short)))
    ledgers = await asyncio.gather(*map(scene.ledger, PLANS))
    refusals = {
        key: sum(ledger["failures"].get(failure, 0) for failure in _REFUSALS)
        for key, ledger in zip(PLANS, ledgers, strict=True)
    }
    return Crowd(
        home_assistant=__version__,
        utterances=utterances,
        refusals=refusals,
        errors=len(scene.instance.errors()) - known,
    )


async def _speak(scene: Scene, provider: Provider, long: bool, number: int) -> Utterance:
    text = SHORT.format(number) if not long else " ".join(LONG.format(number * 10 + n) for n in range(SENTENCES))
    heard = await scene.instance.client.speech(provider.speaker, text, options=WAV)
    seconds = len("".join(text.split())) * SECONDS_PER_CHARACTER
    whole = heard.status == 200 and not heard.broken and len(heard.pcm) / 2 / RATE >= seconds * WHOLE
    return Utterance(
        provider=provider.key,
        long=long,
        first=heard.first if any(heard.pcm) else 0.0,
        ended=heard.ended or 0.0,
        whole=whole,
    )


def main() -> int:
    """Run the command; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="scripts/load",
        description="Start a hundred utterances at once, and measure latencies and rejections.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--number", type=int, default=100, help="number of utterances")
    parser.add_argument("--json", type=Path, help="file for all results")
    parser.add_argument("--publish", action="store_true", help="write the table into docs/, too")
    arguments = parser.parse_args()
    result = asyncio.run(_run(arguments.number))
    print(result.as_table())
    if arguments.json:
        content = asdict(result) | {"broken": result.broken}
        arguments.json.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    if arguments.publish:
        publish("load", result.as_table())
    return bool(result.broken)


async def _run(number: int) -> Crowd:
    with TemporaryDirectory(prefix="load-") as folder:
        async with running_scene(Path(folder) / "config", SERVICES, fallbacks=False) as scene:
            for key, plan in PLANS.items():
                scene.providers[key].service.configure(**plan)
            return await crowd(scene, number)


if __name__ == "__main__":
    sys.exit(main())
