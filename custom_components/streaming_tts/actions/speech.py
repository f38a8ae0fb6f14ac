"""Actions that speak: prepare phrases, and speak a text with word timestamps."""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import asdict, replace
from typing import Any, Final

import probatio as vol

from homeassistant.components import tts
from homeassistant.components.tts.const import ATTR_LANGUAGE, ATTR_MESSAGE, ATTR_OPTIONS
from homeassistant.components.tts.entity import TTSAudioRequest
from homeassistant.const import CONF_MODEL
from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.helpers import config_validation as cv
from homeassistant.util.json import JsonValueType

from ..audio.finished import duration
from ..const import CONF_VOICE
from ..errors import invalid
from ..media_source import offer_clip
from ..playback.clips import Clip
from ..playback.preparation import PreparedPhrase, async_prepare
from ..playback.timestamps import TimedUtterance
from ..providers.capabilities import Timestamps
from ..providers.types import Charge
from ..speech.text.source import TextSource
from ..tts import VoiceTTSEntity
from ..voices.catalogue import models_for

MAX_CHARACTERS: Final = 10_000
"""The longest text, about ten minutes. Its audio is kept in memory."""

ATTR_FORMATS: Final = "formats"

MAX_MESSAGES: Final = 100
MAX_ROUNDS: Final = 20
"""How often messages are replayed to measure the loudness of their voice. Half a second of audio is enough."""

DEFAULT_FORMAT: Final = "mp3"


def _pcm(container: str, sample_rate: int) -> dict[str, Any]:
    return {
        tts.ATTR_PREFERRED_FORMAT: container,
        tts.ATTR_PREFERRED_SAMPLE_RATE: sample_rate,
        tts.ATTR_PREFERRED_SAMPLE_CHANNELS: 1,
        tts.ATTR_PREFERRED_SAMPLE_BYTES: 2,
    }


FORMATS: Final[Mapping[str, dict[str, Any]]] = {
    DEFAULT_FORMAT: {},
    "wav_16000": _pcm("wav", 16000),
    "wav_22050": _pcm("wav", 22050),
    "flac_48000": _pcm("flac", 48000),
}
"""Formats of players: `tts.speak` and browsers; ESPHome and VoIP; Wyoming; ESPHome with a media player."""

PREPARE_SCHEMA: Final[dict[str | vol.Marker, Any]] = {
    vol.Required(ATTR_MESSAGE): vol.All(cv.ensure_list, [cv.string], vol.Length(min=1, max=MAX_MESSAGES)),
    vol.Optional(ATTR_LANGUAGE): cv.string,
    vol.Optional(ATTR_FORMATS, default=[DEFAULT_FORMAT]): vol.All(
        cv.ensure_list, [vol.Any(vol.In(FORMATS), dict)], vol.Length(min=1)
    ),
    vol.Optional(ATTR_OPTIONS, default=dict): dict,
}


async def async_prepare_messages(entity: VoiceTTSEntity, call: ServiceCall) -> ServiceResponse:
    """Prepare each message in each format in turn, and return the resulting phrases."""
    messages = list(dict.fromkeys(call.data[ATTR_MESSAGE]))
    if any(len(message) > MAX_CHARACTERS for message in messages):
        raise invalid("message_too_long", most=str(MAX_CHARACTERS))
    wanted = [(message, audio_format) for message in messages for audio_format in call.data[ATTR_FORMATS]]
    phrases = [await _async_phrase(entity, call, *each) for each in wanted]
    # Nothing is kept until the loudness of the voice is known. Until then, all phrases are replayed from memory
    unfinished = set(range(len(phrases)))
    for _ in range(MAX_ROUNDS):
        unfinished = {
            index
            for index in unfinished
            if not phrases[index].is_measured or phrases[index].default_options != entity.own_options
        }
        for index in sorted(unfinished):
            old, new = phrases[index], await _async_phrase(entity, call, *wanted[index])
            phrases[index] = replace(new, cached=old.cached and new.cached, charge=old.charge + new.charge)
            if new.charge != Charge():
                unfinished.remove(index)
    answers: list[JsonValueType] = []
    for (message, audio_format), phrase in zip(wanted, phrases, strict=True):
        seconds = await entity.hass.async_add_executor_job(duration, phrase.audio)
        clip = Clip(audio=phrase.path or phrase.audio, content_type=phrase.content_type)
        answers.append(
            {
                "message": message,
                "format": audio_format,
                "characters": len(message),
                "duration": round(1000 * seconds),
                "charge": asdict(phrase.charge),
                "cached": phrase.cached,
                "kept": phrase.kept,
                **offer_clip(entity.hass, clip),
            }
        )
    return {"phrases": answers, "charge": asdict(sum((phrase.charge for phrase in phrases), Charge()))}


