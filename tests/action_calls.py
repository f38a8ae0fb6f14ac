"""Call actions, and read their errors."""

from typing import Any

from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.streaming_tts.const import DOMAIN
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError


async def act(
    home: HomeAssistant, action: str, entry: MockConfigEntry, *, context: Context | None = None, **fields: Any
) -> Any:
    """Call an action about an account; return what it answers, None where it never answers anything."""
    return await home.services.async_call(
        DOMAIN,
        action,
        {"config_entry_id": entry.entry_id, **fields},
        blocking=True,
        context=context,
        return_response=home.services.supports_response(DOMAIN, action) != "none",
    )


def ordinary_user(home: HomeAssistant, **policy: Any) -> Context:
    """Return the context of a user who is no administrator, and may do what a policy says."""
    user = MockUser(groups=[]).add_to_hass(home)
    user.mock_policy(policy)
    return Context(user_id=user.id)


def told(error: HomeAssistantError) -> str:
    """Return what a person reads; an error without words of its own would be its key."""
    words = str(error)
    assert " " in words
    return words
