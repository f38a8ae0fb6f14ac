"""Gives a text to the service in the service's own marks: what is kept, counted and charged is what is sent."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from ..providers.base import AudioFormat, Provider
from .speaker import Speaker


class Rendered:
    """A speaker that is given marks as its provider has them."""

    def __init__(self, speaker: Speaker, provider: Provider) -> None:
        """Translate for a provider what the speaker says."""
        self._speaker = speaker
        self._provider = provider
        self.audio_format: AudioFormat = speaker.audio_format

    async def speak(self, text: str, deadline: float) -> AsyncGenerator[bytes]:
        """Yield the sound of a text, as `Speaker.speak`."""
        async with aclosing(self._speaker.speak(self._provider.render(text), deadline)) as sound:
            async for chunk in sound:
                yield chunk
