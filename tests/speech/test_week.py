"""A week of a home: twenty prepared phrases, and five hundred answers a day that are spoken once."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from unittest.mock import patch

from custom_components.streaming_tts.account.ledger import Ledger
from custom_components.streaming_tts.providers.types import AudioFormat, Transport
from custom_components.streaming_tts.speech.audio_cache import AudioCache
from custom_components.streaming_tts.speech.engine import SynthesisEngine
from custom_components.streaming_tts.speech.synthesizer import SpeechRequest, Usage
from homeassistant.util import dt as dt_util
from tests.manual_clock import ManualClock

from .scripted_provider import VOICE, ScriptedProvider, spawn

PCM = AudioFormat(sample_rate=200)
BYTES_PER_CHARACTER = 24
"""A hundredth of what speech has: 60 ms."""
PHRASES = tuple(f"This is phrase {number}." for number in range(20))
COMMON = "Turned on the light."
ANSWERS_PER_DAY = 500
DAYS = 7
DAY = 86400.0
MAX_BYTES = 100 * BYTES_PER_CHARACTER * len(PHRASES[0])
"""A hundred phrases: a fifth of what is spoken in a day."""


class Speaker:
    """Speaks at once, and remembers what."""

    def __init__(self) -> None:
        """Have nothing said yet."""
        self.texts: list[str] = []

    async def speak(self, text: str, deadline: float) -> AsyncGenerator[bytes]:
        """Yield all audio."""
        self.texts.append(text)
        yield bytes(BYTES_PER_CHARACTER * len(text))


class Home:
    """One account of a home, and the ledger of what it was charged."""

    def __init__(self) -> None:
        """Have an empty memory."""
        self.speaker = Speaker()
        provider = ScriptedProvider(connect_seconds=0)
        provider.speakers[Transport.STREAM] = self.speaker  # type: ignore[assignment]
        self.cache = AudioCache(spawn, MAX_BYTES)
        self.ledger = Ledger(lambda: None, daily_quota=False)
        self._engine = SynthesisEngine(provider, spawn, cache=self.cache, owner="account")

    def record(self, usage: Usage) -> None:
        """Count what a request was charged, as an account does."""
        self.ledger.count(usage.charge, 0.0, dt_util.utcnow(), usage.failure)

    async def say(self, text: str, *, lasting: bool = False) -> bool:
        """Have a text spoken; return True if it came from memory."""
        asked = len(self.speaker.texts)
        request = SpeechRequest(
            voice=VOICE, audio_format=PCM, text=text, deadline=0, has_fallback=False, recorder=self, lasting=lasting
        )
        async with aclosing(self._engine.speak(request)) as audio:
            heard = sum([len(chunk) async for chunk in audio])
        assert heard == BYTES_PER_CHARACTER * len(text)
        assert self.cache.size <= MAX_BYTES
        return len(self.speaker.texts) == asked

    async def close(self) -> None:
        """End what waits."""
        await self._engine.close()


async def test_prepared_phrases_are_hits_for_a_week_of_answers() -> None:
    """Each of them, every day; what else is heard again and again is too, and what was charged is what was spoken."""
    loop = asyncio.get_running_loop()
    clock = ManualClock(loop.time)
    loop.set_debug(False)
    with patch.object(loop, "time", clock.time):
        home = Home()
        for phrase in PHRASES:
            assert not await home.say(phrase, lasting=True)
        for day in range(DAYS):
            for number in range(ANSWERS_PER_DAY):
                clock.advance(DAY / ANSWERS_PER_DAY)
                assert not await home.say(f"Answer {number} of day {day}.")
                if number % 25 == 0:
                    assert await home.say(COMMON) is (day > 0 or number > 0)
                    assert await home.say(PHRASES[number // 25])
        spoken = home.speaker.texts
        assert len(spoken) == len(PHRASES) + DAYS * ANSWERS_PER_DAY + 1
        kept = Ledger(lambda: None, daily_quota=False)
        kept.restore(home.ledger.as_dict())
        for ledger in (home.ledger, kept):
            assert (ledger.charged.requests, ledger.charged.characters) == (len(spoken), sum(map(len, spoken)))
            assert ledger.failures == {}

        clock.advance(8 * DAY)
        home.cache.expire()
        assert home.cache.size == 0
        await home.close()
