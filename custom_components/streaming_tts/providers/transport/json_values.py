"""Values that nobody vouches for: what an answer holds, each of the type and size that it may have, and secrets."""

from base64 import b64decode
from collections.abc import Mapping
import hashlib
import json
import math
import re

from ..types import Failure, ProviderError

MAX_MESSAGE_CHARACTERS = 1000
"""How much of a service's words is looked at: patterns search them, and may take long for long ones."""
MAX_NAME_CHARACTERS = 200
MAX_DESCRIPTION_CHARACTERS = 1000
"""The longest that are believed of a catalogue, which is kept in memory and on the disk."""
MAX_ID_CHARACTERS = 128
MAX_JSON_PARTS = 200_000
"""The most values that an answer may have: in memory each takes up some 60 bytes, however short it is written."""
MAX_RETRY_AFTER = 24 * 3600.0
"""The longest delay, in seconds, that a service is believed to ask for."""
_SURROGATE = re.compile("[\ud800-\udfff]")
"""Half of a pair, which JSON can escape and no text can be written with."""
_IDENTIFIER = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_HEADER_SECRET = re.compile(r"[\x21-\x7e]+")
_ACCOUNT_ID_LENGTH = 16


def parse_object(text: str | bytes) -> dict[str, object]:
    """Return the JSON object that a text is.

    Raises BROKEN for anything else, and before it is read for too many values.

    Sound in base64 has no commas and no brackets in it.
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
    """Return the sound in a JSON field; raises BROKEN where it is not base64."""
    if not isinstance(value, str):
        raise ProviderError(Failure.BROKEN, code="base64")
    try:
        return b64decode(value, validate=True)
    except ValueError:
        raise ProviderError(Failure.BROKEN, code="base64") from None


def header_secret(secret: str) -> str:
    """Return a secret that can travel in a header; raises AUTH where it never could, as no service gave it out."""
    if not _HEADER_SECRET.fullmatch(secret):
        raise ProviderError(Failure.AUTH, code="malformed_key")
    return secret


def identifier(value: object) -> str | None:
    """Return a service's code when it is an identifier, and never free text, which may quote what was spoken."""
    return value if isinstance(value, str) and _IDENTIFIER.fullmatch(value) else None


def seconds(value: object) -> float | None:
    """Return a delay that a service asks for, from a number or its decimal text, within sane bounds."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = float(value)
    except ValueError, OverflowError:
        return None
    return min(number, MAX_RETRY_AFTER) if math.isfinite(number) and number >= 0 else None


def whole_number(value: object) -> int | None:
    """Return a count that a service tells, or None where it tells none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def mapping(value: object) -> Mapping[str, object]:
    """Return a JSON object as it is, and anything else as an empty one."""
    return value if isinstance(value, dict) else {}


def text(value: object) -> str:
    """Return a JSON string as it is but for what no text can be written with, and anything else as an empty one."""
    return _SURROGATE.sub("\ufffd", value) if isinstance(value, str) else ""


def message(value: object) -> str:
    """Return the beginning of what a service says in words, to be searched for signs of what it means."""
    return text(value)[:MAX_MESSAGE_CHARACTERS]


def words(value: object, *, most: int = MAX_NAME_CHARACTERS) -> str:
    """Return words for a person, such as a name, in one line and of a sane length."""
    return " ".join(text(value)[: 2 * most].split())[:most].rstrip()


def named(value: object) -> str:
    """Return the id of something that a service keeps, empty where there is none that can be."""
    return value if isinstance(value, str) and len(value) <= MAX_ID_CHARACTERS and value.isprintable() else ""


def account_id(secret: str) -> str:
    """Return an identifier of a key that is stable and tells nothing of it."""
    return hashlib.sha256(secret.encode()).hexdigest()[:_ACCOUNT_ID_LENGTH]
