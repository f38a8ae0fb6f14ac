"""Who speaks an utterance: speakers in order of preference, and whose turn it is."""

from collections.abc import Callable, Sequence

from ..providers.types import ProviderError
from .synthesizer import Synthesizer

type Handover = Callable[[int, ProviderError], None]
"""Is told the number of the speaker that takes over, and why."""

type Resumption = Callable[[], None]
"""Is told that a speaker says its interrupted sentence again, which is heard twice in part."""


class FallbackChain:
    """Speakers in order of preference. Once one has given up, the next speaks on for the rest of the utterance."""

    def __init__(
        self,
        speakers: Sequence[Synthesizer],
        handover: Handover | None = None,
        resumption: Resumption | None = None,
        *,
        led: bool = True,
    ) -> None:
        """Start with the first of the speakers; all of them sound in the same format.

        The first one is the voice itself, where it is not left alone (`led` is False).
        """
        self._speakers = speakers
        self._handover = handover
        self._resumption = resumption
        self._led = led
        self.active = 0

    @property
    def speaker(self) -> Synthesizer:
        """Return who speaks now."""
        return self._speakers[self.active]

    @property
    def is_led(self) -> bool:
        """Tell whether it is the voice itself that speaks now, of which the pace is known."""
        return self._led and not self.active

    @property
    def has_fallback(self) -> bool:
        """Tell whether somebody could take over."""
        return self.active + 1 < len(self._speakers)

    def advance(self, turn: int, error: ProviderError) -> bool:
        """Let the next one speak after speaker number `turn` has failed; False if there is nobody."""
        if self.active > turn:
            return True
        if not self.has_fallback:
            return False
        self.active += 1
        if self._handover is not None:
            self._handover(self.active, error)
        return True

    def note_resumed(self) -> None:
        """Note that whoever was interrupted speaks on."""
        if self._resumption is not None:
            self._resumption()
