"""What is asked of Sarvam: makes a `Speech` of a body or of a socket's config (docs/dev/protocols.md B2 to B5)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from . import sarvam_fields as fields
from .sarvam_catalogue import (
    BETA_LANGUAGES,
    BIT_RATES,
    CODECS,
    DEFAULT_BIT_RATE,
    DEFAULT_LANGUAGE,
    DEFAULT_OPUS_SAMPLE_RATE,
    DEFAULT_SAMPLE_RATE,
    KNOWN_SPEAKERS,
    LANGUAGES,
    MODELS,
    OPUS_SAMPLE_RATES,
    SAMPLE_RATES,
    SOCKET_CHARACTERS,
    STREAM_CHARACTERS,
    V3,
    Model,
    Range,
    has_allowed_character,
)
from .sarvam_errors import OddError, SarvamError, SchemaError

# The bounds of the schema; those of the models are narrower. One doc has 2.0 as the upper bound of the temperature.
_SCHEMA = {
    "pace": Range(low=0.3, high=3.0),
    "pitch": Range(low=-1.0, high=1.0),
    "loudness": Range(low=0.1, high=3.0),
    "temperature": Range(low=0.01, high=2.0),
}
_MIN_BUFFER_SIZE = Range(low=30, high=200)
_MAX_CHUNK_LENGTH = Range(low=50, high=500)
_DEFAULT_MIN_BUFFER_SIZE = 50
_DEFAULT_MAX_CHUNK_LENGTH = 150


class Transport(StrEnum):
    """Where the request came in; the limits and defaults differ."""

    REST = "rest"
    STREAM = "stream"
    SOCKET = "socket"


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """What differs between one state of the service and another."""

    default_model: str
    deprecated_models: frozenset[str]
    unavailable_models: frozenset[str]
    v3_has_pitch: bool
    has_dictionary: Callable[[str], bool]


@dataclass(frozen=True, kw_only=True, slots=True)
class Speech:
    """How a text is to be spoken, checked and with the defaults filled in.

    `bit_rate` is in bits per second, `min_buffer_size` and `max_chunk_length` are in characters and matter on a socket.
    """

    model: Model
    language: str
    speaker: str
    pace: float
    pitch: float
    loudness: float
    sample_rate: int
    codec: str
    bit_rate: int
    dict_id: str | None
    min_buffer_size: int
    max_chunk_length: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Buffering:
    """How much text a socket waits for, and how much it speaks at once, in characters."""

    min_buffer_size: int
    max_chunk_length: int


def read_speech(body: Mapping[str, Any], transport: Transport, policy: Policy) -> Speech:
    """Check everything but the text.

    Fields that the transport does not have are not looked at, as with any unknown field (docs/dev/protocols.md B2).

    Raises SchemaError for what is not of the documented form, else SarvamError for what the model does not do.
    """
    model = _model(body, policy)
    language = _language(body, transport)
    speaker = fields.text(body, "speaker")
    settings = {name: fields.number(body, name, bounds) for name, bounds in _SCHEMA.items()}
    rate = fields.sample_rate(body, "speech_sample_rate")
    codec = fields.choice(body, "output_audio_codec", CODECS) or ("wav" if transport is Transport.REST else "mp3")
    dict_id = fields.text(body, "dict_id")
    fields.flag(body, "enable_preprocessing")
    fields.flag(body, "enable_cached_responses")
    bit_rate = None if transport is Transport.REST else fields.choice(body, "output_audio_bitrate", BIT_RATES)
    buffering = read_buffering(body if transport is Transport.SOCKET else {})
    _check_model(model, policy)
    _check_language(language, model)
    _check_dictionary(dict_id, model, policy)
    _check_settings(settings, model, policy)
    return Speech(
        model=model,
        language=language,
        speaker=_speaker(speaker, model),
        pace=settings["pace"] or 1.0,
        pitch=_effective(settings, "pitch", model, 0.0),
        loudness=_effective(settings, "loudness", model, 1.0),
        sample_rate=_rate(rate, codec, model, transport),
        codec=codec,
        bit_rate=BIT_RATES[bit_rate or DEFAULT_BIT_RATE],
        dict_id=dict_id,
        min_buffer_size=buffering.min_buffer_size,
        max_chunk_length=buffering.max_chunk_length,
    )


def read_buffering(body: Mapping[str, Any]) -> Buffering:
    """Read how a socket is to buffer; the defaults stand for what is not said. Raises SchemaError."""
    min_buffer_size = fields.integer(body, "min_buffer_size", _MIN_BUFFER_SIZE)
    max_chunk_length = fields.integer(body, "max_chunk_length", _MAX_CHUNK_LENGTH)
    return Buffering(
        min_buffer_size=min_buffer_size or _DEFAULT_MIN_BUFFER_SIZE,
        max_chunk_length=max_chunk_length or _DEFAULT_MAX_CHUNK_LENGTH,
    )


def read_text(body: Mapping[str, Any], transport: Transport, model: Model) -> str:
    """Read the text, within the limit of the endpoint: counted in code points. Raises like `read_speech`."""
    text = fields.text(body, "text")
    if text is None:
        raise SchemaError("text: Field required")
    # A language model's single blank is a text on the socket; alone it is nothing.
    if not (text if transport is Transport.SOCKET else text.strip()):
        raise SarvamError("'text' cannot be empty")
    limits = {
        Transport.REST: model.characters,
        Transport.STREAM: STREAM_CHARACTERS,
        Transport.SOCKET: SOCKET_CHARACTERS,
    }
    if len(text) > limits[transport]:
        raise SarvamError(
            f"Text length {len(text)} exceeds the limit of {limits[transport]} characters for {model.name}"
        )
    return text


def check_speakable(text: str) -> None:
    """Refuse a text with nothing in it that a model could speak."""
    if not has_allowed_character(text):
        raise SarvamError(
            "Text must contain at least one character from the allowed languages",
            status=422,
        )


def _model(body: Mapping[str, Any], policy: Policy) -> Model:
    return MODELS[fields.choice(body, "model", MODELS) or policy.default_model]


def _check_model(model: Model, policy: Policy) -> None:
    if model.name in policy.deprecated_models:
        raise SarvamError(f"Model '{model.name}' has been deprecated. Please use 'bulbul:v3' instead.")
    if model.name in policy.unavailable_models:
        raise OddError("message", "This model is currently in beta and not available.")


def _language(body: Mapping[str, Any], transport: Transport) -> str:
    """Read the language under either of its two names; where both are there, the newer one counts."""
    allowed = LANGUAGES + BETA_LANGUAGES
    older = fields.choice(body, "target_language_code", allowed)
    language = fields.choice(body, "language_code", allowed) or older
    if language is None and transport is not Transport.STREAM:
        raise SchemaError("target_language_code: Field required")
    return language or DEFAULT_LANGUAGE


def _check_language(language: str, model: Model) -> None:
    if language in BETA_LANGUAGES:
        if not model.beta_languages:
            raise SarvamError(f"{language} is only supported by bulbul:v3")
        raise SarvamError(f"Please request beta access to {language} by contacting our support team.")


def _speaker(speaker: str | None, model: Model) -> str:
    name = speaker or model.default_speaker
    if name in model.speakers:
        return name
    if name not in KNOWN_SPEAKERS:
        raise SarvamError(f"Speaker '{name}' is not recognized.")
    message = f"Speaker '{name}' is not compatible with model {model.name}"
    if model.name != "bulbul:v4-flash":
        message += f". Available speakers for {model.name} are: {', '.join(model.speakers)}"
    raise SarvamError(message)


def _check_dictionary(dict_id: str | None, model: Model, policy: Policy) -> None:
    if dict_id is None:
        return
    if not model.dictionaries:
        raise SarvamError(f"dict_id is not supported for {model.name}")
    if not policy.has_dictionary(dict_id):
        raise SarvamError(f"Dictionary '{dict_id}' not found")


def _check_settings(settings: Mapping[str, float | None], model: Model, policy: Policy) -> None:
    for name in ("pitch", "loudness") if model.name == V3 and not policy.v3_has_pitch else ():
        if settings[name] is not None:
            raise SarvamError(f"{name} is not supported for {model.name}")
    for name, bounds in model.ranges.items():
        value = settings[name]
        if value is not None and value not in bounds:
            raise SarvamError(f"For the {model.title} model, {name} should be between {bounds.low} and {bounds.high}")


def _effective(settings: Mapping[str, float | None], name: str, model: Model, default: float) -> float:
    """Return the setting where the model has it; others ignore it."""
    value = settings[name] if name in model.ranges else None
    return default if value is None else value


def _rate(rate: int | None, codec: str, model: Model, transport: Transport) -> int:
    if codec == "opus" and transport is not Transport.SOCKET:
        allowed, default = OPUS_SAMPLE_RATES, DEFAULT_OPUS_SAMPLE_RATE
    elif transport is Transport.REST:
        allowed, default = model.rest_rates, DEFAULT_SAMPLE_RATE
    else:
        allowed, default = SAMPLE_RATES, DEFAULT_SAMPLE_RATE
    if rate is not None and rate not in allowed:
        raise SarvamError(f"Speech sample rate can only be {', '.join(map(str, allowed))} Hz")
    return rate or default
