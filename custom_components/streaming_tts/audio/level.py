"""Even loudness: measure each voice while it speaks, and apply a constant gain to reach the same loudness.

Limiter and meter are filters of libavfilter on 16-bit mono PCM, fed as it arrives.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import log10
from typing import Final

import audioop
import av
from av.audio.frame import AudioFrame
from av.filter import Graph

from .pcm import SAMPLE_BYTES, amplify

LIMIT_DBFS: Final = -4.0
"""Maximum sample value after the limiter. Resampling and MP3 add up to 3.2 dB to speech at 20 dB of gain, and the
decoded audio has to stay below full scale."""

BLOCK_SECONDS: Final = 0.1
"""Interval between measured blocks; each is 0.4 s long (BS.1770: 75% overlap)."""

_FRAMES_OF_A_BLOCK: Final = 4


def frame_of(samples: bytes, sample_rate: int, sample_format: str = "s16", layout: str = "mono") -> AudioFrame:
    """Return mono samples as a frame; with two channels, both are equal."""
    frame = AudioFrame(format=sample_format, layout=layout, samples=len(samples) // SAMPLE_BYTES)
    frame.sample_rate = sample_rate
    if layout == "stereo" and len(frame.planes) == 1:
        samples = audioop.tostereo(samples, SAMPLE_BYTES, 1, 1)
    for plane in frame.planes:
        plane.update(samples)
    return frame


def samples_of(frames: Iterable[AudioFrame]) -> bytes:
    """Return the samples of 16-bit mono frames."""
    return b"".join(bytes(frame.planes[0])[: frame.samples * SAMPLE_BYTES] for frame in frames)


class _Filters:
    """A filter graph with one input and one output, for 16-bit mono PCM."""

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

    def _filtered(self, samples: bytes | None) -> Iterator[AudioFrame]:
        """Yield the frames that are complete with more samples, or the rest at the end (None)."""
        self._graph.push(None if samples is None else frame_of(samples, self._sample_rate))
        while True:
            try:
                frame = self._graph.pull()
            except av.BlockingIOError, av.EOFError:
                return
            assert isinstance(frame, AudioFrame)
            yield frame


class Limiter(_Filters):
    """Applies a gain in dB, and limits peaks with a lookahead of 5 ms.

    The output has as many samples as the input, 5 ms later.
    """

    def __init__(self, sample_rate: int, gain: float) -> None:
        """Set the sample rate in Hz; input is whole samples."""
        settings = f"level_in={10 ** (gain / 20)}:limit={10 ** (LIMIT_DBFS / 20)}:level=0:latency=1"
        super().__init__(sample_rate, ("alimiter", settings), ("aformat", "sample_fmts=s16"))

    def feed(self, samples: bytes | None) -> bytes:
        """Return the samples that are complete with these, or the rest at the end (None); raises `av.FFmpegError`."""
        return samples_of(self._filtered(samples))


class LoudnessMeter(_Filters):
    """Measures blocks of 0.4 s by ITU-R BS.1770."""

    def __init__(self, sample_rate: int) -> None:
        """Set the sample rate in Hz; input is whole samples."""
        super().__init__(sample_rate, ("ebur128", "metadata=1"))
        self._frames = 0

    def feed(self, samples: bytes) -> list[float]:
        """Return the loudness in LUFS of each block that is complete with these samples; raises `av.FFmpegError`."""
        blocks = []
        for frame in self._filtered(samples):
            self._frames += 1
            if self._frames >= _FRAMES_OF_A_BLOCK:
                blocks.append(float(frame.metadata["lavfi.r128.M"]))
        return blocks


TARGET_LUFS: Final = -18.0
"""The target loudness of all voices."""

MAX_CORRECTION: Final = 12.0
"""Maximum gain in dB, up or down."""

CORRECTION_STEP: Final = 0.5

MEASURED_SECONDS: Final = 10.0
"""Seconds of speech that are needed to know the loudness of a voice."""

MAX_DRIFT: Final = 2.0
"""Loudness units of difference before the stored loudness is replaced: each change invalidates cached audio."""

_ABSOLUTE_GATE: Final = -70.0
_RELATIVE_GATE: Final = -10.0
_MEASURED_BLOCKS: Final = round(MEASURED_SECONDS / BLOCK_SECONDS)

type NoteBlocks = Callable[[Sequence[float]], None]
"""Receives the loudness in LUFS of blocks of speech."""


def gated(blocks: Iterable[float]) -> tuple[float, int] | None:
    """Return the loudness in LUFS of blocks of 0.4 s, and how many are speech; None without speech.

    Uses the gates of ITU-R BS.1770: -70 LUFS, and 10 LU below the loudness of the blocks above it.
    """
    heard = [block for block in blocks if block > _ABSOLUTE_GATE]
    if not heard:
        return None
    gate = _mean(heard) + _RELATIVE_GATE
    speech = [block for block in heard if block > gate]
    return _mean(speech), len(speech)


def _mean(blocks: Sequence[float]) -> float:
    """Return the loudness of all blocks: the mean of their power."""
    return 10 * log10(sum(10 ** (block / 10) for block in blocks) / len(blocks))


@dataclass(slots=True, eq=False)
class VoiceLoudness:
    """The loudness of a voice without gain: known after 10 s of speech, and measured again every 10 s.

    `lufs` is None until it's known; `changed` is called when it's replaced.
    """

    changed: Callable[[], None]
    lufs: float | None = None
    _blocks: list[float] = field(default_factory=list, init=False)

    @property
    def correction(self) -> float | None:
        """Return the gain in dB that reaches the target, or None if it's unknown."""
        if self.lufs is None:
            return None
        wanted = round((TARGET_LUFS - self.lufs) / CORRECTION_STEP) * CORRECTION_STEP
        return max(-MAX_CORRECTION, min(MAX_CORRECTION, wanted))

    def note(self, blocks: Sequence[float]) -> None:
        """Add the loudness of blocks of speech; pauses don't count."""
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
            self.changed()


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Level:
    """The level of a synthesizer's audio: a `gain` in dB. `note` receives the loudness without gain."""

    gain: float = 0.0
    note: NoteBlocks | None = None


