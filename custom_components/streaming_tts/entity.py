"""The two device shapes: an account, and a voice below it."""

from typing import override

from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import CONF_MODEL
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription

from .account.runtime import Account
from .const import CONF_VOICE, DOMAIN


def account_device_info(account: Account) -> DeviceInfo:
    """Return the device of an account: a service."""
    return DeviceInfo(
        identifiers={(DOMAIN, account.entry.entry_id)},
        entry_type=DeviceEntryType.SERVICE,
        manufacturer=account.provider.name,
        name=account.entry.title,
    )


class AccountEntity(Entity):
    """An entity that tells something of an account."""

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(self, account: Account, description: EntityDescription) -> None:
        """Bind the entity to its account."""
        self.account = account
        self.entity_description = description
        self._attr_unique_id = f"{account.entry.entry_id}_{description.key}"
        self._attr_device_info = account_device_info(account)

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the account."""
        self.async_on_remove(self.account.async_add_listener(self._async_account_changed))

    @callback
    def _async_account_changed(self) -> None:
        """Write the new state."""
        self.async_write_ha_state()


def voice_device_info(account: Account, subentry: ConfigSubentry) -> DeviceInfo:
    """Return the device of a saved voice, below that of its account."""
    entry = account.entry
    return DeviceInfo(
        identifiers={(DOMAIN, f"{entry.entry_id}_{subentry.subentry_id}")},
        entry_type=DeviceEntryType.SERVICE,
        manufacturer=account.provider.name,
        model=account.provider.model(subentry.data[CONF_MODEL]).name,
        model_id=subentry.data[CONF_VOICE],
        name=subentry.title,
        via_device_id=dr.async_get_device_id_by_identifier(
            account.hass, (DOMAIN, entry.entry_id), config_entry_id=entry.entry_id
        ),
    )


class VoiceEntity(Entity):
    """An entity that is a saved voice. It has the voice's name itself: core's media source shows no device's name."""

    _attr_has_entity_name = False
    _attr_should_poll = False

    def __init__(self, account: Account, subentry: ConfigSubentry) -> None:
        """Bind the entity to its account and to what the user saved."""
        self.account = account
        self.subentry = subentry
        self._attr_name = subentry.title
        self._attr_unique_id = subentry.subentry_id
        self._attr_device_info = voice_device_info(account, subentry)


class VoiceDetailEntity(Entity):
    """An entity that tells something of a saved voice."""

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(self, account: Account, subentry: ConfigSubentry, description: EntityDescription) -> None:
        """Bind the entity to its voice."""
        self.account = account
        self.subentry = subentry
        self.entity_description = description
        self._attr_unique_id = f"{subentry.subentry_id}_{description.key}"
        self._attr_device_info = voice_device_info(account, subentry)


def own_entities(hass: HomeAssistant, entities: set[str], *keys: str) -> set[str]:
    """Return those of the entities that are ours and have one of the keys; a target may be a whole house."""
    registry = er.async_get(hass)
    registered = {entity_id: registry.async_get(entity_id) for entity_id in entities}
    return {
        entity_id
        for entity_id, entry in registered.items()
        if entry is not None and entry.platform == DOMAIN and entry.unique_id.endswith(tuple(f"_{key}" for key in keys))
    }
