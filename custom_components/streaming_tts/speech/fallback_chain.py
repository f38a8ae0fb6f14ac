"""The synthesizers of an utterance in order of preference, and which of them is active.

The first one is active at the beginning. A failure of the active one makes the next one active, for the rest of the
utterance; a failure of one that was replaced before changes nothing. Nobody else keeps track of this.
"""

from collections.abc import Callable, Sequence
import logging

from ..audio.level import UNCHANGED, Level
from ..providers.types import ProviderError
from .synthesizer import Synthesizer, utterance_id

_LOGGER = logging.getLogger(__name__)

type OnAdvance = Callable[[int, ProviderError], None]
"""Is told the position of the synthesizer that gave up, and why."""

type OnResumed = Callable[[], None]
"""Is told that a synthesizer repeats its interrupted sentence, part of which is heard twice."""


class FallbackChain:
    """Synthesizers in order of preference, all in one audio format."""

    def __init__(
        self,
        synthesizers: Sequence[Synthesizer],
        *,
        primary: int | None = 0,
        levels: Sequence[Level] = (),
        on_advance: OnAdvance | None = None,
        on_resumed: OnResumed | None = None,
    ) -> None:
        """Start with the first one; `primary` is the position of the utterance's own voice, None if it has none.

        `levels` are those of the synthesizers, by position; without them all audio stays as it comes.
        """
        self._synthesizers = synthesizers
        self._levels = levels
        self._primary = primary
        self._on_advance = on_advance
        self._on_resumed = on_resumed
        self.position = 0

    @property
    def active(self) -> Synthesizer:
        """Return the synthesizer that speaks now."""
        return self._synthesizers[self.position]

    @property
    def level(self) -> Level:
        """Return what is done to the audio of the synthesizer that speaks now."""
        return self._levels[self.position] if self._levels else UNCHANGED

    @property
    def is_primary_active(self) -> bool:
        """Return True if the utterance's own voice is active: only of that one the speech rate is known."""
        return self.position == self._primary

    def advance(self, failed: Synthesizer, error: ProviderError) -> bool:
        """Make the next synthesizer active after one has failed; return False if there is none."""
        if failed is not self.active:
            return True
        if self.position + 1 == len(self._synthesizers):
            return False
        position = self.position
        self.position += 1
        _LOGGER.debug("Utterance %s: fallback %d takes over: %s", utterance_id.get(), self.position, error)
        if self._on_advance is not None:
            self._on_advance(position, error)
        return True

    def note_resumed(self) -> None:
        """Note that the active synthesizer repeats its interrupted sentence."""
        if self._on_resumed is not None:
            self._on_resumed()
