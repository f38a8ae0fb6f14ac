"""Doubts a sound that ends much too soon: bare PCM over HTTP has no end mark, and a cut one looks whole."""

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


class Plausible:
    """A speaker whose sound is BROKEN when it ends long before its text can have been spoken."""

    def __init__(self, speaker: Speaker, pace: Pace) -> None:
        """Judge a speaker by what is known of its voice's pace."""
        self._speaker = speaker
        self._pace = pace
        self.audio_format: AudioFormat = speaker.audio_format

    async def speak(self, text: str, deadline: float) -> AsyncGenerator[bytes]:
        """Yield the sound of a text, as `Speaker.speak`."""
        size = 0
        async with aclosing(self._speaker.speak(text, deadline)) as sound:
            async for chunk in sound:
                size += len(chunk)
                yield chunk
        expected = self._pace.expected(text)
        share = SHORTEST_KNOWN if self._pace.spoken >= KNOWN else SHORTEST
        if expected >= LONG and duration(self.audio_format, size) < share * expected:
            raise ProviderError(Failure.BROKEN, code="too_short")
