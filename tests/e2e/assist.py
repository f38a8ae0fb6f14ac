"""Assist pipelines with a scripted assistant, and playback of their answers."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
import json
from typing import Any

from .conftest import LANGUAGES, Provider
from .device import Device
from .instance import Client, Heard, HomeAssistantProcess

ASSISTANT = "conversation.assistant"
RECOGNIZER = "stt.recognizer"

type Step = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """The audio of an answer, in seconds since the question, and the times of the pipeline's events."""

    heard: Heard
    events: tuple[tuple[float, str], ...]

    def at(self, event: str) -> float:
        """Return the time of the first event of a type."""
        return next(time for time, kind in self.events if kind == event)


async def pipeline_of(client: Client, provider: Provider, speaker: str | None = None) -> str:
    """Return a pipeline with the voice of a provider, or another of its voices."""
    engine = speaker or provider.speaker
    for pipeline in (await client.ask("assist_pipeline/pipeline/list"))["pipelines"]:
        if pipeline["name"] == engine:
            known: str = pipeline["id"]
            return known
    made = await client.ask(
        "assist_pipeline/pipeline/create",
        name=engine,
        language="en",
        conversation_engine=ASSISTANT,
        conversation_language="en",
        stt_engine=RECOGNIZER,
        stt_language="en",
        tts_engine=engine,
        tts_language=LANGUAGES[provider.key],
        tts_voice=None,
        wake_word_entity=None,
        wake_word_id=None,
    )
    made_id: str = made["id"]
    return made_id


async def ask(instance: HomeAssistantProcess, pipeline: str, *script: Step) -> Answer:
    """Run a pipeline over WebSocket like the browser, and play the answer as soon as its URL is known."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    seen: list[tuple[float, str]] = []
    listening: asyncio.Task[Heard] | None = None
    path = ""
    async with instance.client.events(
        "assist_pipeline/run",
        start_stage="intent",
        end_stage="tts",
        pipeline=pipeline,
        input={"text": json.dumps(script)},
    ) as events:
        while not seen or seen[-1][1] not in ("run-end", "error"):
            event = await events.get()
            seen.append((loop.time() - started, event["type"]))
            data = event["data"] or {}
            if event["type"] == "run-start":
                path = data["tts_output"]["url"]
            if listening is None and (data.get("tts_start_streaming") or event["type"] == "tts-end"):
                listening = asyncio.create_task(instance.client.listen(path, since=started))
        heard = await listening if listening else Heard(since=started)
    return Answer(heard=heard, events=tuple(seen))


async def tell(instance: HomeAssistantProcess, device: Device, satellite: str, pipeline: str, *script: Step) -> Heard:
    """Send text to a satellite; return the audio that it plays, in seconds since then."""
    await instance.client.ask("assist_pipeline/pipeline/set_preferred", pipeline_id=pipeline)
    started = asyncio.get_running_loop().time()
    await instance.client.act("test_devices.hear", target=f"assist_satellite.{satellite}", text=json.dumps(script))
    heard = await device.heard(satellite)
    heard.count_from(started)
    return heard
