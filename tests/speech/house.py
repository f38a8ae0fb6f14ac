"""A small provider of the tests' own, whose connections tell what became of them."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from typing import Any, override

from custom_components.streaming_tts.providers.provider import Connection, Provider
from custom_components.streaming_tts.providers.types import (
    AccountInfo,
    AudioFormat,
    Charge,
    Credentials,
    Formats,
    Model,
    ProviderError,
    Transport,
    Voice,
    VoiceInfo,
)

from .conftest import ScriptedSpeaker

VOICE = Voice.of(voice_id="anna", model="one", language="en")


def spawn(work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
    """Start a task as Home Assistant starts those in the background: at once."""
    return asyncio.create_task(work, name=name, eager_start=True)


class HouseConnection(Connection):
    """Speaks its number and the text as bytes."""

    def __init__(
        self,
        number: int,
        transport: Transport,
        keep_alive_interval: float | None,
        speaker: ScriptedSpeaker | None = None,
    ) -> None:
        """Be open; a `speaker` speaks instead."""
        self._speaker = speaker
        self.marks_end = True
        self.number = number
        self.transport = transport
        self.open = True
        self.usable = True
        self.sends = True
        self.kept_alive = 0
        self.error: ProviderError | None = None
        self._interval = keep_alive_interval

    @override
    async def speak(self, voice: Voice, audio_format: AudioFormat, text: str) -> AsyncGenerator[bytes]:
        """Yield two pieces, or what the speaker does."""
        if self._speaker is not None:
            async with aclosing(self._speaker.speak(text, 0)) as sound:
                async for chunk in sound:
                    yield chunk
            return
        await asyncio.sleep(0.1)
        yield f"{self.number} ".encode()
        if self.error is not None:
            raise self.error
        await asyncio.sleep(0.1)
        yield f"{text}!".encode().ljust(len(text) + 1 + len(text) % 2)

    @property
    @override
    def asked(self) -> bool:
        return self.sends

    @property
    @override
    def reusable(self) -> bool:
        return self.open and self.usable

    @property
    @override
    def end_mark_missing(self) -> bool:
        return not self.marks_end

    @property
    @override
    def keep_alive_interval(self) -> float | None:
        return self._interval

    @override
    async def keep_alive(self) -> None:
        """Count."""
        self.kept_alive += 1

    @override
    async def close(self) -> None:
        """Be closed."""
        self.open = False


class House(Provider):
    """A provider whose connections are numbered."""

    key = "house"
    name = "House"
    default_base_url = "http://127.0.0.1"
    models = (Model(model_id="one", name="One", languages=("en",)),)
    transports = (Transport.WEBSOCKET, Transport.STREAM, Transport.BODY)

    def __init__(self, *, connect_seconds: float = 0.1, keep_alive_interval: float | None = 10.0) -> None:
        """Have no connection yet."""
        super().__init__(None, Credentials(key="key"))  # type: ignore[arg-type]  # no wire here
        self.connections: list[HouseConnection] = []
        self.ahead: list[bool] = []
        self.refuses: ProviderError | None = None
        self.speakers: dict[Transport, ScriptedSpeaker] = {}
        self.marks_end = True
        self.refuses_transport: dict[Transport, ProviderError] = {}
        self.connects_in: dict[Transport, float] = {}
        self._seconds = connect_seconds
        self._interval = keep_alive_interval

    @property
    def open_connections(self) -> int:
        """Return how many connections are open."""
        return sum(connection.open for connection in self.connections)

    @override
    async def verify(self) -> AccountInfo:
        return AccountInfo(account_id="house")

    @override
    async def voices(self) -> list[VoiceInfo]:
        return [VoiceInfo(voice_id="anna", name="Anna")]

    @override
    def formats(self, voice: Voice) -> Formats:
        return Formats(pcm_rates=(16000,))

    @override
    def max_characters(self, voice: Voice) -> int:
        return 1000

    @override
    def price(self, voice: Voice, text: str) -> Charge:
        return Charge(requests=1, characters=len(text))

    @override
    async def connect(self, transport: Transport, *, ahead: bool = False) -> HouseConnection:
        await asyncio.sleep(self.connects_in.get(transport, self._seconds))
        if (refusal := self.refuses_transport.get(transport, self.refuses)) is not None:
            raise refusal
        number, speaker = len(self.connections) + 1, self.speakers.get(transport)
        connection = HouseConnection(number, transport, self._interval, speaker)
        connection.marks_end = self.marks_end
        self.connections.append(connection)
        self.ahead.append(ahead)
        return connection
