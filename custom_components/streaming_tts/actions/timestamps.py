"""The action that speaks and tells when each word is said."""

from collections.abc import AsyncGenerator
from dataclasses import asdict
from typing import Any, Final

import probatio

from homeassistant.components.tts.const import ATTR_LANGUAGE, ATTR_MESSAGE, ATTR_OPTIONS
from homeassistant.components.tts.entity import TTSAudioRequest
from homeassistant.const import CONF_MODEL
from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.helpers import config_validation as cv

from ..const import CONF_VOICE
from ..errors import invalid
from ..media_source import offer_clip
from ..playback.clips import Clip
from ..playback.timestamps import TimedUtterance
from ..providers.capabilities import Timestamps
from ..speech.text.source import TextSource
from ..tts import VoiceTTSEntity
from ..voices.catalogue import models_for
from . import MAX_CHARACTERS

SPEAK_SCHEMA: Final[dict[str | probatio.Marker, Any]] = {
    probatio.Required(ATTR_MESSAGE): cv.string,
    probatio.Optional(ATTR_LANGUAGE): cv.string,
    probatio.Optional(ATTR_OPTIONS, default=dict): dict,
}


async def async_speak_with_timestamps(entity: VoiceTTSEntity, call: ServiceCall) -> ServiceResponse:
    """Speak a text, keep its sound for a while, and answer with where it is and when each word is said (ms)."""
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
    """Return what is asked of a voice, with a model that can do it; raises a translated `ServiceValidationError`."""
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
        able = _able(entity, request, timed_models)
        if not able:
            raise invalid("no_model_with_timestamps")
        if CONF_MODEL in options:
            raise invalid("model_without_timestamps", model=str(request.options[CONF_MODEL]), models=", ".join(able))
        request.options[CONF_MODEL] = able[0]
    return request


def _able(entity: VoiceTTSEntity, request: TTSAudioRequest, timed_models: frozenset[str]) -> list[str]:
    """Return the models that tell when words are said, and that speak a request's language with its voice."""
    account = entity.account
    voice = account.catalogue.voice(request.options[CONF_VOICE])
    with_voice = voice.models if voice else ()
    return [
        model.model_id
        for model in models_for(account.provider.models, entity.language_of(request))
        if model.model_id in timed_models and (not with_voice or model.model_id in with_voice)
    ]


async def _once(message: str) -> AsyncGenerator[str]:
    """Yield a text that is complete."""
    yield message
