"""What is left of an account's quota, and what it used as counted here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, override

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorEntityDescription, SensorStateClass
from homeassistant.const import EntityCategory, UnitOfTime
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.typing import StateType

from .account import Account, StreamingTtsConfigEntry
from .entity import AccountEntity
from .providers.base import Provider, Quota, QuotaSource, Source

PARALLEL_UPDATES = 0


class AccountSensor(StrEnum):
    """The sensors of an account."""

    QUOTA_REMAINING = "quota_remaining"
    QUOTA_USED = "quota_used"
    QUOTA_LIMIT = "quota_limit"
    QUOTA_RESET = "quota_reset"
    REQUESTS = "requests"
    CHARACTERS = "characters"
    AUDIO = "audio"


@dataclass(frozen=True, kw_only=True)
class AccountSensorDescription(SensorEntityDescription):
    """A sensor of an account: its value, where that comes from, and whether the provider has such a thing."""

    value_fn: Callable[[Account], StateType | datetime]
    source_fn: Callable[[Account], Source | None] = lambda account: Source.COUNTED
    exists_fn: Callable[[Provider], bool] = lambda provider: True


def _tells_quota(provider: Provider) -> bool:
    """Tell whether the service says what is left."""
    return isinstance(provider, QuotaSource)


def _of_quota(value: Callable[[Quota], StateType | datetime]) -> Callable[[Account], StateType | datetime]:
    """Return how a value is read from a quota that may not be known."""
    return lambda account: None if account.quota is None else value(account.quota)


def _quota_source(account: Account) -> Source | None:
    """Return where the numbers of the quota come from, None while there are none."""
    return None if account.quota is None else account.quota.source


SENSORS: tuple[AccountSensorDescription, ...] = (
    AccountSensorDescription(
        key=AccountSensor.QUOTA_REMAINING,
        translation_key=AccountSensor.QUOTA_REMAINING,
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=_of_quota(lambda quota: quota.remaining),
        source_fn=_quota_source,
        exists_fn=_tells_quota,
    ),
    AccountSensorDescription(
        key=AccountSensor.QUOTA_USED,
        translation_key=AccountSensor.QUOTA_USED,
        state_class=SensorStateClass.TOTAL_INCREASING,
        value_fn=_of_quota(lambda quota: quota.used),
        source_fn=_quota_source,
        exists_fn=_tells_quota,
    ),
    AccountSensorDescription(
        key=AccountSensor.QUOTA_LIMIT,
        translation_key=AccountSensor.QUOTA_LIMIT,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=_of_quota(lambda quota: quota.limit),
        source_fn=_quota_source,
        exists_fn=_tells_quota,
    ),
    AccountSensorDescription(
        key=AccountSensor.QUOTA_RESET,
        translation_key=AccountSensor.QUOTA_RESET,
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=_of_quota(lambda quota: quota.resets_at),
        source_fn=_quota_source,
        exists_fn=_tells_quota,
    ),
    AccountSensorDescription(
        key=AccountSensor.REQUESTS,
        translation_key=AccountSensor.REQUESTS,
        state_class=SensorStateClass.TOTAL_INCREASING,
        value_fn=lambda account: account.charged.requests,
    ),
    AccountSensorDescription(
        key=AccountSensor.CHARACTERS,
        translation_key=AccountSensor.CHARACTERS,
        state_class=SensorStateClass.TOTAL_INCREASING,
        value_fn=lambda account: account.charged.characters,
    ),
    AccountSensorDescription(
        key=AccountSensor.AUDIO,
        translation_key=AccountSensor.AUDIO,
        device_class=SensorDeviceClass.DURATION,
        state_class=SensorStateClass.TOTAL_INCREASING,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        suggested_display_precision=0,
        value_fn=lambda account: round(account.charged.seconds, 3),
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: StreamingTtsConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the sensors of an account for which its provider is a source."""
    account = entry.runtime_data
    async_add_entities(
        AccountSensorEntity(account, description) for description in SENSORS if description.exists_fn(account.provider)
    )


class AccountSensorEntity(AccountEntity, SensorEntity):
    """A number of an account, and where it comes from."""

    entity_description: AccountSensorDescription

    @property
    @override
    def native_value(self) -> StateType | datetime:
        """Return the number, None while nobody knows it."""
        return self.entity_description.value_fn(self.account)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """Return where the number comes from."""
        return {"source": self.entity_description.source_fn(self.account)}
