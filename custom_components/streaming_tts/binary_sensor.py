"""Binary sensor for a quota or budget that is used up."""

from typing import override

from homeassistant.components.binary_sensor import BinarySensorEntity, BinarySensorEntityDescription
from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .account.runtime import StreamingTtsConfigEntry
from .entity import AccountEntity
from .providers.types import Source

PARALLEL_UPDATES = 0

QUOTA_EXHAUSTED = BinarySensorEntityDescription(
    key="quota_exhausted",
    device_class=BinarySensorDeviceClass.PROBLEM,
)


async def async_setup_entry(
    hass: HomeAssistant, entry: StreamingTtsConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the binary sensor of an account."""
    async_add_entities([QuotaExhausted(entry.runtime_data, QUOTA_EXHAUSTED)])


class QuotaExhausted(AccountEntity, BinarySensorEntity):
    """On when the quota or budget of the account is used up.

    Without a budget, it is unknown until the service has accepted or refused a request.
    """

    @override
    def _take_up(self) -> None:
        """Update the state and its source: the service's report, our estimate, or the budget's count."""
        reported, counted = self.account.quota_state, self.account.budget.exhausted
        source = Source.REPORTED if reported.quota is None else reported.quota.source
        if not reported.exhausted and counted is not None:
            self._attr_is_on, source = counted, Source.COUNTED
        else:
            self._attr_is_on = reported.exhausted
        self._attr_extra_state_attributes = {"source": None if self._attr_is_on is None else source}
