"""Sensors for an account's quota, budget and usage, and for the latency of its voices."""

from collections.abc import Callable, Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Any, Final, override

from homeassistant.components.recorder.const import DOMAIN as RECORDER_DOMAIN
from homeassistant.components.recorder.statistics import STATISTIC_UNIT_TO_UNIT_CONVERTER, get_metadata
from homeassistant.components.sensor import (
    DOMAIN as SENSOR_DOMAIN,
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EVENT_RECORDER_5MIN_STATISTICS_GENERATED, PERCENTAGE, EntityCategory, UnitOfTime
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.recorder import get_instance
from homeassistant.helpers.typing import StateType

from .account.options import AccountOptions
from .account.quota import BudgetUnit
from .account.runtime import Account, StreamingTtsConfigEntry
from .const import DOMAIN
from .entity import AccountEntity, VoiceDetailEntity, async_add_for_voices
from .playback.result import Outcome, UtteranceResult
from .providers.provider import QuotaSource
from .providers.types import BillingUnit, Quota, Source

PARALLEL_UPDATES = 0


class AccountSensor(StrEnum):
    """The sensors of an account."""

    QUOTA_LEVEL = "quota_level"
    QUOTA_REMAINING = "quota_remaining"
    QUOTA_USED = "quota_used"
    QUOTA_LIMIT = "quota_limit"
    QUOTA_RESET = "quota_reset"
    REQUESTS = "requests"
    CHARACTERS = "characters"
    AUDIO = "audio"
    RATE_LEFT = "rate_left"
    BUDGET_REMAINING = "budget_remaining"
    BUDGET_USED = "budget_used"
    BUDGET_LIMIT = "budget_limit"
    BUDGET_RESET = "budget_reset"


LEFT: Final = (AccountSensor.QUOTA_LEVEL, AccountSensor.QUOTA_REMAINING, AccountSensor.BUDGET_REMAINING)
"""The keys that triggers and conditions test: the remaining share. The amounts support automations of release 0.1."""


@dataclass(frozen=True, kw_only=True)
class AccountSensorDescription(SensorEntityDescription):
    """A sensor of an account: its value, the source of the value, and whether the account has it.

    A sensor with a `billing_unit` is diagnostic if the service bills by another unit.
    """

    value_fn: Callable[[Account], StateType | datetime]
    source_fn: Callable[[Account], Source | None] = lambda account: Source.COUNTED
    exists_fn: Callable[[Account], bool] = lambda account: True
    last_reset_fn: Callable[[Account], datetime | None] = lambda account: None
    billing_unit: BillingUnit | None = None


def _tells_quota(account: Account) -> bool:
    """Return True if the service reports its quota."""
    return isinstance(account.provider, QuotaSource)


def _quota_sensor(
    key: AccountSensor, value: Callable[[Quota], StateType | datetime], **more: Any
) -> AccountSensorDescription:
    """Return the description of a sensor for the service's quota, which may be unknown."""
    return AccountSensorDescription(
        key=key,
        value_fn=lambda account: None if (quota := account.quota_state.quota) is None else value(quota),
        source_fn=lambda account: None if (quota := account.quota_state.quota) is None else quota.source,
        exists_fn=_tells_quota,
        **more,
    )


def _level(account: Account) -> tuple[float, Source] | None:
    """Return the lower percentage left of the quota and the budget, and its source."""
    levels: list[tuple[float, Source]] = []
    if (quota := account.quota_state.quota) is not None and quota.percent_left is not None:
        levels.append((quota.percent_left, quota.source))
    if (counted := account.budget.percent_left) is not None:
        levels.append((counted, Source.COUNTED))
    return min(levels, default=None)


SENSORS: tuple[AccountSensorDescription, ...] = (
    AccountSensorDescription(
        key=AccountSensor.QUOTA_LEVEL,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=PERCENTAGE,
        suggested_display_precision=0,
        value_fn=lambda account: None if (level := _level(account)) is None else round(level[0], 2),
        source_fn=lambda account: None if (level := _level(account)) is None else level[1],
        exists_fn=lambda account: _tells_quota(account) or account.options.budget is not None,
    ),
    _quota_sensor(
        AccountSensor.QUOTA_REMAINING,
        lambda quota: quota.remaining,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
    ),
    _quota_sensor(
        AccountSensor.QUOTA_USED,
        lambda quota: quota.used,
        entity_category=EntityCategory.DIAGNOSTIC,
        suggested_display_precision=0,
        state_class=SensorStateClass.TOTAL,  # Reports may decrease it
        last_reset_fn=lambda account: account.quota_state.since,
    ),
    _quota_sensor(
        AccountSensor.QUOTA_LIMIT,
        lambda quota: quota.limit,
        entity_category=EntityCategory.DIAGNOSTIC,
        suggested_display_precision=0,
    ),
    _quota_sensor(
        AccountSensor.QUOTA_RESET,
        lambda quota: quota.resets_at,
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
    ),
    AccountSensorDescription(
        key=AccountSensor.REQUESTS,
        entity_category=EntityCategory.DIAGNOSTIC,
        suggested_display_precision=0,
        state_class=SensorStateClass.TOTAL_INCREASING,
        value_fn=lambda account: account.ledger.charged.requests,
    ),
    AccountSensorDescription(
        key=AccountSensor.CHARACTERS,
        billing_unit=BillingUnit.CHARACTERS,
        suggested_display_precision=0,
        state_class=SensorStateClass.TOTAL_INCREASING,
        value_fn=lambda account: account.ledger.charged.characters,
    ),
    AccountSensorDescription(
        key=AccountSensor.AUDIO,
        billing_unit=BillingUnit.HOURS,
        device_class=SensorDeviceClass.DURATION,
        state_class=SensorStateClass.TOTAL_INCREASING,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        suggested_unit_of_measurement=UnitOfTime.MINUTES,
        suggested_display_precision=1,
        value_fn=lambda account: round(account.ledger.charged.seconds, 3),
    ),
    AccountSensorDescription(
        key=AccountSensor.RATE_LEFT,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=lambda account: account.events.rate_left,
        source_fn=lambda account: None if account.events.rate_left is None else Source.REPORTED,
        exists_fn=lambda account: account.provider.tells_rate,
    ),
)

FIRST_SOUND = SensorEntityDescription(
    key="first_sound",
    device_class=SensorDeviceClass.DURATION,
    state_class=SensorStateClass.MEASUREMENT,
    native_unit_of_measurement=UnitOfTime.MILLISECONDS,
    suggested_display_precision=0,
    entity_category=EntityCategory.DIAGNOSTIC,
    entity_registry_enabled_default=False,
)

BUDGET_RESET = AccountSensorDescription(
    key=AccountSensor.BUDGET_RESET,
    device_class=SensorDeviceClass.TIMESTAMP,
    entity_category=EntityCategory.DIAGNOSTIC,
    value_fn=lambda account: account.budget.renewal,
)


def budget_sensors(options: AccountOptions) -> list[AccountSensorDescription]:
    """Return the sensors of an account's budget in its unit, or none without a budget."""
    if (budget := options.budget) is None:
        return []
    device_class: SensorDeviceClass | None = None
    unit: str | None = None
    state_classes: dict[AccountSensor, SensorStateClass] = {
        AccountSensor.BUDGET_REMAINING: SensorStateClass.MEASUREMENT,
        AccountSensor.BUDGET_USED: SensorStateClass.TOTAL,
    }
    match budget.unit:
        case BudgetUnit.HOURS:
            device_class, unit = SensorDeviceClass.DURATION, UnitOfTime.HOURS
        case BudgetUnit.MONEY:
            device_class, unit = SensorDeviceClass.MONETARY, options.currency
            # Monetary sensors must be totals, which makes no sense for a remainder
            del state_classes[AccountSensor.BUDGET_REMAINING]
    counts = device_class is None  # Counted units are words, and are translated
    values: dict[AccountSensor, Callable[[Account], float | None]] = {
        AccountSensor.BUDGET_REMAINING: lambda account: account.budget.remaining,
        AccountSensor.BUDGET_USED: lambda account: account.budget.used,
        AccountSensor.BUDGET_LIMIT: lambda account: account.budget.amount,
    }
    sensors = [
        AccountSensorDescription(
            key=key,
            translation_key=f"{key}_{budget.unit}" if counts else None,
            device_class=device_class,
            native_unit_of_measurement=unit,
            state_class=state_classes.get(key),
            last_reset_fn=lambda account: account.budget.since,
            entity_category=None if key is AccountSensor.BUDGET_REMAINING else EntityCategory.DIAGNOSTIC,
            suggested_display_precision=0 if counts else 2,
            value_fn=partial(_rounded, value, None if counts else 4),
        )
        for key, value in values.items()
    ]
    if not budget.is_prepaid:
        sensors.append(BUDGET_RESET)
    return sensors


def _rounded(value: Callable[[Account], float | None], digits: int | None, account: Account) -> float | None:
    """Return a value without floating point noise, as an integer if `digits` is None."""
    return None if (number := value(account)) is None else round(number, digits)


async def async_setup_entry(
    hass: HomeAssistant, entry: StreamingTtsConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the sensors of an account that have a source, and those of its voices."""
    account = entry.runtime_data
    sensors = [each for each in (*SENSORS, *budget_sensors(account.options)) if each.exists_fn(account)]
    _remove_others(hass, entry, {sensor.key for sensor in sensors})
    async_add_entities(AccountSensorEntity(account, sensor) for sensor in sensors)
    async_add_for_voices(account, async_add_entities, lambda account, voice: FirstSound(account, voice, FIRST_SOUND))


def _remove_others(hass: HomeAssistant, entry: StreamingTtsConfigEntry, keys: AbstractSet[str]) -> None:
    """Remove the sensors that the account had before its budget was removed or changed."""
    registry = er.async_get(hass)
    for key in set(AccountSensor) - keys:
        entity_id = registry.async_get_entity_id(SENSOR_DOMAIN, DOMAIN, f"{entry.entry_id}_{key}")
        if entity_id is not None:
            registry.async_remove(entity_id)


class AccountSensorEntity(AccountEntity, SensorEntity):
    """A number of an account, and its source."""

    entity_description: AccountSensorDescription
    _stop_minding: CALLBACK_TYPE | None = None

    def __init__(self, account: Account, description: AccountSensorDescription) -> None:
        """Initialize the entity of an account."""
        super().__init__(account, description)
        if description.billing_unit not in (None, account.provider.billing_unit):
            self._attr_entity_category = EntityCategory.DIAGNOSTIC

    @override
    def _take_up(self) -> None:
        """Update the value, its source, and when a total was reset."""
        description = self.entity_description
        self._attr_native_value = description.value_fn(self.account)
        self._attr_extra_state_attributes = {"source": description.source_fn(self.account)}
        if self.state_class is SensorStateClass.TOTAL:
            self._attr_last_reset = description.last_reset_fn(self.account)

    @override
    async def async_added_to_hass(self) -> None:
        """Subscribe to the account. Statistics in an outdated unit, as after a change of the budget, are cleared."""
        await super().async_added_to_hass()
        if RECORDER_DOMAIN in self.hass.config.components:
            await self._async_mind_statistics()

    async def _async_mind_statistics(self, _event: Event | None = None) -> None:
        """Clear outdated statistics, until there are some in the current unit.

        States from before the change may still be part of the next 5-minute statistics.
        """
        self._stop_minding = None
        is_summed = self.state_class is not None
        unit = self.unit_of_measurement if is_summed else None
        if await _async_has_statistics(self.hass, self.entity_id, unit, keep=is_summed) or not is_summed:
            return
        self._stop_minding = self.hass.bus.async_listen_once(
            EVENT_RECORDER_5MIN_STATISTICS_GENERATED, self._async_mind_statistics
        )

    @override
    async def async_will_remove_from_hass(self) -> None:
        """Stop watching the statistics."""
        if self._stop_minding is not None:
            self._stop_minding()
            self._stop_minding = None


async def _async_has_statistics(hass: HomeAssistant, entity_id: str, unit: str | None, *, keep: bool) -> bool:
    """Return True if a sensor has statistics in a unit. Incompatible ones are cleared."""
    recorder = get_instance(hass)
    known = await recorder.async_add_executor_job(partial(get_metadata, hass, statistic_ids={entity_id}))
    if entity_id not in known:
        return False
    before = known[entity_id][1]["unit_of_measurement"]
    converter = STATISTIC_UNIT_TO_UNIT_CONVERTER.get(before)
    if keep and (before == unit or (converter and converter is STATISTIC_UNIT_TO_UNIT_CONVERTER.get(unit))):
        return True
    recorder.async_clear_statistics([entity_id])
    return False


class FirstSound(VoiceDetailEntity, SensorEntity):
    """The time to the first audio of the newest utterance that a voice spoke itself.

    Cached utterances do not count.
    """

    _attr_extra_state_attributes = {"source": Source.COUNTED}

    @callback
    @override
    def _async_utterance_ended(self, result: UtteranceResult) -> None:
        """Update the state with the time of an utterance."""
        if result.outcome is Outcome.SPOKEN and not result.cached and result.first_sound is not None:
            self._attr_native_value = round(result.first_sound * 1000)
            self.async_write_ha_state()
