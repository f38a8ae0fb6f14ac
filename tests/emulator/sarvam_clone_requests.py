"""What is asked of Sarvam's voice cloning, checked (docs/dev/protocols.md B7)."""

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
import hashlib
from typing import Any

from . import sarvam_fields as fields
from .forms import Part
from .recordings import Recording, read_recording
from .sarvam_catalogue import (
    BIT_RATES,
    DEFAULT_BIT_RATE,
    HIGH_SAMPLE_RATES,
    LANGUAGES,
    MODELS,
    SAMPLE_RATES,
    Model,
    Range,
)
from .sarvam_clones import Clones
from .sarvam_errors import SarvamError, SchemaError
from .sarvam_requests import Speech, read_buffering

CLONE_LANGUAGES = ("as-IN", *LANGUAGES)
STREAM_CODECS = ("mp3", "linear16", "mulaw", "alaw", "wav")
_STYLES = ("conversational", "audiobooks", "entertainment", "sales")
_GENDERS = ("male", "female")
_OPUS_RATES = (8000, 16000, 24000, 48000)
_DEFAULT_RATE = 24000
_CHARACTERS = 1000
_NAME_CHARACTERS = 100
_REFERENCE_CHARACTERS = 500
_MAX_FILE_BYTES = 50_000_000
_MAX_REFERENCE_BYTES = 10_000_000
_MAX_REFERENCE_SECONDS = 15.0
_PACE = Range(low=0.5, high=2.0)
_SECONDS = Range(low=0.0, high=3600.0)
_NUMBERS = ("pace", "speech_sample_rate", "min_audio_duration", "max_audio_duration", "ref_audio_duration")
_FLAGS = ("enable_qc", "enable_vad", "enable_cached_responses", "enable_text_normalization")

