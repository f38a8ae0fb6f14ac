"""The matrix at the level of the house: what may come of a trouble where a voice of Home Assistant speaks.

A trouble that passes strikes one request, one that lasts strikes each. The rules are those of
docs/dev/architecture.md, "One utterance", and of the members of `Failure`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from custom_components.streaming_tts.providers.types import Failure, Transport
from custom_components.streaming_tts.speech.engine import PATIENCE
from tests.emulator.faults import SENTINEL, FaultKind

from . import steps
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
    """A translated error before any sound, or where silence has left of a text that was being written an end that the
    event tells."""
    STOPPED = "stopped"
    """Sound up to a place, then a translated error, or where the text was being written an end that the event tells."""
    UNTOLD = "untold"
    """Sound that nobody can know to be wrong: bare samples that end early or are noise are like any others."""


SPOKEN = frozenset({Ending.WHOLE, Ending.AGAIN, Ending.TAKEN_OVER, Ending.SPOKEN_ON})


class Text(StrEnum):
    """How much of a text there is when a trouble comes to it."""

    COMPLETE = "complete"
    WRITTEN = "being written"
    """The trouble comes to its first request."""
    HALF_SPOKEN = "half spoken"
    """It is being written, its first request has been spoken whole, and the trouble comes to the next one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Situation:
    """A row of the matrix: over which route a text goes, how much of it there is, and who else could speak it."""

    route: Route
    text: Text
    fallback: bool
    lasts: bool

    @property
    def written(self) -> bool:
        """Tell whether the text is still being written when the voice begins to speak."""
        return self.text is not Text.COMPLETE

    @property
    def words(self) -> tuple[str, str, str, str]:
        """Return it in words: route, text, help, trouble."""
        return (
            str(self.route),
            self.text,
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
        """Tell whether a trouble is of this kind: what is done to the service itself lasts.

        What harms nothing passes.
        """
        strikes = bool(trouble.faults) and all(fault.times > 0 for fault in trouble.faults)
        fault = trouble.faults[0] if trouble.faults else None
        if fault is not None and fault.fault is FaultKind.SENTINEL and fault.split not in _SPLITS:
            return False  # all of them are the adapters' business
        if self.text is Text.HALF_SPOKEN and not self._comes_later(trouble):
            return False
        once_more = self.lasts or self.text is Text.HALF_SPOKEN
        if once_more and fault is not None and fault.fault is FaultKind.FLOOD:
            return False  # the same megabytes once more
        return (not strikes or trouble.expected is not Outcome.WHOLE) if self.lasts else strikes

    def _comes_later(self, trouble: Trouble) -> bool:
        """Tell whether a trouble can come between two requests: who has spoken before has an open socket."""
        if self.route.form is not Form.FRAMES:
            return trouble.stage is not Stage.IDLE
        return trouble.stage is not Stage.CONNECT and trouble.connected is not steps.spoken_once

    def endings(self, trouble: Trouble) -> frozenset[Ending]:
        """Return what may come of a trouble; what was spoken before it is neither lost nor said again."""
        if self.text is Text.HALF_SPOKEN:
            never = {Ending.TAKEN_OVER, Ending.ERROR}
            return self._endings(trouble) - never
        return self._endings(trouble)

    def _endings(self, trouble: Trouble) -> frozenset[Ending]:
        if trouble.expected is Outcome.UNTOLD or trouble.sure is not None:
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
        if on_socket and self.text is Text.HALF_SPOKEN and not trouble.faults:
            # Who has an open socket is not asked for everything once more
            return recovered | lost
        if failure not in TRIED_AGAIN | WAITED_FOR:
            return lost
        if self.lasts and not on_socket:
            # What is left to say may be too short for the trouble to come to it once more
            return lost | recovered if trouble.stage in (Stage.SOUND, Stage.END) else lost
        strikes_once = all(fault.times == 1 for fault in trouble.faults) and trouble.within < PATIENCE
        return recovered if failure in TRIED_AGAIN and strikes_once and not on_socket else recovered | lost


def _speakable(route: Route, text: Text) -> bool:
    """Tell whether a voice sends a text over a route.

    Flow's whole bodies alone are for speech, of complete texts. What is sent before a text has ended goes over the
    route that a provider's texts go over first.
    """
    match text:
        case Text.COMPLETE:
            return route.transport is not Transport.BODY or route.provider == "flow_tts"
        case Text.WRITTEN:
            return route.transport is not Transport.BODY
        case Text.HALF_SPOKEN:
            return route.goes_first


SITUATIONS = tuple(
    Situation(route=route, text=text, fallback=fallback, lasts=lasts)
    for route in ROUTES
    for text in Text
    if _speakable(route, text)
    for fallback in (False, True)
    for lasts in (False, True)
)


def _is_common(situation: Situation) -> bool:
    """Return True if every commit is tested with a situation.

    AsyncFlow, which has every transport and failure, in each way; the others once, over the route that they speak over.
    """
    route = situation.route
    if route.provider == "asyncflow":
        return route.goes_first or not situation.written
    return route in _FIRST_ROUTES and situation.text is Text.WRITTEN and situation.fallback and not situation.lasts


_FIRST_ROUTES = tuple({route.provider: route for route in reversed(ROUTES) if route.goes_first}.values())
COMMON_SITUATIONS = tuple(filter(_is_common, SITUATIONS))
"""The situations that every commit is tested with; all others are tested before a release."""
