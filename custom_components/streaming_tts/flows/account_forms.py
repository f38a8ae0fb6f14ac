"""The forms for an account: its key or session, the addresses of its service, and how what was answered is read."""

from collections.abc import Mapping
from typing import Any, Final

import voluptuous as vol

from homeassistant.const import CONF_API_KEY
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import TextSelector, TextSelectorConfig, TextSelectorType

from ..const import CONF_AUTH_URL, CONF_BASE_URL, CONF_PUBLIC_KEY, CONF_SESSION, SECTION_CONNECTION
from ..providers.asyncflow import AsyncFlow
from ..providers.flow_tts import FlowTTS
from ..providers.provider import Provider
from ..providers.sarvam import Sarvam
from ..providers.session import SessionError, SessionProblem, is_allowed_address, is_token, parse_session
from ..providers.types import Credentials

KEY_LINKS: Final = {
    AsyncFlow.key: "https://async.com",
    Sarvam.key: "https://dashboard.sarvam.ai",
    FlowTTS.key: "https://app.realtime-ai.chat",
}
"""Where a person gets a key of a provider."""

_SECRET: Final = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="off"))

_ADDRESS: Final = TextSelector(TextSelectorConfig(type=TextSelectorType.URL))


class FormError(ValueError):
    """An answer that cannot be; `errors` are the messages of the form by field."""

    def __init__(self, field: str, reason: str) -> None:
        """Keep what is wrong with which field."""
        super().__init__(reason)
        self.errors = {field: reason}


def secret_field(provider: type[Provider]) -> str:
    """Return the field that a provider's key is asked in: a session where the key alone would end within the hour."""
    return CONF_SESSION if provider is FlowTTS else CONF_API_KEY


def credentials_schema(provider: type[Provider], *, required: bool, with_address: bool) -> vol.Schema:
    """Return the form for a key, and for the service's address in a collapsed section."""
    marker = vol.Required if required else vol.Optional
    fields: dict[vol.Marker, Any] = {marker(secret_field(provider)): _SECRET}
    if with_address:
        address = vol.Schema({vol.Required(CONF_BASE_URL, default=provider.default_base_url): _ADDRESS})
        fields[vol.Required(SECTION_CONNECTION)] = section(address, {"collapsed": True})
    return vol.Schema(fields)


def renewal_schema() -> vol.Schema:
    """Return the form for where a session is renewed."""
    return vol.Schema({vol.Required(CONF_AUTH_URL): _ADDRESS, vol.Optional(CONF_PUBLIC_KEY): TextSelector()})


def read_credentials(provider: type[Provider], answers: Mapping[str, Any]) -> Credentials:
    """Return the credentials that were given; raises `FormError`."""
    field = secret_field(provider)
    secret = answers.get(field, "").strip()
    if not secret:
        raise FormError(field, "key_missing")
    if field == CONF_API_KEY:
        if not is_token(secret):
            raise FormError(field, "key_unreadable")
        return Credentials(key=secret)
    try:
        return parse_session(secret)
    except SessionError as err:
        insecure = err.problem is SessionProblem.INSECURE_ISSUER
        raise FormError(field, "session_insecure" if insecure else "session_unreadable") from None


def read_address(answers: Mapping[str, Any], field: str) -> str:
    """Return an address that a key may be sent to, in its shortest form; raises `FormError`."""
    address: str = answers[field].strip().rstrip("/")
    if not is_allowed_address(address):
        # Shown above the form: the field itself may be in a section that is closed.
        raise FormError("base", "invalid_address")
    return address
