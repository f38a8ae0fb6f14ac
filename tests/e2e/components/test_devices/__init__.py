"""What stands around a voice in a house: a speaker, satellites, an assistant, another engine.

Each tells the test's device.

Nothing here decides anything: what is said comes from the test, and what is heard goes back to it.
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
    """The test's own server."""

    def __init__(self, hass: HomeAssistant, url: str) -> None:
        """Take its address. `heard` is what the satellites have heard said, for the recognizer."""
        self.heard: list[str] = []
        self._session = async_get_clientsession(hass)
        self._url = url

    async def tell(self, path: str, content: Mapping[str, Any]) -> None:
        """Tell it something."""
        async with self._session.post(f"{self._url}{path}", json=content) as response:
            response.raise_for_status()

    async def play(self, path: str, sound: AsyncIterable[bytes]) -> None:
        """Pass sound on as it comes."""
        async with self._session.post(f"{self._url}{path}", data=sound) as response:
            response.raise_for_status()


async def async_setup_entry(hass: HomeAssistant, entry: DevicesConfigEntry) -> bool:
    """Set up everything."""
    entry.runtime_data = Device(hass, entry.data[CONF_URL])
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    return True


async def async_unload_entry(hass: HomeAssistant, entry: DevicesConfigEntry) -> bool:
    """Unload everything."""
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)
