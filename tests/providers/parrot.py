"""A minimal provider that speaks a text letter by letter: an example of a new provider."""

from collections.abc import AsyncGenerator
from typing import ClassVar, override

from custom_components.streaming_tts.providers.provider import Provider
from custom_components.streaming_tts.providers.transport.audio_stream import SpeechStream
from custom_components.streaming_tts.providers.transport.json_values import account_id
from custom_components.streaming_tts.providers.transport.trace import RequestTrace
from custom_components.streaming_tts.providers.types import (
    AccountInfo,
    AudioFormat,
    Charge,
    Model,
    Transport,
    Voice,
    VoiceInfo,
)


class Parrot(Provider):
    """An account at the parrot."""

    key: ClassVar[str] = "parrot"
    name: ClassVar[str] = "Parrot"
    default_base_url: ClassVar[str] = "https://parrot.invalid"
    models: tuple[Model, ...] = (Model(model_id="grey", name="Grey", languages=("en",)),)
    transports: ClassVar[tuple[Transport, ...]] = (Transport.STREAM,)
    pcm_rates = (16000,)
    most_characters = 100

    @override
    async def verify(self) -> AccountInfo:
        return AccountInfo(account_id=account_id(self.credentials.key))

    @override
    async def voices(self) -> list[VoiceInfo]:
        return [VoiceInfo(voice_id="polly", name="Polly")]

    @override
    def price(self, voice: Voice, text: str) -> Charge:
        return Charge(points=1)

    @override
    async def speak(
        self, voice: Voice, audio_format: AudioFormat, text: str, trace: RequestTrace, *, whole: bool = False
    ) -> AsyncGenerator[bytes]:
        async with self.exchange("POST", "", body=text, trace=trace) as answer:
            stream = SpeechStream(audio_format, text, answer.deadlines)
            async for piece in answer.pieces():
                yield stream.feed(piece)
            yield stream.end()
