"""A sound that ends long before its text can have been spoken is doubted, and so is one that does not end."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import override

import pytest

from custom_components.streaming_tts.providers.base import ProviderError
from custom_components.streaming_tts.speech.pace import Pace
from custom_components.streaming_tts.speech.plausible import KNOWN, Plausible
from tests.turning_clock import TurningClock

from .conftest import ScriptedSpeaker, sound_of

TEXT = "The washing machine has finished, and the dryer will need ten more minutes for the towels."


class CutSpeaker(ScriptedSpeaker):
    """Ends cleanly after a share of its sound, or says it again and again."""

    def __init__(self, share: float) -> None:
        """Speak a share, which may be more than 1."""
        super().__init__()
        self.share = share

    @override
    async def speak(self, text: str, deadline: float) -> AsyncGenerator[bytes]:
        left = int(self.share * len(sound_of(text)))
        while left:
            async with aclosing(super().speak(text, deadline)) as sound:
                async for chunk in sound:
                    yield chunk[:left]
                    left = max(0, left - len(chunk))


async def hear(share: float, text: str = TEXT, pace: Pace | None = None) -> None:
    """Listen to the end."""
    async with aclosing(Plausible(CutSpeaker(share), pace or Pace()).speak(text, 0)) as sound:
        async for _ in sound:
            pass


@pytest.mark.parametrize("share", [1.0, 0.8, 0.5])
async def test_a_fast_voice_is_believed(clock: TurningClock, share: float) -> None:
    """Nobody knows yet how fast it is."""
    await hear(share)


async def test_a_sound_of_a_fraction_is_not(clock: TurningClock) -> None:
    """No voice is that fast."""
    with pytest.raises(ProviderError, match="too_short"):
        await hear(0.15)


async def test_a_voice_that_is_known_is_judged_more_strictly(clock: TurningClock) -> None:
    """It has not become twice as fast over night."""
    with pytest.raises(ProviderError, match="too_short"):
        await hear(0.4, pace=Pace(speed=20.0, spoken=KNOWN))


async def test_a_voice_that_only_told_times_and_temperatures_is_believed_its_first_sentence(
    clock: TurningClock,
) -> None:
    """What took it so long were the numbers: it says as many words a minute as ever."""
    pace = Pace()
    for text, seconds in (
        ("It is 22:45 on 17.11.2026.", 4.6),
        ("12:34, 13.8 °C", 3.0),
        ("In 2026, 1234 of 5678.", 6.3),
        ("Outside 21.5 °C, inside 23.4 °C, humidity 57 %.", 7.2),
    ):
        for _ in range(5):
            pace.note_speech(text, seconds)
    await hear(1.0, pace=pace)


async def test_a_short_text_says_nothing(clock: TurningClock) -> None:
    """A word may be as short as it likes."""
    await hear(0.1, "Good morning.")


async def test_a_sound_without_an_end_is_broken_off(clock: TurningClock) -> None:
    """No text of a sentence takes half an hour, but a pause may be part of it."""
    await hear(9.0)
    with pytest.raises(ProviderError, match="too_long"):
        await hear(60.0)
