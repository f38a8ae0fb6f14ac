"""Whether an account's quota, or the budget that stands for it, is used up."""

from collections.abc import Mapping
from typing import Any, override

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
    """On when the service has nothing left for the account, or its budget is used up.

    Unknown until the service has spoken or refused, where there is no budget.
    """

    @property
    @override
    def is_on(self) -> bool | None:
        """Return True if nothing is left."""
        told, counted = self.account.quota_exhausted, self.account.budget.exhausted
        return told if counted is None or told else counted

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """Return where that is known from: the numbers of the quota, a refusal of the service, or our own count."""
        if not self.account.quota_exhausted and self.account.budget.exhausted is not None:
            return {"source": Source.COUNTED}
        if self.account.quota_exhausted is None:
            return {"source": None}
        quota = self.account.quota
        return {"source": Source.REPORTED if quota is None else quota.source}
