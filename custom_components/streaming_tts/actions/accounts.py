"""The action about an account: correct what is left of its budget."""

from typing import Final

import voluptuous as vol

from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import HomeAssistant, ServiceCall, callback
from homeassistant.helpers import config_validation as cv, service

from ..account.budget import amount_of
from ..const import DOMAIN
from ..errors import invalid
from . import Action, account_of

ATTR_REMAINING: Final = "remaining"


def _amount(value: object) -> float:
    """Return an amount, also from the text that a template makes of it; raises `vol.Invalid`."""
    if (amount := amount_of(vol.Coerce(float)(value))) is None:
        raise vol.Invalid("Expected an amount of 0 or more")
    return amount


SET_BALANCE_SCHEMA: Final = vol.Schema(
    {
        vol.Required(ATTR_CONFIG_ENTRY_ID): cv.string,
        vol.Required(ATTR_REMAINING): _amount,
    }
)


@callback
def async_setup_account_actions(hass: HomeAssistant) -> None:
    """Register the action; only administrators correct a budget."""
    service.async_register_admin_service(
        hass, DOMAIN, Action.SET_BALANCE, _async_set_balance, schema=SET_BALANCE_SCHEMA
    )


async def _async_set_balance(call: ServiceCall) -> None:
    """Correct what is left of the budget of an account."""
    account = account_of(call)
    allowance = account.allowance
    if allowance.budget is None:
        raise invalid("no_budget", account=account.entry.title)
    allowance.correct(call.data[ATTR_REMAINING])
