"""Parse requests for speech by the rules of both contracts of Flow TTS.

The portal page (docs/dev/protocols.md C1) nests the voice in `ttsConfig` and refuses values that are out of range. The
open-sourced backend (docs/dev/protocols.md C2) takes flat fields and clamps silently. Voices and texts that the engine
behind the backend would refuse cause that engine's errors.
"""

from collections.abc import Mapping
from dataclasses import dataclass
import math
from typing import Final

from .flow_voices import DEFAULT_VOICE_ID, LibraryVoice
from .tencent_voices import EX, LANGUAGES as ENGINE_LANGUAGES, TURBO

LANGUAGES: Final = ("zh", "en", "ja", "ko", "yue")
EMOTIONS: Final = ("happy", "sad", "angry", "fearful", "disgusted", "surprised", "calm", "fluent", "whisper")
PORTAL_MODELS: Final = ("flow_01_turbo",)
NEWEST_MODELS: Final = (TURBO, EX)
MP3_KILOBITS: Final = (32, 64, 128, 192, 256)
DEFAULT_RATE: Final = 24000


class Refused(Exception):
    """A request is answered with this status, code and message instead of speech."""

    def __init__(self, status: int, code: str, message: str) -> None:
        """Keep what the answer says."""
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


class EngineError(Exception):
    """An error of the engine that the backend uses, with one of its codes (docs/dev/protocols.md C4)."""

    def __init__(self, code: str, message: str) -> None:
        """Keep what the engine says."""
        super().__init__(f"{code}: {message}")
        self.code = code


@dataclass(frozen=True, kw_only=True, slots=True)
class SpeechRequest:
    """One text to speak.

    `speed` 0.5 to 2, `volume` over 0 to 10, `pitch` -12 to 12 half tones; `audio_format` is pcm, wav, mp3 or opus,
    `sample_rate` in Hz, `kilobits` only for mp3. `language` is None where the service is to find out.
    """

    text: str
    voice: LibraryVoice
    model: str
    language: str | None
    speed: float = 1.0
    volume: float = 1.0
    pitch: float = 0.0
    emotion: str | None = None
    audio_format: str = "pcm"
    sample_rate: int = DEFAULT_RATE
    kilobits: int | None = None


def read_portal(
    body: Mapping[str, object], voices: Mapping[str, LibraryVoice], *, max_characters: int
) -> SpeechRequest:
    """Read a body of the portal contract; raise Refused (400 invalid_request) for what its page does not allow."""
    text, config = body.get("text"), body.get("ttsConfig")
    if not isinstance(text, str) or not text:
        raise _invalid("text is required")
    if len(text) > max_characters:
        raise _invalid(f"text must not exceed {max_characters} characters")
    if not isinstance(config, dict):
        raise _invalid("ttsConfig is required")
    if config.get("TTSType") != "flow":
        raise _invalid('ttsConfig.TTSType must be "flow"')
    voice = voices.get(str(config.get("VoiceId")))
    if voice is None:
        raise _invalid("ttsConfig.VoiceId is missing or unknown")
    language = config.get("Language")
    if "Language" in config and language not in LANGUAGES:
        raise _invalid(f"ttsConfig.Language must be one of {', '.join(LANGUAGES)}")
    model = config.get("Model", PORTAL_MODELS[0])
    if model not in PORTAL_MODELS:
        raise _invalid(f"ttsConfig.Model must be one of {', '.join(PORTAL_MODELS)}")
    volume = _number(config, "Volume", 1.0, 0.0, 10.0)
    if volume == 0:
        raise _invalid("ttsConfig.Volume must be above 0")
    return SpeechRequest(
        text=text,
        voice=voice,
        model=str(model),
        language=None if language is None else str(language),
        speed=_number(config, "Speed", 1.0, 0.5, 2.0),
        volume=volume,
        pitch=_number(config, "Pitch", 0.0, -12.0, 12.0),
        audio_format="wav",
    )


def read_backend(
    body: Mapping[str, object], voices: Mapping[str, LibraryVoice], *, max_characters: int, current: bool
) -> SpeechRequest:
    """Read a body of the backend contract: only a missing text and (in `current`) a wrong emotion are refused by it.

    `current` is the newest commit, which knows models, emotions, opus and bit rates, and passes on any language; the
    older one ignores them. Raises EngineError for what the engine behind it would refuse.
    """
    text = body.get("text")
    if not isinstance(text, str) or not text:
        raise Refused(400, "missing_text", "Missing required field: text")
    voice = voices.get(str(body.get("voiceId") or DEFAULT_VOICE_ID))
    if voice is None:
        raise EngineError("InvalidParameter.VoiceId", "The voice does not exist")
    model = _model(body, voice) if current else PORTAL_MODELS[0]
    emotion = body.get("emotion") if model == EX else None
    if emotion is not None and emotion not in EMOTIONS:
        raise Refused(400, "invalid_emotion", f"Emotion must be one of {', '.join(EMOTIONS)}")
    formats = ("pcm", "wav", "mp3", "opus") if current else ("pcm", "wav", "mp3")
    audio_format = body.get("format") if body.get("format") in formats else "pcm"
    kilobits = body.get("bitrate") if current and body.get("bitrate") in MP3_KILOBITS else None
    if len(text) > max_characters:
        raise EngineError("InvalidParameterValue.TextTooLong", "The text is too long")
    language = body.get("language") or None
    if current and language is not None and language not in ENGINE_LANGUAGES[model]:
        raise EngineError("InvalidParameter.Language", f"{model} does not speak it")
    return SpeechRequest(
        text=text,
        voice=voice,
        model=model,
        language=str(language) if (current and language) or language in LANGUAGES else None,
        speed=_clamped(body.get("speed"), 1.0, 0.5, 2.0),
        volume=_clamped(body.get("volume"), 1.0, 0.1, 10.0),
        pitch=_clamped(body.get("pitch"), 0.0, -12.0, 12.0),
        emotion=None if emotion is None else str(emotion),
        audio_format=str(audio_format),
        sample_rate=16000 if body.get("sampleRate") == 16000 else DEFAULT_RATE,
        kilobits=kilobits if isinstance(kilobits, int) and audio_format == "mp3" else None,
    )


def _model(body: Mapping[str, object], voice: LibraryVoice) -> str:
    """Return the model that today's backend chooses: the one that is asked for, if it speaks with the voice."""
    asked = str(body.get("model"))
    return asked if asked in voice.models else voice.models[0]


def _invalid(message: str) -> Refused:
    return Refused(400, "invalid_request", message)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _number(config: Mapping[str, object], key: str, default: float, low: float, high: float) -> float:
    value = config.get(key, default)
    if not isinstance(value, int | float) or not _is_number(value) or not low <= value <= high:
        raise _invalid(f"ttsConfig.{key} must be a number from {low:g} to {high:g}")
    return float(value)


def _clamped(value: object, default: float, low: float, high: float) -> float:
    if not isinstance(value, int | float | str):
        return default
    try:
        number = float(value)
    except ValueError:
        return default
    return min(max(number, low), high) if math.isfinite(number) else default
