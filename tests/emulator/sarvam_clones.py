"""The cloned voices of a Sarvam account (docs/dev/protocols.md B7)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from .sarvam_errors import SarvamError


@dataclass(frozen=True, kw_only=True, slots=True)
class ClonedVoice:
    """A voice that was made of a recording, whose length is in seconds; the recording itself is not kept."""

    voice_id: str
    name: str
    language: str
    style: str | None
    gender: str | None
    duration: float
    created: datetime

    @property
    def reference_text(self) -> str:
        """What stands for the transcript of the recording, which the emulator does not understand."""
        return f"A recording of {self.duration:.1f} seconds."

    def listed(self) -> dict[str, Any]:
        """Return it as the list has it."""
        return {
            "id": self.voice_id,
            "name": self.name,
            "language": self.language,
            "gender": self.gender,
            "accent": None,
            "descriptor": self.style,
            "status": "active",
            "source": "cloned",
            "created_by": "demo",
            "created_at": self.created.isoformat(),
            "has_preview": True,
            "sample_duration_seconds": round(self.duration, 2),
            "is_favorited": False,
        }

    def detailed(self, preview_url: str) -> dict[str, Any]:
        """Return the voice as a single resource."""
        return self.listed() | {
            "reference_text": self.reference_text,
            "preview_audio_url": preview_url,
            "reference_audio_url": None,
            "recorded_audio_url": None,
            "previews": [],
            "noise_reduction_applied": False,
            "tags": [],
            "metadata": {},
        }


class Clones:
    """Keeps them, oldest first."""

    def __init__(self) -> None:
        """Start with none."""
        self._voices: dict[str, ClonedVoice] = {}

    def __contains__(self, voice_id: object) -> bool:
        """Tell whether there is such a voice."""
        return voice_id in self._voices

    def add(self, *, limit: int, **told: Any) -> ClonedVoice:
        """Keep a new one and return it. Raises SarvamError (403) where the tier has room for no more."""
        if len(self._voices) >= limit:
            message = f"Your subscription tier is limited to {limit} voices"
            raise SarvamError(message, status=403, code="TIER_LIMIT_REACHED")
        voice = ClonedVoice(voice_id=f"svc-{uuid4()}", **told)
        self._voices[voice.voice_id] = voice
        return voice

    def get(self, voice_id: str) -> ClonedVoice:
        """Return one of them. Raises SarvamError (404) for an unknown identifier, as the next does."""
        if voice_id not in self._voices:
            raise SarvamError(f"Voice '{voice_id}' not found", status=404)
        return self._voices[voice_id]

    def delete(self, voice_id: str) -> None:
        """Remove one."""
        self.get(voice_id)
        del self._voices[voice_id]

    def page(self, filters: Mapping[str, str], *, limit: int, offset: int) -> list[ClonedVoice]:
        """Return those that match, newest first: the name by a part of it, the gender exactly; none has an accent."""
        search, gender = filters.get("search", "").lower(), filters.get("gender")
        found = [
            voice
            for voice in reversed(self._voices.values())
            if search in voice.name.lower() and gender in (None, voice.gender) and not filters.get("accent")
        ]
        return found[offset : offset + limit]
