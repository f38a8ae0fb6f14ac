"""A provider without a network, whose connections and speakers a test scripts."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from typing import Any, override

from custom_components.streaming_tts.providers.provider import Connection, Provider
from custom_components.streaming_tts.providers.transport.trace import RequestTrace
from custom_components.streaming_tts.providers.types import (
    AccountInfo,
    AudioFormat,
    Credentials,
    Model,
    ProviderError,
    Transport,
    Voice,
    VoiceInfo,
)

from .conftest import ScriptedSpeaker

VOICE = Voice.of(voice_id="anna", model="one", language="en")


def spawn(work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
    """Start a task eagerly, like Home Assistant's background tasks."""
    return asyncio.create_task(work, name=name, eager_start=True)


class ScriptedConnection(Connection):
    """Sends its number and the text as audio; bound to the first voice that it spoke."""

    keep_alive_interval = 10.0

    def __init__(self, number: int, provider: ScriptedProvider) -> None:
        """Start open."""
        self._provider = provider
        self._bound_to: Voice | None = None
        self.number = number
        self.open = True
        self.usable = True
        self.kept_alive = 0
        self.error: ProviderError | None = None

    @override
    async def speak(
        self, voice: Voice, audio_format: AudioFormat, text: str, trace: RequestTrace
    ) -> AsyncGenerator[bytes]:
        """Yield two chunks, or the audio of the provider's scripted speaker."""
        self._bound_to = voice
        trace.asked = True
        trace.end_mark_missing = not self._provider.marks_end
        if (speaker := self._provider.speakers.get(Transport.WEBSOCKET)) is not None:
            async with aclosing(speaker.speak(text, 0)) as sound:
                async for chunk in sound:
                    yield chunk
            return
        await asyncio.sleep(0.1)
        yield f"{self.number} ".encode()
        if self.error is not None:
            raise self.error
        await asyncio.sleep(0.1)
        yield f"{text}!".encode().ljust(len(text) + 1 + len(text) % 2)

    @override
    def fits(self, voice: Voice, audio_format: AudioFormat | None) -> bool:
        return self._bound_to in (None, voice)

    @property
    @override
    def reusable(self) -> bool:
        return self.open and self.usable

    @override
    async def keep_alive(self) -> None:
        """Count the call."""
        self.kept_alive += 1

    @override
    async def close(self) -> None:
        """Mark as closed."""
        self.open = False


class ScriptedProvider(Provider):
    """A provider with numbered sockets."""

    key = "scripted"
    name = "Scripted"
    default_base_url = "http://127.0.0.1"
    models = (Model(model_id="one", name="One", languages=("en",)),)
    transports = (Transport.WEBSOCKET, Transport.STREAM, Transport.BODY)
    pcm_rates = (16000,)
    most_characters = 1000

    def __init__(self, *, connect_seconds: float = 0.1) -> None:
        """Start without connections."""
        super().__init__(None, Credentials(key="key"))  # type: ignore[arg-type]  # no wire here
        self.connections: list[ScriptedConnection] = []
        self.touched = 0
        self.refuses: ProviderError | None = None
        self.speakers: dict[Transport, ScriptedSpeaker] = {}
        self.marks_end = True
        self.refuses_transport: dict[Transport, ProviderError] = {}
        self.connects_in: dict[Transport, float] = {}
        self._seconds = connect_seconds

    @property
    def open_connections(self) -> int:
        """Return how many sockets are open."""
        return sum(connection.open for connection in self.connections)

    @override
    async def verify(self) -> AccountInfo:
        return AccountInfo(account_id="scripted")

    @override
    async def voices(self) -> list[VoiceInfo]:
        return [VoiceInfo(voice_id="anna", name="Anna")]

    @override
    async def speak(
        self, voice: Voice, audio_format: AudioFormat, text: str, trace: RequestTrace, *, whole: bool = False
    ) -> AsyncGenerator[bytes]:
        transport = Transport.BODY if whole else Transport.STREAM
        await self._connect(transport)
        trace.asked = True
        async with aclosing(self.speakers[transport].speak(text, 0)) as sound:
            async for chunk in sound:
                yield chunk

    @override
    async def open_socket(self, voice: Voice) -> ScriptedConnection:
        await self._connect(Transport.WEBSOCKET)
        self.connections.append(ScriptedConnection(len(self.connections) + 1, self))
        return self.connections[-1]

    @override
    async def touch(self) -> None:
        await self._connect(Transport.STREAM)
        self.touched += 1

    async def _connect(self, transport: Transport) -> None:
        await asyncio.sleep(self.connects_in.get(transport, self._seconds))
        if (refusal := self.refuses_transport.get(transport, self.refuses)) is not None:
            raise refusal
