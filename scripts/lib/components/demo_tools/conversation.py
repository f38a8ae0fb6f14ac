"""A local assistant that streams its answers word by word, like a language model."""

import asyncio
from collections.abc import AsyncGenerator
import re
from typing import Final, Literal, override

from homeassistant.components import conversation
from homeassistant.components.conversation.chat_log import AssistantContentDeltaDict
from homeassistant.const import MATCH_ALL
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from . import DemoConfigEntry
from .answers import answer_to

THINKING_SECONDS: Final = 0.3
"""Seconds before the first word."""
WORD_SECONDS: Final = 0.05
"""Seconds between two words."""
SIGN_SECONDS: Final = 0.025
"""Seconds between two Chinese characters; models write one or two at once."""
_SIGN: Final = re.compile(r"\s*[\u3400-\u9fff]")
_WORDS: Final = re.compile(r"\s*[\u3400-\u9fff]\W*|\s*[^\s\u3400-\u9fff]+\s*")


async def async_setup_entry(
    hass: HomeAssistant, entry: DemoConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the assistant."""
    async_add_entities([Assistant()])


class Assistant(conversation.ConversationEntity):
    """Tells a story, the time, and the remaining points in three languages."""

    _attr_name = "Demo assistant"
    _attr_unique_id = "assistant"
    _attr_supports_streaming = True

    @property
    @override
    def supported_languages(self) -> Literal["*"]:
        """Return all languages; unknown ones are answered in English."""
        return MATCH_ALL

    @override
    async def _async_handle_message(
        self, user_input: conversation.ConversationInput, chat_log: conversation.ChatLog
    ) -> conversation.ConversationResult:
        """Answer word by word."""
        text = answer_to(self.hass, user_input.text, user_input.language)
        async for _ in chat_log.async_add_delta_content_stream(user_input.agent_id, _word_by_word(text)):
            pass
        return conversation.async_get_result_from_chat_log(user_input, chat_log)


async def _word_by_word(text: str) -> AsyncGenerator[AssistantContentDeltaDict]:
    """Yield a text in the pace of a model."""
    await asyncio.sleep(THINKING_SECONDS)
    yield {"role": "assistant"}
    for word in _WORDS.findall(text):
        yield {"content": word}
        await asyncio.sleep(SIGN_SECONDS if _SIGN.match(word) else WORD_SECONDS)
