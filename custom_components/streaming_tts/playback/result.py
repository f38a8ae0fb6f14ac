"""Keeps account of one utterance: who spoke it and what it cost, told to the voices' accounts once, at its end."""

from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from homeassistant.config_entries import ConfigSubentry

from ..account.allowance import BUDGET
from ..account.runtime import Account
from ..providers.types import ProviderError
from ..speech.text.buffer import TextBuffer
from ..speech.text.source import TextSource
from .fallback import OwnParticipant, Participant
from .spoken import Outcome, ParticipantBase, UtteranceResult

LIMIT = "limit"
"""The reason of an utterance that was longer than its account allows."""
GIVEN_UP = "given_up"
"""The reason of an utterance that nobody waited for any more, or whose text broke off."""
NOTHING_TO_SAY = "nothing_to_say"
"""The reason of an utterance without words."""
REASONING_ONLY = "reasoning_only"
"""The reason of an utterance of which all was a language model's reasoning."""


@dataclass(kw_only=True, slots=True)
class _Role:
    """Somebody who may speak: the entity, what it spends if it is ours, and why it gave up if it did."""

    entity_id: str
    own: OwnParticipant | None
    reason: str | None = None


class UtteranceReport:
    """One utterance from its first text to its end. The voice itself is number 0, its stand-ins follow."""

    def __init__(
        self, entity_id: str, account: Account, subentry: ConfigSubentry, stand_ins: Sequence[Participant]
    ) -> None:
        """Begin with the voice itself, and nothing spent."""
        self.part = ParticipantBase(account)
        self._roles = [
            _Role(entity_id=entity_id, own=OwnParticipant(account=account, subentry=subentry, part=self.part)),
            *(_Role(entity_id=stand_in.entity_id, own=stand_in.own) for stand_in in stand_ins),
        ]
        self._turn = 0
        self._first_sound: float | None = None
        self._outcome = Outcome.STOPPED
        self._reason: str | None = GIVEN_UP

    def begun_by_stand_in(self, reason: str) -> None:
        """Take note that the voice itself is left alone, and why."""
        self._roles[self._turn].reason = reason
        self._turn += 1

    def taken_over(self, error: ProviderError) -> None:
        """Take note that the next one speaks, and why."""
        self.begun_by_stand_in(_reason(error))

    def ended(self, outcome: Outcome, reason: str | None = None) -> None:
        """Take note of how it ended."""
        self._outcome, self._reason = outcome, reason

    def failed(self, error: ProviderError) -> None:
        """Take note that nobody could speak it to its end."""
        self.ended(Outcome.FAILED if self._first_sound is None else Outcome.STOPPED, _reason(error))

    def heard(self, source: TextSource) -> None:
        """Take note of the sound; the first counts."""
        if self._first_sound is None:
            self._first_sound = source.age

    @contextmanager
    def kept(self, source: TextSource) -> Generator[None]:
        """Keep the report while the utterance is spoken, and hand it out whichever way that ends.

        The sensors of the accounts come before it: an automation that follows it may ask what is left.
        """
        try:
            with ExitStack() as stack:
                for account in {id(own.account): own.account for own in self._own}.values():
                    stack.enter_context(account.speaking())
                yield
        finally:
            self._hand_out(source.characters)

    @property
    def _own(self) -> list[OwnParticipant]:
        return [role.own for role in self._roles if role.own is not None]

    def _hand_out(self, characters: int) -> None:
        """Tell each voice of ours that had its turn."""
        for number, role in enumerate(self._roles[: self._turn + 1]):
            if role.own is None:
                continue
            was_last = number == self._turn
            role.own.account.spoken(
                role.own.subentry,
                UtteranceResult(
                    outcome=self._outcome if was_last else Outcome.TAKEN_OVER,
                    characters=characters,
                    charge=role.own.part.charge,
                    cached=was_last
                    and self._outcome is Outcome.SPOKEN
                    and self._reason is None
                    and not role.own.part.requests,
                    fallback=None if was_last else self._roles[self._turn].entity_id,
                    fallback_for=self._roles[0].entity_id if number else None,
                    reason=self._reason if was_last else role.reason,
                    first_sound=None if number else self._first_sound,
                ),
            )


def _reason(error: ProviderError) -> str:
    """Return what made a voice give up: the kind of its failure, or a budget of ours."""
    return BUDGET if error.code == BUDGET else error.failure


def why_silent(buffer: TextBuffer) -> str:
    """Return why nothing was said of a text that is complete."""
    return REASONING_ONLY if buffer.has_hidden else NOTHING_TO_SAY
