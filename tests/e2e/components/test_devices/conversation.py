"""An assistant that streams answers word by word, from a script in the user's text.

The text is JSON, a list of steps: `{"say": "text", "interval": 0.02, "size": 4}` (chunks of so many characters, or
whole words without a size; seconds between them), `{"tool": 6.0}` (a tool call that takes so long), `{"pause": 1.0}` (a
model that pauses), `{"fail": "why"}` (an error). Any other text is repeated.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
import json
import re
from typing import Any, Literal, override

from homeassistant.components import conversation
from homeassistant.components.conversation.chat_log import AssistantContentDeltaDict, ToolResultContentDeltaDict
from homeassistant.const import MATCH_ALL
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import llm
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from . import DevicesConfigEntry

type Delta = AssistantContentDeltaDict | ToolResultContentDeltaDict


async def async_setup_entry(
    hass: HomeAssistant, entry: DevicesConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the assistant."""
    async_add_entities([Assistant()])


class Assistant(conversation.ConversationEntity):
    """Streams its answers."""

    _attr_name = "Assistant"
    _attr_unique_id = "assistant"
    _attr_supports_streaming = True

    @property
    @override
    def supported_languages(self) -> Literal["*"]:
        """Return all languages."""
        return MATCH_ALL

    @override
    async def _async_handle_message(
        self, user_input: conversation.ConversationInput, chat_log: conversation.ChatLog
    ) -> conversation.ConversationResult:
        """Run the script."""
        async for _ in chat_log.async_add_delta_content_stream(user_input.agent_id, _answer(user_input.text)):
            pass
        return conversation.async_get_result_from_chat_log(user_input, chat_log)


def _script(text: str) -> list[Mapping[str, Any]]:
    """Return the steps in a text."""
    try:
        script = json.loads(text)
    except ValueError:
        script = None
    return script if isinstance(script, list) else [{"say": text}]


async def _answer(text: str) -> AsyncGenerator[Delta]:
    """Yield the answer in chunks."""
    yield {"role": "assistant"}
    for number, step in enumerate(_script(text)):
        match step:
            case {"say": said}:
                for piece in _pieces(said, step.get("size")):
                    yield {"content": piece}
                    await asyncio.sleep(step.get("interval", 0))
            case {"tool": seconds}:
                call = llm.ToolInput(tool_name="check", tool_args={}, id=f"call_{number}", external=True)
                yield {"tool_calls": [call]}
                await asyncio.sleep(seconds)
                done = llm.ToolResult(data={"checked": True})
                yield {"role": "tool_result", "tool_call_id": call.id, "tool_name": call.tool_name, "result": done}
                yield {"role": "assistant"}
            case {"pause": seconds}:
                await asyncio.sleep(seconds)
            case {"fail": why}:
                raise HomeAssistantError(why)


def _pieces(text: str, size: int | None) -> list[str]:
    """Return a text in chunks, like the tokens of a model."""
    return re.findall(rf"(?s).{{1,{size}}}" if size else r"\s*\S+\s*$|\s*\S+", text)
