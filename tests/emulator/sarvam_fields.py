"""Reads fields of a JSON object that a client sent.

Null counts as left out, as clients send it (docs/dev/protocols.md B2, B4).
"""

from collections.abc import Iterable, Mapping
from typing import Any

from .sarvam_catalogue import Range
from .sarvam_errors import SchemaError

type Fields = Mapping[str, Any]


def text(body: Fields, name: str) -> str | None:
    """Read a string. Raises SchemaError, as all of these do, when the value is of another type."""
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise SchemaError(f"{name}: Input should be a valid string")
    return value


def choice(body: Fields, name: str, allowed: Iterable[str]) -> str | None:
    """Read a string that is one of those allowed."""
    value = body.get(name)
    names = tuple(allowed)
    if value is not None and value not in names:
        quoted = [f"'{known}'" for known in names]
        raise SchemaError(f"{name}: Input should be {', '.join(quoted[:-1])} or {quoted[-1]}")
    return value


def flag(body: Fields, name: str) -> bool | None:
    """Read a boolean."""
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        raise SchemaError(f"{name}: Input should be a valid boolean")
    return value


def number(body: Fields, name: str, bounds: Range) -> float | None:
    """Read a number within the bounds of the schema, which are wider than those of a model."""
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SchemaError(f"{name}: Input should be a valid number")
    if value not in bounds:
        raise SchemaError(f"{name}: Input should be between {bounds.low:g} and {bounds.high:g}")
    return float(value)


def integer(body: Fields, name: str, bounds: Range) -> int | None:
    """Read a whole number within bounds."""
    value = number(body, name, bounds)
    if value is None:
        return None
    if not value.is_integer():
        raise SchemaError(f"{name}: Input should be a valid integer")
    return int(value)


def sample_rate(body: Fields, name: str) -> int | None:
    """Read a sample rate in hertz: an integer or the same as a string (docs/dev/protocols.md B2)."""
    value = body.get(name)
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        return int(value)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        raise SchemaError(f"{name}: Input should be a valid integer")
    return value
