"""Commands for the benchmarks in Home Assistant: speak a streamed text, and measure the lag of the event loop.

Engines are called like by the Assist pipeline. The URLs of the emulated ElevenLabs and Fish Audio are set here, because
their integrations have no setting for it.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from functools import partial
from importlib import import_module
from typing import Any

import probatio as vol

from homeassistant.components import tts
from homeassistant.components.websocket_api import async_register_command
from homeassistant.components.websocket_api.connection import ActiveConnection
from homeassistant.components.websocket_api.decorators import async_response, websocket_command
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.typing import ConfigType

from .lateness import Lateness

DOMAIN = "benchmark_tools"
MAKING = ("tts_load_data_into_cache", "tts_ffmpeg_conversion")
"""Tasks of Home Assistant that load speech or feed a converter, for which the former would wait."""

CLIENTS = {"elevenlabs": "AsyncElevenLabs", "fish_audio": "AsyncFishAudio"}

CONFIG_SCHEMA = vol.Schema({DOMAIN: {vol.In(CLIENTS): str}}, extra=vol.ALLOW_EXTRA)

type Step = tuple[float, str]
"""Seconds after the start of the text, and the text that arrives then."""


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Set the URLs of the other engines, and register the commands."""
    for domain, url in config[DOMAIN].items():
        await hass.async_add_import_executor_job(_lead, domain, url)
    hass.data[DOMAIN] = Lateness()
    for command in (speak, hush, watch, watched):
        async_register_command(hass, command)
    return True


def _lead(domain: str, url: str) -> None:
    """Set the URL of an integration's client."""
    for module in (f"homeassistant.components.{domain}", f"homeassistant.components.{domain}.config_flow"):
        imported = import_module(module)
        client = getattr(imported, CLIENTS[domain])
        setattr(imported, CLIENTS[domain], partial(client, base_url=url))


@websocket_command(
    {
        vol.Required("type"): "benchmark_tools/speak",
        vol.Required("engine"): str,
        vol.Required("options"): dict,
        vol.Required("steps"): [vol.ExactSequence([vol.Coerce(float), str])],
        vol.Required("complete"): bool,
        vol.Required("ahead"): vol.Coerce(float),
    }
)
@callback
def speak(hass: HomeAssistant, connection: ActiveConnection, message: dict[str, Any]) -> None:
    """Start speech; return its path and the start time of its text on the event loop's clock.

    The stream is created `ahead` seconds before the text, like by the pipeline when a person starts to speak.
    """
    stream = tts.async_create_stream(hass, engine=message["engine"], options=message["options"])
    begins = hass.loop.time() + message["ahead"]
    steps: list[Step] = [(begins + seconds, text) for seconds, text in message["steps"]]
    if message["ahead"]:
        hass.loop.call_at(begins, _write, stream, steps, message["complete"])
    else:
        _write(stream, steps, message["complete"])
    connection.send_result(message["id"], {"path": stream.url, "begins": begins})


@callback
def _write(stream: tts.ResultStream, steps: Sequence[Step], complete: bool) -> None:
    if complete:
        stream.async_set_message("".join(text for _, text in steps))
    else:
        stream.async_set_message_stream(_written(steps))


async def _written(steps: Sequence[Step]) -> AsyncGenerator[str]:
    """Yield each chunk of text at its time."""
    loop = asyncio.get_running_loop()
    for moment, text in steps:
        if (wait := moment - loop.time()) > 0:
            await asyncio.sleep(wait)
        yield text


@websocket_command({vol.Required("type"): "benchmark_tools/hush"})
@async_response
async def hush(hass: HomeAssistant, connection: ActiveConnection, message: dict[str, Any]) -> None:
    """Cancel all speech that is being generated, as when Home Assistant stops."""
    making = [task for task in asyncio.all_tasks() if task.get_name().startswith(MAKING)]
    for task in making:
        task.cancel()
    if making:
        await asyncio.wait(making, timeout=5)
    connection.send_result(message["id"], {"ended": len(making)})


@websocket_command({vol.Required("type"): "benchmark_tools/watch"})
@callback
def watch(hass: HomeAssistant, connection: ActiveConnection, message: dict[str, Any]) -> None:
    """Start to measure the lag of the event loop."""
    hass.data[DOMAIN].start()
    connection.send_result(message["id"])


@websocket_command({vol.Required("type"): "benchmark_tools/watched"})
@callback
def watched(hass: HomeAssistant, connection: ActiveConnection, message: dict[str, Any]) -> None:
    """Answer the lag of the event loop since then."""
    connection.send_result(message["id"], hass.data[DOMAIN].stop())
