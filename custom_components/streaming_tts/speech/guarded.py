"""Asks before each request whether it may be made at all: what comes from memory costs nothing and is not asked for."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from ..providers.base import AudioFormat, ProviderError
from .speaker import Speaker

type Admission = Callable[[], ProviderError | None]
"""Returns why no request may be made now, or None where it may."""


class Guarded:
    """A speaker whose account decides about each request."""

    def __init__(self, speaker: Speaker, admission: Admission) -> None:
        """Wrap a speaker."""
        self._speaker = speaker
        self._admission = admission
        self.audio_format: AudioFormat = speaker.audio_format

    async def speak(self, text: str, deadline: float) -> AsyncGenerator[bytes]:
        """Yield the sound of a text, as `Speaker.speak`; raises what the account says, without a request."""
        if (refusal := self._admission()) is not None:
            raise refusal
        async with aclosing(self._speaker.speak(text, deadline)) as sound:
            async for chunk in sound:
                yield chunk
