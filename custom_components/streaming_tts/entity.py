"""Base entities and devices of accounts and voices."""

from collections.abc import Callable
from typing import Final, override
from urllib.parse import quote

from homeassistant.components.tts.const import DOMAIN as TTS_DOMAIN
from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import CONF_MODEL
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util.signal_type import SignalTypeFormat

from .account.runtime import Account
from .const import CONF_VOICE, DOMAIN, SUBENTRY_TYPE_VOICE
from .playback.result import SIGNAL_UTTERANCE_RESULT, UtteranceResult


def account_device_info(account: Account) -> DeviceInfo:
    """Return the service device of an account."""
    return DeviceInfo(
        identifiers={(DOMAIN, account.entry.entry_id)},
        entry_type=DeviceEntryType.SERVICE,
        manufacturer=account.provider.company,
        model=account.provider.name,
        configuration_url=account.provider.portal_url,
        name=account.entry.title,
    )


class AccountEntity(Entity):
    """An entity of an account."""

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(self, account: Account, description: EntityDescription) -> None:
        """Initialize the entity of an account."""
        self.account = account
        self.entity_description = description
        self._attr_translation_key = description.translation_key or description.key
        self._attr_unique_id = f"{account.entry.entry_id}_{description.key}"
        self._attr_device_info = account_device_info(account)

    @override
    async def async_added_to_hass(self) -> None:
        """Subscribe to changes of the account."""
        self.async_on_remove(self.account.ledger.async_add_listener(self._async_changed))
        self._take_up()

    @callback
    def _async_changed(self) -> None:
        """Update the state after a change."""
        self._take_up()
        self.async_write_ha_state()

    def _take_up(self) -> None:
        """Update the attributes from the account."""
        raise NotImplementedError


def voice_device_info(account: Account, subentry: ConfigSubentry) -> DeviceInfo:
    """Return the device of a saved voice, a child of the account's device."""
    entry = account.entry
    return DeviceInfo(
        identifiers={(DOMAIN, f"{entry.entry_id}_{subentry.subentry_id}")},
        entry_type=DeviceEntryType.SERVICE,
        manufacturer=account.provider.company,
        configuration_url=account.provider.portal_url,
        model=account.provider.model(subentry.data[CONF_MODEL]).name,
        model_id=subentry.data[CONF_VOICE],
        name=subentry.title,
        via_device_id=dr.async_get_device_id_by_identifier(
            account.hass, (DOMAIN, entry.entry_id), config_entry_id=entry.entry_id
        ),
    )


@callback
def async_update_voice_devices(account: Account) -> None:
    """Update the devices of the saved voices after a change."""
    registry = dr.async_get(account.hass)
    for subentry in account.entry.get_subentries_of_type(SUBENTRY_TYPE_VOICE):
        registry.async_get_or_create(
            config_entry_id=account.entry.entry_id,
            config_subentry_id=subentry.subentry_id,
            **voice_device_info(account, subentry),
        )


SIGNAL_VOICES_CHANGED: Final = SignalTypeFormat[()](f"{DOMAIN}_voices_changed_{{}}")
"""Sent for an account (by entry) when voices were added, changed, or removed."""


@callback
def async_add_for_voices(
    account: Account,
    async_add_entities: AddConfigEntryEntitiesCallback,
    make: Callable[[Account, ConfigSubentry], SavedVoiceEntity],
) -> None:
    """Add an entity for each saved voice of an account, including voices that are added later."""
    known: set[str] = set()

    @callback
    def add() -> None:
        for subentry in account.entry.get_subentries_of_type(SUBENTRY_TYPE_VOICE):
            if subentry.subentry_id not in known:
                known.add(subentry.subentry_id)
                async_add_entities([make(account, subentry)], config_subentry_id=subentry.subentry_id)

    # A voice may be added while the first entities are
    signal = SIGNAL_VOICES_CHANGED.format(account.entry.entry_id)
    account.entry.async_on_unload(async_dispatcher_connect(account.hass, signal, add))
    add()


