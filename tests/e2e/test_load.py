"""Concurrent messages: the limit of the service is respected, and short messages don't wait for long ones."""

import asyncio
from collections import Counter

import pytest

from tests.emulator.emulator import Emulator
from tests.soak.load import Crowd, Utterance

from .conftest import PROVIDERS, Provider, start_anew
from .hearing import assert_said, tone_of
from .instance import Heard, HomeAssistantProcess

WANTED = {"preferred_format": "wav", "preferred_sample_rate": 24000}
AT_ONCE = 2
LONG = [
    f"This is answer number {number}. It goes on and on about the weather of the whole week, and of the week after it."
    for number in range(8)
]
SHORT = [f"Dinner is ready, {name}." for name in ("Anna", "Ben")]


@pytest.fixture
def asyncflow(providers: dict[str, Provider], emulator: Emulator) -> Provider:
    """Return an account with an unknown concurrency limit of two."""
    emulator.asyncflow.configure(concurrency_limit=AT_ONCE, ttfb=0.02, realtime_factor=40.0)
    return providers["asyncflow"]


async def test_a_crowd_is_heard_whole_and_an_announcement_passes_long_answers(
    instance: HomeAssistantProcess, asyncflow: Provider
) -> None:
    """The limit is learned from the first rejections: each request is rejected once at most, and no message fails."""
    await start_anew(instance, asyncflow)
    answering = [asyncio.create_task(_heard(instance, asyncflow, text)) for text in LONG]
    while not asyncflow.service.asked("/text_to_speech"):
        await asyncio.sleep(0.01)
    announcing = [asyncio.create_task(_heard(instance, asyncflow, text)) for text in SHORT]

    answers, announcements = await asyncio.gather(*answering), await asyncio.gather(*announcing)

    for heard, text in zip(answers + announcements, LONG + SHORT, strict=True):
        assert_said(heard.pcm, tone_of(text, asyncflow, 24000))
    assert sum(request.status == 429 for request in asyncflow.service.requests) <= len(LONG + SHORT)
    last = sorted(heard.since + heard.first for heard in answers)[-2:]
    assert all(heard.since + heard.first < min(last) for heard in announcements)


async def test_a_crowd_without_announcements_is_reported() -> None:
    """A small number may not include a short message; then there's nothing to check."""
    long = [Utterance(provider=provider, long=True, first=1.0, ended=2.0, whole=True) for provider in PROVIDERS]
    small = Crowd(home_assistant="2026.11.0", utterances=long, refusals=Counter(), errors=0)
    assert small.broken == []
    assert "| – | 1.0 (max. 1.0) |" in small.as_table()


async def _heard(instance: HomeAssistantProcess, provider: Provider, text: str) -> Heard:
    """Speak an announcement."""
    return await instance.client.speech(provider.speaker, text, options=WANTED)
