"""Any other engine takes over where it was chosen, over the platform, whatever it is made of."""

from array import array
from typing import Any
from unittest.mock import patch

import pytest

from custom_components.streaming_tts.const import OPTION_FALLBACK
from custom_components.streaming_tts.playback.fallback import EntitySynthesizer
from custom_components.streaming_tts.providers.types import AudioFormat, Failure, ProviderError
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from tests.accounts import speak
from tests.playback.strangers import LEVEL, Stranger, recording

TEXT = "Dinner is ready. Please come to the table."
PCM_24000 = AudioFormat(sample_rate=24000)


async def whole(speaker: EntitySynthesizer) -> bytes:
    """Return all that a speaker says."""
    return b"".join([chunk async for chunk in speaker.speak(TEXT, 0)])


async def test_another_engine_is_heard_at_the_rate_of_the_first_voice(home: HomeAssistant, stranger: Stranger) -> None:
    """Its file is converted, and spliced into the same stream."""
    sound = await speak(home, TEXT, preferred_format="wav", preferred_sample_rate=24000)
    assert sound[24:28] == (24000).to_bytes(4, "little")
    samples = array("h", sound[44:])
    assert len(samples) == pytest.approx(48000, rel=0.01)
    assert sum(samples) / len(samples) == pytest.approx(LEVEL, rel=0.02)
    assert stranger.asked == [(TEXT, "en")]


@pytest.mark.parametrize("answer", [RuntimeError("out of order"), (None, None), ("wav", b"no sound")])
async def test_whatever_another_engine_does_becomes_a_typed_error(
    home: HomeAssistant, stranger: Stranger, answer: Any
) -> None:
    """Nothing of it gets through."""
    stranger.answer = answer
    with pytest.raises(ProviderError) as caught:
        await whole(EntitySynthesizer(home, "tts.stranger", "en", PCM_24000))
    assert caught.value.failure in (Failure.SERVER, Failure.BROKEN)
    assert caught.value.__cause__ is None


async def test_an_engine_that_says_nothing_is_a_typed_error(home: HomeAssistant, stranger: Stranger) -> None:
    """A header without samples is no speech."""
    stranger.answer = ("wav", recording(0))
    with pytest.raises(ProviderError, match="engine_silent"):
        await whole(EntitySynthesizer(home, "tts.stranger", "en", PCM_24000))


async def test_an_engine_that_does_not_answer_is_given_up(home: HomeAssistant, stranger: Stranger) -> None:
    """Patience ends."""
    stranger.may_answer.clear()
    short_timeout = patch("custom_components.streaming_tts.playback.fallback.FOREIGN_TIMEOUT", 0.05)
    with short_timeout, pytest.raises(ProviderError) as caught:
        await whole(EntitySynthesizer(home, "tts.stranger", "en", PCM_24000))
    assert caught.value.failure is Failure.UNREACHABLE
    stranger.may_answer.set()  # the platform lets the engine finish
    await home.async_block_till_done(wait_background_tasks=True)


async def test_an_engine_that_is_gone_is_a_typed_error(home: HomeAssistant, stranger: Stranger) -> None:
    """The entity may have been removed a moment ago."""
    with pytest.raises(ProviderError) as caught:
        await whole(EntitySynthesizer(home, "tts.nobody", "en", PCM_24000))
    assert caught.value.failure is Failure.SERVER


async def test_when_nobody_can_speak_the_last_failure_is_raised_in_words(
    home: HomeAssistant, stranger: Stranger
) -> None:
    """And nothing is kept."""
    stranger.answer = RuntimeError("out of order")
    with pytest.raises(HomeAssistantError) as caught:
        await speak(home, TEXT, preferred_format="wav", preferred_sample_rate=24000)
    assert caught.value.translation_key == "provider_server"


async def test_a_language_is_asked_for_in_the_engine_s_own_tag(home: HomeAssistant, stranger: Stranger) -> None:
    """`en-GB` is `en` where there is only that."""
    await whole(EntitySynthesizer(home, "tts.stranger", "en-GB", PCM_24000))
    assert stranger.asked == [(TEXT, "en")]


@pytest.mark.parametrize(("supported", "told"), [([OPTION_FALLBACK], {OPTION_FALLBACK: False}), ([], {})])
async def test_an_engine_is_asked_without_a_fallback_of_its_own(
    home: HomeAssistant, stranger: Stranger, supported: list[str], told: dict[str, bool]
) -> None:
    """It might ask us back; one that knows no such option would refuse it."""
    stranger._attr_supported_options = supported  # noqa: SLF001
    await whole(EntitySynthesizer(home, "tts.stranger", "en", PCM_24000))
    assert {key: value for key, value in stranger.options.items() if key == OPTION_FALLBACK} == told
