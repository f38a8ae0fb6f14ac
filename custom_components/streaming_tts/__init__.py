"""Streaming TTS: a house that speaks through cloud speech services, the sound streamed as it is made."""

from typing import Any

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryError
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.typing import ConfigType

from .account.migration import async_migrate_entry as async_migrate_entry
from .account.runtime import StreamingTtsConfigEntry, async_create_account, audio_cache
from .account.storage import async_remove_storage
from .const import CONF_PROVIDER, DOMAIN
from .entity import account_device_info
from .issues import async_follow, async_setup_issues, delete_all
from .lexicon.dictionaries import async_load_dictionary_changes
from .lexicon.store import async_load_pronunciations
from .playback.clips import async_setup_clips
from .providers import PROVIDERS
from .services import async_setup_services

PLATFORMS: list[Platform] = [Platform.BINARY_SENSOR, Platform.EVENT, Platform.SENSOR, Platform.TTS]

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Set up the lexicon of the house, the actions, and what they keep for players."""
    await async_load_pronunciations(hass)
    await async_load_dictionary_changes(hass)
    async_setup_issues(hass)
    async_setup_services(hass)
    async_setup_clips(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: StreamingTtsConfigEntry) -> bool:
    """Set up an account; with a stored catalogue this needs no network, and the key is tried behind it."""
    if entry.data[CONF_PROVIDER] not in PROVIDERS:
        raise ConfigEntryError(
            translation_domain=DOMAIN,
            translation_key="provider_unknown",
            translation_placeholders={"provider": entry.data[CONF_PROVIDER]},
        )
    configured = _configuration(entry)

    async def async_reload_if_changed(hass: HomeAssistant, entry: StreamingTtsConfigEntry) -> None:
        """Reload the account when something that it was set up with has changed, also while it was being set up."""
        if _configuration(entry) != configured:
            hass.config_entries.async_schedule_reload(entry.entry_id)

    entry.async_on_unload(entry.add_update_listener(async_reload_if_changed))
    account = await async_create_account(hass, entry)
    entry.async_on_unload(account.close)
    entry.runtime_data = account
    if not (stored := await account.catalogue.async_load()):
        await account.catalogue.async_config_entry_first_refresh()

    dr.async_get(hass).async_get_or_create(config_entry_id=entry.entry_id, **account_device_info(account))
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
    """Forget all that was stored of an account."""
    delete_all(hass, entry)
    audio_cache(hass).clear(entry.entry_id)
    await async_remove_storage(hass, entry)


def _configuration(entry: StreamingTtsConfigEntry) -> tuple[Any, ...]:
    """Return all of an entry that an account is set up with."""
    voices = {subentry.subentry_id: (subentry.title, dict(subentry.data)) for subentry in entry.subentries.values()}
    return entry.title, dict(entry.data), dict(entry.options), voices
