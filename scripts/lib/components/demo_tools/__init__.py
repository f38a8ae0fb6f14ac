"""Helpers of the demo: the browser as a speaker, an assistant, and cards for the dashboard."""

from pathlib import Path

from homeassistant.components.frontend import add_extra_js_url
from homeassistant.components.http.server import StaticPathConfig
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant

from .browsers import Browsers, register_commands

type DemoConfigEntry = ConfigEntry[Browsers]

PLATFORMS = [Platform.CONVERSATION, Platform.MEDIA_PLAYER]
_MODULE = Path(__file__).parent / "demo_tools.js"
_MODULE_URL = "/demo_tools/demo_tools.js"


async def async_setup_entry(hass: HomeAssistant, entry: DemoConfigEntry) -> bool:
    """Set up everything, and load the player module on each page of the frontend."""
    entry.runtime_data = Browsers()
    register_commands(hass, entry.runtime_data)
    await hass.http.async_register_static_paths([StaticPathConfig(_MODULE_URL, str(_MODULE), cache_headers=False)])
    add_extra_js_url(hass, _MODULE_URL)
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    return True
