"""What a file of translations may hold, as Home Assistant's own checks want it."""

import re
from string import Formatter
from typing import Any, Final

import probatio as vol

from homeassistant.helpers import config_validation as cv

_KEY: Final = re.compile(r"[a-z0-9](?:[a-z0-9]|[_-](?![_-]))*(?<![_-])")
_ADDRESS: Final = re.compile(r"(?:\b[a-z][a-z0-9+]{1,9}://|\bwww\.)\w", re.IGNORECASE)
_QUOTED: Final = re.compile(r"'\{\w+\}'")


def text(value: Any) -> str:
    """Take a text that a person sees; raises `vol.Invalid`."""
    said = cv.string_with_no_html(value)
    if said != said.strip() or not said:
        raise vol.Invalid("is empty or has blanks around it")
    if "[%" in said or "%]" in said:
        raise vol.Invalid("refers to another text")
    if _ADDRESS.search(said):
        raise vol.Invalid("has an address, which belongs into a placeholder")
    if _QUOTED.search(said):
        raise vol.Invalid("has a placeholder in single quotes")
    if not all(name.isidentifier() for name in placeholders(said)):
        raise vol.Invalid("has a placeholder without a proper name")
    return said


def fixed_text(value: Any) -> str:
    """Take a text that has no placeholders; raises `vol.Invalid`."""
    said = text(value)
    if placeholders(said):
        raise vol.Invalid("may have no placeholders")
    return said


def placeholders(said: str) -> set[str]:
    """Return the names of the placeholders of a text."""
    return {name for _, name, _, _ in Formatter().parse(said) if name is not None}


def key(value: Any) -> str:
    """Take the key of a translation; raises `vol.Invalid`."""
    if not isinstance(value, str) or _KEY.fullmatch(value) is None:
        raise vol.Invalid(f"{value!r} is no key of a translation")
    return value


def of(value: Any) -> dict[Any, Any]:
    """Return the schema of any number of keys with such values."""
    return {key: value}


def optional(**fields: Any) -> dict[Any, Any]:
    """Return fields that need not be there."""
    return {vol.Optional(name): value for name, value in fields.items()}


def required(**fields: Any) -> dict[Any, Any]:
    """Return fields that have to be there."""
    return {vol.Required(name): value for name, value in fields.items()}


def _described(step: dict[str, Any]) -> dict[str, Any]:
    """Take a step whose descriptions are about its fields; raises `vol.Invalid`."""
    for part in (step, *step.get("sections", {}).values()):
        if alone := part.get("data_description", {}).keys() - part.get("data", {}).keys():
            raise vol.Invalid(f"describes what is no field: {alone}")
    return step


_FORM = optional(data=of(text), data_description=of(text), description=text)
_STEP = vol.All(
    optional(
        title=text,
        submit=text,
        menu_options=of(text),
        menu_option_descriptions=of(text),
        sections=of(_FORM | optional(name=text)),
    )
    | _FORM,
    _described,
)
_FLOW = required(step=of(_STEP)) | optional(
    flow_title=text, error=of(text), abort=of(text), progress=of(text), create_entry={str: text}
)
_SUBENTRY = _FLOW | required(entry_type=text, initiate_flow=required(user=text) | {vol.Extra: text})
_ISSUE = vol.Any(required(title=text, description=text), required(title=text, fix_flow=_FLOW))
_ENTITY = optional(
    name=text,
    state=of(fixed_text),
    unit_of_measurement=fixed_text,
    state_attributes=of(optional(name=fixed_text, state=of(fixed_text))),
)
_NAMED = required(name=text, description=text)
_ACTION = _NAMED | optional(
    fields=of(_NAMED | optional(example=text)), sections=of(required(name=text) | optional(description=text))
)
_ELEMENT = _NAMED | optional(fields=of(required(name=text) | optional(description=text, example=text)))
"""Triggers and conditions; the fields that the platform gives all of them are not described by its own either."""
_SELECTOR = optional(
    options=of(text),
    choices=of(text),
    unit_of_measurement=of(text),
    fields=of(required(name=text) | optional(description=text)),
)

WORDS: Final = vol.Schema(
    optional(
        title=text,
        config=_FLOW,
        config_subentries=of(_SUBENTRY),
        options=_FLOW,
        selector=of(_SELECTOR),
        entity=of(of(_ENTITY)),
        device=of(optional(name=text)),
        exceptions=of(required(message=text)),
        issues=of(_ISSUE),
        services=of(_ACTION),
        triggers=of(_ELEMENT),
        conditions=of(_ELEMENT),
        system_health=optional(info=of(text)),
    )
)
"""A whole file."""
