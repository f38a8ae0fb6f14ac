"""Speech recognition: returns the text that was sent to the satellite."""

from collections.abc import AsyncIterable
from typing import override

from homeassistant.components import stt
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from . import Device, DevicesConfigEntry


async def async_setup_entry(
    hass: HomeAssistant, entry: DevicesConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the speech recognition."""
    async_add_entities([Recognizer(entry.runtime_data)])


class Recognizer(stt.SpeechToTextEntity):
    """Returns the text of the satellite."""

    _attr_name = "Recognizer"
    _attr_unique_id = "recognizer"

    def __init__(self, device: Device) -> None:
        """Set the test device."""
        self._device = device

    @property
    @override
    def supported_languages(self) -> list[str]:
        """Return the languages of the tests."""
        return ["de", "en", "hi", "zh"]

    @property
    @override
    def supported_formats(self) -> list[stt.AudioFormats]:
        """Return the format of pipelines."""
        return [stt.AudioFormats.WAV]

    @property
    @override
    def supported_codecs(self) -> list[stt.AudioCodecs]:
        """Return the format of pipelines."""
        return [stt.AudioCodecs.PCM]

    @property
    @override
    def supported_bit_rates(self) -> list[stt.AudioBitRates]:
        """Return the format of pipelines."""
        return [stt.AudioBitRates.BITRATE_16]

    @property
    @override
    def supported_sample_rates(self) -> list[stt.AudioSampleRates]:
        """Return the format of pipelines."""
        return [stt.AudioSampleRates.SAMPLERATE_16000]

    @property
    @override
    def supported_channels(self) -> list[stt.AudioChannels]:
        """Return the format of pipelines."""
        return [stt.AudioChannels.CHANNEL_MONO]

    @override
    async def async_process_audio_stream(
        self, metadata: stt.SpeechMetadata, stream: AsyncIterable[bytes]
    ) -> stt.SpeechResult:
        """Return the text."""
        async for _ in stream:
            pass
        return stt.SpeechResult(self._device.heard.pop(0), stt.SpeechResultState.SUCCESS)
