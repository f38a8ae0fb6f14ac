"""Where the audio of two requests meets: a natural pause, and no click.

States: *leading* (nothing but quiet has come of a request behind another one: it is held back) -> *inside* (audio
leaves as it comes, but for its last 5 ms and for quiet beyond a natural pause, which may be at a seam) -> the next
request. Invariants: only quiet is left out, and only at a seam; of what leads to speech 50 ms stay, as its first sound
may be as quiet; the first request is never leading, so that nothing of it waits.
"""

from array import array
from sys import byteorder
from typing import Final

import audioop

from .pcm import SAMPLE_BYTES

MAX_PAUSE_SECONDS: Final = 0.35
"""What quiet is shortened to where two requests meet: a pause between sentences."""

LEAD_SECONDS: Final = 0.05
FADE_SECONDS: Final = 0.005

_FRAME_SECONDS: Final = 0.01
_QUIET: Final = 100
"""A 16-bit sample up to this is quiet (-50 dBFS): the breath before a word is louder."""


class SeamJoiner:
    """Joins the audio of requests, 16-bit mono PCM, as it arrives."""

    def __init__(self, sample_rate: int) -> None:
        """Expect whole samples at a rate in Hz."""
        self._frame = SAMPLE_BYTES * round(sample_rate * _FRAME_SECONDS)
        self._fade = SAMPLE_BYTES * round(sample_rate * FADE_SECONDS)
        self._lead = SAMPLE_BYTES * round(sample_rate * LEAD_SECONDS)
        self._pause = SAMPLE_BYTES * round(sample_rate * MAX_PAUSE_SECONDS)
        self._pending = bytearray()
        self._faded_in = 0
        self._begun = False
        self._leading = False
        self._quiet = 0
        """Bytes of quiet at the end of what has come of the request."""
        self._gap = 0
        """Bytes of quiet that have left since the last speech before the request."""

    def feed(self, samples: bytes) -> bytes:
        """Return what leaves when more of a request has come."""
        self._begun = True
        self._pending += samples
        if self._leading:
            start = self._first_loud(self._pending)
            if start is None:
                del self._pending[: max(0, len(self._pending) - self._pause)]
                return b""
            del self._pending[: max(0, start - max(self._lead, self._pause - self._gap))]
            self._leading = False
            samples = bytes(self._pending)
        quiet = self._trailing_quiet(samples)
        self._quiet = self._quiet + quiet if quiet == len(samples) else quiet
        return self._taken(len(self._pending) - max(self._fade, self._excess))

    def next(self, *, keeps_pause: bool = False) -> bytes:
        """Return the rest of what came before the next request: faded out, without quiet that is too long.

        Call it when the next request begins. A pause that the text asks for is kept.
        """
        if keeps_pause or not self._begun:
            return self.end()
        if self._leading:  # nothing but quiet has come
            del self._pending[max(0, self._pause - self._lead - self._gap) :]
            self._gap += len(self._pending)
        else:
            dropped = self._excess
            del self._pending[len(self._pending) - dropped :]
            self._gap = self._quiet - dropped
        rest = self.end()
        self._leading = True
        return rest

    def release(self) -> bytes:
        """Return all that is held back, faded out: the player runs dry, and what follows is faded in."""
        if self._leading:
            self._gap += len(self._pending)
        rest = self._faded_out(self._taken(len(self._pending)))
        self._faded_in = 0
        return rest

    def note_silence(self, size: int) -> None:
        """Take note that so many bytes of silence left behind all of this."""
        if self._leading:
            self._gap += size
        elif self._begun:
            self._quiet += size

    @property
    def _excess(self) -> int:
        """Return how many bytes of the quiet at the end are more than a seam needs."""
        return min(len(self._pending), max(0, self._quiet - (self._pause - self._lead)))

    def end(self) -> bytes:
        """Return the rest of the last request, its quiet included."""
        rest = self._faded_out(self._taken(len(self._pending)))
        self._leading = False
        self._faded_in = self._quiet = 0
        return rest

    def _taken(self, size: int) -> bytes:
        """Take so many bytes that leave, the first of a request faded in."""
        if size <= 0:
            return b""
        taken = bytes(self._pending[:size])
        del self._pending[:size]
        if (missing := self._fade - self._faded_in) > 0:
            head = _ramped(taken[:missing], self._faded_in, self._fade, rises=True)
            self._faded_in += len(head)
            taken = head + taken[missing:]
        return taken

    def _faded_out(self, samples: bytes) -> bytes:
        size = min(self._fade, len(samples))
        return samples[: len(samples) - size] + _ramped(samples[len(samples) - size :], 0, size, rises=False)

    def _first_loud(self, samples: bytearray) -> int | None:
        """Return where the first frame begins that is not quiet."""
        frames = range(0, len(samples), self._frame)
        return next((at for at in frames if _is_loud(samples[at : at + self._frame])), None)

    def _trailing_quiet(self, samples: bytes) -> int:
        """Return for how many bytes there is nothing but quiet at the end."""
        for end in range(len(samples), 0, -self._frame):
            if _is_loud(samples[max(0, end - self._frame) : end]):
                return len(samples) - end
        return len(samples)


def _is_loud(samples: bytes | bytearray) -> bool:
    return audioop.max(samples, SAMPLE_BYTES) > _QUIET


def _ramped(samples: bytes, start: int, whole: int, *, rises: bool) -> bytes:
    """Return samples that rise or fall evenly; they begin at byte `start` of a ramp of so many bytes."""
    values = array("h", samples)
    if byteorder == "big":
        values.byteswap()
    first, count = start // SAMPLE_BYTES, whole // SAMPLE_BYTES
    for index, value in enumerate(values):
        place = first + index + 0.5
        values[index] = round(value * (place if rises else count - place) / count)
    if byteorder == "big":
        values.byteswap()
    return values.tobytes()
