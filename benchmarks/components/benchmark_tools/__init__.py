"""The bench's hand inside Home Assistant: lets engines speak a text that is being written, and watches the event loop.

Any engine is asked in the way of the Assist pipeline, and none knows that it is watched. The peers' libraries are told
the address of their stand-ins here, since their integrations have no setting for it.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from functools import partial
from importlib import import_module
from typing import Any

import voluptuous as vol

from homeassistant.components import tts
from homeassistant.components.websocket_api import async_register_command
from homeassistant.components.websocket_api.connection import ActiveConnection
from homeassistant.components.websocket_api.decorators import async_response, websocket_command
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.typing import ConfigType

from .lateness import Lateness

DOMAIN = "benchmark_tools"
MAKING = ("tts_load_data_into_cache", "tts_ffmpeg_conversion")
"""Tasks of Home Assistant: what loads speech, and what feeds it to a converter, which the first would wait for."""

CLIENTS = {"elevenlabs": "AsyncElevenLabs", "fish_audio": "AsyncFishAudio"}

CONFIG_SCHEMA = vol.Schema({DOMAIN: {vol.In(CLIENTS): str}}, extra=vol.ALLOW_EXTRA)

type Step = tuple[float, str]
"""Seconds after the text began, and what is written then."""


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Give the peers their addresses, and the bench its commands."""
    for domain, url in config[DOMAIN].items():
        await hass.async_add_import_executor_job(_lead, domain, url)
    hass.data[DOMAIN] = Lateness()
    for command in (speak, hush, watch, watched):
        async_register_command(hass, command)
    return True


def _lead(domain: str, url: str) -> None:
    """Make an integration's client talk to an address."""
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
    """Let an engine speak, and answer where it can be heard and at which time of the event loop the text begins.

    The stream is made so many seconds ahead of the text, as the pipeline makes it when a person begins to speak.
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
    """Hand the text over."""
    if complete:
        stream.async_set_message("".join(text for _, text in steps))
    else:
        stream.async_set_message_stream(_written(steps))


async def _written(steps: Sequence[Step]) -> AsyncGenerator[str]:
    """Yield each piece of text at its time."""
    loop = asyncio.get_running_loop()
    for moment, text in steps:
        if (wait := moment - loop.time()) > 0:
            await asyncio.sleep(wait)
        yield text


@websocket_command({vol.Required("type"): "benchmark_tools/hush"})
@async_response
async def hush(hass: HomeAssistant, connection: ActiveConnection, message: dict[str, Any]) -> None:
    """End all speech that is still being made, as the end of Home Assistant does."""
    making = [task for task in asyncio.all_tasks() if task.get_name().startswith(MAKING)]
    for task in making:
        task.cancel()
    if making:
        await asyncio.wait(making, timeout=5)
    connection.send_result(message["id"], {"ended": len(making)})


@websocket_command({vol.Required("type"): "benchmark_tools/watch"})
@callback
def watch(hass: HomeAssistant, connection: ActiveConnection, message: dict[str, Any]) -> None:
    """Begin to watch how late the event loop is."""
    hass.data[DOMAIN].start()
    connection.send_result(message["id"])


@websocket_command({vol.Required("type"): "benchmark_tools/watched"})
@callback
def watched(hass: HomeAssistant, connection: ActiveConnection, message: dict[str, Any]) -> None:
    """Answer how late the event loop was since."""
    connection.send_result(message["id"], hass.data[DOMAIN].stop())
