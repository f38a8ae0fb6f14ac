"""Streaming TTS: text-to-speech by cloud services, with the audio streamed as it is generated."""

from typing import Any

from homeassistant.const import CONF_CURRENCY, Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryError
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.helpers.translation import async_load_integrations
from homeassistant.helpers.typing import ConfigType

from .account.migration import async_migrate_entry as async_migrate_entry
from .account.options import CONF_AMOUNT, CONF_RENEWAL_DAY, CONF_UNIT
from .account.runtime import StreamingTtsConfigEntry, async_create_account, audio_cache
from .account.storage import async_remove_storage
from .const import CONF_PROVIDER, DOMAIN
from .entity import SIGNAL_VOICES_CHANGED, account_device_info, async_update_voice_devices
from .issues import async_follow, async_setup_issues, delete_all
from .lexicon.dictionaries import async_load_dictionary_changes
from .lexicon.store import async_load_pronunciations
from .playback.clips import async_setup_clips
from .providers import PROVIDERS
from .services import async_setup_services

PLATFORMS: list[Platform] = [Platform.BINARY_SENSOR, Platform.EVENT, Platform.SENSOR, Platform.TTS]

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Set up the pronunciations, the actions, and the clips served to players."""
    await async_load_integrations(hass, {DOMAIN})  # Voice names use the language of Home Assistant
    await async_load_pronunciations(hass)
    await async_load_dictionary_changes(hass)
    async_setup_issues(hass)
    async_setup_services(hass)
    async_setup_clips(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: StreamingTtsConfigEntry) -> bool:
    """Set up an account. With a stored catalogue, this needs no network, and the key is verified afterwards."""
    if entry.data[CONF_PROVIDER] not in PROVIDERS:
        raise ConfigEntryError(
            translation_domain=DOMAIN,
            translation_key="provider_unknown",
            translation_placeholders={"provider": entry.data[CONF_PROVIDER]},
        )
    entry.runtime_data = account = await async_create_account(hass, entry)
    configured = _configuration(entry)
    dr.async_get(hass).async_get_or_create(config_entry_id=entry.entry_id, **account_device_info(account))

    async def async_take_up(hass: HomeAssistant, entry: StreamingTtsConfigEntry) -> None:
        """Apply a changed entry, including changes during setup. Changes of its basic configuration reload it."""
        if _configuration(entry) != configured:
            hass.config_entries.async_schedule_reload(entry.entry_id)
            return
        account.async_configure()
        async_update_voice_devices(account)
        async_dispatcher_send(hass, SIGNAL_VOICES_CHANGED.format(entry.entry_id))

    entry.async_on_unload(entry.add_update_listener(async_take_up))
    entry.async_on_unload(account.close)
    if not (stored := await account.catalogue.async_load()):
        await account.catalogue.async_config_entry_first_refresh()

    entry.async_on_unload(async_follow(hass, account))
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)

    if stored:
        entry.async_create_background_task(
            hass, account.catalogue.async_refresh(), f"{entry.title} tries its key", eager_start=False
        )
    return True


async def async_unload_entry(hass: HomeAssistant, entry: StreamingTtsConfigEntry) -> bool:
    """Unload an account."""
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)


async def async_remove_entry(hass: HomeAssistant, entry: StreamingTtsConfigEntry) -> None:
    """Delete all stored data of an account."""
    delete_all(hass, entry)
    audio_cache(hass).clear(entry.entry_id)
    await async_remove_storage(hass, entry)


def _configuration(entry: StreamingTtsConfigEntry) -> tuple[Any, ...]:
    """Return the parts of an entry that require a reload: name, credentials, service, and form of the budget."""
    budget = [entry.options.get(key) for key in (CONF_UNIT, CONF_CURRENCY)]
    shape = [key in entry.options for key in (CONF_AMOUNT, CONF_RENEWAL_DAY)]
    return entry.title, dict(entry.data), budget, shape
