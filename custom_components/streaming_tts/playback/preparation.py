"""Phrases prepared in Home Assistant's file cache, and lookups of its files."""

import asyncio
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
import hashlib
from pathlib import Path
from typing import Any, Final

from homeassistant.components import tts
from homeassistant.components.tts.const import DATA_TTS_MANAGER
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError

from ..providers.types import Charge
from .result import Participant

DISOWNED = "disowned"
"""Replaces the hash of a voice's options in a file name. No options have this hash, so the file is never found."""


@callback
def disown(hass: HomeAssistant, entity_id: str, message: str) -> None:
    """Detach the audio of a message in progress from the cache key of a voice's entity.

    Call this before the audio is complete: Home Assistant names and writes its file at the end.
    """
    mem_cache = hass.data[DATA_TTS_MANAGER].mem_cache
    for key in _keys(mem_cache, entity_id, message):
        digest, language, _ = key.split("_", 2)
        mem_cache.pop(key).cache_key = f"{digest}_{language}_{DISOWNED}_{entity_id}"


@callback
def forget_unwritten(hass: HomeAssistant, entity_id: str, message: str) -> None:
    """Drop a message that is cached only in memory, so that it is spoken again and written to a file."""
    manager = hass.data[DATA_TTS_MANAGER]
    for key in _keys(manager.mem_cache, entity_id, message):
        if key not in manager.file_cache:
            del manager.mem_cache[key]


@callback
def file_of(
    hass: HomeAssistant, entity_id: str, message: str, language: str, options: Mapping[str, Any]
) -> Path | None:
    """Return the file of a message that was spoken with these options, or None."""
    digest = hashlib.blake2s(digest_size=5)
    for key, value in sorted(options.items()):
        digest.update(str(key).encode())
        digest.update(str(value).encode())
    key = f"{_digest(message)}_{language.replace('_', '-')}_{digest.hexdigest()}_{entity_id}".lower()
    return hass.data[DATA_TTS_MANAGER].async_get_cache_file_path(key)


def _keys(cache: Mapping[str, Any], entity_id: str, message: str) -> list[str]:
    """Return the keys of an entity's message, in any language and with any options."""
    return [key for key in cache if key.startswith(f"{_digest(message)}_") and key.endswith(f"_{entity_id}")]


def _digest(message: str) -> str:
    return hashlib.sha1(message.encode(), usedforsecurity=False).hexdigest()


WRITE_SECONDS: Final = 10.0
"""Timeout in seconds for Home Assistant to write a file."""

_WRITE_INTERVAL_SECONDS: Final = 0.01


@dataclass(kw_only=True, slots=True, eq=False)
class Preparation:
    """The context of an utterance that is prepared. Only its own voice speaks it, and is stored here.

    `is_measured` is False if the loudness of the voice is not known yet. A quota that is used up is not retried, and
    the audio is cached in memory as if it had been requested twice.
    """

    participant: Participant | None = None
    is_measured: bool = True

    @property
    def charge(self) -> Charge:
        """Return the charge of the utterance, zero without a request."""
        return Charge() if self.participant is None else self.participant.charge


preparation: Final[ContextVar[Preparation | None]] = ContextVar("preparation", default=None)
"""The preparation of the current task. Home Assistant starts the engine's task in the context of its caller."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PreparedPhrase:
    """A phrase in one format: the complete file, and its path, None if it could not be written.

    `cached` is True if the file already existed, and `kept` if it will be found again. `default_options` are those of
    the voice at that time; while they are unchanged, so is the file's key. `is_measured` is as in `Preparation`.
    """

    audio: bytes = field(repr=False)
    content_type: str
    path: Path | None
    cached: bool
    kept: bool
    charge: Charge
    is_measured: bool
    default_options: dict[str, Any]


async def async_prepare(
    hass: HomeAssistant, entity: tts.TextToSpeechEntity, message: str, language: str | None, options: dict[str, Any]
) -> PreparedPhrase:
    """Write a phrase to the file cache by speaking it, unless it is there.

    Raises a translated `HomeAssistantError` on failure.
    """
    current = Preparation()
    reset = preparation.set(current)
    try:
        default_options = dict(entity.default_options or {})
        try:
            stream, audio = await _spoken(hass, entity.entity_id, message, language, options)
        except HomeAssistantError:
            if current.participant is not None:
                raise
            stream, audio = await _spoken(hass, entity.entity_id, message, language, options)  # The file was deleted
    finally:
        preparation.reset(reset)
    path = await _written(stream)
    return PreparedPhrase(
        audio=audio,
        content_type=stream.content_type,
        path=path,
        cached=current.participant is None,
        kept=path is not None and f"_{DISOWNED}_" not in path.name,
        charge=current.charge,
        is_measured=current.is_measured,
        default_options=default_options,
    )


async def _spoken(
    hass: HomeAssistant, entity_id: str, message: str, language: str | None, options: dict[str, Any]
) -> tuple[tts.ResultStream, bytes]:
    """Return the audio of a phrase, from its file or a new request."""
    manager = hass.data[DATA_TTS_MANAGER]
    forget_unwritten(hass, entity_id, message)
    stream = manager.async_create_result_stream(entity_id, use_file_cache=True, language=language, options=options)
    stream.async_set_message(message)
    return stream, b"".join([chunk async for chunk in stream.async_stream_result()])


async def _written(stream: tts.ResultStream) -> Path | None:
    """Return the file of an ended stream once it is written. Polls, as Home Assistant sends no event."""
    loop = asyncio.get_running_loop()
    until = loop.time() + WRITE_SECONDS
    while (path := stream.async_get_media_path()) is None and loop.time() < until:
        await asyncio.sleep(_WRITE_INTERVAL_SECONDS)
    return path
