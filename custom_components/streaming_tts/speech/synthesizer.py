"""Synthesizers: their requests, the usage that they record, and the chain of fallbacks."""

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
"""The utterance that the current task works for, for log messages."""

TRANSIENT = frozenset({Failure.BROKEN, Failure.UNREACHABLE, Failure.SERVER})
"""Failures that another attempt may avoid: a retry, HTTP instead of a socket, or a request for the rest of a text
whose audio broke off. Other failures concern the request itself, or the account."""

type Admission = Callable[[], ProviderError | None]
"""Returns the reason why no request may be made now, or None."""

type Reserve = Callable[[Voice, Charge], AbstractContextManager[None]]
"""Sets aside the expected charge of a request while it is in flight."""

type Ask = Callable[[str], AsyncGenerator[bytes]]
"""Requests the audio of a text."""


class Synthesizer(Protocol):
    """A voice in one audio format. Wrappers of a synthesizer implement this protocol, too."""

    def speak(self, text: str, deadline: float) -> AsyncGenerator[bytes]:
        """Yield the complete audio of a text in whole samples; raises `ProviderError`.

        The audio should start by `deadline`, in event loop time. Closing the generator cancels the request.
        """


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """A finished request: its charge, its time to first byte in s (None without audio), its error (None on success).

    `asked_at` is when it was made, in event loop time: a quota reported later includes it. `transport` is None if the
    request doesn't use the provider's transports. A `superseded` request failed over its transport and was repeated
    over another, which says more about the account. The audio of a `doubtful` one was played, but is probably
    incomplete. `request_id` is the service's ID, `characters` the length of the text that was sent.
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
        """Return the kind of failure, or None on success."""
        return self.error.failure if self.error else None


class HasDeadline(Protocol):
    """Has a deadline in event loop time, which may become earlier."""

    @property
    def deadline(self) -> float:
        """Return the deadline."""


class Recorder(Protocol):
    """Records usage for an account."""

    def record(self, usage: Usage) -> None:
        """Record a finished request."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SpeechRequest:
    """A text to be spoken by a voice, and the caller's terms.

    `text` is in the form that is sent to the service; its audio should start by `deadline` (event loop time).
    `transport` is called at each attempt, because the best one may change while the text is written; `admission` is
    called before the first. `recorder` records each request. `on_unkept` is called after audio that must not be cached.
    `on_accepted` is called when the service accepts the request, if it reports that before the audio. `ask` replaces
    the provider's transports; its audio is neither cached nor used to measure the voice. `lasting` audio is cached as
    if it had been requested before.
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
        """Return True if this request would have continued where an equal one failed without audio."""
        if other is self or not isinstance(error, ProviderError):
            return False
        is_late = error.failure in (Failure.BUSY, Failure.RATE) and self.deadline > other.deadline
        return is_late or (other.has_fallback and not self.has_fallback)


@dataclass(slots=True, eq=False)
class Portioned:
    """A synthesizer for clean text, which is split into requests within the limits of `rules`.

    `normalizer` returns the normalizer of this voice, or is None if the text already suits it.
    """

    synthesizer: Synthesizer
    rules: TextRules
    normalizer: Callable[[], Awaitable[Normalizer]] | None = None

    async def speak(self, text: str, deadline: float) -> AsyncGenerator[bytes]:
        """Yield the audio of a text, see `Synthesizer.speak`."""
        if self.normalizer is not None:
            text = (await self.normalizer()).normalize(text)
        for portion in _portions(text, self.rules):
            async with aclosing(self.synthesizer.speak(portion, deadline)) as sound:
                async for chunk in sound:
                    yield chunk


def _portions(text: str, rules: TextRules) -> Iterator[str]:
    """Yield a text in as few pieces as the limit allows, split between sentences if possible.

    Text that the service can't speak is skipped.
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
    """Synthesizers in order of preference, all with one audio format, and which one is active.

    The first one is active initially. If the active one fails, the next one becomes active for the rest of the
    utterance. A failure of one that was already replaced changes nothing. This state is kept nowhere else. `levels` are
    the levels of the synthesizers, and `position` is the index of the active one in both. `primary` is the position of
    the utterance's own voice, or None; only its speech rate is known. `on_advance` receives the position of the failed
    synthesizer, and its error. `on_resumed` is called when the active one repeats its interrupted sentence, part of
    which is then heard twice.
    """

    synthesizers: Sequence[Synthesizer]
    levels: Sequence[Level]
    _: KW_ONLY
    primary: int | None = 0
    on_advance: Callable[[int, ProviderError], None] = lambda _position, _error: None
    on_resumed: Callable[[], None] = lambda: None
    position: int = field(default=0, init=False)

    def advance(self, failed: int, error: ProviderError) -> bool:
        """Activate the next synthesizer after the one at position `failed`; return False if there is none."""
        if failed != self.position:
            return True
        if failed + 1 == len(self.synthesizers):
            return False
        self.position += 1
        _LOGGER.debug("Utterance %s: fallback %d takes over: %s", utterance_id.get(), self.position, error)
        self.on_advance(failed, error)
        return True
