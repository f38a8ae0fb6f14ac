"""A recognizer: understands what the satellite was told to have heard."""

from collections.abc import AsyncIterable
from typing import override

from homeassistant.components import stt
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from . import Device, DevicesConfigEntry


async def async_setup_entry(
    hass: HomeAssistant, entry: DevicesConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the recognizer."""
    async_add_entities([Recognizer(entry.runtime_data)])


class Recognizer(stt.SpeechToTextEntity):
    """Returns the text of the satellite whose sound it gets."""

    _attr_name = "Recognizer"
    _attr_unique_id = "recognizer"

    def __init__(self, device: Device) -> None:
        """Belong to the device."""
        self._device = device

    @property
    @override
    def supported_languages(self) -> list[str]:
        """Return the languages of the tests."""
        return ["de", "en", "hi", "zh"]

    @property
    @override
    def supported_formats(self) -> list[stt.AudioFormats]:
        """Return what pipelines send."""
        return [stt.AudioFormats.WAV]

    @property
    @override
    def supported_codecs(self) -> list[stt.AudioCodecs]:
        """Return what pipelines send."""
        return [stt.AudioCodecs.PCM]

    @property
    @override
    def supported_bit_rates(self) -> list[stt.AudioBitRates]:
        """Return what pipelines send."""
        return [stt.AudioBitRates.BITRATE_16]

    @property
    @override
    def supported_sample_rates(self) -> list[stt.AudioSampleRates]:
        """Return what pipelines send."""
        return [stt.AudioSampleRates.SAMPLERATE_16000]

    @property
    @override
    def supported_channels(self) -> list[stt.AudioChannels]:
        """Return what pipelines send."""
        return [stt.AudioChannels.CHANNEL_MONO]

    @override
    async def async_process_audio_stream(
        self, metadata: stt.SpeechMetadata, stream: AsyncIterable[bytes]
    ) -> stt.SpeechResult:
        """Return what was said."""
        async for _ in stream:
            pass
        return stt.SpeechResult(self._device.heard.pop(0), stt.SpeechResultState.SUCCESS)
