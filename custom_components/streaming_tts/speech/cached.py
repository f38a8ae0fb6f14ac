"""Keeps the sound of segments that were spoken before: no wait, no charge, and one flight for all who ask at once."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Coroutine, Hashable
from contextlib import aclosing

from ..providers.base import AudioFormat, Failure, ProviderError
from .playhead import duration
from .speaker import Speaker

MOST_BYTES = 16 * 1024 * 1024
"""What the sound in memory may take up, about 5 minutes of PCM at 24 kHz."""

COMFORT = 2.0
"""Seconds ahead of a real-time player from which on sound is gathered: each piece wakes up all who wait for it, players
included, and many small ones cost more than all that is done to them here."""

GATHERING = 0.25
"""Seconds for which it is gathered."""

APART = 1.0
"""Seconds of sound between two such pauses: also where a busy machine takes all for late, sound comes faster than it plays."""

AT_ONCE = 0.002
"""Seconds after which a piece was not there already, but was waited for."""

AGREEMENT = 2.0
"""Seconds for which those who ask for the same sound take the form that the first of them asked for."""

type Spawn = Callable[[Coroutine[None, None, None], str], asyncio.Task[None]]
"""Starts a named task that lives no longer than the account."""


class _Flight:
    """The sound of one segment, complete or arriving, for any number of listeners."""

    def __init__(self, audio_format: AudioFormat) -> None:
        self.audio_format = audio_format
        self.chunks: list[bytes] = []
        self.size = 0
        self.error: Exception | None = None
        self.landed = False
        self.listeners = 0
        self.task: asyncio.Task[None] | None = None
        self._progress = asyncio.Event()

    async def fly(self, speaker: Speaker, text: str, deadline: float) -> None:
        """Fetch the whole sound; however it ends before that, who listens is told."""
        clock = asyncio.get_running_loop().time
        began: float | None = None
        gathered = 0.0
        try:
            async with aclosing(speaker.speak(text, deadline)) as sound:
                asked = clock()
                async for chunk in sound:
                    came = clock()
                    began = began or came
                    self.chunks.append(chunk)
                    self.size += len(chunk)
                    self._wake()
                    seconds = duration(self.audio_format, self.size)
                    if came - asked < AT_ONCE:
                        await asyncio.sleep(0)  # others have their turn
                    elif seconds - (came - began) > COMFORT and seconds - gathered >= APART:
                        gathered = seconds
                        await asyncio.sleep(GATHERING)
                    asked = clock()
        except asyncio.CancelledError:
            self.error = ProviderError(Failure.BROKEN, code="given_up")
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is raised to those who listen
            self.error = error
        finally:
            self.landed = True
            self._wake()

    def _wake(self) -> None:
        progress, self._progress = self._progress, asyncio.Event()
        progress.set()

    async def listen(self) -> AsyncGenerator[bytes]:
        """Yield the sound from its beginning; raises how it failed."""
        index = 0
        while True:
            while index < len(self.chunks):
                yield self.chunks[index]
                index += 1
            if self.landed:
                break
            await self._progress.wait()
        if self.error is not None:
            raise self.error


class SoundCache:
    """The sound of an account's segments, the longest unused forgotten first."""

    def __init__(self, spawn: Spawn, most_bytes: int = MOST_BYTES) -> None:
        """Keep so many bytes; `spawn` starts the flights. 0 bytes still lets those who ask at once share a flight."""
        self._spawn = spawn
        self._most_bytes = most_bytes
        self._clock = asyncio.get_running_loop().time
        self._flights: OrderedDict[Hashable, _Flight] = OrderedDict()
        self._agreed: dict[Hashable, tuple[float, AudioFormat]] = {}

    def agree(self, key: Hashable, wanted: AudioFormat) -> AudioFormat:
        """Return the form in which a segment is here, on its way, or about to be asked for; else the wanted one.

        Who then speaks in that form shares the sound; Home Assistant converts it to what a player needs.
        """
        if (flight := self._flights.get(key)) is not None:
            return flight.audio_format
        now = self._clock()
        self._agreed = {each: agreed for each, agreed in self._agreed.items() if now - agreed[0] < AGREEMENT}
        return self._agreed.setdefault(key, (now, wanted))[1]

    def clear(self) -> None:
        """Forget all sound; who listens hears what is on its way to its end."""
        self._flights.clear()
        self._agreed.clear()

    async def speak(self, key: Hashable, speaker: Speaker, text: str, deadline: float) -> AsyncGenerator[bytes]:
        """Yield a segment's sound from memory, from a flight under way, or from the speaker."""
        flight = self._flights.get(key)
        if flight is None or flight.audio_format != speaker.audio_format:
            flight = self._flights[key] = _Flight(speaker.audio_format)
            flight.task = self._spawn(flight.fly(speaker, text, deadline), "segment on its way")
        self._flights.move_to_end(key)
        flight.listeners += 1
        try:
            async with aclosing(flight.listen()) as sound:
                async for chunk in sound:
                    yield chunk
        finally:
            flight.listeners -= 1
            await self._settle(key, flight)

    async def _settle(self, key: Hashable, flight: _Flight) -> None:
        """Keep a whole sound, forget a broken one, and give up one that nobody waits for any more."""
        abandoned = not flight.listeners and not flight.landed
        if (abandoned or flight.error is not None) and self._flights.get(key) is flight:
            # Before it has come to its end, which takes a while: nobody is to join it any more
            del self._flights[key]
        self._forget()
        if abandoned and flight.task is not None:
            flight.task.cancel()
            await asyncio.wait([flight.task])

    def _forget(self) -> None:
        size = sum(flight.size for flight in self._flights.values())
        for key in [key for key, flight in self._flights.items() if flight.landed and not flight.listeners]:
            if size <= self._most_bytes:
                break
            size -= self._flights.pop(key).size


class Cached:
    """A speaker whose sound is kept."""

    def __init__(self, speaker: Speaker, cache: SoundCache, key: Hashable) -> None:
        """Keep what the speaker says under `key` (all that changes the sound) and the text."""
        self._speaker = speaker
        self._cache = cache
        self._key = key
        self.audio_format: AudioFormat = speaker.audio_format

    async def speak(self, text: str, deadline: float) -> AsyncGenerator[bytes]:
        """Yield the sound of a text, as `Speaker.speak`."""
        async with aclosing(self._cache.speak((self._key, text), self._speaker, text, deadline)) as sound:
            async for chunk in sound:
                yield chunk
