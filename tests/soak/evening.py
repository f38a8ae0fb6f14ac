"""Simulated hours of announcements and answers, where each minute takes a second or two."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
import json
from random import Random
from typing import Final

from tests.e2e.assist import ask, pipeline_of
from tests.e2e.conftest import Provider
from tests.e2e.instance import ApiError, Heard
from tests.emulator.sound import SECONDS_PER_CHARACTER

from .scene import Scene

RATE: Final = 24000
WAV: Final = {"preferred_format": "wav", "preferred_sample_rate": RATE}
STREAMED: Final = 60
"""Assist streams answers from this number of characters on."""
CANCELLED: Final = 0.2
"""Share of canceled answers."""
WHOLE: Final = 0.8
"""Minimum share of the expected duration for complete audio; the other engine is faster."""
HEARING_SECONDS: Final = 60.0
LONG: Final = 14
"""Sentences of a text of half a minute."""
FILLING: Final = 14
"""Number of such texts that fill the audio cache: 32 MiB for all accounts."""

ANNOUNCEMENTS: Final = (
    "The washing machine has finished.",
    "Somebody is at the front door.",
    "The windows upstairs are open, and it is going to rain.",
    "Dinner is ready.",
    "The garage door has been open for twenty minutes.",
)
"""Repeated texts, which are cached."""
SENTENCES: Final = (
    "It is {n} degrees in room number {n}.",
    "The battery holds for another {n} hours, as far as anybody can tell.",
    "I have turned on the light with the number {n} for you.",
    "There are {n} messages that nobody has heard yet.",
    "The next train leaves in {n} minutes from the other platform.",
)


@dataclass(kw_only=True, slots=True)
class Tally:
    """Counts of messages and their results."""

    announcements: int = 0
    answers: int = 0
    cancelled: int = 0
    heard: int = 0
    cut: list[str] = field(default_factory=list)
    restarts: dict[str, int] = field(default_factory=dict)
    memory: list[int] = field(default_factory=list)
    """Bytes after each minute, while its messages are still cached."""


class Evening:
    """Simulated hours, reproducible by their seed."""

    def __init__(self, scene: Scene, *, seconds_per_minute: float, seed: int) -> None:
        """Set the minimum seconds per minute; a slow machine takes longer."""
        self.tally = Tally()
        self._scene = scene
        self._seconds = seconds_per_minute
        self._random = Random(seed)
        self._number = 0

    async def pass_by(self, minutes: int, events: dict[int, Callable[[], None]], looked: Callable[[], int]) -> None:
        """Run so many minutes; `events` are called at the start of their minute, `looked` returns the memory."""
        loop = asyncio.get_running_loop()
        for minute in range(minutes):
            ends = loop.time() + self._seconds
            if (event := events.get(minute)) is not None:
                event()
            await self._minute(restarted=minute % 10 == 5)
            self.tally.memory.append(looked())
            await asyncio.sleep(max(0.0, ends - loop.time()))
            await self._scene.turn_clock(60)

    async def fill_memory(self) -> None:
        """Fill the audio cache with each voice, because its growth would hide leaks."""
        for provider in self._scene.providers.values():
            for _ in range(FILLING):
                await self._scene.instance.client.speech(provider.speaker, self._text(LONG), options=WAV)

    async def _minute(self, *, restarted: bool) -> None:
        """Run the messages of a minute; a service may be restarted during it."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._announce(self._random.choice(ANNOUNCEMENTS)))
            tasks.create_task(self._announce(self._text(1)))
            for _ in range(2):
                cancelled = self._random.random() < CANCELLED
                answer = self._cancelled_answer if cancelled else self._answer
                tasks.create_task(answer(self._text(self._random.randint(1, 6))))
            if restarted:
                tasks.create_task(self._restart())

    async def _announce(self, text: str) -> None:
        """Speak a complete text."""
        self.tally.announcements += 1
        provider = self._anybody()
        async with asyncio.timeout(HEARING_SECONDS):
            heard = await self._scene.instance.client.speech(provider.speaker, text, options=WAV)
        self._note(text, heard, heard.pcm)

    async def _answer(self, text: str) -> None:
        """Ask an assistant, and play its answer."""
        self.tally.answers += 1
        instance, provider = self._scene.instance, self._anybody()
        pipeline = await pipeline_of(instance.client, provider)
        async with asyncio.timeout(HEARING_SECONDS):
            answer = await ask(instance, pipeline, {"say": text, "interval": 0.002})
        heard = answer.heard
        sound = await asyncio.to_thread(heard.decoded, RATE) if heard.audio else None
        self._note(text, heard, sound.pcm if sound else b"")

    async def _cancelled_answer(self, text: str) -> None:
        """Ask, and interrupt the answer like a wake word: no client reads it, and its text never ends."""
        self.tally.cancelled += 1
        instance, provider = self._scene.instance, self._anybody()
        pipeline = await pipeline_of(instance.client, provider)
        script = [{"say": f"{text} {self._text(2)}", "interval": 0.002}, {"pause": 60}]
        async with instance.client.events(
            "assist_pipeline/run",
            start_stage="intent",
            end_stage="tts",
            pipeline=pipeline,
            input={"text": json.dumps(script)},
        ) as events:
            path = (await events.get())["data"]["tts_output"]["url"]
            while not ((await events.get())["data"] or {}).get("tts_start_streaming"):
                pass
            if self._random.random() < 0.5:
                return
            async with instance.client.session.get(f"{instance.url}{path}") as response:
                with suppress(ApiError):
                    await response.content.readany()
                response.close()

    async def _restart(self) -> None:
        """Stop a service during its work, and start it again."""
        provider = self._anybody()
        self.tally.restarts[provider.key] = self.tally.restarts.get(provider.key, 0) + 1
        await asyncio.sleep(self._random.uniform(0.0, self._seconds / 4))
        async with provider.service.away():
            await asyncio.sleep(self._random.uniform(0.1, self._seconds / 2))

    def _note(self, text: str, heard: Heard, pcm: bytes) -> None:
        """Check that all of a text was played."""
        seconds = len("".join(text.split())) * SECONDS_PER_CHARACTER
        if heard.status == 200 and not heard.broken and len(pcm) / 2 / RATE >= seconds * WHOLE:
            self.tally.heard += 1
        else:
            self.tally.cut.append(f"{heard.status}, {len(pcm) / 2 / RATE:.1f} of {seconds:.1f} s: {text}")

    def _anybody(self) -> Provider:
        """Return a random voice."""
        return self._random.choice(list(self._scene.providers.values()))

    def _text(self, sentences: int) -> str:
        """Return a new text."""
        self._number += 1
        said = [self._random.choice(SENTENCES).format(n=self._number * 10 + place) for place in range(sentences)]
        return " ".join(said)
