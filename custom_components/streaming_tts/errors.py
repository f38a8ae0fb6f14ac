"""Mapping of provider failures to translated messages, for forms, setup, and speech."""

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
"""The placeholder of messages that are explained on the troubleshooting page."""


def form_error(error: ProviderError) -> str:
    """Return the key of a form's error message for a failure."""
    if error.problem is not None:
        return error.problem
    return _FORM_ERRORS.get(error.failure, "unknown")


class ErrorMessage(TypedDict):
    """Translation keywords of a Home Assistant exception."""

    translation_domain: str
    translation_key: str
    translation_placeholders: dict[str, str]


def error_message(error: ProviderError, account: str) -> ErrorMessage:
    """Return the translation of an account's failure."""
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
    """Return the error for an invalid call."""
    return ServiceValidationError(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders | _HELP
    )


def failed(key: str, **placeholders: str) -> HomeAssistantError:
    """Return the error for a valid call that failed."""
    return HomeAssistantError(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders | _HELP
    )


_SIGNS = re.compile(r"[\\`\[\]<>*~&@]|(?<![a-z0-9])_|_(?![a-z0-9])|(?<=[a-z]):(?=//)|(?<=\bwww)\.", re.IGNORECASE)
"""Characters of tags, images, links and emphasis, and those that let the frontend detect a bare URL."""
_BLOCK = re.compile(r"^(?:(?=[#+=|-])|(\d+)(?=[.)]))")
"""The start of a heading, list or table on a line."""


def literal(text: str) -> str:
    """Return a text with its Markdown and HTML escaped, on one line.

    Services choose the ids and names of their voices. An image in one would report its readers to a server.
    """
    return _BLOCK.sub(r"\1\\", _SIGNS.sub(r"\\\g<0>", " ".join(text.split())))
