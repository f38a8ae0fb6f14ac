"""Filters of libavfilter on 16-bit mono PCM, fed as it arrives: a limiter and a loudness meter."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Final

import av
from av.audio.frame import AudioFrame
from av.filter import Graph

from .pcm import SAMPLE_BYTES

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
