"""Conditions for automations: the remaining quota or budget, and whether it is used up."""

from typing import override

from homeassistant.components.binary_sensor.const import DOMAIN as BINARY_SENSOR_DOMAIN
from homeassistant.components.sensor.const import DOMAIN as SENSOR_DOMAIN
from homeassistant.const import STATE_ON
from homeassistant.core import HomeAssistant
from homeassistant.helpers.automation import DomainSpec
from homeassistant.helpers.condition import (
    Condition,
    EntityConditionBase,
    EntityNumericalConditionBase,
    EntityStateConditionBase,
)

from .binary_sensor import QUOTA_EXHAUSTED
from .entity import own_entities
from .sensor import LEFT


class OwnCondition(EntityConditionBase):
    """Tests entities of this integration that have one of the `_keys`."""

    _primary_entities_only = False
    _keys: tuple[str, ...]

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        """Return the matching entities."""
        return own_entities(self._hass, super().entity_filter(entities), *self._keys)


class QuotaCondition(OwnCondition, EntityNumericalConditionBase):
    """Tests the remaining quota or budget."""

    _domain_specs = {SENSOR_DOMAIN: DomainSpec()}
    _keys = LEFT


class QuotaExhaustedCondition(OwnCondition, EntityStateConditionBase):
    """Tests whether a quota or budget is used up."""

    _domain_specs = {BINARY_SENSOR_DOMAIN: DomainSpec()}
    _states = {STATE_ON}
    _keys = (QUOTA_EXHAUSTED.key,)


CONDITIONS: dict[str, type[Condition]] = {
    "quota_is": QuotaCondition,
    "quota_is_exhausted": QuotaExhaustedCondition,
}


async def async_get_conditions(hass: HomeAssistant) -> dict[str, type[Condition]]:
    """Return the conditions."""
    return CONDITIONS
