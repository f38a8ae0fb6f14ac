"""Calls of the action that clones a voice."""

from collections.abc import Mapping
from typing import Any

from custom_components.streaming_tts.const import DOMAIN
from homeassistant.core import Context, HomeAssistant

ANNA = "media-source://media_source/local/anna.wav"


async def clone(
    home: HomeAssistant, entry_id: str, media_id: str = ANNA, *, context: Context | None = None, **changes: Any
) -> Mapping[str, Any]:
    """Clone a voice; return what is answered."""
    call = {
        "config_entry_id": entry_id,
        "media": {"media_content_id": media_id, "media_content_type": "audio/wav", "metadata": {}},
        "name": "Aunt Anna",
        "consent": True,
        **changes,
    }
    answer = await home.services.async_call(
        DOMAIN, "clone_voice", call, blocking=True, return_response=True, context=context
    )
    return answer or {}
