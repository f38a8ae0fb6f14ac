"""Each request is measured and recorded: what it was charged, when it first sounded, how it failed."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import override

import pytest

from custom_components.streaming_tts.providers.base import (
    AudioFormat,
    Charge,
    Encoding,
    Failure,
    ProviderError,
    Transport,
)
from custom_components.streaming_tts.speech.metered import Metered, Usage
from custom_components.streaming_tts.speech.pace import Pace
from custom_components.streaming_tts.speech.pool import Pool
from custom_components.streaming_tts.speech.speaker import VoiceSpeaker
from tests.turning_clock import TurningClock

from .conftest import ScriptedSpeaker, sound_of
from .house import VOICE, House, spawn

PCM = AudioFormat(encoding=Encoding.PCM, sample_rate=16000)
TEXT = "The light in the hall is on."
SECONDS = len(sound_of(TEXT)) / 32000


class Book:
    """Where usage is written down."""

    def __init__(self) -> None:
        """Be empty."""
        self.usages: list[Usage] = []

    def record(self, usage: Usage) -> None:
        """Write down."""
        self.usages.append(usage)


def metered(speaker: ScriptedSpeaker, book: Book, pace: Pace | None = None) -> Metered:
    """Return a measured speaker of the house."""
    return Metered(speaker, provider=House(), voice=VOICE, pace=pace or Pace(), recorder=book)


async def hear(speaker: Metered) -> None:
    """Listen to the end."""
    async with aclosing(speaker.speak(TEXT, 0)) as sound:
        async for _ in sound:
            pass


async def test_a_request_that_was_spoken_is_charged_with_the_seconds_that_came(clock: TurningClock) -> None:
    """And its first byte is known."""
    book = Book()
    await hear(metered(ScriptedSpeaker(first_byte=0.7), book))
    (usage,) = book.usages
    assert replace(usage.charge, seconds=0) == Charge(requests=1, characters=len(TEXT))
    assert usage.charge.seconds == pytest.approx(SECONDS)
    assert usage.first_byte == pytest.approx(0.7, abs=0.05)
    assert usage.failure is None


async def test_a_refused_request_costs_what_the_service_says(clock: TurningClock) -> None:
    """Nothing, unless it says so."""
    book = Book()
    for error in (ProviderError(Failure.AUTH), ProviderError(Failure.SERVER, charged=Charge(points=1))):
        with pytest.raises(ProviderError):
            await hear(metered(ScriptedSpeaker(failures=[(0, error)]), book))
    assert [usage.charge for usage in book.usages] == [Charge(), Charge(points=1)]
    assert [usage.failure for usage in book.usages] == [Failure.AUTH, Failure.SERVER]


async def test_a_request_that_broke_is_charged_whole_with_the_seconds_that_came(clock: TurningClock) -> None:
    """The service has begun."""
    book = Book()
    with pytest.raises(ProviderError):
        await hear(metered(ScriptedSpeaker(failures=[(0.5, ProviderError(Failure.BROKEN))]), book))
    assert replace(book.usages[0].charge, seconds=0) == Charge(requests=1, characters=len(TEXT))
    assert book.usages[0].charge.seconds == pytest.approx(0.5)


async def test_a_request_that_was_given_up_is_charged_all_the_same(clock: TurningClock) -> None:
    """Who stops listening is not refunded."""
    book = Book()
    sound = metered(ScriptedSpeaker(), book).speak(TEXT, 0)
    await anext(sound)
    await sound.aclose()
    assert book.usages[0].charge.characters == len(TEXT)


@pytest.mark.parametrize(("given_up_after", "requests"), [(0.3, 0), (0.55, 1)])
async def test_a_request_is_charged_from_when_it_is_made(
    clock: TurningClock, given_up_after: float, requests: int
) -> None:
    """Who stops listening while the connection is still being opened has asked for nothing."""
    book = Book()
    house = House(connect_seconds=0.5)
    pool = Pool(house, spawn)
    speaker = VoiceSpeaker(pool, VOICE, PCM, transport=lambda: Transport.STREAM)
    listening = asyncio.create_task(hear(Metered(speaker, provider=house, voice=VOICE, pace=Pace(), recorder=book)))
    await asyncio.sleep(given_up_after)
    listening.cancel()
    await asyncio.wait([listening])
    assert sum(usage.charge.requests for usage in book.usages) == len(book.usages) == requests
    assert house.open_connections == 0
    await pool.close()


async def test_a_request_that_was_given_up_before_it_went_out_costs_nothing(clock: TurningClock) -> None:
    """Over HTTP the request itself opens the connection."""
    book = Book()
    house = House(connect_seconds=0)
    pool = Pool(house, spawn)
    speaker = VoiceSpeaker(pool, VOICE, PCM, transport=lambda: Transport.STREAM)
    listening = asyncio.create_task(hear(Metered(speaker, provider=house, voice=VOICE, pace=Pace(), recorder=book)))
    await asyncio.sleep(0.05)
    house.connections[0].sends = False
    listening.cancel()
    await asyncio.wait([listening])
    assert book.usages == []
    await pool.close()


async def test_the_pace_is_learnt_from_what_was_spoken(clock: TurningClock) -> None:
    """The plan of the next utterance knows better; the quiet of 0.2 s at its end is no speech."""
    pace = Pace()
    speaker = metered(ScriptedSpeaker(first_byte=1.5), Book(), pace)
    for _ in range(20):
        await hear(speaker)
        await asyncio.sleep(1)
    assert pace.first_byte == pytest.approx(1.5, abs=0.05)
    assert pace.expected(TEXT) == pytest.approx(SECONDS - 0.2, rel=0.05)
    assert 1.5 < pace.first_byte_bound < 2.5


class Padded(ScriptedSpeaker):
    """Begins and ends each text with 0.3 s of quiet."""

    @override
    async def speak(self, text: str, deadline: float) -> AsyncGenerator[bytes]:
        yield bytes(9600)
        async with aclosing(super().speak(text, deadline)) as sound:
            async for chunk in sound:
                yield chunk
        yield bytes(9600)


async def test_a_voice_used_for_short_confirmations_is_not_learned_as_a_slow_one(clock: TurningClock) -> None:
    """Quiet at both ends of each does not count."""
    paces = [Pace(), Pace()]
    for speaker, pace in zip((ScriptedSpeaker(), Padded()), paces, strict=True):
        for _ in range(12):
            async with aclosing(metered(speaker, Book(), pace).speak("Light on.", 0)) as sound:
                async for _ in sound:
                    pass
    plain, padded = paces
    assert padded.spoken == 12
    assert padded.speed == pytest.approx(plain.speed)
    assert padded.speed > 20
