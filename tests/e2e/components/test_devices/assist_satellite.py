"""Satellites with the formats of real ones. Each plays its audio on the test device as it arrives."""

from collections.abc import AsyncGenerator
from typing import Any, override

import probatio as vol

from homeassistant.components import tts
from homeassistant.components.assist_pipeline import PipelineEvent, PipelineEventType
from homeassistant.components.assist_satellite import (
    AssistSatelliteAnnouncement,
    AssistSatelliteConfiguration,
    AssistSatelliteEntity,
    AssistSatelliteEntityFeature,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv, entity_platform
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from . import Device, DevicesConfigEntry

WANTED: dict[str, dict[str, Any] | None] = {
    "wav_16000": {"preferred_format": "wav", "preferred_sample_rate": 16000},  # ESPHome without media player, VoIP
    "wav_24000": {
        "preferred_format": "wav",
        "preferred_sample_rate": 24000,
    },  # The native rate of the services
    "wav_22050": {"preferred_format": "wav", "preferred_sample_rate": 22050},  # Wyoming
    "flac_24000": {"preferred_format": "flac", "preferred_sample_rate": 24000},  # The same in another container
    "flac_48000": {"preferred_format": "flac", "preferred_sample_rate": 48000},  # Voice PE
    "mp3": None,
}
_SAMPLES = {"preferred_sample_channels": 1, "preferred_sample_bytes": 2}


async def async_setup_entry(
    hass: HomeAssistant, entry: DevicesConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the satellites, and an action that sends them a text."""
    entity_platform.async_get_current_platform().async_register_entity_service(
        "hear", {vol.Required("text"): cv.string}, "async_hear"
    )
    async_add_entities(Satellite(entry.runtime_data, name, wanted) for name, wanted in WANTED.items())


class Satellite(AssistSatelliteEntity):
    """Fetches the answer as early as possible, like satellites of Wyoming and ESPHome."""

    _attr_supported_features = AssistSatelliteEntityFeature.ANNOUNCE

    def __init__(self, device: Device, name: str, wanted: dict[str, Any] | None) -> None:
        """Set the format."""
        self._device = device
        self._path = f"/satellite/{name}"
        self._attr_name = name
        self._attr_unique_id = name
        self._attr_tts_options = wanted and wanted | _SAMPLES
        self._token: str | None = None

    @override
    def async_get_configuration(self) -> AssistSatelliteConfiguration:
        """Return an empty configuration."""
        return AssistSatelliteConfiguration(available_wake_words=[], active_wake_words=[], max_active_wake_words=0)

    @override
    async def async_set_configuration(self, config: AssistSatelliteConfiguration) -> None:
        """Ignore the configuration."""

    @override
    async def async_announce(self, announcement: AssistSatelliteAnnouncement) -> None:
        """Play the sound before it, if there is one, and the announcement; return at its end."""
        urls = [url for url in (announcement.preannounce_media_id, announcement.media_id) if url]
        await self._device.tell(f"{self._path}/announce", {"urls": urls})

    async def async_hear(self, text: str) -> None:
        """Run the pipeline with a text."""
        self._device.heard.append(text)
        await self.async_accept_pipeline_from_satellite(_silence())

    @override
    def on_pipeline_event(self, event: PipelineEvent) -> None:
        """Start to play when the answer streams, or when it's complete."""
        data = event.data or {}
        match event.type:
            case PipelineEventType.RUN_START:
                self._token = (data.get("tts_output") or {}).get("token")
            case PipelineEventType.INTENT_PROGRESS if data.get("tts_start_streaming"):
                self._play()
            case PipelineEventType.TTS_END if data.get("tts_output"):
                self._play()

    def _play(self) -> None:
        """Play the answer once."""
        if self._token is None or (stream := tts.async_get_stream(self.hass, self._token)) is None:
            return
        self._token = None
        entry = self.platform.config_entry
        assert entry is not None
        entry.async_create_background_task(self.hass, self._pass_on(stream), f"{self.entity_id} plays")

    async def _pass_on(self, stream: tts.ResultStream) -> None:
        """Pass the audio on to the test device; an error aborts the request."""
        try:
            await self._device.play(self._path, stream.async_stream_result())
        finally:
            self.tts_response_finished()


async def _silence() -> AsyncGenerator[bytes]:
    """Yield the audio of a microphone: a tenth of a second of silence."""
    yield bytes(3200)
