"""Who may speak an utterance, what each of them spends on it, and what it comes to: numbers and names, no text."""

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
"""The reason of an utterance that was longer than its account allows."""
GIVEN_UP = "given_up"
"""The reason of an utterance that nobody waited for any more, or whose text broke off."""
NOTHING_TO_SAY = "nothing_to_say"
"""The reason of an utterance without words."""
REASONING_ONLY = "reasoning_only"
"""The reason of an utterance of which all was a language model's reasoning."""


class Outcome(StrEnum):
    """How an utterance ended: by the voice itself, with a fallback's help, not to its end, or not at all.

    One without words is silent.
    """

    SPOKEN = "spoken"
    SILENT = "silent"
    TAKEN_OVER = "taken_over"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class UtteranceResult:
    """What a voice had to do with one utterance that has ended.

    `characters` is the length of the text and `charge` what this voice was charged for it; `cached` tells that it spoke
    from memory alone. `fallback` is the entity that took over and `reason` why (a `Failure`, or what else ended it);
    `fallback_for` the entity that this voice spoke for. `first_sound` are the seconds from the first text to the first
    sound that was heard, from any voice. `sent` are the characters of the requests to this voice's service, none
    where it spoke from memory. `audio_seconds` is how long all of the audio plays, from any voice, and
    `silence_seconds` what of it is silence that was put in here.
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
        """Return the attributes of an event: JSON, times in ms and s as their names say."""
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
"""Sent for a voice (by its subentry) when an utterance has ended; a reload of the account in between loses none."""


@dataclass(kw_only=True, slots=True, eq=False)
class Participant:
    """An entity that may speak an utterance. One of ours (`own`) adds up here what it spends.

    `backoff_reason` is why it is asked last, `reason` why it gave up or was passed over.
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
        """Take one request that has ended, and pass it on to the account."""
        self.charge += usage.charge
        self.requests += 1
        self.characters += usage.characters
        if self.own is not None:
            self.own[0].record(usage)


@dataclass(kw_only=True, slots=True, eq=False)
class UtteranceReport:
    """One utterance from its first text to its end, told to those of our voices that had to do with it.

    The participants are in the order in which they are asked; `name` is what the log calls the utterance.
    """

    hass: HomeAssistant
    participants: Sequence[Participant]
    name: str
    first_sound: float | None = None
    outcome: Outcome = Outcome.STOPPED
    reason: str | None = GIVEN_UP
    failed: bool = False

    def fail(self, error: ProviderError | TranscodeError) -> ProviderError:
        """Take that nobody could speak it to its end; return why, typed like a failure of a service."""
        failure = error if isinstance(error, ProviderError) else ProviderError(Failure.BROKEN, code="transcode")
        self.outcome = Outcome.FAILED if self.first_sound is None else Outcome.STOPPED
        self.reason, self.failed = reason_of(failure), True
        return failure

    @contextmanager
    def kept(self, source: TextSource, chain: FallbackChain, playback: PlaybackClock) -> Generator[None]:
        """Keep the report while the utterance is spoken; whichever way that ends, tell our voices what it came to.

        Those are told that spoke, gave up, or were passed over. The sensors of the accounts come before them: an
        automation that follows a result may ask what is left.
        """
        try:
            with ExitStack() as stack:
                for account in {each.own[0] for each in self.participants if each.own is not None}:
                    stack.enter_context(account.ledger.speaking())
                yield
        finally:
            last = self.participants[chain.position]
            primary = next(each for each in self.participants if each.is_primary)
            # Of a foreign one that failed it is assumed that something was heard
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
    """Return what made a voice give up: the kind of its failure, or a budget of ours."""
    return BUDGET if error.code == BUDGET else error.failure
