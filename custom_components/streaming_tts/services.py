"""The actions of the integration, by subject."""

from homeassistant.core import HomeAssistant, callback

from .actions.accounts import async_setup_account_actions
from .actions.check import async_setup_check_actions
from .actions.clones import async_setup_clone_actions
from .actions.dictionaries import async_setup_dictionary_actions
from .actions.preparation import async_setup_preparation_actions
from .actions.pronunciations import async_setup_pronunciation_actions
from .actions.timestamps import async_setup_timed_actions
from .actions.voices import async_setup_voice_actions


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    async_setup_account_actions(hass)
    async_setup_check_actions(hass)
    async_setup_clone_actions(hass)
    async_setup_dictionary_actions(hass)
    async_setup_preparation_actions(hass)
    async_setup_pronunciation_actions(hass)
    async_setup_timed_actions(hass)
    async_setup_voice_actions(hass)
