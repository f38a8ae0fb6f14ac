"""Diagnostics to attach to an issue, without secrets, names, or spoken text."""

from collections import Counter
from dataclasses import asdict
from typing import Any

from yarl import URL

from homeassistant.components.diagnostics import REDACTED, async_redact_data
from homeassistant.const import CONF_API_KEY
from homeassistant.core import HomeAssistant

from .account.runtime import Account, StreamingTtsConfigEntry
from .const import CONF_AUTH_URL, CONF_BASE_URL, CONF_DETAILS, CONF_PUBLIC_KEY, CONF_REFRESH_TOKEN
from .providers.types import Transport

TO_REDACT = {CONF_API_KEY, CONF_REFRESH_TOKEN, CONF_AUTH_URL, CONF_PUBLIC_KEY, CONF_DETAILS}


async def async_get_config_entry_diagnostics(hass: HomeAssistant, entry: StreamingTtsConfigEntry) -> dict[str, Any]:
    """Return the diagnostics of an account, without its unique id, which contains the user's id at the service."""
    account = entry.runtime_data
    return {
        "version": f"{entry.version}.{entry.minor_version}",
        "data": {key: _shown(key, value) for key, value in async_redact_data(entry.data, TO_REDACT).items()},
        "options": dict(entry.options),
        "voices": [dict(subentry.data) for subentry in entry.subentries.values()],
        "catalogue": _catalogue(account),
        "models": [model.model_id for model in account.provider.models],
        "charged": asdict(account.ledger.charged),
        "quota": account.quota_state.quota and asdict(account.quota_state.quota),
        "quota_exhausted": account.quota_state.exhausted,
        "budget_remaining": account.budget.remaining,
        "rate_limit": account.events.rate and asdict(account.events.rate),
        "failed_requests": dict(account.ledger.failures),
        "last_failures": {kind: asdict(failure) for kind, failure in account.availability.last_failures.items()},
        "recent_requests": [asdict(request) for request in account.availability.requests],
        "last_success": account.availability.last_success,
        "transport": _transport(account),
        "seconds_to_first_byte": account.availability.latency and asdict(account.availability.latency),
    }


def _shown(key: str, value: Any) -> Any:
    """Return a value of an entry's data. A URL is reduced to its origin, as some proxies have a secret in the rest."""
    if key != CONF_BASE_URL:
        return value
    address = URL(value)
    shown = str(address.origin())
    return shown if str(address).rstrip("/") == shown else f"{shown}/{REDACTED}"


def _transport(account: Account) -> dict[str, Any]:
    """Return the transport for streamed text, and the health of the WebSocket if there is one."""
    engine = account.engine
    if Transport.WEBSOCKET not in account.provider.transports:
        return {"in_use": engine.transport()}
    health = engine.transport_health
    return {
        "in_use": engine.transport(),
        "socket_avoided_seconds": round(health.avoided_for),
        "socket_first_byte_limit": round(health.first_byte_limit, 3),
    }


def _catalogue(account: Account) -> dict[str, Any]:
    """Return the size of the catalogue, without the names of cloned voices."""
    voices = account.catalogue.data
    return {
        "refreshed": account.catalogue.last_update_success,
        "voices": len(voices),
        "own_voices": sum(voice.own for voice in voices),
        "voices_by_language": dict(sorted(Counter(tag for voice in voices for tag in voice.languages).items())),
    }
