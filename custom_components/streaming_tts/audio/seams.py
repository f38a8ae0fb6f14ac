"""Joins the audio of two requests: with a natural pause, and without a click.

States: *leading* (only silence of a request after another one has arrived: it's held back) -> *inside* (audio is passed
on, except for its last 2 ms and for silence longer than a natural pause, because a seam may follow) -> the next
request. Invariants: only silence is removed, and only at a seam; 50 ms before speech are kept, because speech may start
quietly; the first request is never leading, so that it isn't delayed.
"""

from array import array
from sys import byteorder
from typing import Final

import audioop

from .pcm import SAMPLE_BYTES

MAX_PAUSE_SECONDS: Final = 0.35
"""Maximum silence at a seam: a pause between sentences."""

LEAD_SECONDS: Final = 0.05
FADE_SECONDS: Final = 0.002

_FRAME_SECONDS: Final = 0.01
_QUIET: Final = 100
"""16-bit samples up to this are silence (-50 dBFS); the breath before a word is louder."""


class SeamJoiner:
    """Joins the audio of requests, 16-bit mono PCM, as it arrives."""

    def __init__(self, sample_rate: int) -> None:
        """Set the sample rate in Hz; input is whole samples."""
        self._frame = SAMPLE_BYTES * round(sample_rate * _FRAME_SECONDS)
        self._fade = SAMPLE_BYTES * round(sample_rate * FADE_SECONDS)
        self._lead = SAMPLE_BYTES * round(sample_rate * LEAD_SECONDS)
        self._pause = SAMPLE_BYTES * round(sample_rate * MAX_PAUSE_SECONDS)
        self._spare = self._pause - self._lead
        """Bytes of silence at the end of a request that a seam needs; it doesn't need more."""
        self._pending = bytearray()
        self._faded_in = 0
        self._begun = False
        self._leading = False
        self._quiet = 0
        """Bytes of silence at the end of the request's audio so far."""
        self._gap = 0
        """Bytes of silence sent since the last speech before the request."""

    def feed(self, samples: bytes) -> bytes:
        """Return the audio to send after more of a request has arrived."""
        self._begun = True
        self._pending += samples
        if self._leading:
            frames = range(0, len(self._pending), self._frame)
            loud = (at for at in frames if audioop.max(self._pending[at : at + self._frame], SAMPLE_BYTES) > _QUIET)
            start = next(loud, None)
            if start is None:
                del self._pending[: max(0, len(self._pending) - self._pause)]
                return b""
            del self._pending[: max(0, start - max(self._lead, self._pause - self._gap))]
            self._leading = False
            samples = bytes(self._pending)
        ends = range(len(samples), 0, -self._frame)
        loud = (end for end in ends if audioop.max(samples[max(0, end - self._frame) : end], SAMPLE_BYTES) > _QUIET)
        quiet = len(samples) - next(loud, 0)
        self._quiet = self._quiet + quiet if quiet == len(samples) else quiet
        return self._taken(len(self._pending) - max(self._fade, self._quiet - self._spare))

    def next(self, *, keeps_pause: bool = False) -> bytes:
        """Return the rest before the next request: faded out, without excess silence.

        Call it when the next request starts. A pause in the text is kept.
        """
        if keeps_pause or not self._begun:
            return self.end()
        if self._leading:  # Only silence has arrived
            del self._pending[max(0, self._spare - self._gap) :]
            self._gap += len(self._pending)
        else:
            dropped = min(len(self._pending), max(0, self._quiet - self._spare))
            del self._pending[len(self._pending) - dropped :]
            self._gap = self._quiet - dropped
        rest = self.end()
        self._leading = True
        return rest

    def release(self) -> bytes:
        """Return everything held back, faded out: the player would run dry. The audio after it is faded in."""
        if self._leading:
            self._gap += len(self._pending)
        rest = self._taken(len(self._pending), fades_out=True)
        self._faded_in = 0
        return rest

    def note_silence(self, size: int) -> None:
        """Record that silence was sent after all of this."""
        if self._leading:
            self._gap += size
        elif self._begun:
            self._quiet += size

    def end(self) -> bytes:
        """Return the rest of the last request, including its silence."""
        rest = self._taken(len(self._pending), fades_out=True)
        self._leading = False
        self._faded_in = self._quiet = 0
        return rest

    def _taken(self, size: int, *, fades_out: bool = False) -> bytes:
        """Take bytes to send; the first ones of a request are faded in, the last ones out if asked for."""
        if size <= 0:
            return b""
        taken = bytes(self._pending[:size])
        del self._pending[:size]
        if (missing := self._fade - self._faded_in) > 0:
            head = _ramped(taken[:missing], self._faded_in, self._fade, rises=True)
            self._faded_in += len(head)
            taken = head + taken[missing:]
        if fades_out:
            kept = max(0, size - self._fade)
            taken = taken[:kept] + _ramped(taken[kept:], 0, size - kept, rises=False)
        return taken


def _ramped(samples: bytes, start: int, whole: int, *, rises: bool) -> bytes:
    """Return samples with a linear fade; they start at byte `start` of a ramp of so many bytes."""
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
