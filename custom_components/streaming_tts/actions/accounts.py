"""The actions about an account: its catalogue fetched anew, what is left of its budget corrected."""

from typing import Final

import voluptuous as vol

from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv, service

from ..account.budget import amount_of
from ..const import DOMAIN
from ..errors import invalid
from . import Action, account_of

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
def async_setup_account_actions(hass: HomeAssistant) -> None:
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


async def _async_set_balance(call: ServiceCall) -> None:
    """Say what is left of the budget of an account."""
    account = account_of(call)
    allowance = account.allowance
    if allowance.budget is None:
        raise invalid("no_budget", account=account.entry.title)
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
