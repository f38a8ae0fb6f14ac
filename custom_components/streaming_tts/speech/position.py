"""Which sentences of a text have been spoken whole, judged from the sound that has arrived of it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from ..providers.base import AudioFormat, Encoding
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
    """Keeps the sound of one request, and listens to it only when somebody wants to know where its pauses are."""

    def __init__(self, audio_format: AudioFormat, decoder: Decoder | None) -> None:
        """Listen to mp3 by means of a decoder; without one no pauses are heard in it."""
        self._audio_format = audio_format
        self._decoder = decoder
        self._chunks: list[bytes] = []

    def hear(self, chunk: bytes) -> None:
        """Take the next piece of sound: whole samples or frames."""
        self._chunks.append(chunk)

    async def listen(self) -> list[Pause]:
        """Return the pauses in what was heard so far."""
        sound, rate = b"".join(self._chunks), self._audio_format.sample_rate
        if self._audio_format.encoding is Encoding.MP3:
            sound = await self._decoder(sound) if self._decoder and sound else b""
            rate = LISTENING_RATE
        return await asyncio.to_thread(pauses, sound, rate) if sound else []


def pauses(samples: bytes, sample_rate: int) -> list[Pause]:
    """Return the pauses in 16-bit mono PCM between its first sound and its last."""
    width = int(sample_rate * FRAME)
    values = memoryview(samples)[: len(samples) // (2 * width) * 2 * width].cast("h")
    found: list[Pause] = []
    loud_until: float | None = None
    for number in range(len(values) // width):
        frame = values[number * width : (number + 1) * width].tolist()
        if min(frame) >= -QUIET and max(frame) <= QUIET:
            continue
        start = number * FRAME
        if loud_until is not None and start - loud_until >= SHORTEST_PAUSE:
            found.append(Pause(start=loud_until, end=start))
        loud_until = (number + 1) * FRAME
    return found


def spoken(sentences: Sequence[str], seconds: float, quiet: Sequence[Pause], pace: Pace) -> int:
    """Return how many of the sentences have certainly been spoken whole, never the last one.

    Each end of a sentence is looked for at the pause that fits best where it is expected; what was found sharpens what
    is expected of the next. In doubt a sentence counts as interrupted: it may be said twice, but never not at all.
    """
    begin, speed, done = 0.0, pace.speed, 0
    doubt = DOUBT if pace.spoken else DOUBT_OF_STRANGERS
    for sentence in sentences[:-1]:
        weight = weigh(sentence)
        expected = weight / speed
        near = [pause for pause in quiet if abs(pause.start - begin - expected) <= REACH * expected + FRAME]
        if near:
            end = max(near, key=lambda pause: pause.end - pause.start).end
            speed = (speed + weight / (end - begin)) / 2
        else:
            end = begin + expected * doubt
        if end > seconds:
            break
        begin, done = end, done + 1
    return done
