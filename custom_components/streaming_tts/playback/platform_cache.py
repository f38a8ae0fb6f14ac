"""Home Assistant's own cache of speech: which files it has, and that what must not stay in it does not."""

from collections.abc import Mapping
import hashlib
from pathlib import Path
from typing import Any

from homeassistant.components.tts.const import DATA_TTS_MANAGER
from homeassistant.core import HomeAssistant, callback

DISOWNED = "disowned"
"""Stands in the name of a file for the options of a voice: no options have this hash, so that the file is never
found."""


@callback
def disown(hass: HomeAssistant, entity_id: str, message: str) -> None:
    """Let the sound of a message that is being spoken be found no more under the key of a voice's entity.

    To be called while the sound is not complete: Home Assistant writes its file, and names it, after the end.
    """
    mem_cache = hass.data[DATA_TTS_MANAGER].mem_cache
    for key in _keys(mem_cache, entity_id, message):
        digest, language, _ = key.split("_", 2)
        mem_cache.pop(key).cache_key = f"{digest}_{language}_{DISOWNED}_{entity_id}"


def is_disowned(path: Path) -> bool:
    """Return True if the file of a message is never found."""
    return f"_{DISOWNED}_" in path.name


@callback
def forget_unwritten(hass: HomeAssistant, entity_id: str, message: str) -> None:
    """Let a message be spoken anew that is in memory alone: Home Assistant would write no file of it."""
    manager = hass.data[DATA_TTS_MANAGER]
    for key in _keys(manager.mem_cache, entity_id, message):
        if key not in manager.file_cache:
            del manager.mem_cache[key]


@callback
def file_of(
    hass: HomeAssistant, entity_id: str, message: str, language: str, options: Mapping[str, Any]
) -> Path | None:
    """Return the file of a message that was spoken with such options, None where there is none."""
    digest = hashlib.blake2s(digest_size=5)
    for key, value in sorted(options.items()):
        digest.update(str(key).encode())
        digest.update(str(value).encode())
    key = f"{_digest(message)}_{language.replace('_', '-')}_{digest.hexdigest()}_{entity_id}".lower()
    return hass.data[DATA_TTS_MANAGER].async_get_cache_file_path(key)


def _keys(cache: Mapping[str, Any], entity_id: str, message: str) -> list[str]:
    """Return the keys of a message of an entity, in any language and with any options."""
    return [key for key in cache if key.startswith(f"{_digest(message)}_") and key.endswith(f"_{entity_id}")]


def _digest(message: str) -> str:
    return hashlib.sha1(message.encode(), usedforsecurity=False).hexdigest()
