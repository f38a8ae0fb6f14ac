"""What a provider's failure is called in words a person can act on: one mapping for forms, set-up and speech."""

import re
from typing import Final, TypedDict

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from .const import BUDGET, DOMAIN, TROUBLESHOOTING_URL
from .providers.capabilities import ServiceRejection
from .providers.types import MODEL_RETIRED, Failure, ProviderError

_FORM_ERRORS: Final = {
    Failure.AUTH: "invalid_auth",
    Failure.QUOTA: "quota_exhausted",
    Failure.BUSY: "busy",
    Failure.RATE: "busy",
    Failure.SERVER: "cannot_connect",
    Failure.UNREACHABLE: "cannot_connect",
    Failure.BROKEN: "cannot_connect",
}

_HELP: Final = {"help": TROUBLESHOOTING_URL}
"""What messages name that have a row on the page about troubles."""


def form_error(error: ProviderError) -> str:
    """Return the key of the message that a form shows for a failure."""
    if error.problem is not None:
        return error.problem
    return _FORM_ERRORS.get(error.failure, "unknown")


class ErrorMessage(TypedDict):
    """A translation, as the keywords that every Home Assistant exception takes."""

    translation_domain: str
    translation_key: str
    translation_placeholders: dict[str, str]


def error_message(error: ProviderError, account: str) -> ErrorMessage:
    """Return the translation of a failure of an account."""
    return ErrorMessage(
        translation_domain=DOMAIN,
        translation_key=_message_key(error),
        translation_placeholders={
            "account": account,
            "code": error.code or error.failure,
            "setting": error.setting or "?",
            **_HELP,
        },
    )


def _message_key(error: ProviderError) -> str:
    """Return the key of the message for a failure."""
    if isinstance(error, ServiceRejection):
        return f"refused_{error.reason}"
    if error.code == BUDGET:
        return "budget_exhausted"
    if error.problem is not None:
        return f"provider_{error.problem}"
    if error.code == MODEL_RETIRED:
        return "provider_model_retired"
    if error.failure is Failure.INPUT and error.setting is None:
        return "provider_input_unnamed"
    return f"provider_{error.failure}"


def invalid(key: str, **placeholders: str) -> ServiceValidationError:
    """Return the error of a call that asks for what cannot be."""
    return ServiceValidationError(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders | _HELP
    )


def failed(key: str, **placeholders: str) -> HomeAssistantError:
    """Return the error of a call that asks for what could be, and did not come about."""
    return HomeAssistantError(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders | _HELP
    )


_SIGNS = re.compile(r"[\\`\[\]<>*~&@]|(?<![a-z0-9])_|_(?![a-z0-9])|(?<=[a-z]):(?=//)|(?<=\bwww)\.", re.IGNORECASE)
"""What makes tags, pictures, links and emphasis, and what the frontend takes for an address without any sign."""
_BLOCK = re.compile(r"^(?:(?=[#+=|-])|(\d+)(?=[.)]))")
"""What makes a heading, a list or a table at the beginning of a line."""


def literal(text: str) -> str:
    """Return a text that is shown as it is written: no link, no picture and no tag comes of it, and no line of its own.

    A service chooses the ids and names of its voices, and a picture would tell its address who reads of it.
    """
    return _BLOCK.sub(r"\1\\", _SIGNS.sub(r"\\\g<0>", " ".join(text.split())))
