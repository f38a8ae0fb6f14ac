"""What the media source of the integration calls what it has: accounts, languages, samples of voices, clips."""

from typing import Final
from urllib.parse import quote, unquote

from homeassistant.components.media_source import generate_media_source_id

from ..const import DOMAIN

ACCOUNT: Final = "account"
SAMPLE: Final = "sample"
CLIP: Final = "clip"


def identifier(kind: str, *parts: str) -> str:
    """Return an identifier; the parts may be of any characters."""
    return "/".join((kind, *(quote(part, safe="") for part in parts)))


def parts_of(identifier: str) -> tuple[str, ...]:
    """Return the kind of an identifier and its parts."""
    return tuple(unquote(part) for part in identifier.split("/"))


def sample_id(entry_id: str, voice_id: str) -> str:
    """Return the media content id of a voice's sample."""
    return generate_media_source_id(DOMAIN, identifier(SAMPLE, entry_id, voice_id))


def clip_id(name: str) -> str:
    """Return the media content id of a clip."""
    return generate_media_source_id(DOMAIN, identifier(CLIP, name))
