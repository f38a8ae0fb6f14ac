"""Migration of accounts that were stored by earlier releases."""

from collections.abc import Mapping
from math import log10
from typing import TYPE_CHECKING, Any, Final

from homeassistant.const import CONF_CURRENCY, CONF_MODEL
from homeassistant.core import HomeAssistant

from ..const import CONF_FALLBACK, CONF_GAIN, CONF_PROVIDER, CONF_SETTINGS, LOGGER, MAX_GAIN
from ..providers import PROVIDERS
from ..providers.provider import Provider
from ..providers.types import BillingUnit
from .options import (
    CONF_AMOUNT,
    CONF_MOST_CHARACTERS,
    CONF_PRICE,
    CONF_RENEWAL_DAY,
    CONF_STOP_AT_LIMIT,
    CONF_UNIT,
    CONF_WARN_AT,
)
from .quota import BudgetUnit, amount_of

if TYPE_CHECKING:
    from .runtime import StreamingTtsConfigEntry

VERSION: Final = 1
MINOR_VERSION: Final = 2

_REMOVED_SETTINGS: Final = ("enable_preprocessing", "sample_rate")
_PRICES: Final = {BillingUnit.CHARACTERS: ("price_characters", 10_000 / 1000), BillingUnit.HOURS: ("price_hour", 1.0)}
"""The option with the price of a unit in release 0.1, and the divisor that converts it to today's unit."""


async def async_migrate_entry(hass: HomeAssistant, entry: StreamingTtsConfigEntry) -> bool:
    """Migrate an account of an earlier release. Return False for one of a later major version."""
    if entry.version > VERSION:
        return False
    if entry.minor_version < MINOR_VERSION:
        provider = PROVIDERS.get(entry.data[CONF_PROVIDER])
        for subentry in entry.subentries.values():
            hass.config_entries.async_update_subentry(entry, subentry, data=_moved_voice(subentry.data, provider))
        has_fallbacks = all(subentry.data.get(CONF_FALLBACK) for subentry in entry.subentries.values())
        options = dict(entry.options)
        if provider is not None:
            options = _moved_options(entry.options, provider, has_fallbacks=has_fallbacks)
            if CONF_AMOUNT in entry.options and CONF_AMOUNT not in options:
                LOGGER.warning("Removed the budget of %s: its unit is no longer supported, set it again", entry.title)
        hass.config_entries.async_update_entry(entry, options=options, minor_version=MINOR_VERSION)
    return True


def _moved_voice(voice: Mapping[str, Any], provider: type[Provider] | None) -> dict[str, Any]:
    """Return a voice without removed settings. A removed volume setting is converted to a volume adjustment."""
    settings = {key: value for key, value in voice[CONF_SETTINGS].items() if key not in _REMOVED_SETTINGS}
    gain = float(voice.get(CONF_GAIN, 0.0))
    for volume in () if provider is None else provider.model(voice[CONF_MODEL]).volumes:
        if settings.get(volume.key, volume.default) != volume.default:
            gain += 20 * log10(max(volume.minimum, float(settings.pop(volume.key))))
    return {**voice, CONF_SETTINGS: settings, CONF_GAIN: max(-MAX_GAIN, min(MAX_GAIN, round(2 * gain) / 2))}


def _moved_options(old: Mapping[str, Any], provider: type[Provider], *, has_fallbacks: bool) -> dict[str, Any]:
    """Return the options of release 0.1 in today's form, without a budget that is no longer supported."""
    options = {key: old[key] for key in (CONF_WARN_AT, CONF_MOST_CHARACTERS) if key in old}
    if (kind := old.get("budget", "none")) == "none" or not amount_of(old[CONF_AMOUNT]):
        return options
    unit = BudgetUnit.POINTS if old[CONF_UNIT] == "requests" else BudgetUnit(old[CONF_UNIT])
    price: dict[str, Any] | None = {}
    if unit is BudgetUnit.MONEY:
        price = _moved_price(old, provider)
    if price is None or unit not in (BudgetUnit.MONEY, provider.billing_unit.value):
        return options
    used_up = old.get("when_used_up", "warn")
    return {
        **options,
        **price,
        CONF_AMOUNT: old[CONF_AMOUNT],
        CONF_UNIT: unit.value,
        **({CONF_RENEWAL_DAY: old[CONF_RENEWAL_DAY]} if kind == "monthly" else {}),
        # With "Use fallback voices", a voice without a fallback kept speaking
        CONF_STOP_AT_LIMIT: used_up == "stop" or (used_up == "fallback" and has_fallbacks),
    }


def _moved_price(old: Mapping[str, Any], provider: type[Provider]) -> dict[str, Any] | None:
    """Return the price and currency of a budget in money, or None without a price. A published price is omitted."""
    option, divisor = _PRICES.get(provider.billing_unit, ("", 1.0))
    if not (amount := old.get(option)):
        return None
    price, currency = amount / divisor, old[CONF_CURRENCY]
    published = provider.published_price(provider.models[0].model_id)
    if published is not None and (price, currency) == (published.amount, published.currency):
        return {CONF_CURRENCY: currency}
    return {CONF_PRICE: price, CONF_CURRENCY: currency}
