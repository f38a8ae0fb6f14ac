"""What may pass is tried again, as long as nothing has sounded and patience lasts."""

import asyncio
from contextlib import aclosing

import pytest

from custom_components.streaming_tts.providers.base import Failure, ProviderError
from custom_components.streaming_tts.speech.retrying import PATIENCE, Retrying, repeats
from tests.turning_clock import TurningClock

from .conftest import ScriptedSpeaker, sound_of

FREE = repeats(charges_failures=False, alone=False)


async def speak(speaker: Retrying, text: str = "Hello there.") -> bytes:
    """Return the whole sound."""
    async with aclosing(speaker.speak(text, asyncio.get_running_loop().time())) as sound:
        return b"".join([chunk async for chunk in sound])


@pytest.mark.parametrize("failure", [Failure.UNREACHABLE, Failure.SERVER, Failure.BROKEN])
async def test_what_broke_before_the_first_sound_is_tried_once_more(clock: TurningClock, failure: Failure) -> None:
    """The listener hears nothing of it."""
    speaker = ScriptedSpeaker(failures=[(0, ProviderError(failure))])
    assert await speak(Retrying(speaker, repeats=FREE)) == sound_of("Hello there.")
    assert len(speaker.asked) == 2


@pytest.mark.parametrize("failure", [Failure.UNREACHABLE, Failure.SERVER, Failure.BROKEN])
async def test_what_broke_twice_is_given_up(clock: TurningClock, failure: Failure) -> None:
    """Somebody else may do better."""
    speaker = ScriptedSpeaker(failures=[(0, ProviderError(failure))] * 3)
    with pytest.raises(ProviderError, match=failure):
        await speak(Retrying(speaker, repeats=FREE))
    assert len(speaker.asked) == 2


@pytest.mark.parametrize("failure", [Failure.AUTH, Failure.QUOTA, Failure.VOICE, Failure.INPUT, Failure.OUTDATED])
async def test_what_will_not_pass_is_not_tried_again(clock: TurningClock, failure: Failure) -> None:
    """A refusal is final."""
    speaker = ScriptedSpeaker(failures=[(0, ProviderError(failure))])
    with pytest.raises(ProviderError, match=failure):
        await speak(Retrying(speaker, repeats=FREE))
    assert len(speaker.asked) == 1


@pytest.mark.parametrize(("alone", "tries"), [(False, 1), (True, 2)])
async def test_who_charges_failures_is_tried_again_only_if_nobody_else_can_speak(
    clock: TurningClock, alone: bool, tries: int
) -> None:
    """Each try costs a point."""
    speaker = ScriptedSpeaker(failures=[(0, ProviderError(Failure.SERVER))] * 3)
    with pytest.raises(ProviderError):
        await speak(Retrying(speaker, repeats=repeats(charges_failures=True, alone=alone)))
    assert len(speaker.asked) == tries


@pytest.mark.parametrize("failure", [Failure.BUSY, Failure.RATE])
async def test_a_busy_service_is_waited_for_within_patience(clock: TurningClock, failure: Failure) -> None:
    """The delay that the service names is kept."""
    speaker = ScriptedSpeaker(failures=[(0, ProviderError(failure, retry_after=2.0))])
    assert await speak(Retrying(speaker, repeats=FREE)) == sound_of("Hello there.")
    first, second = (moment for moment, _ in speaker.asked)
    assert second - first == pytest.approx(2.3, abs=0.1)


@pytest.mark.parametrize("failure", [Failure.BUSY, Failure.RATE])
async def test_a_service_that_is_busy_but_names_no_delay_is_not_hammered(clock: TurningClock, failure: Failure) -> None:
    """Some say zero: a text that has a minute's time asks no more than twice a second for it."""
    speaker = ScriptedSpeaker(first_byte=0.01, failures=[(0, ProviderError(failure, retry_after=0.0))] * 5000)
    deadline = asyncio.get_running_loop().time() + 60
    with pytest.raises(ProviderError, match=failure):
        await anext(Retrying(speaker, repeats=FREE).speak("Hello there.", deadline))
    assert len(speaker.asked) < 130


async def test_a_service_that_is_busy_for_longer_than_patience_is_given_up_at_once(clock: TurningClock) -> None:
    """Waiting would only delay the fallback."""
    speaker = ScriptedSpeaker(failures=[(0, ProviderError(Failure.RATE, retry_after=PATIENCE + 5))])
    start = asyncio.get_running_loop().time()
    with pytest.raises(ProviderError, match="rate"):
        await speak(Retrying(speaker, repeats=FREE))
    assert asyncio.get_running_loop().time() - start < 1


async def test_once_it_has_sounded_nothing_is_said_again(clock: TurningClock) -> None:
    """What to repeat of it is not for this to decide."""
    speaker = ScriptedSpeaker(failures=[(0.2, ProviderError(Failure.BROKEN))])
    with pytest.raises(ProviderError, match="broken"):
        await speak(Retrying(speaker, repeats=FREE))
    assert len(speaker.asked) == 1
