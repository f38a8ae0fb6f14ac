"""The flow of the demo's house: it asks nothing."""

from typing import Any, override

from homeassistant.config_entries import ConfigFlow, ConfigFlowResult


class DemoConfigFlow(ConfigFlow, domain="demo_tools"):
    """Makes the entry."""

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Make it."""
        return self.async_create_entry(title="Demo", data={})
