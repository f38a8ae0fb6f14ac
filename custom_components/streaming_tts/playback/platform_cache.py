"""Home Assistant's own cache of speech: what a fallback spoke, or what stutters, does not stay in it."""

import hashlib

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
    manager = hass.data[DATA_TTS_MANAGER]
    digest = hashlib.sha1(message.encode(), usedforsecurity=False).hexdigest()
    for key in [key for key in manager.mem_cache if key.startswith(f"{digest}_") and key.endswith(f"_{entity_id}")]:
        language = key.split("_")[1]
        manager.mem_cache.pop(key).cache_key = f"{digest}_{language}_{DISOWNED}_{entity_id}"
