"""Whose turn it is: the first that can, and then for the rest of the utterance whoever took over."""

from custom_components.streaming_tts.providers.types import Failure, ProviderError
from custom_components.streaming_tts.speech.fallback_chain import FallbackChain

from .conftest import ScriptedSpeaker

ERROR = ProviderError(Failure.BROKEN)


def test_the_next_speaks_after_one_has_failed_and_is_told_of() -> None:
    """Until nobody is left."""
    first, second = ScriptedSpeaker(), ScriptedSpeaker()
    told: list[tuple[int, Failure]] = []
    cast = FallbackChain([first, second], lambda turn, error: told.append((turn, error.failure)))
    assert cast.speaker is first
    assert cast.advance(0, ERROR)
    assert cast.speaker is second
    assert not cast.advance(1, ERROR)
    assert told == [(1, Failure.BROKEN)]


def test_a_second_failure_of_one_who_was_replaced_changes_nothing() -> None:
    """Two requests of the first voice may fail at the same time."""
    cast = FallbackChain([ScriptedSpeaker(), second := ScriptedSpeaker(), ScriptedSpeaker()])
    assert cast.advance(0, ERROR)
    assert cast.advance(0, ERROR)
    assert cast.speaker is second


def test_the_voice_itself_leads_until_another_speaks() -> None:
    """What was measured of it says nothing of the others."""
    taken_over = FallbackChain([ScriptedSpeaker(), ScriptedSpeaker()])
    taken_over.hand_over(0, ERROR)
    assert not taken_over.is_led
    assert FallbackChain([ScriptedSpeaker()]).is_led
    assert not FallbackChain([ScriptedSpeaker()], led=False).is_led


def test_who_speaks_on_is_told_of() -> None:
    """What was interrupted is heard twice in part."""
    told: list[str] = []
    FallbackChain([ScriptedSpeaker()], resumption=lambda: told.append("again")).resume()
    FallbackChain([ScriptedSpeaker()]).resume()
    assert told == ["again"]
