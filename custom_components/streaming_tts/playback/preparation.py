"""Phrases that are spoken before they are needed, into Home Assistant's own file cache; and which files that has."""

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


WRITE_SECONDS: Final = 10.0
"""How long Home Assistant may take to write a file."""

_WRITE_INTERVAL_SECONDS: Final = 0.01


@dataclass(kw_only=True, slots=True, eq=False)
class Preparation:
    """What an utterance is spoken for that is a preparation: its own voice alone speaks it, and is noted.

    `is_measured` is False where it is not known yet how loud that voice is. A quota that is used up is not tried again
    for it, and its audio stays in memory as if it had been asked for twice.
    """

    participant: Participant | None = None
    is_measured: bool = True

    @property
    def charge(self) -> Charge:
        """Return what was charged for it, nothing where nobody was asked."""
        return Charge() if self.participant is None else self.participant.charge


preparation: Final[ContextVar[Preparation | None]] = ContextVar("preparation", default=None)
"""What the current task prepares: Home Assistant starts the task that asks the engine in the context of who asks."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PreparedPhrase:
    """A phrase in one format: the whole file, and where that is on the disk, None where it could not be written.

    `cached` tells that it was there before, `kept` that it will be found again. `default_options` are those of its
    voice when it was spoken: while they stay, so does the key of the file. `is_measured` is as in `Preparation`.
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
    """Have a phrase spoken by an entity into the file cache, unless it is there.

    Raises a translated `HomeAssistantError` where it cannot be spoken.
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
            stream, audio = await _spoken(hass, entity.entity_id, message, language, options)  # the file was deleted
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
    """Have a phrase spoken, or taken from its file."""
    manager = hass.data[DATA_TTS_MANAGER]
    forget_unwritten(hass, entity_id, message)
    stream = manager.async_create_result_stream(entity_id, use_file_cache=True, language=language, options=options)
    stream.async_set_message(message)
    return stream, b"".join([chunk async for chunk in stream.async_stream_result()])


async def _written(stream: tts.ResultStream) -> Path | None:
    """Return the file of a stream that has ended once it is written; Home Assistant announces that to nobody."""
    loop = asyncio.get_running_loop()
    until = loop.time() + WRITE_SECONDS
    while (path := stream.async_get_media_path()) is None and loop.time() < until:
        await asyncio.sleep(_WRITE_INTERVAL_SECONDS)
    return path
