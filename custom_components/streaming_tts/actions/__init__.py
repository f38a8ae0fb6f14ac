"""Shared parts of the actions: their names, the account of a call, and translated errors."""

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
    """Return the account of a call.

    Raises a translated `ServiceValidationError` if it is not loaded.
    """
    entry: StreamingTtsConfigEntry = service.async_get_config_entry(call.hass, DOMAIN, call.data[ATTR_CONFIG_ENTRY_ID])
    return entry.runtime_data


def names_of_voices(account: Account, is_meant: Callable[[Mapping[str, Any]], bool]) -> list[str]:
    """Return the names of saved voices with matching data, from all accounts of the service."""
    return [
        subentry.title
        for entry in account.hass.config_entries.async_entries(DOMAIN)
        if entry.data[CONF_PROVIDER] == account.entry.data[CONF_PROVIDER]
        for subentry in entry.subentries.values()
        if is_meant(subentry.data)
    ]


@contextmanager
def in_words(account: Account) -> Generator[None]:
    """Translate errors of the service. Failures of the account itself are recorded there.

    Raises `ServiceValidationError` if the service rejects the request, and `HomeAssistantError` for other failures.
    """
    try:
        yield
    except ServiceRejection as error:
        raise ServiceValidationError(**error_message(error, account.entry.title)) from error
    except ProviderError as error:
        account.note_failure(error)
        raise HomeAssistantError(**error_message(error, account.entry.title)) from error
