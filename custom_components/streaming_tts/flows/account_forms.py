"""The forms for an account: its key or session, the addresses of its service, and how what was answered is read."""

from collections.abc import Mapping
from typing import Any, Final

import probatio

from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)

from ..const import CONF_AUTH_URL, CONF_BASE_URL, CONF_PUBLIC_KEY, SECTION_CONNECTION
from ..providers.provider import Provider
from ..providers.session import is_allowed_address
from ..providers.types import CredentialError, CredentialField, Credentials

_SECRET: Final = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="off"))

_ADDRESS: Final = TextSelector(TextSelectorConfig(type=TextSelectorType.URL))


class FormError(ValueError):
    """An answer that cannot be; `errors` are the messages of the form by field."""

    def __init__(self, field: str, reason: str) -> None:
        """Keep what is wrong with which field."""
        super().__init__(reason)
        self.errors = {field: reason}


def credentials_schema(
    provider: type[Provider], *, required: bool, with_address: bool, address_open: bool = False
) -> probatio.Schema:
    """Return the form for credentials, and for the service's address in a section, folded unless it is open.

    Where they are not `required`, an empty secret keeps the one that is stored.
    """
    fields: dict[probatio.Marker, Any] = {
        (probatio.Required if required or not each.secret else probatio.Optional)(
            probatio.Secret(each.key) if each.secret else each.key
        ): _credential(each)
        for each in provider.credential_fields
    }
    if with_address:
        default = provider.default_base_url
        # Where the credentials tell the address, an empty one is theirs
        address = probatio.Required(CONF_BASE_URL, default=default) if default else probatio.Optional(CONF_BASE_URL)
        fields[probatio.Required(SECTION_CONNECTION)] = section(
            probatio.Schema({address: _ADDRESS}), {"collapsed": not address_open}
        )
    return probatio.Schema(fields)


def _credential(field: CredentialField) -> TextSelector | SelectSelector:
    """Return the control for a field of the credentials."""
    if field.choices:
        return SelectSelector(
            SelectSelectorConfig(
                options=list(field.choices), mode=SelectSelectorMode.DROPDOWN, translation_key=field.key
            )
        )
    return _SECRET if field.secret else TextSelector()


def renewal_schema() -> probatio.Schema:
    """Return the form for where a session is renewed."""
    return probatio.Schema(
        {probatio.Required(CONF_AUTH_URL): _ADDRESS, probatio.Optional(CONF_PUBLIC_KEY): TextSelector()}
    )


def has_secret(provider: type[Provider], answers: Mapping[str, Any]) -> bool:
    """Return True if a secret was entered."""
    return any(answers.get(each.key) for each in provider.credential_fields if each.secret)


def shown_credentials(provider: type[Provider], kept: Mapping[str, str]) -> dict[str, str]:
    """Return what a form may show of the credentials that are kept."""
    return {each.key: kept[each.key] for each in provider.credential_fields if not each.secret and each.key in kept}


def read_credentials(provider: type[Provider], answers: Mapping[str, Any], kept: Mapping[str, str]) -> Credentials:
    """Return the credentials that were entered, those that are kept where a secret was left empty.

    Raises `FormError`.
    """
    entered = {
        each.key: answers.get(each.key, "").strip() or (kept.get(each.key, "") if each.secret else "")
        for each in provider.credential_fields
    }
    for key, value in entered.items():
        if not value:
            raise FormError(key, "key_missing")
    try:
        return provider.read_credentials(entered)
    except CredentialError as err:
        raise FormError(err.field, err.reason) from None


def read_base_url(provider: type[Provider], answers: Mapping[str, Any]) -> str:
    """Return the address that was entered, empty where it is left to the credentials; raises `FormError`."""
    if not provider.default_base_url and not answers.get(CONF_BASE_URL, "").strip():
        return ""
    return read_address(answers, CONF_BASE_URL, shown_at=SECTION_CONNECTION)


def read_address(answers: Mapping[str, Any], field: str, *, shown_at: str | None = None) -> str:
    """Return an address that a key may be sent to, in its shortest form; raises `FormError`.

    The error is shown at another field or section where one is named: fields within a section show none.
    """
    address: str = answers[field].strip().rstrip("/")
    if not is_allowed_address(address):
        raise FormError(shown_at or field, "invalid_address")
    return address
