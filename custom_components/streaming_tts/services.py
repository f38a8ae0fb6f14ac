"""The actions of the integration: who may call which, and with what."""

from typing import Final

from homeassistant.components.tts.const import DOMAIN as TTS_DOMAIN
from homeassistant.core import HomeAssistant, SupportsResponse, callback
from homeassistant.helpers import service

from .actions import Action
from .actions.accounts import CHECK_SCHEMA, SET_BALANCE_SCHEMA, async_check_voice, async_set_balance
from .actions.clones import CLONE_SCHEMA, async_clone_voice
from .actions.preparation import PREPARE_SCHEMA, async_prepare_messages
from .actions.pronunciations import (
    ACCOUNT_SCHEMA,
    DICTIONARY_SCHEMA,
    GET_SCHEMA,
    SAVE_SCHEMA,
    SET_SCHEMA,
    async_delete_dictionary,
    async_get_dictionary,
    async_get_pronunciations,
    async_list_dictionaries,
    async_save_dictionary,
    async_set_pronunciations,
)
from .actions.timestamps import SPEAK_SCHEMA, async_speak_with_timestamps
from .actions.voices import (
    DELETE_SCHEMA,
    LIST_SCHEMA,
    UPDATE_SCHEMA,
    async_delete_voice,
    async_list_voices,
    async_update_voice,
)
from .const import DOMAIN

_NONE, _OPTIONAL, _ONLY = SupportsResponse.NONE, SupportsResponse.OPTIONAL, SupportsResponse.ONLY

_OF_ADMINISTRATORS: Final = (
    (Action.CHECK_VOICE, async_check_voice, CHECK_SCHEMA, _ONLY),
    (Action.CLONE_VOICE, async_clone_voice, CLONE_SCHEMA, _OPTIONAL),
    (Action.DELETE_DICTIONARY, async_delete_dictionary, DICTIONARY_SCHEMA, _NONE),
    (Action.DELETE_VOICE, async_delete_voice, DELETE_SCHEMA, _NONE),
    (Action.SAVE_DICTIONARY, async_save_dictionary, SAVE_SCHEMA, _OPTIONAL),
    (Action.SET_BALANCE, async_set_balance, SET_BALANCE_SCHEMA, _NONE),
    (Action.SET_PRONUNCIATIONS, async_set_pronunciations, SET_SCHEMA, _OPTIONAL),
    (Action.UPDATE_VOICE, async_update_voice, UPDATE_SCHEMA, _OPTIONAL),
)
"""They change what is kept, or cost something at whatever time."""

_OF_EVERYBODY: Final = (
    (Action.GET_DICTIONARY, async_get_dictionary, DICTIONARY_SCHEMA),
    (Action.GET_PRONUNCIATIONS, async_get_pronunciations, GET_SCHEMA),
    (Action.LIST_DICTIONARIES, async_list_dictionaries, ACCOUNT_SCHEMA),
    (Action.LIST_VOICES, async_list_voices, LIST_SCHEMA),
)

_OF_VOICES: Final = (
    (Action.PREPARE, async_prepare_messages, PREPARE_SCHEMA, _OPTIONAL, True),
    (Action.SPEAK_WITH_TIMESTAMPS, async_speak_with_timestamps, SPEAK_SCHEMA, _ONLY, False),
)
"""The last column tells whether only administrators may: what is prepared is spoken at whatever time."""


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
