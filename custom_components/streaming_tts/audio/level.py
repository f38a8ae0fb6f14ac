"""Even loudness: each voice is measured while it speaks, and a constant gain brings it to the same loudness.

The limiter and the meter are filters of libavfilter on 16-bit mono PCM, fed as it arrives.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import log10
from typing import Final

import av
from av.audio.frame import AudioFrame
from av.filter import Graph

from .pcm import SAMPLE_BYTES, amplify

LIMIT_DBFS: Final = -4.0
"""The level that no sample exceeds behind the limiter. Resampling and mp3 add up to 3.2 dB to speech at 20 dB of gain,
and what a player decodes is to stay below full scale."""

BLOCK_SECONDS: Final = 0.1
"""How far apart the blocks begin whose loudness is measured; each is 0.4 s long (BS.1770: 75 % overlap)."""

_FRAMES_OF_A_BLOCK: Final = 4


class Limiter:
    """Amplifies by a gain in dB, and turns peaks down 5 ms ahead where they would exceed the limit.

    What comes out has as many samples as what went in, 5 ms later; `end` returns the rest.
    """

    def __init__(self, sample_rate: int, gain: float) -> None:
        """Expect whole samples at a rate in Hz."""
        settings = f"level_in={10 ** (gain / 20)}:limit={10 ** (LIMIT_DBFS / 20)}:level=0:latency=1"
        self._filters = _Filters(sample_rate, ("alimiter", settings), ("aformat", "sample_fmts=s16"))
        self._missing = 0

    def feed(self, samples: bytes) -> bytes:
        """Return the samples that are complete with these; raises `av.FFmpegError`."""
        self._missing += len(samples)
        return self._taken(self._filters.feed(samples))

    def end(self) -> bytes:
        """Return the rest; the limiter takes nothing behind it."""
        rest = self._taken(self._filters.end())
        assert self._missing == 0
        return rest

    def _taken(self, frames: Iterator[AudioFrame]) -> bytes:
        samples = b"".join(bytes(frame.planes[0])[: frame.samples * SAMPLE_BYTES] for frame in frames)
        self._missing -= len(samples)
        return samples


class LoudnessMeter:
    """Measures blocks of 0.4 s with the weighting of ITU-R BS.1770."""

    def __init__(self, sample_rate: int) -> None:
        """Expect whole samples at a rate in Hz."""
        self._filters = _Filters(sample_rate, ("ebur128", "metadata=1"))
        self._frames = 0

    def feed(self, samples: bytes) -> list[float]:
        """Return the loudness in LUFS of each block that is complete with these samples; raises `av.FFmpegError`."""
        blocks = []
        for frame in self._filters.feed(samples):
            self._frames += 1
            if self._frames >= _FRAMES_OF_A_BLOCK:
                blocks.append(float(frame.metadata["lavfi.r128.M"]))
        return blocks


class _Filters:
    """A chain of filters with one input and one output."""

    def __init__(self, sample_rate: int, *filters: tuple[str, str]) -> None:
        self._sample_rate = sample_rate
        self._graph = Graph()
        nodes = [
            self._graph.add_abuffer(
                format="s16", layout="mono", sample_rate=sample_rate, time_base=Fraction(1, sample_rate)
            )
        ]
        nodes += [self._graph.add(name, settings) for name, settings in filters]
        nodes.append(self._graph.add("abuffersink"))
        self._graph.link_nodes(*nodes).configure()

    def feed(self, samples: bytes) -> Iterator[AudioFrame]:
        """Yield the frames that are complete with more samples."""
        frame = AudioFrame(format="s16", layout="mono", samples=len(samples) // SAMPLE_BYTES)
        frame.sample_rate = self._sample_rate
        frame.planes[0].update(samples)
        self._graph.push(frame)
        yield from self._pulled()

    def end(self) -> Iterator[AudioFrame]:
        """Yield the rest."""
        self._graph.push(None)
        yield from self._pulled()

    def _pulled(self) -> Iterator[AudioFrame]:
        while True:
            try:
                frame = self._graph.pull()
            except av.BlockingIOError, av.EOFError:
                return
            assert isinstance(frame, AudioFrame)
            yield frame


TARGET_LUFS: Final = -18.0
"""The loudness that all voices are brought to."""

MAX_CORRECTION: Final = 12.0
"""Decibels by which a voice is made louder or quieter at the most."""

CORRECTION_STEP: Final = 0.5

MEASURED_SECONDS: Final = 10.0
"""Seconds of speech after which the loudness of a voice is known."""

MAX_DRIFT: Final = 2.0
"""Loudness units by which a known loudness may be off before it is replaced: each change costs what was cached."""

_ABSOLUTE_GATE: Final = -70.0
_RELATIVE_GATE: Final = -10.0
_MEASURED_BLOCKS: Final = round(MEASURED_SECONDS / BLOCK_SECONDS)

type NoteBlocks = Callable[[Sequence[float]], None]
"""Is given the loudness in LUFS of blocks of speech."""


def gated(blocks: Iterable[float]) -> tuple[float, int] | None:
    """Return the loudness in LUFS of blocks of 0.4 s, and how many of them are speech; None where none is.

    The gates are those of ITU-R BS.1770: -70 LUFS, and 10 LU below the loudness of what passes that.
    """
    heard = [block for block in blocks if block > _ABSOLUTE_GATE]
    if not heard:
        return None
    gate = _mean(heard) + _RELATIVE_GATE
    speech = [block for block in heard if block > gate]
    return _mean(speech), len(speech)


def _mean(blocks: Sequence[float]) -> float:
    """Return the loudness of all blocks together: the mean of their power."""
    return 10 * log10(sum(10 ** (block / 10) for block in blocks) / len(blocks))


class VoiceLoudness:
    """How loud a voice is by nature: unknown until it has spoken for 10 s, measured anew every 10 s from then on."""

    def __init__(self, changed: Callable[[], None], lufs: float | None = None) -> None:
        """Start with what was measured before; `changed` is called when another loudness is known."""
        self.lufs = lufs
        self._changed = changed
        self._blocks: list[float] = []

    @property
    def correction(self) -> float | None:
        """Return the decibels that bring the voice to the target, None while that is unknown."""
        if self.lufs is None:
            return None
        wanted = round((TARGET_LUFS - self.lufs) / CORRECTION_STEP) * CORRECTION_STEP
        return max(-MAX_CORRECTION, min(MAX_CORRECTION, wanted))

    def note(self, blocks: Sequence[float]) -> None:
        """Take the loudness of blocks of speech; pauses do not count."""
        self._blocks += (block for block in blocks if block > _ABSOLUTE_GATE)
        if len(self._blocks) < _MEASURED_BLOCKS:
            return
        measured = gated(self._blocks)
        if measured is None or measured[1] < _MEASURED_BLOCKS:
            return
        self._blocks.clear()
        lufs, _ = measured
        if self.lufs is None or abs(lufs - self.lufs) > MAX_DRIFT:
            self.lufs = lufs
            self._changed()


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Level:
    """What is done to the audio of one synthesizer: a `gain` in dB. `note` is given its loudness ahead of that."""

    gain: float = 0.0
    note: NoteBlocks | None = None


UNCHANGED: Final = Level()


@dataclass(frozen=True, slots=True)
class LeveledAudio:
    """Whole samples, and the level of who spoke them; None of silence, which goes with what is before it."""

    samples: bytes = field(repr=False)
    level: Level | None = None


class Leveler:
    """Brings audio to its levels while it passes, as many samples as came; only what is amplified is limited."""

    def __init__(self, sample_rate: int) -> None:
        """Expect 16-bit mono PCM at a rate in Hz."""
        self._sample_rate = sample_rate
        self._level = UNCHANGED
        self._limiter: Limiter | None = None
        self._meter: LoudnessMeter | None = None
        self._unmeasured = b""

    def feed(self, audio: LeveledAudio) -> bytes:
        """Return what is complete with more audio; raises `av.FFmpegError`."""
        rest = b""
        if audio.level is not None and audio.level is not self._level:
            rest = self.end()
            self._level = audio.level
            self._limiter = Limiter(self._sample_rate, self._level.gain) if self._level.gain > 0 else None
        if not audio.samples:
            return rest
        self._measure()
        if audio.level is not None and self._level.note is not None:
            self._unmeasured = audio.samples  # once it has left
        if self._limiter is not None:
            return rest + self._limiter.feed(audio.samples)
        return rest + (amplify(audio.samples, self._level.gain) if self._level.gain else audio.samples)

    def end(self) -> bytes:
        """Return the rest of what was said at the present level."""
        self._measure()
        limiter, self._limiter, self._level, self._meter = self._limiter, None, UNCHANGED, None
        return b"" if limiter is None else limiter.end()

    def _measure(self) -> None:
        """Measure what left before."""
        samples, self._unmeasured = self._unmeasured, b""
        if samples and self._level.note is not None:
            self._meter = self._meter or LoudnessMeter(self._sample_rate)
            if blocks := self._meter.feed(samples):
                self._level.note(blocks)
