"""How loud the voices of an account are, and the entities that take over from them."""

from collections.abc import Callable, Collection, Mapping
import hashlib
import math
from typing import Final

from homeassistant.core import valid_entity_id

from ..audio.level import VoiceLoudness
from ..providers.types import Voice

MAX_VOICES: Final = 64
"""Voices that are remembered: a call may name any of its service. What was not spoken with for longest goes first."""


class LoudnessMemory:
    """What was measured of each voice. It outlives a reload of the account."""

    def __init__(self, changed: Callable[[], None]) -> None:
        """Start with nothing; `changed` is called when something else is known than was stored."""
        self._changed = changed
        self._voices: dict[str, VoiceLoudness] = {}

    def of_voice(self, voice: Voice) -> VoiceLoudness:
        """Return what is known of a voice, whatever its language and settings: they hardly make it louder."""
        return self._of(_name(voice))

    def of_entity(self, entity_id: str) -> VoiceLoudness:
        """Return what is known of another text-to-speech entity."""
        return self._of(entity_id)

    def digest(self, *, without: Collection[Voice]) -> str:
        """Return what differs wherever a voice is brought to its loudness by another gain, but for some of them.

        Other entities are no matter of a voice: they would lose it what is cached when they take over from it.
        """
        ignored = {_name(voice) for voice in without}
        known = sorted(
            (name, voice.correction)
            for name, voice in self._voices.items()
            if voice.lufs is not None and name not in ignored and not valid_entity_id(name)
        )
        return hashlib.sha1(repr(known).encode(), usedforsecurity=False).hexdigest()[:12]

    def as_dict(self) -> dict[str, float]:
        """Return the loudness in LUFS of all voices where it is known."""
        return {name: voice.lufs for name, voice in self._voices.items() if voice.lufs is not None}

    def restore(self, stored: Mapping[str, float]) -> None:
        """Take up what was stored; raises `ValueError` or `TypeError` where that is no loudness."""
        restored = {name: float(lufs) for name, lufs in stored.items()}
        if not all(map(math.isfinite, restored.values())):
            raise ValueError
        for name, lufs in restored.items():
            self._voices[name] = VoiceLoudness(self._changed, lufs)

    def _of(self, name: str) -> VoiceLoudness:
        voice = self._voices.pop(name, None) or VoiceLoudness(self._changed)
        self._voices[name] = voice
        if len(self._voices) > MAX_VOICES:
            del self._voices[next(iter(self._voices))]
        return voice


def _name(voice: Voice) -> str:
    return f"{voice.model}/{voice.voice_id}"
