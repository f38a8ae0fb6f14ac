"""The matrix in Home Assistant: the possible endings of an utterance for each fault.

A fault that occurs once affects one request, a permanent one every request. The rules are those of
docs/dev/architecture.md, "One utterance", and of the members of `Failure`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from custom_components.streaming_tts.providers.types import Failure, Transport
from custom_components.streaming_tts.speech.engine import FALLBACK_WAIT
from tests.emulator.faults import SENTINEL, FaultKind

from . import steps
from .cells import Form, Outcome, Route, Stage, Trouble
from .matrix import ROUTES, troubles

TRIED_AGAIN = frozenset({Failure.UNREACHABLE, Failure.SERVER, Failure.BROKEN})
_SPLITS = (1, len(SENTINEL) // 2, len(SENTINEL))
WAITED_FOR = frozenset({Failure.BUSY, Failure.RATE})


class Ending(StrEnum):
    """How an utterance ends."""

    WHOLE = "complete"
    """The voice spoke the text, sample by sample."""
    REPEATED = "repeated"
    """The voice spoke the text and repeated the interrupted sentence."""
    TAKEN_OVER = "fallback"
    """The fallback voice spoke the text."""
    CONTINUED = "continued"
    """The fallback voice continued from the interrupted sentence."""
    ERROR = "error"
    """A translated error before any audio. For a streamed text, after silence has been sent, an end with a reason in
    the event."""
    STOPPED = "cut off"
    """A translated error after some audio. For a streamed text, an end with a reason in the event."""
    UNDETECTED = "undetected"
    """Wrong audio that can't be detected: PCM that ends early or is noise."""


SPOKEN = frozenset({Ending.WHOLE, Ending.REPEATED, Ending.TAKEN_OVER, Ending.CONTINUED})


class Text(StrEnum):
    """The state of the text at the time of the fault."""

    COMPLETE = "complete"
    STREAMED = "streamed"
    """Streamed; the fault affects its first request."""
    SECOND_REQUEST = "second request"
    """Streamed; the first request was spoken completely, and the fault affects the second one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Situation:
    """A row of the matrix: route, text, fallback voice, and frequency of the fault."""

    route: Route
    text: Text
    fallback: bool
    lasts: bool

    @property
    def written(self) -> bool:
        """Return True if the text is incomplete when the voice starts to speak."""
        return self.text is not Text.COMPLETE

    @property
    def words(self) -> tuple[str, str, str, str]:
        """Return route, text, voice, and fault."""
        return (
            str(self.route),
            self.text,
            "fallback" if self.fallback else "alone",
            "always" if self.lasts else "once",
        )

    def __str__(self) -> str:
        """Return its name."""
        return ", ".join(self.words)

    @property
    def troubles(self) -> Iterator[Trouble]:
        """Yield the faults of this row."""
        return (trouble for trouble in troubles(self.route) if self._has(trouble))

    def _has(self, trouble: Trouble) -> bool:
        """Return True if a fault is in this row: faults of the service itself are permanent.

        Harmless ones occur once.
        """
        strikes = bool(trouble.faults) and all(fault.times > 0 for fault in trouble.faults)
        fault = trouble.faults[0] if trouble.faults else None
        if fault is not None and fault.fault is FaultKind.SENTINEL and fault.split not in _SPLITS:
            return False  # All of them are tested at the adapters
        if self.text is Text.SECOND_REQUEST and not self._comes_later(trouble):
            return False
        once_more = self.lasts or self.text is Text.SECOND_REQUEST
        if once_more and fault is not None and fault.fault is FaultKind.FLOOD:
            return False  # The same megabytes again
        return (not strikes or trouble.expected is not Outcome.WHOLE) if self.lasts else strikes

    def _comes_later(self, trouble: Trouble) -> bool:
        """Return True if a fault can occur between two requests: the socket is open after the first one."""
        if self.route.form is not Form.FRAMES:
            return trouble.stage is not Stage.IDLE
        return trouble.stage is not Stage.CONNECT and trouble.connected is not steps.spoken_once

    def endings(self, trouble: Trouble) -> frozenset[Ending]:
        """Return the possible endings of a fault; earlier sentences are neither lost nor repeated."""
        if self.text is Text.SECOND_REQUEST:
            never = {Ending.TAKEN_OVER, Ending.ERROR}
            return self._endings(trouble) - never
        return self._endings(trouble)

    def _endings(self, trouble: Trouble) -> frozenset[Ending]:
        if trouble.expected is Outcome.UNDETECTED or trouble.sure is not None:
            return frozenset(Ending)
        match trouble.expected:
            case Outcome.WHOLE:
                return frozenset({Ending.WHOLE})
            case Failure() as failure:
                return SPOKEN if self.fallback else self._endings_alone(trouble, failure)

    def _endings_alone(self, trouble: Trouble, failure: Failure) -> frozenset[Ending]:
        """Return the possible endings without a fallback voice."""
        recovered, lost = frozenset({Ending.WHOLE, Ending.REPEATED}), frozenset({Ending.ERROR, Ending.STOPPED})
        on_socket = self.route.form is Form.FRAMES
        if on_socket and (not self.written or trouble.stage in (Stage.CONNECT, Stage.IDLE)):
            # A socket is opened in advance, and again; a complete text without a socket uses HTTP
            return recovered | lost
        if on_socket and self.text is Text.SECOND_REQUEST and not trouble.faults:
            # An open socket isn't rejected again
            return recovered | lost
        if failure not in TRIED_AGAIN | WAITED_FOR:
            return lost
        if self.lasts and not on_socket:
            # The rest may be too short for the fault to occur again
            return lost | recovered if trouble.stage in (Stage.SOUND, Stage.END) else lost
        strikes_once = all(fault.times == 1 for fault in trouble.faults) and trouble.within < FALLBACK_WAIT
        return recovered if failure in TRIED_AGAIN and strikes_once and not on_socket else recovered | lost


def _speakable(route: Route, text: Text) -> bool:
    """Return True if a voice sends a text over a route.

    Only Flow TTS uses REST for speech, for complete texts. Segments of a streamed text use the first route of the
    provider.
    """
    match text:
        case Text.COMPLETE:
            return route.transport is not Transport.BODY or route.provider == "flow_tts"
        case Text.STREAMED:
            return route.transport is not Transport.BODY
        case Text.SECOND_REQUEST:
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
    """Return True if every commit tests this row.

    AsyncFlow, which has all transports and failures, in each row; the others once, over their first route.
    """
    route = situation.route
    if route.provider == "asyncflow":
        return route.goes_first or not situation.written
    return route in _FIRST_ROUTES and situation.text is Text.STREAMED and situation.fallback and not situation.lasts


_FIRST_ROUTES = tuple({route.provider: route for route in reversed(ROUTES) if route.goes_first}.values())
COMMON_SITUATIONS = tuple(filter(_is_common, SITUATIONS))
"""The rows that every commit tests; all others are tested before a release."""