async def _async_phrase(
    entity: VoiceTTSEntity, call: ServiceCall, message: str, audio_format: str | dict[str, Any]
) -> PreparedPhrase:
    """Prepare a message in a format. Raises a translated `HomeAssistantError`."""
    preferred = audio_format if isinstance(audio_format, dict) else FORMATS[audio_format]
    options = {**call.data[ATTR_OPTIONS], **preferred}
    return await async_prepare(entity.hass, entity, message, call.data.get(ATTR_LANGUAGE), options)


SPEAK_SCHEMA: Final[dict[str | vol.Marker, Any]] = {
    vol.Required(ATTR_MESSAGE): cv.string,
    vol.Optional(ATTR_LANGUAGE): cv.string,
    vol.Optional(ATTR_OPTIONS, default=dict): dict,
}


async def async_speak_with_timestamps(entity: VoiceTTSEntity, call: ServiceCall) -> ServiceResponse:
    """Speak a text, keep its audio temporarily, and return its location and the times of its words (ms)."""
    provider = entity.account.provider
    if not isinstance(provider, Timestamps):
        raise invalid("no_timestamps", provider=provider.name)
    request = _request(entity, call, provider.timed_models)
    utterance = TimedUtterance(entity, request, entity.language_of(request))
    sound = await utterance.speak(provider, TextSource(request.message_gen))
    return {
        **offer_clip(entity.hass, Clip(audio=sound.audio, content_type="audio/wav")),
        "duration": round(1000 * sound.seconds),
        "words": [asdict(word) for word in sound.words],
        "complete": sound.complete,
    }


def _request(entity: VoiceTTSEntity, call: ServiceCall, timed_models: frozenset[str]) -> TTSAudioRequest:
    """Return the request for a model with timestamps. Raises a translated `ServiceValidationError`."""
    if len(call.data[ATTR_MESSAGE]) > MAX_CHARACTERS:
        raise invalid("message_too_long", most=str(MAX_CHARACTERS))
    options = call.data[ATTR_OPTIONS]
    if unknown := sorted(set(options).difference(entity.supported_options or ())):
        raise invalid("options_unknown", options=", ".join(unknown))
    request = TTSAudioRequest(
        language=call.data.get(ATTR_LANGUAGE) or entity.default_language,
        options={**entity.default_options, **options},
        message_gen=_once(call.data[ATTR_MESSAGE]),
    )
    if str(request.options[CONF_MODEL]) not in timed_models:
        account = entity.account
        voice = account.catalogue.voice(request.options[CONF_VOICE])
        with_voice = voice.models if voice else ()
        # Models that speak the request's language with its voice
        able = [
            model.model_id
            for model in models_for(account.provider.models, entity.language_of(request))
            if model.model_id in timed_models and (not with_voice or model.model_id in with_voice)
        ]
        if not able:
            raise invalid("no_model_with_timestamps")
        if CONF_MODEL in options:
            raise invalid("model_without_timestamps", model=str(request.options[CONF_MODEL]), models=", ".join(able))
        request.options[CONF_MODEL] = able[0]
    return request


async def _once(message: str) -> AsyncGenerator[str]:
    """Yield a complete text."""
    yield message
