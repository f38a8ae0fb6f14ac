"""Which sentences of a text have been spoken whole, judged from the sound that has arrived of it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from .pace import Pace, weigh

FRAME = 0.02
"""Seconds of sound that are judged loud or quiet together."""

QUIET = 400
"""A 16-bit sample below this is no speech (-38 dB)."""

SHORTEST_PAUSE = 0.12
"""Seconds of quiet that a sentence's end has at least; shorter ones are stops within words."""

REACH = 0.4
"""How far from where it is expected a sentence's end is looked for, as a share of the sentence's expected length."""

DOUBT = 1.2
"""Where no pause marks a sentence's end, the sentence counts as spoken only this much later than expected."""

DOUBT_OF_STRANGERS = 2.5
"""The same for a voice whose speed was never measured: it may be told to speak slowly."""


LISTENING_RATE = 16000
"""Hz at which mp3 is listened to."""

type Decoder = Callable[[bytes], Awaitable[bytes]]
"""Makes 16-bit mono PCM at `LISTENING_RATE` of mp3, of what it can't make any of none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pause:
    """A stretch of quiet, in seconds since the sound began."""

    start: float
    end: float


class Listener:
    """Hears the sound of one request pass and remembers its pauses."""

    def __init__(self, sample_rate: int) -> None:
        """Listen to 16-bit PCM at a rate in Hz."""
        self._frame = int(sample_rate * FRAME) * 2
        self._rest = b""
        self._quiet_since: float | None = None
        self._frames = 0
        self.pauses: list[Pause] = []

    async def listen(self) -> list[Pause]:
        """Return the pauses in what was heard so far."""
        return self.pauses

    @property
    def heard(self) -> float:
        """Return the seconds of sound that were judged."""
        return self._frames * FRAME

    def hear(self, chunk: bytes) -> None:
        """Take the next piece of sound."""
        sound = self._rest + chunk
        whole = len(sound) - len(sound) % self._frame
        samples = memoryview(sound)[:whole].cast("h")
        width = self._frame // 2
        for begin in range(0, len(samples), width):
            frame = samples[begin : begin + width].tolist()
            self._judge(loud=max(frame) > QUIET or min(frame) < -QUIET)
        self._rest = sound[whole:]

    def _judge(self, *, loud: bool) -> None:
        now = self.heard
        self._frames += 1
        if not loud:
            if self._quiet_since is None:
                self._quiet_since = now
            return
        if self._quiet_since is not None and self._quiet_since > 0 and now - self._quiet_since >= SHORTEST_PAUSE:
            self.pauses.append(Pause(start=self._quiet_since, end=now))
        self._quiet_since = None


class Mp3Listener:
    """Keeps the mp3 of one request, and listens to it only when somebody wants to know what was heard."""

    def __init__(self, decoder: Decoder | None) -> None:
        """Listen by means of a decoder, or hear no pauses."""
        self._decoder = decoder
        self._chunks: list[bytes] = []
        self._listener = Listener(LISTENING_RATE)

    def hear(self, chunk: bytes) -> None:
        """Take the next piece of sound."""
        self._chunks.append(chunk)

    async def listen(self) -> list[Pause]:
        """Return the pauses in what was heard so far."""
        if self._decoder is not None and self._chunks:
            sound = await self._decoder(b"".join(self._chunks))
            await asyncio.to_thread(self._listener.hear, sound)
        self._chunks.clear()
        return self._listener.pauses


def spoken(sentences: Sequence[str], seconds: float, pauses: Sequence[Pause], pace: Pace) -> int:
    """Return how many of the sentences have certainly been spoken whole, never the last one.

    Each end of a sentence is looked for at the pause that fits best where it is expected; what was found sharpens what
    is expected of the next. In doubt a sentence counts as interrupted: it may be said twice, but never not at all.
    """
    begin, speed, done = 0.0, pace.speed, 0
    doubt = DOUBT if pace.spoken else DOUBT_OF_STRANGERS
    for sentence in sentences[:-1]:
        weight = weigh(sentence)
        expected = weight / speed
        near = [pause for pause in pauses if abs(pause.start - begin - expected) <= REACH * expected + FRAME]
        if near:
            end = max(near, key=lambda pause: pause.end - pause.start).end
            speed = (speed + weight / (end - begin)) / 2
        else:
            end = begin + expected * doubt
        if end > seconds:
            break
        begin, done = end, done + 1
    return done
