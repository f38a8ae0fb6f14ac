"""Another engine than ours, for fallbacks."""

import asyncio
import io
from typing import Any, override
import wave

from homeassistant.components import tts

LEVEL = 5000


def recording(seconds: float, rate: int = 22050) -> bytes:
    """Return a WAV file of one level."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(LEVEL.to_bytes(2, "little") * int(seconds * rate))
    return file.getvalue()


class Stranger(tts.TextToSpeechEntity):
    """An engine of somebody else's that returns whole WAV files at a rate of its own."""

    _attr_name = "Stranger"
    _attr_unique_id = "stranger"
    _attr_default_language = "en"
    _attr_supported_languages = ["de", "en"]

    def __init__(self) -> None:
        """Speak for 2 s, whatever the text."""
        self.answer: tuple[str | None, bytes | None] | Exception = ("wav", recording(2.0))
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.asked: list[tuple[str, str]] = []
        self.options: dict[str, Any] = {}

    @override
    async def async_get_tts_audio(self, message: str, language: str, options: dict[str, Any]) -> tts.TtsAudioType:
        self.asked.append((message, language))
        self.options = options
        await self.may_answer.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        extension, data = self.answer
        return (None, None) if extension is None or data is None else (extension, data)
