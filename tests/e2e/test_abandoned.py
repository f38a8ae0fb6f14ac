"""Incomplete utterances: a failing assistant, a canceled pipeline run, a disconnected client."""

import asyncio
import json

import pytest

from .assist import Answer, ask, pipeline_of
from .conftest import Log, Provider
from .hearing import assert_same_words, tone_of
from .instance import Heard, HomeAssistantProcess

SAID = "{} tells something that is long enough to be spoken while it is being written, {}. And one thing more."
WATCHDOG_SECONDS = 120
"""Longer than the timeout for a text that doesn't continue."""


@pytest.mark.full
@pytest.mark.timeout(WATCHDOG_SECONDS + 60)
async def test_nobody_is_waited_for_for_ever(
    instance: HomeAssistantProcess, providers: dict[str, Provider], emulator: object, log: Log
) -> None:
    """The text so far is spoken, then the audio ends, even if the pipeline never ends the text.

    Nothing is left running.
    """
    log.expect("The model is gone")
    log.expect("Cannot write to closing transport")
    failed = {key: SAID.format(key, "then fails") for key in providers}
    cancelled = {key: SAID.format(key, "then is cancelled") for key in providers}
    left = {key: SAID.format(key, "then is alone") for key in providers}

    async with asyncio.timeout(WATCHDOG_SECONDS):
        failures, cancellations, _ = await asyncio.gather(
            asyncio.gather(*(_failing(instance, providers[key], text) for key, text in failed.items())),
            asyncio.gather(*(_cancelled(instance, providers[key], text) for key, text in cancelled.items())),
            asyncio.gather(*(_left_alone(instance, providers[key], text) for key, text in left.items())),
        )

    for answer, (key, text) in zip(failures, failed.items(), strict=True):
        assert_same_words(answer.heard, tone_of(text, providers[key], 24000), 24000)
    for heard, (key, text) in zip(cancellations, cancelled.items(), strict=True):
        assert_same_words(heard, tone_of(text, providers[key], 24000), 24000)
    for provider in providers.values():
        assert [request.path for request in provider.service.requests if not request.ended and not request.frames] == []


async def _failing(instance: HomeAssistantProcess, provider: Provider, text: str) -> Answer:
    """Ask an assistant whose model fails in the middle of its answer."""
    return await ask(
        instance, await pipeline_of(instance.client, provider), {"say": text}, {"fail": "The model is gone"}
    )


async def _cancelled(instance: HomeAssistantProcess, provider: Provider, text: str) -> Heard:
    """Cancel the pipeline run while the answer is written, but keep playing."""
    pipeline = await pipeline_of(instance.client, provider)
    async with instance.client.events(
        "assist_pipeline/run",
        start_stage="intent",
        end_stage="tts",
        pipeline=pipeline,
        input={"text": json.dumps([{"say": text}, {"pause": 60}])},
    ) as events:
        path = (await events.get())["data"]["tts_output"]["url"]
        while not ((await events.get())["data"] or {}).get("tts_start_streaming"):
            pass
        response = await instance.client.session.get(f"{instance.url}{path}")
        first = await response.content.readany()
    heard = Heard(since=asyncio.get_running_loop().time(), chunks=[(0.0, first)])
    return await heard.take(response.content.iter_any())


async def _left_alone(instance: HomeAssistantProcess, provider: Provider, text: str) -> None:
    """Start to play, and disconnect."""
    path = await instance.client.speech_path(provider.speaker, text)
    async with instance.client.session.get(f"{instance.url}{path}") as response:
        await response.content.readany()
        response.close()
