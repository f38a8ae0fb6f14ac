"""Another engine: takes a complete text and returns a WAV, like most engines."""

from array import array
from io import BytesIO
import math
from typing import Any, override
import wave

from homeassistant.components.tts import TextToSpeechEntity, TtsAudioType
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from . import Device, DevicesConfigEntry

SAMPLE_RATE = 22050
SECONDS_PER_CHARACTER = 0.05
FREQUENCY = 2500
PEAK = 12000


async def async_setup_entry(
    hass: HomeAssistant, entry: DevicesConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the engine."""
    async_add_entities([Stranger(entry.runtime_data)])


class Stranger(TextToSpeechEntity):
    """Generates 50 ms of a 2.5 kHz tone per character, and reports its texts."""

    _attr_name = "Stranger"
    _attr_unique_id = "stranger"
    _attr_default_language = "en"

    def __init__(self, device: Device) -> None:
        """Set the test device."""
        self._device = device

    @property
    @override
    def supported_languages(self) -> list[str]:
        """Return the languages of the tests."""
        return ["en"]

    @override
    async def async_get_tts_audio(self, message: str, language: str, options: dict[str, Any]) -> TtsAudioType:
        """Return the tone."""
        await self._device.tell("/stranger", {"message": message})
        step = 2 * math.pi * FREQUENCY / SAMPLE_RATE
        length = round(len(message) * SECONDS_PER_CHARACTER * SAMPLE_RATE)
        samples = array("h", [round(PEAK * math.sin(step * index)) for index in range(length)])
        file = BytesIO()
        with wave.open(file, "wb") as sound:
            sound.setnchannels(1)
            sound.setsampwidth(2)
            sound.setframerate(SAMPLE_RATE)
            sound.writeframes(samples.tobytes())
        return "wav", file.getvalue()
