"""Costs of even loudness and the limiter: CPU time per second of audio, and delay of the first audio.

`python -m benchmarks.loudness` prints a table. Each number is the median of several runs. Each run is compared with a
pass-through at the same time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import process_time
from typing import Final

from custom_components.streaming_tts.audio.level import UNCHANGED, Level, LeveledAudio
from custom_components.streaming_tts.audio.transcode import MAX_BYTES_AT_ONCE, Container, Output, Transcoder, warm
from tests.emulator.sound import tone

SAMPLE_RATE: Final = 24000
SECONDS: Final = 20
RUNS: Final = 9
OUTPUTS: Final = {
    "wav 24000": Output(container=Container.WAV, sample_rate=24000),
    "flac 48000": Output(container=Container.FLAC, sample_rate=48000),
    "mp3 48000": Output(container=Container.MP3, sample_rate=48000),
}
LEVELS: Final[dict[str, Callable[[], Level]]] = {
    "pass-through": lambda: UNCHANGED,
    "measured": lambda: Level(note=lambda _blocks: None),
    "measured, quieter": lambda: Level(gain=-6.0, note=lambda _blocks: None),
    "measured, louder (limiter)": lambda: Level(gain=6.0, note=lambda _blocks: None),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """Milliseconds of CPU time per second of audio, and until the first audio including the lookahead."""

    computing: float
    first: float
    held_back: float


def cost_of(samples: bytes, output: Output, level: Level) -> Cost:
    """Return the cost of one run."""
    pieces = [samples[at : at + MAX_BYTES_AT_ONCE] for at in range(0, len(samples), MAX_BYTES_AT_ONCE)]
    began = process_time()
    transcoder = Transcoder(SAMPLE_RATE, output)
    transcoder.feed(LeveledAudio(pieces[0], level))
    first = process_time() - began
    began = process_time()
    for piece in pieces[1:]:
        transcoder.feed(LeveledAudio(piece, level))
    transcoder.feed(None)
    computing = process_time() - began
    held_back = 0.005 if level.gain > 0 else 0.0
    return Cost(computing=1000 * computing / SECONDS, first=1000 * first, held_back=1000 * held_back)


def main() -> None:
    """Print a table in Markdown."""
    warm()
    samples = tone("The quick brown fox jumps over the lazy dog, " * 9, SAMPLE_RATE)[: 2 * SAMPLE_RATE * SECONDS]
    print("| player | processing | CPU, ms/s | added to pass-through, ms/s | ratio | added delay, ms |")
    print("|---|---|---:|---:|---:|---:|")
    for player, output in OUTPUTS.items():
        runs: dict[str, list[Cost]] = {name: [] for name in LEVELS}
        for _ in range(RUNS):
            for name, level in LEVELS.items():
                runs[name].append(cost_of(samples, output, level()))
        plain = runs["pass-through"]
        for name, costs in runs.items():
            pairs = list(zip(costs, plain, strict=True))
            computing = median(cost.computing for cost in costs)
            added = median(cost.computing - other.computing for cost, other in pairs)
            ratio = median(cost.computing / other.computing for cost, other in pairs)
            later = median(cost.first + cost.held_back - other.first for cost, other in pairs)
            print(f"| {player} | {name} | {computing:.2f} | {added:.2f} | {ratio:.1f} | {later:.2f} |")


if __name__ == "__main__":
    main()
