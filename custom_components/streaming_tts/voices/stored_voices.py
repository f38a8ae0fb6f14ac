"""Entries of a catalogue as they are kept in files."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from ..providers.types import Gender, VoiceInfo

_LISTS = ("languages", "models", "styles")
_KNOWN = {field.name for field in fields(VoiceInfo)}


def stored_voice(voice: VoiceInfo) -> dict[str, Any]:
    """Return a voice as JSON."""
    return asdict(voice)


def restored_voice(stored: Mapping[str, Any]) -> VoiceInfo:
    """Return the voice that `stored_voice` has made JSON of, without what only a later release knows of voices.

    Raises `AttributeError`, `KeyError`, `TypeError` or `ValueError` for anything else.
    """
    known = {key: value for key, value in stored.items() if key in _KNOWN}
    for key in _LISTS:
        known[key] = tuple(_text(each) for each in known[key])
    for key in ("voice_id", "name"):
        _text(known[key])
    known["gender"] = known["gender"] if known["gender"] in tuple(Gender) else None
    return VoiceInfo(**{**known, "gender": known["gender"] and Gender(known["gender"])})


def _text(value: Any) -> str:
    """Return a text; raises `TypeError` for anything else."""
    if not isinstance(value, str):
        raise TypeError
    return value
