"""The browser as a media player, which plays in every open tab."""

from typing import Any, override

from homeassistant.components import media_source
from homeassistant.components.media_player import MediaPlayerEntity
from homeassistant.components.media_player.browse_media import BrowseMedia, async_process_play_media_url
from homeassistant.components.media_player.const import MediaPlayerEntityFeature, MediaPlayerState, MediaType
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from . import DemoConfigEntry
from .browsers import SIGNAL_PLAYING, Browsers


async def async_setup_entry(
    hass: HomeAssistant, entry: DemoConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the media player."""
    async_add_entities([Browser(entry.runtime_data)])


class Browser(MediaPlayerEntity):
    """Plays media and announcements at the set volume."""

    _attr_name = "Browser"
    _attr_unique_id = "browser"
    _attr_should_poll = False
    _attr_state = MediaPlayerState.IDLE
    _attr_volume_level = 1.0
    _attr_supported_features = (
        MediaPlayerEntityFeature.BROWSE_MEDIA
        | MediaPlayerEntityFeature.MEDIA_ANNOUNCE
        | MediaPlayerEntityFeature.PLAY_MEDIA
        | MediaPlayerEntityFeature.STOP
        | MediaPlayerEntityFeature.VOLUME_SET
    )

    def __init__(self, browsers: Browsers) -> None:
        """Set the browsers."""
        self._browsers = browsers

    @override
    async def async_added_to_hass(self) -> None:
        """Subscribe to their state."""
        self.async_on_remove(async_dispatcher_connect(self.hass, SIGNAL_PLAYING, self._async_playing))

    @override
    async def async_play_media(self, media_type: MediaType | str, media_id: str, **kwargs: Any) -> None:
        """Play in all browsers. Raises ServiceValidationError if none is open."""
        if not self._browsers.open:
            raise ServiceValidationError(translation_domain="demo_tools", translation_key="no_browser")
        if media_source.is_media_source_id(media_id):
            media_id = (await media_source.async_resolve_media(self.hass, media_id, self.entity_id)).url
        url = async_process_play_media_url(self.hass, media_id, allow_relative_url=True)
        self._browsers.tell(play=url, volume=self.volume_level)

    @override
    async def async_media_stop(self) -> None:
        """Stop playback."""
        self._browsers.tell(stop=True)

    @override
    async def async_set_volume_level(self, volume: float) -> None:
        """Set the volume."""
        self._attr_volume_level = volume
        self._browsers.tell(volume=volume)
        self.async_write_ha_state()

    @override
    async def async_browse_media(
        self, media_content_type: MediaType | str | None = None, media_content_id: str | None = None
    ) -> BrowseMedia:
        """Browse all audio in Home Assistant."""
        return await media_source.async_browse_media(
            self.hass, media_content_id, content_filter=lambda item: item.media_content_type.startswith("audio/")
        )

    @callback
    def _async_playing(self, playing: bool) -> None:
        """Update the state."""
        self._attr_state = MediaPlayerState.PLAYING if playing else MediaPlayerState.IDLE
        self.async_write_ha_state()
