"""Whether an account's quota is used up."""

from typing import override

from homeassistant.components.binary_sensor import BinarySensorEntity, BinarySensorEntityDescription
from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .account import StreamingTtsConfigEntry
from .entity import AccountEntity

PARALLEL_UPDATES = 0

QUOTA_EXHAUSTED = BinarySensorEntityDescription(
    key="quota_exhausted",
    translation_key="quota_exhausted",
    device_class=BinarySensorDeviceClass.PROBLEM,
)


async def async_setup_entry(
    hass: HomeAssistant, entry: StreamingTtsConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the binary sensor of an account."""
    async_add_entities([QuotaExhausted(entry.runtime_data, QUOTA_EXHAUSTED)])


class QuotaExhausted(AccountEntity, BinarySensorEntity):
    """On when the service has nothing left for the account; unknown until it has spoken or refused."""

    @property
    @override
    def is_on(self) -> bool | None:
        """Tell whether nothing is left."""
        return self.account.quota_exhausted