UNCHANGED: Final = Level()


@dataclass(frozen=True, slots=True)
class LeveledAudio:
    """Whole samples with the level of their voice; None for silence, which keeps the previous level."""

    samples: bytes = field(repr=False)
    level: Level | None = None


@dataclass(slots=True, eq=False)
class Leveler:
    """Applies levels to 16-bit mono PCM as it passes, with the same number of samples; only amplified audio is limited.

    `sample_rate` is in Hz.
    """

    sample_rate: int
    _level: Level = field(default=UNCHANGED, init=False)
    _limiter: Limiter | None = field(default=None, init=False)
    _meter: LoudnessMeter | None = field(default=None, init=False)
    _unmeasured: bytes = field(default=b"", init=False)

    def feed(self, audio: LeveledAudio | None) -> bytes:
        """Return the complete output for more audio, or the rest at the end (None); raises `av.FFmpegError`."""
        samples, self._unmeasured = self._unmeasured, b""
        if samples and self._level.note is not None:
            self._meter = self._meter or LoudnessMeter(self.sample_rate)
            if blocks := self._meter.feed(samples):
                self._level.note(blocks)
        rest = b""
        level = UNCHANGED if audio is None else audio.level
        if level is not None and level is not self._level:
            rest = b"" if self._limiter is None else self._limiter.feed(None)
            self._limiter = Limiter(self.sample_rate, level.gain) if level.gain > 0 else None
            self._level, self._meter = level, None
        if audio is None or not audio.samples:
            return rest
        if audio.level is not None and audio.level.note is not None:
            self._unmeasured = audio.samples  # Measured after it was sent
        if self._limiter is not None:
            return rest + self._limiter.feed(audio.samples)
        return rest + (amplify(audio.samples, self._level.gain) if self._level.gain else audio.samples)
