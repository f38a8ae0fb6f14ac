"""What has been handed out and what is left to play: silence at both ends and in between."""

from collections.abc import Callable

from ..audio.pcm import SAMPLE_BYTES, silence
from ..providers.types import AudioFormat


def duration(audio_format: AudioFormat, size: int) -> float:
    """Return how many seconds so many bytes of sound are."""
    return size / (audio_format.sample_rate * SAMPLE_BYTES)


class PlaybackClock:
    """The place where a real-time player is, modelled on a clock: Home Assistant pulls ahead and tells no position."""

    def __init__(
        self, audio_format: AudioFormat, clock: Callable[[], float], *, lead_in: float = 0.0, lead_out: float = 0.0
    ) -> None:
        """Start with nothing handed out.

        `clock` is in seconds and may be any monotonic one; `lead_in` and `lead_out` are seconds of silence.
        """
        self.audio_format = audio_format
        self._lead_in = lead_in
        self._lead_out = lead_out
        self._clock = clock
        self._ends_at = 0.0
        self.started = False
        self.seconds = 0.0
        """Of all that was handed out."""
        self.silent_seconds = 0.0
        """Of it what was put in here: at both ends, for a break at the end, and for a player that would run dry."""
        self.filled_seconds = 0.0
        """Of that what was put in since nothing else was there."""

    @property
    def ahead(self) -> float:
        """Return how many seconds of sound a real-time player still has."""
        return max(0.0, self._ends_at - self._clock())

    def play(self, chunk: bytes) -> bytes:
        """Return whole samples as they leave: behind the lead-in if they are the first."""
        if not self.started:
            self.started = True
            # A player that was given silence already has woken up by now
            return self.pause(max(0.0, self._lead_in - self.filled_seconds)) + self._out(chunk)
        return self._out(chunk)

    def pause(self, seconds: float) -> bytes:
        """Return silence, in whole samples."""
        self.silent_seconds += seconds
        return self._out(silence(seconds, self.audio_format.sample_rate))

    def fill(self, seconds: float) -> bytes:
        """Return silence for a player that would run dry."""
        self.filled_seconds += seconds
        return self.pause(seconds)

    def end(self, pause: float = 0.0) -> bytes:
        """Return what is behind all speech: a pause in s that the text asks for, and the lead-out."""
        return self.pause(pause) + (self.pause(self._lead_out) if self.started else b"")

    def _out(self, sound: bytes) -> bytes:
        seconds = duration(self.audio_format, len(sound))
        self._ends_at = max(self._ends_at, self._clock()) + seconds
        self.seconds += seconds
        return sound
