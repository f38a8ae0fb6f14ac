"""Inspect the Home Assistant process: memory, tasks, and clock."""

import asyncio
from collections import Counter
import ctypes
from datetime import datetime, timedelta
import gc
from pathlib import Path
import sys
from typing import Any, Final

import probatio as vol

from homeassistant.components.tts.const import DATA_TTS_MANAGER
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse
from homeassistant.helpers import chat_session, config_validation as cv
from homeassistant.helpers.typing import ConfigType
from homeassistant.util import dt as dt_util

DOMAIN: Final = "soak_probe"
INTEGRATION: Final = "streaming_tts"
CONFIG_SCHEMA = cv.empty_config_schema(DOMAIN)
MEMORY_SECONDS: Final = 15
"""Seconds that Home Assistant caches speech and conversations in memory here; 300 by default."""


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register the actions, and shorten Home Assistant's caches, which would hide leaks."""
    manager = hass.data[DATA_TTS_MANAGER]
    for cleanup in (manager.memcache_cleanup, manager.token_to_stream_cleanup):
        cleanup.maxage = MEMORY_SECONDS
    setattr(chat_session, "CONVERSATION_TIMEOUT", timedelta(seconds=MEMORY_SECONDS))
    turned = timedelta()
    real = dt_util.utcnow

    def utcnow() -> datetime:
        return real() + turned

    async def turn_clock(call: ServiceCall) -> None:
        """Advance the wall clock; timers aren't affected."""
        nonlocal turned
        turned += timedelta(seconds=call.data["seconds"])

    setattr(dt_util, "utcnow", utcnow)
    hass.services.async_register(
        DOMAIN, "turn_clock", turn_clock, schema=vol.Schema({vol.Required("seconds"): vol.Coerce(float)})
    )
    hass.services.async_register(DOMAIN, "measure", _measure, supports_response=SupportsResponse.ONLY)
    return True


async def _measure(call: ServiceCall) -> ServiceResponse:
    """Answer with the resources of Home Assistant."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    manager = call.hass.data[DATA_TTS_MANAGER]
    return {
        "tasks": _tasks(),
        "all_tasks": len(asyncio.all_tasks()),
        "blocks": sys.getallocatedblocks(),
        "objects": len(gc.get_objects()),
        "speech": len(manager.mem_cache),
    }


def _tasks() -> dict[str, Any]:
    """Return the number of the integration's running tasks by function."""
    coroutines = [task.get_coro() for task in asyncio.all_tasks()]
    codes = [getattr(coroutine, "cr_code", None) for coroutine in coroutines]
    places = [(Path(code.co_filename), code.co_qualname) for code in codes if code is not None]
    return dict(Counter(f"{path.stem}.{name}" for path, name in places if INTEGRATION in path.parts))