CLONING = Model(
    name="voice-cloning",
    title="Voice Cloning",
    speakers=(),
    default_speaker="",
    ranges={"pace": _PACE},
    characters=_CHARACTERS,
    # Not published when docs/dev/protocols.md was written; bulbul:v3's stands in.
    price=MODELS["bulbul:v3"].price,
    rest_rates=SAMPLE_RATES + HIGH_SAMPLE_RATES,
    dictionaries=False,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Lengths:
    """Minimum and maximum length of the audio, in seconds."""

    least: float | None = None
    most: float | None = None


def read_form(form: Mapping[str, Part]) -> dict[str, Any]:
    """Return the fields of a form as JSON would have them; files stay what they are."""
    read: dict[str, Any] = {name: part if part.filename else part.text for name, part in form.items()}
    for name in _NUMBERS:
        if isinstance(text := read.get(name), str):
            read[name] = _number(text)
    for name in _FLAGS:
        read[name] = {"true": True, "false": False}.get(read.get(name, ""), read.get(name))
    return read


def read_speech(body: Mapping[str, Any], clones: Clones, codecs: Iterable[str], default_codec: str) -> Speech:
    """Check everything but the text; blocks where there is a recording to be listened to.

    Raises SchemaError for what is not of the documented form, else SarvamError.
    """
    language = fields.choice(body, "language_code", CLONE_LANGUAGES)
    language = language or fields.choice(body, "target_language_code", CLONE_LANGUAGES)
    if language is None:
        raise SchemaError("language_code: Field required")
    pace = fields.number(body, "pace", _PACE)
    codec = fields.choice(body, "output_audio_codec", codecs) or default_codec
    bit_rate = fields.choice(body, "output_audio_bitrate", BIT_RATES) or DEFAULT_BIT_RATE
    for flag in _FLAGS:
        fields.flag(body, flag)
    buffering = read_buffering(body)
    return Speech(
        model=CLONING,
        language=language,
        speaker=_speaker(body, clones),
        pace=pace or 1.0,
        pitch=0.0,
        loudness=1.0,
        sample_rate=_rate(fields.sample_rate(body, "speech_sample_rate"), codec),
        codec=codec,
        bit_rate=BIT_RATES[bit_rate],
        dict_id=None,
        min_buffer_size=buffering.min_buffer_size,
        max_chunk_length=buffering.max_chunk_length,
    )


def read_text(body: Mapping[str, Any]) -> str:
    """Read what is to be said. Raises like `read_speech`."""
    text = fields.text(body, "text")
    if text is None:
        raise SchemaError("text: Field required")
    if not text.strip():
        raise SarvamError("'text' cannot be empty")
    if len(text) > _CHARACTERS:
        raise SarvamError(f"Text length {len(text)} exceeds the limit of {_CHARACTERS} characters")
    return text


def read_lengths(body: Mapping[str, Any]) -> Lengths:
    """Return the length limits; the maximum can't be combined with a pace. Raises like `read_speech`."""
    least = fields.number(body, "min_audio_duration", _SECONDS)
    most = fields.number(body, "max_audio_duration", _SECONDS)
    if most is not None and body.get("pace") is not None:
        raise SarvamError("max_audio_duration and pace are mutually exclusive")
    if least is not None and most is not None and least > most:
        raise SarvamError("max_audio_duration must not be less than min_audio_duration")
    return Lengths(least=least, most=most)


def read_voice(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of the new voice. Raises like `read_speech`."""
    name, language = fields.text(body, "name"), fields.choice(body, "language", CLONE_LANGUAGES)
    if name is None or not 1 <= len(name) <= _NAME_CHARACTERS:
        raise SchemaError(f"name: String should have 1 to {_NAME_CHARACTERS} characters")
    if language is None:
        raise SchemaError("language: Field required")
    style, gender = fields.choice(body, "style", _STYLES), fields.choice(body, "gender", _GENDERS)
    return {"name": name, "language": language, "style": style, "gender": gender}


def read_file(body: Mapping[str, Any]) -> Recording:
    """Return what is in the recording that a voice is to be made of; blocks. Raises like `read_speech`."""
    part = body.get("file")
    if not isinstance(part, Part):
        raise SchemaError("file: Field required")
    if len(part.data) > _MAX_FILE_BYTES:
        raise SarvamError("File size exceeds the maximum allowed size of 50 MB")
    return _usable(part.data)


def _speaker(body: Mapping[str, Any], clones: Clones) -> str:
    """Return whose voice it is: one that was kept, or the recording's own."""
    voice_id, recording = fields.text(body, "voice_id"), body.get("ref_audio")
    if (voice_id is None) is (recording is None):
        raise SarvamError("Exactly one of voice_id and ref_audio must be provided")
    if voice_id is not None:
        if voice_id not in clones:
            raise SarvamError(f"Voice '{voice_id}' not found")
        return voice_id
    if len(fields.text(body, "ref_text") or "") > _REFERENCE_CHARACTERS:
        raise SarvamError(f"ref_text must not exceed {_REFERENCE_CHARACTERS} characters")
    data = _reference(recording)
    if len(data) > _MAX_REFERENCE_BYTES:
        raise SarvamError("ref_audio exceeds the maximum allowed size of 10 MB")
    if _usable(data).duration > _MAX_REFERENCE_SECONDS:
        raise SarvamError(f"ref_audio must not be longer than {_MAX_REFERENCE_SECONDS:g} seconds")
    return hashlib.sha256(data).hexdigest()


def _reference(recording: object) -> bytes:
    """Return the recording: a file of a form, or base64 of JSON."""
    if isinstance(recording, Part):
        return recording.data
    try:
        return base64.b64decode(str(recording), validate=True)
    except binascii.Error:
        raise SarvamError("ref_audio is not valid base64") from None


def _usable(data: bytes) -> Recording:
    try:
        recording = read_recording(data)
    except ValueError:
        raise SarvamError("The audio could not be read") from None
    if not recording.clear:
        raise SarvamError("The quality of the audio is too low")
    return recording


def _rate(rate: int | None, codec: str) -> int:
    allowed = _OPUS_RATES if codec == "opus" else CLONING.rest_rates
    if rate is not None and rate not in allowed:
        raise SarvamError(f"Speech sample rate can only be {', '.join(map(str, allowed))} Hz")
    return rate or _DEFAULT_RATE


def _number(text: str) -> float | str:
    try:
        number = float(text)
    except ValueError:
        return text
    return int(number) if number.is_integer() else number
