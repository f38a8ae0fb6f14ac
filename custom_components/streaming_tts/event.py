"""Event entity for the utterances of a voice, with their costs and fallbacks but without their text."""

from typing import override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .account.runtime import StreamingTtsConfigEntry
from .entity import VoiceDetailEntity, async_add_for_voices
from .playback.result import Outcome, UtteranceResult

PARALLEL_UPDATES = 0

UTTERANCE = EventEntityDescription(key="utterance", event_types=[outcome.value for outcome in Outcome])


async def async_setup_entry(
    hass: HomeAssistant, entry: StreamingTtsConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add an event entity for each voice of an account."""
    async_add_for_voices(
        entry.runtime_data, async_add_entities, lambda account, voice: UtteranceEvent(account, voice, UTTERANCE)
    )


class UtteranceEvent(VoiceDetailEntity, EventEntity):
    """Triggers when an utterance of a voice has ended."""

    @callback
    @override
    def _async_utterance_ended(self, result: UtteranceResult) -> None:
        """Trigger the event for the result of an utterance."""
        self._trigger_event(result.outcome.value, result.as_attributes())
        self.async_write_ha_state()
