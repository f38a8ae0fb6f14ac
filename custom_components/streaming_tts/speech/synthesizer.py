"""What turns text into audio, what it is asked for, what it tells of that, and who takes over from whom."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, aclosing
from contextvars import ContextVar
from dataclasses import KW_ONLY, dataclass, field
import logging
from typing import Protocol

from ..audio.level import Level
from ..providers.types import AudioFormat, Charge, Failure, ProviderError, Transport, Voice
from .text.buffer import TextBuffer, TextRules, join
from .text.normalizer import Normalizer

utterance_id: ContextVar[str] = ContextVar("utterance_id", default="-")
"""The utterance that a task works for, in all that is logged of it."""

TRANSIENT = frozenset({Failure.BROKEN, Failure.UNREACHABLE, Failure.SERVER})
"""Failures that the next try may not have, nor HTTP those of a socket, nor the rest of a text what broke off in the
middle. The others speak of the request itself, or of the account."""

type Admission = Callable[[], ProviderError | None]
"""Returns why no request may be made now, or None where it may."""

type Reserve = Callable[[Voice, Charge], AbstractContextManager[None]]
"""Sets aside what a request will probably be charged, for as long as it is in flight."""

type Ask = Callable[[str], AsyncGenerator[bytes]]
"""Makes a request for the audio of a text."""


class Synthesizer(Protocol):
    """One voice in one format, from text to audio. What wraps a synthesizer is one too."""

    def speak(self, text: str, deadline: float) -> AsyncGenerator[bytes]:
        """Yield the audio of a text in whole samples; ends whole, or raises `ProviderError`.

        `deadline` is the time of the event loop by which the audio should begin. Closing the generator gives up.
        """


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """One request that has ended: its charge, its time to first byte in s if there was one, its failure if it failed.

    `asked_at` is when it was made, in time of the event loop: a quota that was reported since then has it included.
    `transport` is None where the service has only one way to be asked this. One that is `superseded` failed over its
    transport and was made again over another, which tells more about the account. The audio of one that is `doubtful`
    was spoken, but is probably not whole. `request_id` is what the service calls it, `characters` the length of the
    text that it was sent.
    """

    voice: Voice
    asked_at: float
    charge: Charge
    first_byte: float | None
    error: ProviderError | None
    transport: Transport | None = None
    superseded: bool = False
    doubtful: bool = False
    request_id: str | None = None
    characters: int = 0

    @property
    def failure(self) -> Failure | None:
        """Return how the request failed."""
        return self.error.failure if self.error else None


class HasDeadline(Protocol):
    """What should be heard by a time of the event loop, which may become earlier."""

    @property
    def deadline(self) -> float:
        """Return the time."""


class Recorder(Protocol):
    """The small object an account hands down, in which what was used is written."""

    def record(self, usage: Usage) -> None:
        """Take one request that has ended."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SpeechRequest:
    """A text to be spoken by a voice, and the terms of the caller.

    `text` is as the service is given it, and `deadline` the time of the event loop by which its audio should begin.
    `transport` is called at each try for the way that suits the text as it is then, and `admission` before the first.
    `recorder` is told of each request that was made, and `on_unkept` is called behind audio that no cache may keep.
    `on_accepted` is called when the service has accepted it, where it says so ahead of the audio.
    `ask` replaces the provider's transports: such audio is neither cached nor learned from. `lasting` audio stays in
    memory as if it had been asked for before.
    """

    voice: Voice
    audio_format: AudioFormat
    text: str = ""
    deadline: float = 0.0
    has_fallback: bool
    recorder: Recorder
    transport: Callable[[], Transport] = lambda: Transport.STREAM
    admission: Admission = lambda: None
    on_unkept: Callable[[], None] = lambda: None
    on_accepted: Callable[[], None] = lambda: None
    ask: Ask | None = None
    lasting: bool = False

    def outlasts(self, other: SpeechRequest, error: Exception) -> bool:
        """Return True if an equal request that failed without audio would have gone on by the terms of this one."""
        if other is self or not isinstance(error, ProviderError):
            return False
        is_late = error.failure in (Failure.BUSY, Failure.RATE) and self.deadline > other.deadline
        return is_late or (other.has_fallback and not self.has_fallback)


@dataclass(slots=True, eq=False)
class Portioned:
    """A synthesizer that speaks what is clean already, within the limits of the rules for a request.

    `normalizer` is called for what writes the text for the voice where another voice's needs were other ones.
    """

    synthesizer: Synthesizer
    rules: TextRules
    normalizer: Callable[[], Awaitable[Normalizer]] | None = None

    async def speak(self, text: str, deadline: float) -> AsyncGenerator[bytes]:
        """Yield the sound of a text, as `Synthesizer.speak`."""
        if self.normalizer is not None:
            text = (await self.normalizer()).normalize(text)
        for portion in _portions(text, self.rules):
            async with aclosing(self.synthesizer.speak(portion, deadline)) as sound:
                async for chunk in sound:
                    yield chunk


def _portions(text: str, rules: TextRules) -> Iterator[str]:
    """Yield a text in as few pieces as the limit allows, cut at the ends of sentences where there are any.

    Nothing is yielded of a text that the service can't speak.
    """
    if rules.length(text) <= rules.max_characters and rules.can_speak(text):
        yield text
        return
    buffer = TextBuffer(rules)
    buffer.feed(text)
    buffer.end()
    portion: tuple[str, ...] = ()
    for sentence in buffer.sentences:
        if portion and rules.length(join((*portion, sentence))) > rules.max_characters:
            yield join(portion)
            portion = ()
        portion += (sentence,)
    if portion:
        yield join(portion)


_LOGGER = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class FallbackChain:
    """Synthesizers in order of preference, all in one audio format, and which of them is active.

    The first one is active at the beginning. A failure of the active one makes the next one active, for the rest of the
    utterance; a failure of one that was replaced before changes nothing. Nobody else keeps track of this.
    `levels` are those of the synthesizers, and `position` is that of the active one in both. `primary` is the position
    of the utterance's own voice, None if it has none: only of that one the speech rate is known.
    `on_advance` is told the position of the one that gave up, and why; `on_resumed` is called where the active one
    repeats its interrupted sentence, part of which is heard twice.
    """

    synthesizers: Sequence[Synthesizer]
    levels: Sequence[Level]
    _: KW_ONLY
    primary: int | None = 0
    on_advance: Callable[[int, ProviderError], None] = lambda _position, _error: None
    on_resumed: Callable[[], None] = lambda: None
    position: int = field(default=0, init=False)

    def advance(self, failed: int, error: ProviderError) -> bool:
        """Make the next synthesizer active after the one at a position has failed; return False if there is none."""
        if failed != self.position:
            return True
        if failed + 1 == len(self.synthesizers):
            return False
        self.position += 1
        _LOGGER.debug("Utterance %s: fallback %d takes over: %s", utterance_id.get(), self.position, error)
        self.on_advance(failed, error)
        return True
