"""Any other text-to-speech entity as a speaker, over the platform's own result stream."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from homeassistant.components import tts
from homeassistant.components.tts.helper import get_engine_instance
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from ..account.availability import Availability
from ..const import DOMAIN, LOGGER, OPTION_FALLBACK
from ..providers import markup as inline
from ..providers.transport.audio_stream import WavStream
from ..providers.types import AudioFormat, Failure, ProviderError
from ..voices.languages import match_language

PATIENCE = 15.0
"""Seconds that another engine may take for its first sound, and between two pieces of it."""


_ENGINES: HassKey[dict[str, Availability]] = HassKey(f"{DOMAIN}_engines")


@callback
def engine_availability(hass: HomeAssistant, entity_id: str) -> Availability:
    """Return what is known of another engine since the start, which no account of ours outlives."""
    engines = hass.data.setdefault(_ENGINES, {})
    if entity_id not in engines:
        engines[entity_id] = Availability(entity_id)
    return engines[entity_id]


class EntitySynthesizer:
    """Another entity that speaks. What it says is cached by Home Assistant under that entity's own key."""

    def __init__(self, hass: HomeAssistant, entity_id: str, language: str, audio_format: AudioFormat) -> None:
        """Speak through an entity, in its own tag for a language, converted by the platform to a format."""
        self._hass = hass
        self._entity_id = entity_id
        self._language = language
        self._availability = engine_availability(hass, entity_id)
        self.audio_format = audio_format

    async def speak(self, text: str, deadline: float) -> AsyncGenerator[bytes]:
        """Yield the sound of a text, as `Synthesizer.speak`; whatever the engine raises becomes `ProviderError`."""
        started = dt_util.utcnow()
        try:
            async with aclosing(self._speak(text)) as sound:
                async for chunk in sound:
                    yield chunk
        except ProviderError as error:
            # Nobody tells what is wrong with an engine, so that each failure may be one that takes its time
            away = ProviderError(Failure.UNREACHABLE, code=error.code)
            self._availability.note_failure(away, None, dt_util.utcnow())
            raise
        self._availability.note_success(started, dt_util.utcnow())

    async def _speak(self, text: str) -> AsyncGenerator[bytes]:
        try:
            stream = self._stream()
            stream.async_set_message(inline.plain(text))
            async with aclosing(_patient(stream.async_stream_result())) as result:
                async for chunk in self._unwrapped(result):
                    yield chunk
        except ProviderError:
            raise
        except TimeoutError:
            raise ProviderError(Failure.UNREACHABLE, code="engine_timeout") from None
        except Exception as error:  # noqa: BLE001 - an engine may raise anything
            LOGGER.debug("The fallback %s failed: %s", self._entity_id, type(error).__name__)
            raise ProviderError(Failure.SERVER, code="engine_failed") from None

    def _stream(self) -> tts.ResultStream:
        engine = get_engine_instance(self._hass, self._entity_id)
        options = self._format_options()
        language = None
        if isinstance(engine, tts.TextToSpeechEntity):
            language = match_language(self._language, engine.supported_languages)
            if OPTION_FALLBACK in (engine.supported_options or ()):
                options[OPTION_FALLBACK] = False  # one of ours: it must not ask us back
        return tts.async_create_stream(self._hass, engine=self._entity_id, language=language, options=options)

    def _format_options(self) -> dict[str, Any]:
        return {
            tts.ATTR_PREFERRED_FORMAT: "wav",
            tts.ATTR_PREFERRED_SAMPLE_RATE: self.audio_format.sample_rate,
            tts.ATTR_PREFERRED_SAMPLE_CHANNELS: 1,
            tts.ATTR_PREFERRED_SAMPLE_BYTES: 2,
        }

    async def _unwrapped(self, result: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
        """Yield the samples of a WAV, which must be at the rate that was asked for."""
        stream = WavStream()
        silent = True
        async for chunk in result:
            sound = stream.feed(chunk)
            if stream.sample_rate not in (None, self.audio_format.sample_rate):
                raise ProviderError(Failure.BROKEN, code="engine_rate")
            if sound:
                silent = False
                yield sound
        if silent:
            raise ProviderError(Failure.BROKEN, code="engine_silent")


async def _patient(result: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    """Yield what comes while it comes in time; raises TimeoutError."""
    async with aclosing(result):
        while True:
            async with asyncio.timeout(PATIENCE):
                chunk = await anext(result, None)
            if chunk is None:
                return
            yield chunk