class SavedVoiceEntity(Entity):
    """An entity of a saved voice. It is updated when the voice is changed."""

    _attr_should_poll = False

    def __init__(self, account: Account, subentry: ConfigSubentry) -> None:
        """Initialize the entity of a saved voice."""
        self.account = account
        self.subentry = subentry
        self._attr_device_info = voice_device_info(account, subentry)

    @override
    async def async_added_to_hass(self) -> None:
        """Subscribe to changes of the saved voices."""
        signal = SIGNAL_VOICES_CHANGED.format(self.account.entry.entry_id)
        self.async_on_remove(async_dispatcher_connect(self.hass, signal, self._async_voices_changed))

    @callback
    def _async_voices_changed(self) -> None:
        """Update the entity, unless its voice was removed."""
        if self.subentry.subentry_id in self.account.entry.subentries:
            self._take_up()
            self.async_write_ha_state()

    def _take_up(self) -> None:
        """Update the attributes from the saved voice."""


class VoiceEntity(SavedVoiceEntity):
    """The main entity of a saved voice. Its name is the voice's, because core's media source shows no device names."""

    _attr_has_entity_name = False

    def __init__(self, account: Account, subentry: ConfigSubentry) -> None:
        """Initialize the entity of a saved voice."""
        super().__init__(account, subentry)
        self._attr_unique_id = subentry.subentry_id
        self._take_up()

    @property
    @override
    def name(self) -> str:
        """Return the name that the user gave the device, or the saved one."""
        return (self.device_entry and self.device_entry.name_by_user) or self.subentry.title

    @override
    def _take_up(self) -> None:
        if self.registry_entry is not None:
            er.async_get(self.hass).async_update_entity(self.entity_id, original_name=self.subentry.title)


class VoiceDetailEntity(SavedVoiceEntity):
    """An entity with details of a saved voice's utterances."""

    _attr_has_entity_name = True

    def __init__(self, account: Account, subentry: ConfigSubentry, description: EntityDescription) -> None:
        """Initialize the entity of a saved voice."""
        super().__init__(account, subentry)
        self.entity_description = description
        self._attr_translation_key = description.key
        self._attr_unique_id = f"{subentry.subentry_id}_{description.key}"

    @override
    async def async_added_to_hass(self) -> None:
        """Subscribe to changes of the voice, and to its utterances."""
        await super().async_added_to_hass()
        signal = SIGNAL_UTTERANCE_RESULT.format(self.subentry.subentry_id)
        self.async_on_remove(async_dispatcher_connect(self.hass, signal, self._async_utterance_ended))

    @callback
    def _async_utterance_ended(self, result: UtteranceResult) -> None:
        """Handle the result of an utterance."""
        raise NotImplementedError


def voice_page(hass: HomeAssistant, subentry_id: str) -> str:
    """Return the path of a voice's page in the media browser, where the user can try a text with it."""
    entity_id = er.async_get(hass).async_get_entity_id(TTS_DOMAIN, DOMAIN, subentry_id)
    return media_page(("app", f"media-source://{TTS_DOMAIN}"), ("provider", f"media-source://{TTS_DOMAIN}/{entity_id}"))


def media_page(*items: tuple[str, str]) -> str:
    """Return the path of a page in the media browser. Each item has a content type and a content id."""
    return "/".join(("/media-browser/browser", *(quote(",".join(item), safe="") for item in items)))


def own_entities(hass: HomeAssistant, entities: set[str], *keys: str) -> set[str]:
    """Return the entities of this integration with one of the keys: per account, those with its first existing key.

    A target may be an entire floor, but a threshold has only one unit.
    """
    registry = er.async_get(hass)
    found: dict[str, dict[str, set[str]]] = {}
    for entity_id in entities:
        entry = registry.async_get(entity_id)
        if entry is not None and entry.platform == DOMAIN:
            for key in keys:
                if entry.unique_id.endswith(f"_{key}"):
                    found.setdefault(entry.unique_id.removesuffix(key), {}).setdefault(key, set()).add(entity_id)
    return {entity_id for by_key in found.values() for entity_id in next(by_key[key] for key in keys if key in by_key)}
