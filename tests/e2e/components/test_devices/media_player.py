"""Speakers: they send the URL to the test device, like network speakers."""

from typing import Any, override

from homeassistant.components import media_source
from homeassistant.components.media_player import MediaPlayerEntity
from homeassistant.components.media_player.browse_media import async_process_play_media_url
from homeassistant.components.media_player.const import MediaPlayerEntityFeature, MediaPlayerState, MediaType
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from . import Device, DevicesConfigEntry


async def async_setup_entry(
    hass: HomeAssistant, entry: DevicesConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the speakers."""
    async_add_entities([Speaker(entry.runtime_data), Radio(entry.runtime_data)])


class Speaker(MediaPlayerEntity):
    """Plays media and announcements."""

    _attr_name = "Speaker"
    _attr_unique_id = "speaker"
    _attr_should_poll = False
    _attr_state = MediaPlayerState.IDLE
    _attr_supported_features = (
        MediaPlayerEntityFeature.MEDIA_ANNOUNCE
        | MediaPlayerEntityFeature.PLAY_MEDIA
        | MediaPlayerEntityFeature.VOLUME_SET
    )
    _attr_volume_level = 0.5

    def __init__(self, device: Device) -> None:
        """Set the test device."""
        self._device = device

    @override
    async def async_play_media(self, media_type: MediaType | str, media_id: str, **kwargs: Any) -> None:
        """Let the test device play."""
        if media_source.is_media_source_id(media_id):
            media_id = (await media_source.async_resolve_media(self.hass, media_id, self.entity_id)).url
        url = async_process_play_media_url(self.hass, media_id)
        await self._device.tell("/speaker", {"url": url, "volume": self.volume_level})
        self._attr_state = MediaPlayerState.PLAYING
        self.async_write_ha_state()
        entry = self.platform.config_entry
        assert entry is not None
        entry.async_create_background_task(self.hass, self._until_silent(), f"{self.entity_id} plays")

    @override
    async def async_set_volume_level(self, volume: float) -> None:
        """Set the volume."""
        self._attr_volume_level = volume
        self.async_write_ha_state()

    async def _until_silent(self) -> None:
        """Wait until the test device has played everything."""
        await self._device.tell("/speaker/silent", {})
        self._attr_state = MediaPlayerState.IDLE
        self.async_write_ha_state()


class Radio(MediaPlayerEntity):
    """Plays a URL and never reports its state."""

    _attr_name = "Radio"
    _attr_unique_id = "radio"
    _attr_should_poll = False
    _attr_state = MediaPlayerState.ON
    _attr_supported_features = MediaPlayerEntityFeature.PLAY_MEDIA | MediaPlayerEntityFeature.VOLUME_SET
    _attr_volume_level = 0.5

    def __init__(self, device: Device) -> None:
        """Set the test device."""
        self._device = device

    @override
    async def async_play_media(self, media_type: MediaType | str, media_id: str, **kwargs: Any) -> None:
        """Send the URL to the test device, without waiting for it."""
        if media_source.is_media_source_id(media_id):
            media_id = (await media_source.async_resolve_media(self.hass, media_id, self.entity_id)).url
        url = async_process_play_media_url(self.hass, media_id)
        await self._device.tell("/radio", {"url": url})

    @override
    async def async_set_volume_level(self, volume: float) -> None:
        """Set the volume."""
        self._attr_volume_level = volume
        self.async_write_ha_state()
