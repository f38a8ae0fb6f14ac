"""The action that has phrases spoken before they are needed."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any, Final

import probatio

from homeassistant.components import tts
from homeassistant.components.tts.const import ATTR_LANGUAGE, ATTR_MESSAGE, ATTR_OPTIONS
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse
from homeassistant.helpers import config_validation as cv
from homeassistant.util.json import JsonObjectType, JsonValueType

from ..audio.finished import duration
from ..errors import invalid
from ..media_source import offer_clip
from ..playback.clips import Clip
from ..playback.preparation import PreparedPhrase, async_prepare
from ..providers.types import Charge
from ..tts import VoiceTTSEntity
from . import MAX_CHARACTERS

ATTR_FORMATS: Final = "formats"

MAX_MESSAGES: Final = 100
MAX_ROUNDS: Final = 20
"""How often messages are heard again to find out how loud their voice is: half a second of them is enough."""

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
"""What players ask for: `tts.speak` and browsers; ESPHome and VoIP; Wyoming; ESPHome with a media player."""

PREPARE_SCHEMA: Final[dict[str | probatio.Marker, Any]] = {
    probatio.Required(ATTR_MESSAGE): probatio.All(
        cv.ensure_list, [cv.string], probatio.Length(min=1, max=MAX_MESSAGES)
    ),
    probatio.Optional(ATTR_LANGUAGE): cv.string,
    probatio.Optional(ATTR_FORMATS, default=[DEFAULT_FORMAT]): probatio.All(
        cv.ensure_list, [probatio.Any(probatio.In(FORMATS), dict)], probatio.Length(min=1)
    ),
    probatio.Optional(ATTR_OPTIONS, default=dict): dict,
}


async def async_prepare_messages(entity: VoiceTTSEntity, call: ServiceCall) -> ServiceResponse:
    """Have messages spoken in each format, one after the other, and answer with what there is of each."""
    messages = list(dict.fromkeys(call.data[ATTR_MESSAGE]))
    if any(len(message) > MAX_CHARACTERS for message in messages):
        raise invalid("message_too_long", most=str(MAX_CHARACTERS))
    wanted = [(message, audio_format) for message in messages for audio_format in call.data[ATTR_FORMATS]]
    phrases = [await _async_phrase(entity, call, *each) for each in wanted]
    # Until it is known how loud the voice is, nothing is kept. All is heard again, from memory, until it is
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
    answers: list[JsonValueType] = [
        await _async_answer(entity.hass, *each, phrase) for each, phrase in zip(wanted, phrases, strict=True)
    ]
    return {"phrases": answers, "charge": asdict(sum((phrase.charge for phrase in phrases), Charge()))}


async def _async_phrase(
    entity: VoiceTTSEntity, call: ServiceCall, message: str, audio_format: str | dict[str, Any]
) -> PreparedPhrase:
    """Have a message spoken in a format; raises a translated `HomeAssistantError`."""
    preferred = audio_format if isinstance(audio_format, dict) else FORMATS[audio_format]
    options = {**call.data[ATTR_OPTIONS], **preferred}
    return await async_prepare(entity.hass, entity, message, call.data.get(ATTR_LANGUAGE), options)


async def _async_answer(
    hass: HomeAssistant, message: str, audio_format: str | dict[str, Any], phrase: PreparedPhrase
) -> JsonObjectType:
    """Return what there is of a message in a format: how long it is (ms), what it cost, and where it is."""
    seconds = await hass.async_add_executor_job(duration, phrase.audio)
    return {
        "message": message,
        "format": audio_format,
        "characters": len(message),
        "duration": round(1000 * seconds),
        "charge": asdict(phrase.charge),
        "cached": phrase.cached,
        "kept": phrase.kept,
        **offer_clip(hass, Clip(audio=phrase.path or phrase.audio, content_type=phrase.content_type)),
    }
