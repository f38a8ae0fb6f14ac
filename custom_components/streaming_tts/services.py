"""The actions of the integration."""

from typing import Final

import voluptuous as vol

from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv, service

from .actions import Action, account_of
from .budget import amount_of
from .clone_services import async_setup_clone_services
from .const import DOMAIN
from .dictionary_services import async_setup_dictionary_services
from .lexicon_services import async_setup_lexicon_services
from .timed_services import async_setup_timed_services
from .voice_services import async_setup_voice_services

ATTR_REMAINING: Final = "remaining"

REFRESH_VOICES_SCHEMA: Final = vol.Schema({vol.Required(ATTR_CONFIG_ENTRY_ID): cv.string})


def _amount(value: object) -> float:
    """Return an amount, also from the text that a template makes of it; raises `vol.Invalid`."""
    if (amount := amount_of(vol.Coerce(float)(value))) is None:
        raise vol.Invalid("expected an amount of 0 or more")
    return amount


SET_BALANCE_SCHEMA: Final = vol.Schema(
    {
        vol.Required(ATTR_CONFIG_ENTRY_ID): cv.string,
        vol.Required(ATTR_REMAINING): _amount,
    }
)


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
    service.async_register_admin_service(
        hass, DOMAIN, Action.SET_BALANCE, _async_set_balance, schema=SET_BALANCE_SCHEMA
    )
    async_setup_clone_services(hass)
    async_setup_voice_services(hass)
    async_setup_dictionary_services(hass)
    async_setup_lexicon_services(hass)
    async_setup_timed_services(hass)


async def _async_set_balance(call: ServiceCall) -> None:
    """Say what is left of the budget of an account."""
    account = account_of(call)
    allowance = account.allowance
    if allowance.budget is None:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="no_budget",
            translation_placeholders={"account": account.entry.title},
        )
    allowance.correct(call.data[ATTR_REMAINING])


async def _async_refresh_voices(call: ServiceCall) -> ServiceResponse:
    """Fetch the catalogue of an account now; answers with how many voices there are."""
    catalogue = account_of(call).catalogue
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
