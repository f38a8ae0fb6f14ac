"""What the parameters of Tencent's API say, checked as it checks them (docs/dev/protocols.md E)."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
import math
import re
from typing import Any, Final

from .recordings import AudioType, Recording, read_recording
from .tencent_errors import TencentError
from .tencent_voices import EX, LANGUAGES, MODELS, TURBO

SPEECH: Final = "TextToSpeech"
STREAM: Final = "TextToSpeechSSE"
CLONE: Final = "VoiceClone"
USAGE: Final = "DescribeTRTCAIRecognitionUsage"

MAX_CHARACTERS: Final = {SPEECH: 2000, STREAM: 20000}
_OLDER_MAX_CHARACTERS: Final = 255
FORMATS: Final = {SPEECH: ("pcm", "wav", "mp3", "opus"), STREAM: ("pcm", "mp3", "opus")}
_SAMPLE_RATES: Final = (8000, 16000, 24000)
_KILOBITS: Final = (64, 128, 192, 256)
_EMOTIONS: Final = ("happy", "sad", "angry", "fearful", "disgusted", "surprised", "calm", "fluent", "whisper")
CLONE_SECONDS: Final = (6.0, 180.0)
_CLONE_TYPES: Final = (AudioType.WAV, AudioType.MP3, AudioType.M4A)
_VOICE_NAME: Final = re.compile(r"[A-Za-z0-9_]{1,36}")

_SPEECH_FIELDS: Final = {
    "SdkAppId": int,
    "Text": str,
    "Voice": {"VoiceId": str, "Speed": float, "Volume": float, "Pitch": int, "Emotion": str},
    "AudioFormat": {"Format": str, "SampleRate": int, "Bitrate": int},
    "Model": str,
    "Language": str,
    "PronunciationDict": list,
    "AlignmentMode": int,
    "ExtraParams": str,
}
_FIELDS: Final[Mapping[str, Mapping[str, Any]]] = {
    SPEECH: _SPEECH_FIELDS,
    STREAM: _SPEECH_FIELDS,
    CLONE: dict.fromkeys(("VoiceName", "PromptAudio", "PromptText", "Model", "Language", "ExtraParams"), str)
    | {"SdkAppId": int},
    USAGE: {"StartTime": str, "EndTime": str, "AuType": list, "SdkAppId": str},
}
_REQUIRED: Final = {
    SPEECH: ("SdkAppId", "Text", "Voice", "Voice.VoiceId"),
    STREAM: ("SdkAppId", "Text", "Voice", "Voice.VoiceId"),
    CLONE: ("SdkAppId", "VoiceName", "PromptAudio"),
    USAGE: ("StartTime", "EndTime", "AuType"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class SpeechRequest:
    """One text to speak; `language` is None where the service is to find out, `kilobits` is for mp3."""

    text: str
    voice_id: str
    model: str
    language: str | None
    speed: float
    volume: float
    pitch: int
    emotion: str
    audio_format: str
    sample_rate: int
    kilobits: int
    alignment: int


@dataclass(frozen=True, kw_only=True, slots=True)
class CloneRequest:
    """A voice to clone, from a recording that is fit for it."""

    name: str
    model: str


def characters(text: str) -> int:
    """Count a text as the service does: an ideograph is 2, anything else 1."""
    return sum(2 if "\u4e00" <= character <= "\u9fff" else 1 for character in text)


def check_fields(action: str, body: Mapping[str, Any]) -> None:
    """Raise TencentError for a field that is missing, unknown, or of another type."""
    _check_types(body, _FIELDS[action])
    for path in _REQUIRED[action]:
        value: Any = body
        for name in path.split("."):
            value = value.get(name)
        if value is None:
            code = "MissingParameter.Text" if (action, path) == (SPEECH, "Text") else "MissingParameter"
            raise TencentError(code, f"The request is missing the required parameter `{path}`.")


def read_speech(
    action: str, body: Mapping[str, Any], voices: Mapping[str, tuple[str, ...]], *, older_limits: bool = False
) -> SpeechRequest:
    """Read what is to be spoken; `voices` are those that there are, with the models that each speaks with.

    Raises TencentError.
    """
    text, voice, audio = body["Text"], body["Voice"], body.get("AudioFormat", {})
    most = _OLDER_MAX_CHARACTERS if older_limits else MAX_CHARACTERS[action]
    if not text and action == SPEECH:
        raise TencentError("MissingParameter.Text", "Text is empty.")
    if not 0 < characters(text) <= most:
        raise TencentError("InvalidParameter.TextLength", f"The length of Text must be from 1 to {most}.")
    model = _model(body)
    voice_id = voice["VoiceId"]
    if model not in voices.get(voice_id, ()):
        raise TencentError("InvalidParameter.VoiceId", f"Voice ID '{voice_id}' not found for {model}.")
    audio_format, rate = audio.get("Format", "pcm"), audio.get("SampleRate", 24000)
    if audio_format not in (("pcm",) if older_limits and action == STREAM else FORMATS[action]):
        raise TencentError("InvalidParameter", "AudioFormat.Format is not supported.")
    if rate not in _SAMPLE_RATES:
        raise TencentError("InvalidParameter.SampleRate", "SampleRate must be 8000, 16000 or 24000.")
    kilobits = audio.get("Bitrate", 128)
    if audio_format == "mp3" and kilobits not in _KILOBITS:
        raise TencentError("InvalidParameter", "AudioFormat.Bitrate must be 64, 128, 192 or 256.")
    emotion, alignment = voice.get("Emotion", ""), body.get("AlignmentMode", 0)
    if emotion and emotion not in _EMOTIONS:
        raise TencentError("InvalidParameter", f"Voice.Emotion must be one of {', '.join(_EMOTIONS)}.")
    if alignment not in (0, 1, 2):
        raise TencentError("InvalidParameter", "AlignmentMode must be 0, 1 or 2.")
    volume = _within(voice, "Volume", 1.0, 0.0, 10.0)
    if volume == 0:
        raise TencentError("InvalidParameter.Volume", "Volume must be above 0.")
    return SpeechRequest(
        text=_pronounced(text, body.get("PronunciationDict", [])),
        voice_id=voice_id,
        model=model,
        language=_language(body, model),
        speed=_within(voice, "Speed", 1.0, 0.5, 2.0),
        volume=volume,
        pitch=int(_within(voice, "Pitch", 0, -12, 12)),
        emotion=emotion if model == EX else "",
        audio_format=audio_format,
        sample_rate=rate,
        kilobits=kilobits,
        alignment=alignment,
    )


def read_clone(body: Mapping[str, Any]) -> CloneRequest:
    """Read which voice is to be cloned; blocks. Raises TencentError where none can be."""
    name = body["VoiceName"]
    if not _VOICE_NAME.fullmatch(name):
        raise TencentError("InvalidParameter.VoiceName", "VoiceName must be up to 36 letters, digits and underscores.")
    model = _model(body)
    _language(body, model)
    recording = _recording(body["PromptAudio"])
    shortest, longest = CLONE_SECONDS
    if recording is None or recording.audio_type not in _CLONE_TYPES:
        raise TencentError("InvalidParameter.AudioPrompt", "PromptAudio must be wav, mp3 or m4a in base64.")
    if not shortest <= recording.duration <= longest:
        message = f"PromptAudio must be {shortest:g} to {longest:g} seconds long."
        raise TencentError("InvalidParameter.AudioPrompt", message)
    if not recording.clear:
        raise TencentError("UnsupportedOperation.VoiceCloneError", "No voice can be cloned from PromptAudio.")
    return CloneRequest(name=name, model=model)


def _check_types(body: Mapping[str, Any], fields: Mapping[str, Any], prefix: str = "") -> None:
    for name, value in body.items():
        if name not in fields:
            raise TencentError("UnknownParameter", f"The parameter `{prefix}{name}` is not recognized.")
        wanted = fields[name]
        if not _is_a(value, wanted):
            raise TencentError("InvalidParameter", f"The value type of the parameter `{prefix}{name}` is not valid.")
        if isinstance(wanted, Mapping):
            _check_types(value, wanted, f"{prefix}{name}.")


def _is_a(value: object, wanted: Any) -> bool:
    if isinstance(wanted, Mapping):
        return isinstance(value, dict)
    if wanted is float:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return isinstance(value, wanted) and not isinstance(value, bool)


def _model(body: Mapping[str, Any]) -> str:
    model = body.get("Model") or TURBO
    if model not in MODELS:
        raise TencentError("InvalidParameter.Model", f"Model must be one of {', '.join(MODELS)}.")
    return str(model)


def _language(body: Mapping[str, Any], model: str) -> str | None:
    language = body.get("Language")
    if language and language not in LANGUAGES[model]:
        raise TencentError("InvalidParameter.Language", f"{model} does not speak '{language}'.")
    return language or None


def _within(voice: Mapping[str, Any], name: str, default: float, low: float, high: float) -> float:
    value = voice.get(name, default)
    if not low <= value <= high:
        raise TencentError(f"InvalidParameter.{name}", f"{name} must be from {low:g} to {high:g}.")
    return float(value)


def _pronounced(text: str, dictionary: list[Any]) -> str:
    """Apply the pronunciation dictionary; the last entry of a word counts, and brackets are removed.

    Raises TencentError if it isn't a dictionary.
    """
    for entry in dictionary:
        if not isinstance(entry, dict) or entry.keys() != {"Word", "Pronunciation"}:
            raise TencentError("InvalidParameter.PronunciationDict", "Word and Pronunciation are required.")
        if not all(isinstance(value, str) and value for value in entry.values()):
            raise TencentError("InvalidParameter.PronunciationDict", "Word and Pronunciation must be texts.")
    sounds = {entry["Word"]: re.sub(r"[\[\]()]", "", entry["Pronunciation"]) for entry in dictionary}
    if not sounds:
        return text
    words = "|".join(map(re.escape, sorted(sounds, key=len, reverse=True)))
    return re.sub(words, lambda found: sounds[found[0]], text)


def _recording(value: str) -> Recording | None:
    try:
        return read_recording(base64.b64decode(value, validate=True))
    except binascii.Error, ValueError:
        return None
