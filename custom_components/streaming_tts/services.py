"""Registration of the actions, with their permissions and schemas."""

from typing import Final

from homeassistant.components.tts.const import DOMAIN as TTS_DOMAIN
from homeassistant.core import HomeAssistant, SupportsResponse, callback
from homeassistant.helpers import service

from .actions import Action, accounts, pronunciations, speech, voices
from .const import DOMAIN

_NONE, _OPTIONAL, _ONLY = SupportsResponse.NONE, SupportsResponse.OPTIONAL, SupportsResponse.ONLY

_OF_ADMINISTRATORS: Final = (
    (Action.CHECK_VOICE, accounts.async_check_voice, accounts.CHECK_SCHEMA, _ONLY),
    (Action.CLONE_VOICE, voices.async_clone_voice, voices.CLONE_SCHEMA, _OPTIONAL),
    (Action.DELETE_DICTIONARY, pronunciations.async_delete_dictionary, pronunciations.DICTIONARY_SCHEMA, _NONE),
    (Action.DELETE_VOICE, voices.async_delete_voice, voices.DELETE_SCHEMA, _NONE),
    (Action.SAVE_DICTIONARY, pronunciations.async_save_dictionary, pronunciations.SAVE_SCHEMA, _OPTIONAL),
    (Action.SET_BALANCE, accounts.async_set_balance, accounts.SET_BALANCE_SCHEMA, _NONE),
    (Action.SET_PRONUNCIATIONS, pronunciations.async_set_pronunciations, pronunciations.SET_SCHEMA, _OPTIONAL),
    (Action.UPDATE_VOICE, voices.async_update_voice, voices.UPDATE_SCHEMA, _OPTIONAL),
)
"""Actions that change stored data, or cause costs at any time."""

_OF_EVERYBODY: Final = (
    (Action.GET_DICTIONARY, pronunciations.async_get_dictionary, pronunciations.DICTIONARY_SCHEMA),
    (Action.GET_PRONUNCIATIONS, pronunciations.async_get_pronunciations, pronunciations.GET_SCHEMA),
    (Action.LIST_DICTIONARIES, pronunciations.async_list_dictionaries, pronunciations.ACCOUNT_SCHEMA),
    (Action.LIST_VOICES, voices.async_list_voices, voices.LIST_SCHEMA),
)

_OF_VOICES: Final = (
    (Action.PREPARE, speech.async_prepare_messages, speech.PREPARE_SCHEMA, _OPTIONAL, True),
    (Action.SPEAK_WITH_TIMESTAMPS, speech.async_speak_with_timestamps, speech.SPEAK_SCHEMA, _ONLY, False),
)
"""The last column is True for actions of administrators only: preparing speaks at any time."""


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    for action, change, schema, response in _OF_ADMINISTRATORS:
        service.async_register_admin_service(hass, DOMAIN, action, change, schema=schema, supports_response=response)
    for action, read, schema in _OF_EVERYBODY:
        hass.services.async_register(DOMAIN, action, read, schema=schema, supports_response=_ONLY)
    for action, speak, fields, response, admin_only in _OF_VOICES:
        service.async_register_platform_entity_service(
            hass,
            DOMAIN,
            action,
            admin_only=admin_only,
            entity_domain=TTS_DOMAIN,
            func=speak,
            schema=fields,
            supports_response=response,
        )
