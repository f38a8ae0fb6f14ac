"""Entries of a catalogue as they are kept in files."""

from dataclasses import asdict
from typing import Any

from ..providers.types import Gender, VoiceInfo


def stored_voice(voice: VoiceInfo) -> dict[str, Any]:
    """Return a voice as JSON."""
    return asdict(voice)


def restored_voice(stored: dict[str, Any]) -> VoiceInfo:
    """Return the voice that `stored_voice` has made JSON of."""
    lists = {key: tuple(stored[key]) for key in ("languages", "models", "styles")}
    gender = stored["gender"] and Gender(stored["gender"])
    return VoiceInfo(**{**stored, **lists, "gender": gender})
