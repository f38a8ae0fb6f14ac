"""System health: whether the services can be reached."""

from typing import Any

from homeassistant.components import system_health
from homeassistant.core import HomeAssistant, callback

from .account.credentials import entry_credentials
from .account.runtime import StreamingTtsConfigEntry
from .const import CONF_BASE_URL, CONF_PROVIDER, DOMAIN
from .providers import PROVIDERS


@callback
def async_register(hass: HomeAssistant, register: system_health.SystemHealthRegistration) -> None:
    """Register the system health callback."""
    register.async_register_info(_async_system_health_info)


async def _async_system_health_info(hass: HomeAssistant) -> dict[str, Any]:
    """Return the number of accounts and voices, and whether the services in use are reachable."""
    entries: list[StreamingTtsConfigEntry] = hass.config_entries.async_entries(DOMAIN)
    reachable: dict[str, Any] = {}
    asked: set[str] = set()
    for entry in entries:
        if (provider := PROVIDERS.get(entry.data[CONF_PROVIDER])) is None:
            continue
        base_url = entry.data.get(CONF_BASE_URL) or provider.address_of(entry_credentials(entry.data))
        address = base_url + provider.health_path
        if address in asked:
            continue
        asked.add(address)
        key = f"can_reach_{provider.key}"
        if key in reachable:
            key = f"{key} ({entry.title})"  # Has no translation, and is shown as it is
        reachable[key] = system_health.async_check_can_reach_url(hass, address)
    return {
        "accounts": len(entries),
        "voices": sum(len(entry.subentries) for entry in entries),
        **reachable,
    }
