"""Config flow of the test devices: the URL of the test device."""

from typing import Any, override

import probatio as vol

from homeassistant.config_entries import ConfigFlow, ConfigFlowResult
from homeassistant.const import CONF_URL


class DevicesConfigFlow(ConfigFlow, domain="test_devices"):
    """Asks for the URL of the test device."""

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the form, or create the entry."""
        if user_input is not None:
            return self.async_create_entry(title="Test devices", data=user_input)
        return self.async_show_form(step_id="user", data_schema=vol.Schema({vol.Required(CONF_URL): str}))
