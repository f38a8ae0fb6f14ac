"""What one utterance came to, for sensors, events and automations: numbers and names, nothing of what was said. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from homeassistant.util.signal_type import SignalTypeFormat

from ..const import DOMAIN
from ..providers.types import Charge
from ..speech.synthesizer import Recorder, Usage


class Outcome(StrEnum):
    """How an utterance ended: by the voice itself, with a fallback's help, not to its end, or not at all."""

    SPOKEN = "spoken"
    TAKEN_OVER = "taken_over"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class UtteranceResult:
    """What a voice had to do with one utterance that has ended.

    `characters` is the length of the text and `charge` what this voice was charged for it; `cached` tells that it spoke
    from memory alone. `fallback` is the entity that took over and `reason` why (a `Failure`, or what else ended it);
    `fallback_for` the entity that this voice spoke for. `first_sound` are the seconds from the first text to the first
    sound that was heard, whoever spoke it.
    """

    outcome: Outcome
    characters: int
    charge: Charge
    cached: bool
    fallback: str | None = None
    fallback_for: str | None = None
    reason: str | None = None
    first_sound: float | None = None

    def as_attributes(self) -> dict[str, Any]:
        """Return the attributes of an event: JSON, times in ms and s as their names say."""
        return {
            "characters": self.characters,
            "charged_requests": self.charge.requests,
            "charged_characters": self.charge.characters,
            "charged_seconds": round(self.charge.seconds, 3),
            "charged_points": self.charge.points,
            "cached": self.cached,
            "fallback": self.fallback,
            "fallback_for": self.fallback_for,
            "reason": self.reason,
            "first_sound_ms": None if self.first_sound is None else round(self.first_sound * 1000),
        }


SIGNAL_SPOKEN: Final = SignalTypeFormat[UtteranceResult](f"{DOMAIN}_spoken_{{}}")
"""Sent for a voice (by its subentry) when an utterance has ended; a reload of the account in between loses none."""


class ParticipantBase:
    """What one voice spends on one utterance: each request is added up here and passed on to the voice's account."""

    def __init__(self, recorder: Recorder) -> None:
        """Start with nothing spent; the account is told of each request."""
        self._recorder = recorder
        self.charge = Charge()
        self.requests = 0

    def record(self, usage: Usage) -> None:
        """Take one request that has ended."""
        self.charge += usage.charge
        self.requests += 1
        self._recorder.record(usage)
