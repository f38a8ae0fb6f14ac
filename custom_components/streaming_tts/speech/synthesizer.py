"""What turns text into audio, what it is asked for, and what it tells of that."""

from collections.abc import AsyncGenerator, Callable, Hashable
from contextlib import AbstractContextManager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Protocol

from ..providers.types import AudioFormat, Charge, Failure, ProviderError, Transport, Voice

utterance_id: ContextVar[str] = ContextVar("utterance_id", default="-")
"""The utterance that a task works for, in all that is logged of it."""

type Admission = Callable[[], ProviderError | None]
"""Returns why no request may be made now, or None where it may."""

type Reserve = Callable[[Voice, Charge], AbstractContextManager[None]]
"""Sets aside what a request will probably be charged, for as long as it is in flight."""

type Ask = Callable[[str], AsyncGenerator[bytes]]
"""Makes a request for the audio of a text."""


class Synthesizer(Protocol):
    """One voice in one format, from text to audio. What wraps a synthesizer is one too."""

    @property
    def audio_format(self) -> AudioFormat:
        """Return the format in which the audio comes."""

    def speak(self, text: str, deadline: float) -> AsyncGenerator[bytes]:
        """Yield the audio of a text; ends whole, or raises `ProviderError`.

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


class Recorder(Protocol):
    """The small object an account hands down, in which what was used is written."""

    def record(self, usage: Usage) -> None:
        """Take one request that has ended."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SpeechRequest:
    """A text to be spoken by a voice, and the terms of whoever wants it.

    `text` is as the service is given it, and `deadline` the time of the event loop by which its audio should begin.
    `transport` is called at each try for the way that suits the text as it is then, and `admission` before the first.
    `recorder` is told of each request that was made, and `on_unkept` is called behind audio that no cache may keep.
    `on_accepted` is called when the service has accepted it, where it says so ahead of the audio.
    `ask` replaces the provider's transports: such audio is neither cached nor learned from. `lasting` audio stays in
    memory as if it had been asked for before.
    """

    voice: Voice
    audio_format: AudioFormat
    text: str
    deadline: float
    has_fallback: bool
    recorder: Recorder
    transport: Callable[[], Transport] = lambda: Transport.STREAM
    admission: Admission = lambda: None
    on_unkept: Callable[[], None] = lambda: None
    on_accepted: Callable[[], None] = lambda: None
    ask: Ask | None = None
    lasting: bool = False

    @property
    def key(self) -> Hashable:
        """Return all that changes the audio."""
        return self.voice, self.audio_format, self.text

    def outlasts(self, other: SpeechRequest, error: Exception) -> bool:
        """Return True if an equal request that failed without audio would have gone on by the terms of this one."""
        if other is self or not isinstance(error, ProviderError):
            return False
        is_late = error.failure in (Failure.BUSY, Failure.RATE) and self.deadline > other.deadline
        return is_late or (other.has_fallback and not self.has_fallback)
