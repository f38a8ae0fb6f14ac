"""One cut on its way: fetched ahead, handed out in order, spoken on by whoever can."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import override

import pytest

from custom_components.streaming_tts.audio.level import UNCHANGED
from custom_components.streaming_tts.providers.types import Failure, ProviderError
from custom_components.streaming_tts.speech.scheduler import Segment
from custom_components.streaming_tts.speech.segment_stream import SegmentStream
from custom_components.streaming_tts.speech.speech_rate import SpeechRate
from custom_components.streaming_tts.speech.synthesizer import FallbackChain
from tests.autojump_clock import AutojumpClock

from .conftest import PCM_16000, ScriptedSpeaker, sound_of

CUT = Segment(
    text="The kettle is on. It takes four minutes.", sentences=("The kettle is on.", "It takes four minutes.")
)


class Mumbling(ScriptedSpeaker):
    """Makes no pauses."""

    @override
    async def speak(self, text: str, deadline: float) -> AsyncGenerator[bytes]:
        async with aclosing(super().speak(text, deadline)) as sound:
            async for chunk in sound:
                yield b"\x00\x10" * (len(chunk) // 2)


def stream_of(chain: FallbackChain, tasks: asyncio.TaskGroup, speech_rate: SpeechRate | None = None) -> SegmentStream:
    """Return the cut on its way."""
    stream = SegmentStream(
        segment=CUT,
        deadline=0,
        chain=chain,
        audio_format=PCM_16000,
        speech_rate=speech_rate or SpeechRate(),
        nudge=lambda: None,
        position=chain.position,
    )
    stream.task = tasks.create_task(stream.run())
    return stream


async def delivered(speaker: ScriptedSpeaker) -> bytes:
    """Return the whole sound of the cut; raises what it failed with."""
    async with asyncio.TaskGroup() as tasks:
        stream = stream_of(FallbackChain([speaker], [UNCHANGED]), tasks)
        sound = b""
        while await stream.arrives(None):
            if (piece := stream.take()) is None:
                break
            sound += piece[1]
    return sound


async def test_all_of_a_cut_is_handed_out_in_order(clock: AutojumpClock) -> None:
    """As it comes."""
    assert await delivered(ScriptedSpeaker()) == sound_of(CUT.text)


@pytest.mark.parametrize(("primary", "again"), [(None, CUT.text), (0, CUT.sentences[1])])
async def test_a_fallback_that_breaks_off_is_not_judged_by_the_pace_of_the_voice_before_it(
    clock: AutojumpClock, primary: int | None, again: str
) -> None:
    """It speaks three times as slowly: what is said twice is better than what is never said."""
    speaker = Mumbling(failures=[(1.0, ProviderError(Failure.BROKEN))])
    async with asyncio.TaskGroup() as tasks:
        stream_of(FallbackChain([speaker], [UNCHANGED], primary=primary), tasks, SpeechRate(speed=60.0, spoken=9))
    assert speaker.texts == [CUT.text, again]


async def test_what_nobody_can_say_is_raised_behind_what_was_said(clock: AutojumpClock) -> None:
    """A refusal is not tried again."""
    with pytest.raises(ExceptionGroup) as caught:
        await delivered(ScriptedSpeaker(failures=[(0.5, ProviderError(Failure.QUOTA))]))
    assert caught.group_contains(ProviderError, match="quota")


async def test_who_waits_for_a_cut_that_is_late_gets_to_know_it(clock: AutojumpClock) -> None:
    """A pause can be filled meanwhile, and not all that is expected of it is counted on."""
    async with asyncio.TaskGroup() as tasks:
        stream = stream_of(FallbackChain([ScriptedSpeaker(first_byte=2.0)], [UNCHANGED]), tasks)
        assert not await stream.arrives(1.0)
        assert 0 < stream.remaining < stream.speech_rate.expected(CUT.text)
        assert await stream.arrives(1.5)
        stream.task.cancel()
