"""Participants of an utterance, their usage, and its result: numbers and names, no text."""

from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.util.signal_type import SignalTypeFormat

from ..account.runtime import Account
from ..audio.transcode import TranscodeError
from ..const import BUDGET, DOMAIN, LOGGER
from ..providers.types import Charge, Failure, ProviderError
from ..speech.scheduler import PlaybackClock
from ..speech.synthesizer import FallbackChain, Usage
from ..speech.text.source import TextSource

LIMIT = "limit"
"""The reason of an utterance that exceeded its account's character limit."""
GIVEN_UP = "given_up"
"""The reason of an utterance whose listener disconnected, or whose text ended early."""
NOTHING_TO_SAY = "nothing_to_say"
"""The reason of an utterance without words."""
REASONING_ONLY = "reasoning_only"
"""The reason of an utterance that consisted only of a language model's reasoning."""


class Outcome(StrEnum):
    """How an utterance ended: by the voice itself, without words, with a fallback, early, or with an error."""

    SPOKEN = "spoken"
    SILENT = "silent"
    TAKEN_OVER = "taken_over"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class UtteranceResult:
    """The result of an ended utterance for one voice.

    `characters` is the length of the text, and `charge` the charge of this voice. `cached` is True if all its audio
    came from the cache. `fallback` is the entity that took over, and `reason` why: a `Failure` or another cause.
    `fallback_for` is the entity that this voice replaced. `first_sound` is the time in seconds from the first text to
    the first audible audio, from any voice. `sent` is the number of characters in requests of this voice, 0 if cached.
    `audio_seconds` is the duration of all audio, from any voice, and `silence_seconds` the duration of inserted
    silence.
    """

    outcome: Outcome
    characters: int
    charge: Charge
    cached: bool
    fallback: str | None = None
    fallback_for: str | None = None
    reason: str | None = None
    first_sound: float | None = None
    sent: int = 0
    audio_seconds: float = 0.0
    silence_seconds: float = 0.0

    def as_attributes(self) -> dict[str, Any]:
        """Return the attributes of an event as JSON. Names end in the unit of a time: ms or s."""
        return {
            "characters": self.characters,
            "characters_sent": self.sent,
            "charged_requests": self.charge.requests,
            "charged_characters": self.charge.characters,
            "charged_seconds": round(self.charge.seconds, 3),
            "charged_points": self.charge.points,
            "cached": self.cached,
            "fallback": self.fallback,
            "fallback_for": self.fallback_for,
            "reason": self.reason,
            "first_sound_ms": None if self.first_sound is None else round(self.first_sound * 1000),
            "audio_seconds": round(self.audio_seconds, 3),
            "silence_seconds": round(self.silence_seconds, 3),
        }


SIGNAL_UTTERANCE_RESULT: Final = SignalTypeFormat[UtteranceResult](f"{DOMAIN}_utterance_result_{{}}")
"""Sent for each voice (by subentry) when an utterance has ended. It is independent of reloads of the account."""


@dataclass(kw_only=True, slots=True, eq=False)
class Participant:
    """An entity that may speak an utterance. Records the usage of a voice of this integration (`own`).

    `backoff_reason` is why it is tried last, and `reason` why it failed or was skipped.
    """

    entity_id: str
    own: tuple[Account, ConfigSubentry] | None
    is_primary: bool = False
    backoff_reason: str | None = None
    reason: str | None = None
    charge: Charge = field(default_factory=Charge)
    requests: int = 0
    characters: int = 0

    def record(self, usage: Usage) -> None:
        """Record an ended request, and pass it on to the account."""
        self.charge += usage.charge
        self.requests += 1
        self.characters += usage.characters
        if self.own is not None:
            self.own[0].record(usage)


@dataclass(kw_only=True, slots=True, eq=False)
class UtteranceReport:
    """One utterance from its first text to its end, reported to the voices of this integration involved in it.

    `participants` are in the order in which they are tried. `name` identifies the utterance in the log.
    """

    hass: HomeAssistant
    participants: Sequence[Participant]
    name: str
    first_sound: float | None = None
    outcome: Outcome = Outcome.STOPPED
    reason: str | None = GIVEN_UP
    failed: bool = False

    def fail(self, error: ProviderError | TranscodeError) -> ProviderError:
        """Record that the utterance failed, and return the error as a `ProviderError`."""
        failure = error if isinstance(error, ProviderError) else ProviderError(Failure.BROKEN, code="transcode")
        self.outcome = Outcome.FAILED if self.first_sound is None else Outcome.STOPPED
        self.reason, self.failed = reason_of(failure), True
        return failure

    @contextmanager
    def kept(self, source: TextSource, chain: FallbackChain, playback: PlaybackClock) -> Generator[None]:
        """Send the results to the voices when the utterance ends in any way.

        Voices that spoke, failed, or were skipped receive a result. The sensors of their accounts are updated first, so
        automations triggered by a result see the new quota.
        """
        try:
            with ExitStack() as stack:
                for account in {each.own[0] for each in self.participants if each.own is not None}:
                    stack.enter_context(account.ledger.speaking())
                yield
        finally:
            last = self.participants[chain.position]
            primary = next(each for each in self.participants if each.is_primary)
            # A voice that failed through the platform is assumed to have spoken in part
            is_heard = not self.failed or last.own is None or last.charge.seconds > 0
            took_over = self.first_sound is not None and is_heard
            for each in self.participants:
                if each is not last and each.reason is None:
                    continue
                result = UtteranceResult(
                    outcome=Outcome.TAKEN_OVER if each is not last and took_over else self.outcome,
                    characters=source.characters,
                    charge=each.charge,
                    cached=each is last and self.outcome is Outcome.SPOKEN and not (each.requests or self.reason),
                    fallback=last.entity_id if each is not last and took_over else None,
                    fallback_for=None if each is primary else primary.entity_id,
                    reason=self.reason if each is last else each.reason,
                    first_sound=self.first_sound if each is primary else None,
                    sent=each.characters,
                    audio_seconds=playback.seconds,
                    silence_seconds=playback.silent_seconds,
                )
                LOGGER.debug("Utterance %s: %s ended with %s", self.name, each.entity_id, result)
                if each.own is not None:
                    async_dispatcher_send(self.hass, SIGNAL_UTTERANCE_RESULT.format(each.own[1].subentry_id), result)


def reason_of(error: ProviderError) -> str:
    """Return why a voice failed: the kind of its failure, or the account's budget."""
    return BUDGET if error.code == BUDGET else error.failure
