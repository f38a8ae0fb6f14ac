"""Triggers for automations: a quota crossed a threshold or is used up, or a fallback took over."""

from typing import override

from homeassistant.components.binary_sensor.const import DOMAIN as BINARY_SENSOR_DOMAIN
from homeassistant.components.event.const import DOMAIN as EVENT_DOMAIN
from homeassistant.components.sensor.const import DOMAIN as SENSOR_DOMAIN
from homeassistant.const import STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers.automation import DomainSpec
from homeassistant.helpers.trigger import (
    EntityNumericalStateCrossedThresholdTriggerBase,
    EntityTargetStateTriggerBase,
    EntityTriggerBase,
    NotTriggeredReasonReporter,
    StatelessEntityTriggerBase,
    Trigger,
)

from .binary_sensor import QUOTA_EXHAUSTED
from .entity import own_entities
from .event import UTTERANCE
from .playback.result import Outcome
from .sensor import LEFT


class OwnTrigger(EntityTriggerBase):
    """Listens to entities of this integration that have one of the `_keys`."""

    _primary_entities_only = False
    _keys: tuple[str, ...]

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        """Return the matching entities."""
        return own_entities(self._hass, super().entity_filter(entities), *self._keys)


class QuotaCrossedTrigger(OwnTrigger, EntityNumericalStateCrossedThresholdTriggerBase):
    """Fires when the remaining quota or budget crosses a threshold."""

    _domain_specs = {SENSOR_DOMAIN: DomainSpec()}
    _keys = LEFT


class QuotaExhaustedTrigger(OwnTrigger, EntityTargetStateTriggerBase):
    """Fires when a quota or budget is used up."""

    _domain_specs = {BINARY_SENSOR_DOMAIN: DomainSpec()}
    _excluded_from_states = frozenset({STATE_UNAVAILABLE})  # The first state of an account is unknown
    _to_states = {STATE_ON}
    _keys = (QUOTA_EXHAUSTED.key,)


class FallbackTookOverTrigger(OwnTrigger, StatelessEntityTriggerBase):
    """Fires when an utterance of a voice was spoken by its fallback, completely or in part."""

    _domain_specs = {EVENT_DOMAIN: DomainSpec()}
    _keys = (UTTERANCE.key,)

    @override
    def is_valid_state(self, state: State, report_not_triggered: NotTriggeredReasonReporter) -> bool:
        """Return True if a fallback took over."""
        return state.attributes.get("event_type") == Outcome.TAKEN_OVER


TRIGGERS: dict[str, type[Trigger]] = {
    "fallback_took_over": FallbackTookOverTrigger,
    "quota_crossed": QuotaCrossedTrigger,
    "quota_exhausted": QuotaExhaustedTrigger,
}


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return the triggers."""
    return TRIGGERS
