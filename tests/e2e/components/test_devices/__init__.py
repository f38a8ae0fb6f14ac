"""Test devices: speakers, satellites, an assistant, and another engine.

They report to the test device.

They have no logic of their own: texts come from the test, and audio goes back to it.
"""

from collections.abc import AsyncIterable, Mapping
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_URL, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession

type DevicesConfigEntry = ConfigEntry[Device]

PLATFORMS = [Platform.ASSIST_SATELLITE, Platform.CONVERSATION, Platform.MEDIA_PLAYER, Platform.STT, Platform.TTS]


class Device:
    """The server of the test."""

    def __init__(self, hass: HomeAssistant, url: str) -> None:
        """Set its URL. `heard` are the texts of the satellites for the speech recognition."""
        self.heard: list[str] = []
        self._session = async_get_clientsession(hass)
        self._url = url

    async def tell(self, path: str, content: Mapping[str, Any]) -> None:
        """Send JSON."""
        async with self._session.post(f"{self._url}{path}", json=content) as response:
            response.raise_for_status()

    async def play(self, path: str, sound: AsyncIterable[bytes]) -> None:
        """Pass on audio as it arrives."""
        async with self._session.post(f"{self._url}{path}", data=sound) as response:
            response.raise_for_status()


async def async_setup_entry(hass: HomeAssistant, entry: DevicesConfigEntry) -> bool:
    """Set up all platforms."""
    entry.runtime_data = Device(hass, entry.data[CONF_URL])
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    return True


async def async_unload_entry(hass: HomeAssistant, entry: DevicesConfigEntry) -> bool:
    """Unload all platforms."""
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)
