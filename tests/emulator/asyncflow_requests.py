"""What AsyncFlow is asked to speak, checked (docs/dev/protocols.md A2, A9)."""

from collections.abc import Container as Choices, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from .asyncflow_errors import RETIRED_MODEL, VALIDATION, Problem
from .call import Call
from .codec import Container, Encoding

LANGUAGES = ("en", "fr", "es", "de", "it", "pt", "ar", "ru", "ro", "ja", "he", "hy", "tr", "hi", "zh")
CATALOGUE_LANGUAGES = (*LANGUAGES, "nl")
SAMPLE_RATES = range(8000, 48001)
BIT_RATES = range(32000, 320001)
DEFAULT_BIT_RATE = 192000
_FORMAT_FIELD = ("output_format",)


class Endpoint(StrEnum):
    """Where speech is asked for."""

    WHOLE = "/text_to_speech"
    TIMED = "/text_to_speech/with_timestamps"
    STREAMING = "/text_to_speech/streaming"
    SOCKET = "/text_to_speech/websocket/ws"


_CONTAINERS = {
    Endpoint.WHOLE: (Container.RAW, Container.MP3, Container.WAV),
    Endpoint.TIMED: (Container.RAW, Container.MP3, Container.WAV),
    Endpoint.STREAMING: (Container.RAW, Container.MP3),
    Endpoint.SOCKET: (Container.RAW, Container.MP3),
}
_ENCODINGS = {
    Endpoint.WHOLE: (Encoding.S16LE, Encoding.F32LE),
    Endpoint.TIMED: (Encoding.S16LE, Encoding.F32LE),
    Endpoint.STREAMING: (Encoding.S16LE, Encoding.F32LE, Encoding.MULAW),
    Endpoint.SOCKET: (Encoding.S16LE, Encoding.F32LE, Encoding.MULAW),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Model:
    """What a model speaks, where, and whether its speed and stability can be set."""

    languages: tuple[str, ...]
    endpoints: tuple[Endpoint, ...] = tuple(Endpoint)
    adjustable: bool = False


_STREAMED = (Endpoint.STREAMING, Endpoint.SOCKET)
MODELS = {
    "asyncflow_v2.0": Model(languages=("en",)),
    "asyncflow_multilingual_v1.0": Model(languages=LANGUAGES),
    "asyncflow_multilingual_v1.0.0": Model(languages=LANGUAGES),
    "async_flash_v1.0": Model(languages=LANGUAGES, adjustable=True),
    "async_flash_v1.5": Model(languages=("en", "es", "fr", "de", "it", "pt"), endpoints=_STREAMED),
    "async_pro_v1.0": Model(languages=("en",), endpoints=_STREAMED),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class OutputFormat:
    """The audio that is wanted; rates in Hz and bits per second."""

    container: Container = Container.RAW
    encoding: Encoding = Encoding.S16LE
    sample_rate: int = 44100
    bit_rate: int = DEFAULT_BIT_RATE


@dataclass(frozen=True, kw_only=True, slots=True)
class SpeechSettings:
    """The settings of speech; a WebSocket gets them once, and doesn't reject a retired model."""

    voice_id: str
    output_format: OutputFormat
    language: str | None
    speed: float
    silent: bool = False


def parse_settings(
    payload: object, endpoint: Endpoint, voices: Choices[str], *, retired_models: Choices[str]
) -> SpeechSettings:
    """Return the settings in a body or an init frame. Raises Problem for the first thing that is wrong with them.

    A body that names one of the `retired_models` is refused, and an init frame is taken for a conversation without
    sound.
    """
    body = as_object(payload, ())
    model = _model(body, endpoint)
    silent = body["model_id"] in retired_models
    if silent and endpoint is not Endpoint.SOCKET:
        message = f"Model '{body['model_id']}' is not supported."
        raise Problem(code=RETIRED_MODEL, message=message, field=("model_id",))
    output_format = _output_format(body, endpoint)
    language = _language(body, model)
    speed = _number(body, "speed_control", 0.7, 2.0, model)
    _number(body, "stability", 0, 100, model)
    return SpeechSettings(
        voice_id=_voice_id(body, voices),
        output_format=output_format,
        language=language,
        speed=speed or 1.0,
        silent=silent,
    )


def parse_transcript(payload: object) -> str:
    """Return what is to be said. Raises Problem where there is nothing."""
    transcript = as_object(payload, ()).get("transcript")
    if not isinstance(transcript, str) or not transcript.strip():
        raise invalid("a text is required", "transcript")
    return transcript


def read_json(call: Call) -> Any:
    """Return the body of a request, parsed. Raises Problem where it is no JSON."""
    try:
        return call.json()
    except ValueError:
        raise invalid("the body is not JSON") from None


def as_object(value: object, field: tuple[str, ...]) -> Mapping[str, Any]:
    """Return the value as a JSON object. Raises Problem where it is none."""
    if not isinstance(value, dict):
        raise invalid("an object is required", *field)
    return value


def invalid(message: str, *field: str) -> Problem:
    """Return a field that is missing or wrong."""
    return Problem(code=VALIDATION, message=f"{'.'.join(field) or 'body'}: {message}", field=field)


def invalid_language(language: object) -> Problem:
    """Return a language that is not spoken."""
    return Problem(
        code="INVALID_LANGUAGE", message=f"Language code '{language}' is not supported.", field=("language",)
    )


def _model(body: Mapping[str, Any], endpoint: Endpoint) -> Model:
    model = MODELS.get(str(body.get("model_id")))
    if model is None:
        raise invalid("a known model is required", "model_id")
    if endpoint not in model.endpoints:
        raise invalid("the model is not available on this endpoint", "model_id")
    return model


def _voice_id(body: Mapping[str, Any], voices: Choices[str]) -> str:
    voice = as_object(body.get("voice"), ("voice",))
    if voice.get("mode") != "id":
        raise invalid("must be 'id'", "voice", "mode")
    voice_id = voice.get("id")
    if not isinstance(voice_id, str):
        raise invalid("a text is required", "voice", "id")
    if voice_id not in voices:
        raise voice_not_found(voice_id)
    return voice_id


def voice_not_found(voice_id: str) -> Problem:
    """Return a voice that this account does not have."""
    message = f"Requested voice with ID {voice_id} not found."
    return Problem(code="VOICE_NOT_FOUND", message=message, extra={"voice_id": voice_id}, field=("voice", "id"))


def _output_format(body: Mapping[str, Any], endpoint: Endpoint) -> OutputFormat:
    wanted = body.get("output_format")
    if wanted is None and endpoint is Endpoint.SOCKET:
        return OutputFormat()
    fields = as_object(wanted, _FORMAT_FIELD)
    container = fields.get("container")
    encoding = Encoding.S16LE if container == Container.MP3 else fields.get("encoding") or Encoding.S16LE
    if container not in _CONTAINERS[endpoint] or encoding not in _ENCODINGS[endpoint]:
        raise Problem(code="FORMAT_NOT_RECOGNIZED", field=_FORMAT_FIELD)
    bit_rate = fields.get("bit_rate")
    return OutputFormat(
        container=Container(container),
        encoding=Encoding(encoding),
        sample_rate=_rate(fields.get("sample_rate"), SAMPLE_RATES),
        bit_rate=DEFAULT_BIT_RATE if bit_rate is None else _rate(bit_rate, BIT_RATES),
    )


def _rate(value: object, allowed: range) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value not in allowed:
        raise Problem(code="FORMAT_NOT_RECOGNIZED", field=_FORMAT_FIELD)
    return value


def _language(body: Mapping[str, Any], model: Model) -> str | None:
    language = body.get("language")
    if language is not None and language not in model.languages:
        raise invalid_language(language)
    return language


def _number(body: Mapping[str, Any], name: str, least: float, most: float, model: Model) -> float | None:
    value = body.get(name)
    if value is None:
        return None
    if not model.adjustable:
        raise invalid("not supported by the model", name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise invalid(f"must be between {least} and {most}", name)
    return value
