"""Who speaks: one voice in one format, from text to sound."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Protocol

from ..providers.base import AudioFormat, Failure, ProviderError, Transport, Voice
from .pool import Pool


class Request(bytes):
    """No sound, but what who speaks at a service yields first: a request is being made.

    It costs something from when it has gone out, which `made` tells at the end of what is spoken.
    """

    made = True


class Speaker(Protocol):
    """One voice in one format. Wrappers of a speaker are speakers."""

    @property
    def audio_format(self) -> AudioFormat:
        """Return the form in which the sound comes."""

    def speak(self, text: str, deadline: float) -> AsyncGenerator[bytes]:
        """Yield the sound of a text; ends whole, or raises `ProviderError`.

        `deadline` is the time of the event loop by which the sound should begin. Closing the generator gives up.
        """


class VoiceSpeaker:
    """A voice of a provider, over a pool of connections to it."""

    def __init__(
        self, pool: Pool, voice: Voice, audio_format: AudioFormat, *, transport: Callable[[], Transport]
    ) -> None:
        """Speak with a voice; `transport` is asked at each request for the way that suits the text as it is then."""
        self._pool = pool
        self._voice = voice
        self._transport = transport
        self.audio_format = audio_format

    async def speak(self, text: str, deadline: float) -> AsyncGenerator[bytes]:
        """Yield the sound of a text, as `Speaker.speak`, and before it a `Request`.

        What no provider foresaw is BROKEN like anything else that is: somebody else may be there to take over.
        """
        try:
            async with (
                self._pool.connection(self._transport(), (self._voice, self.audio_format)) as connection,
                aclosing(connection.speak(self._voice, self.audio_format, text)) as sound,
            ):
                request = Request()
                try:
                    yield request
                    async for chunk in sound:
                        yield chunk
                finally:
                    request.made = connection.asked
        except ProviderError:
            raise
        except Exception as error:  # noqa: BLE001 - what it says may quote an address with its key
            raise ProviderError(Failure.BROKEN, code=type(error).__name__) from None
