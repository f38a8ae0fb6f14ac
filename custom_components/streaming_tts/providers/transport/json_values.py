"""Validates untrusted values in responses, by type and size, and secrets."""

from base64 import b64decode
from collections.abc import Mapping
import hashlib
import json
import math
import re

from ..types import Failure, ProviderError

MAX_MESSAGE_CHARACTERS = 1000
"""Maximum length of a message that is searched, because pattern matching may be slow on long ones."""
MAX_NAME_CHARACTERS = 200
MAX_DESCRIPTION_CHARACTERS = 1000
"""Maximum length of names and descriptions in a catalogue, which is kept in memory and on disk."""
MAX_ID_CHARACTERS = 128
MAX_JSON_PARTS = 200_000
"""Maximum number of values in a response. In memory, each takes about 60 bytes, however short it is."""
MAX_RETRY_AFTER = 24 * 3600.0
"""Maximum delay that a service can request, in seconds."""
_SURROGATE = re.compile("[\ud800-\udfff]")
"""Half of a surrogate pair. JSON can escape it, but it can't be encoded as text."""
_IDENTIFIER = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_HEADER_SECRET = re.compile(r"[\x21-\x7e]+")
_ACCOUNT_ID_LENGTH = 16


def parse_object(text: str | bytes) -> dict[str, object]:
    """Return the JSON object in a text.

    Raises BROKEN for anything else, and for too many values before parsing them. They are counted by commas and
    brackets, which base64 audio doesn't contain.
    """
    if sum(text.count(sign) if isinstance(text, str) else text.count(sign.encode()) for sign in ",{[") > MAX_JSON_PARTS:
        raise ProviderError(Failure.BROKEN, code="too_long")
    try:
        content = json.loads(text)
    except ValueError, RecursionError:
        raise ProviderError(Failure.BROKEN, code="json") from None
    if not isinstance(content, dict):
        raise ProviderError(Failure.BROKEN, code="json")
    return content


def decode_audio(value: object) -> bytes:
    """Return the audio in a JSON field. Raises BROKEN if it isn't base64."""
    if not isinstance(value, str):
        raise ProviderError(Failure.BROKEN, code="base64")
    try:
        return b64decode(value, validate=True)
    except ValueError:
        raise ProviderError(Failure.BROKEN, code="base64") from None


def header_secret(secret: str) -> str:
    """Return a secret that is valid in a header. Raises AUTH for any other."""
    if not _HEADER_SECRET.fullmatch(secret):
        raise ProviderError(Failure.AUTH, code="malformed_key")
    return secret


def identifier(value: object) -> str | None:
    """Return a service's code if it's an identifier, or None. Free text may quote what was spoken."""
    return value if isinstance(value, str) and _IDENTIFIER.fullmatch(value) else None


def seconds(value: object) -> float | None:
    """Return a delay in seconds from a number or its decimal text, up to `MAX_RETRY_AFTER`, or None if invalid."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = float(value)
    except ValueError, OverflowError:
        return None
    return min(number, MAX_RETRY_AFTER) if math.isfinite(number) and number >= 0 else None


def whole_number(value: object) -> int | None:
    """Return a reported count, or None if invalid."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def mapping(value: object) -> Mapping[str, object]:
    """Return a JSON object, or an empty one for any other value."""
    return value if isinstance(value, dict) else {}


def text(value: object) -> str:
    """Return a JSON string with unpaired surrogates replaced, or an empty one for any other value."""
    return _SURROGATE.sub("\ufffd", value) if isinstance(value, str) else ""


def message(value: object) -> str:
    """Return the beginning of a service's message, to be searched for known patterns."""
    return text(value)[:MAX_MESSAGE_CHARACTERS]


def words(value: object, *, most: int = MAX_NAME_CHARACTERS) -> str:
    """Return a text for the user, such as a name, on one line and of limited length."""
    return " ".join(text(value)[: 2 * most].split())[:most].rstrip()


def named(value: object) -> str:
    """Return the ID of an object at the service, or an empty string if invalid."""
    return value if isinstance(value, str) and len(value) <= MAX_ID_CHARACTERS and value.isprintable() else ""


def account_id(secret: str) -> str:
    """Return a stable identifier of a key that doesn't reveal it."""
    return hashlib.sha256(secret.encode()).hexdigest()[:_ACCOUNT_ID_LENGTH]
