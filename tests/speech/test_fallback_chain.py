"""The active synthesizer: the first one, and after a failure the next one for the rest of the utterance."""

from custom_components.streaming_tts.audio.level import UNCHANGED
from custom_components.streaming_tts.providers.types import Failure, ProviderError
from custom_components.streaming_tts.speech.synthesizer import FallbackChain

from .conftest import ScriptedSpeaker

ERROR = ProviderError(Failure.BROKEN)


def test_the_next_one_is_active_after_a_failure_until_none_is_left() -> None:
    """Each change is told with the position of the one that failed."""
    first, second = ScriptedSpeaker(), ScriptedSpeaker()
    told: list[tuple[int, Failure]] = []
    chain = FallbackChain(
        [first, second], [UNCHANGED] * 2, on_advance=lambda failed, error: told.append((failed, error.failure))
    )
    assert chain.position == 0
    assert chain.advance(0, ERROR)
    assert chain.position == 1
    assert not chain.advance(1, ERROR)
    assert told == [(0, Failure.BROKEN)]


def test_a_second_failure_of_one_that_was_replaced_changes_nothing() -> None:
    """Two requests of the first voice may fail at the same time."""
    first, second, third = ScriptedSpeaker(), ScriptedSpeaker(), ScriptedSpeaker()
    chain = FallbackChain([first, second, third], [UNCHANGED] * 3)
    assert chain.advance(0, ERROR)
    assert chain.advance(0, ERROR)
    assert chain.position == 1
