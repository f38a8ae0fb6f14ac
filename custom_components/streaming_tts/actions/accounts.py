"""Actions for an account: correct the rest of its budget, and check a voice over each transport."""

from dataclasses import asdict
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

import probatio as vol

from homeassistant.components.tts.const import DOMAIN as TTS_DOMAIN
from homeassistant.config_entries import ConfigEntryState, ConfigSubentry
from homeassistant.const import ATTR_CONFIG_ENTRY_ID, ATTR_ENTITY_ID, __version__
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv, entity_registry as er
from homeassistant.helpers.network import NoURLAvailableError, get_url
from homeassistant.helpers.translation import async_get_exception_message
from homeassistant.loader import async_get_integration
from homeassistant.util import dt as dt_util

from ..account.quota import amount_of
from ..account.runtime import Account, StreamingTtsConfigEntry
from ..const import DOMAIN
from ..errors import error_message, invalid
from ..providers.check import TransportCheck, check_transport
from ..providers.types import Charge
from ..voices.settings import resolve_voice
from . import account_of

ATTR_REMAINING: Final = "remaining"


def _amount(value: object) -> float:
    """Return an amount from a number or a template's text. Raises `vol.Invalid`."""
    if (amount := amount_of(vol.Coerce(float)(value))) is None:
        raise vol.Invalid("Expected an amount of 0 or more")
    return amount


SET_BALANCE_SCHEMA: Final = vol.Schema(
    {
        vol.Required(ATTR_CONFIG_ENTRY_ID): cv.string,
        vol.Required(ATTR_REMAINING): _amount,
    }
)


async def async_set_balance(call: ServiceCall) -> None:
    """Correct the remaining budget of an account."""
    account = account_of(call)
    if (budget := account.ledger.budget) is None:
        raise invalid("no_budget", account=account.entry.title)
    budget.correct(call.data[ATTR_REMAINING], dt_util.now())
    account.ledger.async_changed()


CHECK_SCHEMA: Final = vol.Schema({vol.Required(ATTR_ENTITY_ID): cv.entity_domain(TTS_DOMAIN)})


async def async_check_voice(call: ServiceCall) -> ServiceResponse:
    """Speak a short sentence over each transport of a voice in turn, and return the results."""
    account, subentry = _voice_of(call)
    if (refusal := account.refusal(alone=True)) is not None:
        raise HomeAssistantError(**error_message(refusal, account.entry.title))
    voice = resolve_voice(account.provider, subentry.data, language=None, options={})
    checks: list[TransportCheck] = []
    transports = account.provider.transports_of(voice)
    for transport in transports:
        asked_at = account.hass.loop.time()
        check = await check_transport(account.provider, transport, voice)
        checks.append(check)
        # A single transport may fail while the account is available
        is_down = len(checks) == len(transports) and all(each.error for each in checks)
        account.record_beside(check.charge, asked_at, check.error if is_down else None)
    integration = await async_get_integration(call.hass, DOMAIN)
    return {
        "service": account.provider.key,
        "model": voice.model,
        "language": voice.language,
        "versions": {DOMAIN: str(integration.version), "homeassistant": __version__},
        "transports": [check.report(account.provider.credentials) for check in checks],
        "charge": asdict(sum((check.charge for check in checks), Charge())),
        "hints": [{"hint": hint, "message": async_get_exception_message(DOMAIN, hint)} for hint in _hints(call.hass)],
    }


def _voice_of(call: ServiceCall) -> tuple[Account, ConfigSubentry]:
    """Return the account and saved voice of an entity.

    Raises `ServiceValidationError` if there is none, or its account is not loaded.
    """
    entity_id: str = call.data[ATTR_ENTITY_ID]
    registered = er.async_get(call.hass).async_get(entity_id)
    entry: StreamingTtsConfigEntry | None = None
    if registered is not None and registered.platform == DOMAIN and registered.config_entry_id is not None:
        entry = call.hass.config_entries.async_get_entry(registered.config_entry_id)
    if registered is None or entry is None or entry.state is not ConfigEntryState.LOADED:
        raise invalid("not_a_voice", entity=entity_id)
    return entry.runtime_data, entry.subentries[str(registered.config_subentry_id)]


def _hints(hass: HomeAssistant) -> list[str]:
    """Return possible reasons why a player gets no audio.

    Players fetch the audio from Home Assistant's own URL.
    """
    hints = []
    if hass.config.internal_url is None:
        hints.append("hint_internal_url_unset")
    try:
        address = get_url(hass, allow_cloud=False)
    except NoURLAvailableError:
        return [*hints, "hint_no_url"]
    return [*hints, "hint_url_loopback"] if _is_loopback(address) else hints


def _is_loopback(address: str) -> bool:
    """Return True if a URL points to the player itself."""
    host = urlsplit(address).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
