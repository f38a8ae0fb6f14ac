"""Doubts a sound that ends much too soon or does not end: bare PCM over HTTP has no end mark, and any bytes are sound."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from ..providers.base import AudioFormat, Failure, ProviderError
from .pace import Pace
from .playhead import duration
from .speaker import Speaker

LONG = 3.0
"""Seconds of expected sound from which on its length says something."""

SHORTEST = 0.25
"""The share of the expected length that a whole sound has at least, when the voice is not known yet."""

SHORTEST_KNOWN = 0.5
"""The same for a voice whose speed was measured."""

KNOWN = 3
"""Measurements after which a voice's speed is known."""

LONGEST = 10.0
"""How many times the expected length a sound has at most, at the slowest that a voice can be told to speak."""

LONGEST_PAUSES = 60.0
"""Seconds that it may be longer than that, for pauses that a text asks for."""


class Plausible:
    """A speaker whose sound is BROKEN when it ends long before its text can have been spoken, or goes on long after."""

    def __init__(self, speaker: Speaker, pace: Pace) -> None:
        """Judge a speaker by what is known of its voice's pace."""
        self._speaker = speaker
        self._pace = pace
        self.audio_format: AudioFormat = speaker.audio_format

    async def speak(self, text: str, deadline: float) -> AsyncGenerator[bytes]:
        """Yield the sound of a text, as `Speaker.speak`."""
        size = 0
        expected = self._pace.expected(text)
        async with aclosing(self._speaker.speak(text, deadline)) as sound:
            async for chunk in sound:
                size += len(chunk)
                if duration(self.audio_format, size) > LONGEST * expected + LONGEST_PAUSES:
                    raise ProviderError(Failure.BROKEN, code="too_long")
                yield chunk
        share = SHORTEST_KNOWN if self._pace.spoken >= KNOWN else SHORTEST
        if expected >= LONG and duration(self.audio_format, size) < share * expected:
            raise ProviderError(Failure.BROKEN, code="too_short")
