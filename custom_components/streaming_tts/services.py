"""The actions of the integration."""

from enum import StrEnum
from typing import Final

import voluptuous as vol

from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv, service

from .account import StreamingTtsConfigEntry
from .const import DOMAIN


class Action(StrEnum):
    """The names of the actions."""

    REFRESH_VOICES = "refresh_voices"


REFRESH_VOICES_SCHEMA: Final = vol.Schema({vol.Required(ATTR_CONFIG_ENTRY_ID): cv.string})


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    hass.services.async_register(
        DOMAIN,
        Action.REFRESH_VOICES,
        _async_refresh_voices,
        schema=REFRESH_VOICES_SCHEMA,
        supports_response=SupportsResponse.OPTIONAL,
    )


async def _async_refresh_voices(call: ServiceCall) -> ServiceResponse:
    """Fetch the catalogue of an account now; answers with how many voices there are."""
    entry: StreamingTtsConfigEntry = service.async_get_config_entry(call.hass, DOMAIN, call.data[ATTR_CONFIG_ENTRY_ID])
    catalogue = entry.runtime_data.catalogue
    await catalogue.async_refresh()
    if not catalogue.last_update_success:
        error = catalogue.last_exception
        known = error if isinstance(error, HomeAssistantError) else HomeAssistantError()
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key=known.translation_key or "catalogue_unknown",
            translation_placeholders=known.translation_placeholders,
        ) from error
    return {"voices": len(catalogue.data)}
