"""The matrix at the level of the house: what may come of a trouble where a voice of Home Assistant speaks.

A trouble that passes strikes one request, one that lasts strikes each. The rules are those of `design.md`, "The way of an
utterance", 6 and 7, and "What each failure means".
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from custom_components.streaming_tts.providers.base import Failure, Transport
from custom_components.streaming_tts.speech.retrying import PATIENCE
from tests.emulator.faults import SENTINEL, FaultKind

from .cells import Form, Outcome, Route, Stage, Trouble
from .matrix import ROUTES, troubles

TRIED_AGAIN = frozenset({Failure.UNREACHABLE, Failure.SERVER, Failure.BROKEN})
_SPLITS = (1, len(SENTINEL) // 2, len(SENTINEL))
WAITED_FOR = frozenset({Failure.BUSY, Failure.RATE})


class Ending(StrEnum):
    """How an utterance ends."""

    WHOLE = "whole"
    """The voice spoke the text, sample for sample."""
    AGAIN = "begun again"
    """The voice spoke the text; the sentence in which it was interrupted began again."""
    TAKEN_OVER = "taken over"
    """The fallback spoke the text."""
    SPOKEN_ON = "spoken on"
    """The fallback spoke on, from the sentence in which the voice was interrupted."""
    ERROR = "error"
    """A translated error before any sound."""
    STOPPED = "stopped"
    """Sound up to a place, then a translated error, or where the text was being written an end that the event tells."""
    UNTOLD = "untold"
    """Sound that nobody can know to be wrong: bare samples that end early or are noise are like any others."""


SPOKEN = frozenset({Ending.WHOLE, Ending.AGAIN, Ending.TAKEN_OVER, Ending.SPOKEN_ON})


@dataclass(frozen=True, kw_only=True, slots=True)
class Situation:
    """A row of the matrix: over which route a text goes, complete or being written, and who else could speak it."""

    route: Route
    written: bool
    fallback: bool
    lasts: bool

    @property
    def words(self) -> tuple[str, str, str, str]:
        """Return it in words: route, text, help, trouble."""
        return (
            str(self.route),
            "being written" if self.written else "complete",
            "fallback" if self.fallback else "alone",
            "lasts" if self.lasts else "passes",
        )

    def __str__(self) -> str:
        """Return it in a few words."""
        return ", ".join(self.words)

    @property
    def troubles(self) -> Iterator[Trouble]:
        """Yield what goes wrong there."""
        return (trouble for trouble in troubles(self.route) if self._has(trouble))

    def _has(self, trouble: Trouble) -> bool:
        """Tell whether a trouble is of this kind: what is done to the service itself lasts; what harms nothing passes."""
        strikes = bool(trouble.faults) and all(fault.times > 0 for fault in trouble.faults)
        fault = trouble.faults[0] if trouble.faults else None
        if fault is not None and fault.fault is FaultKind.SENTINEL and fault.split not in _SPLITS:
            return False  # all of them are the adapters' business
        if self.lasts and fault is not None and fault.fault is FaultKind.FLOOD:
            return False  # the same megabytes once more
        return (not strikes or trouble.expected is not Outcome.WHOLE) if self.lasts else strikes

    def endings(self, trouble: Trouble) -> frozenset[Ending]:
        """Return what may come of a trouble."""
        if trouble.expected is Outcome.UNTOLD or trouble.sure == 0:
            return frozenset(Ending)
        match trouble.expected:
            case Outcome.WHOLE:
                return frozenset({Ending.WHOLE})
            case Failure() as failure:
                return SPOKEN if self.fallback else self._endings_alone(trouble, failure)

    def _endings_alone(self, trouble: Trouble, failure: Failure) -> frozenset[Ending]:
        """Return the same where nobody could take over."""
        recovered, lost = frozenset({Ending.WHOLE, Ending.AGAIN}), frozenset({Ending.ERROR, Ending.STOPPED})
        on_socket = self.route.form is Form.FRAMES
        if on_socket and (not self.written or trouble.stage in (Stage.CONNECT, Stage.IDLE)):
            # A socket was opened ahead, and will be again; what has no socket and is complete goes over HTTP
            return recovered | lost
        if failure not in TRIED_AGAIN | WAITED_FOR:
            return lost
        if self.lasts and not on_socket:
            # What is left to say may be too short for the trouble to come to it once more
            return lost | recovered if trouble.stage in (Stage.SOUND, Stage.END) else lost
        strikes_once = all(fault.times == 1 for fault in trouble.faults) and trouble.within < PATIENCE
        return recovered if failure in TRIED_AGAIN and strikes_once and not on_socket else recovered | lost


def _speakable(route: Route, *, written: bool) -> bool:
    """Tell whether a voice sends a text over a route: Flow's whole bodies alone are for speech, of complete texts."""
    return route.transport is not Transport.BODY or (route.provider == "flow_tts" and not written)


SITUATIONS = tuple(
    Situation(route=route, written=written, fallback=fallback, lasts=lasts)
    for route in ROUTES
    for written in (False, True)
    if _speakable(route, written=written)
    for fallback in (False, True)
    for lasts in (False, True)
)
