"""What all actions share: their names, the account that one is about, and failures in words."""

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from typing import Any

from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import ServiceCall
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import service

from ..account.runtime import Account, StreamingTtsConfigEntry
from ..const import CONF_PROVIDER, DOMAIN
from ..errors import error_message
from ..providers.capabilities import ServiceRejection
from ..providers.types import ProviderError


class Action(StrEnum):
    """The names of the actions."""

    CHECK_VOICE = "check_voice"
    CLONE_VOICE = "clone_voice"
    DELETE_DICTIONARY = "delete_dictionary"
    DELETE_VOICE = "delete_voice"
    GET_DICTIONARY = "get_dictionary"
    GET_PRONUNCIATIONS = "get_pronunciations"
    LIST_DICTIONARIES = "list_dictionaries"
    LIST_VOICES = "list_voices"
    PREPARE = "prepare"
    SAVE_DICTIONARY = "save_dictionary"
    SET_BALANCE = "set_balance"
    SET_PRONUNCIATIONS = "set_pronunciations"
    SPEAK_WITH_TIMESTAMPS = "speak_with_timestamps"
    UPDATE_VOICE = "update_voice"


def account_of(call: ServiceCall) -> Account:
    """Return the account that a call is about.

    Raises a translated `ServiceValidationError` for one that does not run.
    """
    entry: StreamingTtsConfigEntry = service.async_get_config_entry(call.hass, DOMAIN, call.data[ATTR_CONFIG_ENTRY_ID])
    return entry.runtime_data


def names_of_voices(account: Account, is_meant: Callable[[Mapping[str, Any]], bool]) -> list[str]:
    """Return the names of saved voices, at any account of the service, by what is saved of them."""
    return [
        subentry.title
        for entry in account.hass.config_entries.async_entries(DOMAIN)
        if entry.data[CONF_PROVIDER] == account.entry.data[CONF_PROVIDER]
        for subentry in entry.subentries.values()
        if is_meant(subentry.data)
    ]


@contextmanager
def in_words(account: Account) -> Generator[None]:
    """Say in words what goes wrong at the service; what is wrong with the account itself is noted there.

    Raises `ServiceValidationError` for what the service refuses, `HomeAssistantError` for any other failure.
    """
    try:
        yield
    except ServiceRejection as error:
        raise ServiceValidationError(**error_message(error, account.entry.title)) from error
    except ProviderError as error:
        account.note_failure(error)
        raise HomeAssistantError(**error_message(error, account.entry.title)) from error
