"""Config flow of the demo helpers, without a form."""

from typing import Any, override

from homeassistant.config_entries import ConfigFlow, ConfigFlowResult


class DemoConfigFlow(ConfigFlow, domain="demo_tools"):
    """Creates the entry."""

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Create the entry."""
        return self.async_create_entry(title="Demo", data={})
