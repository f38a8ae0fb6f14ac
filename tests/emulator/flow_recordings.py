"""What a request to clone a voice says, by the rules of either Flow service (docs/dev/protocols.md C1, C2)."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
import io
import wave

from .flow_answers import refusal
from .flow_requests import NEWEST_MODELS, PORTAL_MODELS, EngineError, Refused
from .flow_settings import FlowBehaviour
from .recordings import AudioType, Recording, read_recording

_PORTAL_RATE = 16000
_ENGINE_TYPES = (AudioType.WAV, AudioType.MP3, AudioType.M4A)


@dataclass(frozen=True, kw_only=True, slots=True)
class CloneRequest:
    """A voice to clone; `duration` is the recording's, in seconds. None is what the service is to choose."""

    duration: float
    voice_id: str | None = None
    name: str | None = None
    description: str | None = None
    model: str | None = None


def check_before_charging(body: Mapping[str, object], behaviour: FlowBehaviour) -> None:
    """Reject what the current backend rejects without a charge: a missing recording, or a missing or wrong length."""
    if not _text(body, "audioData"):
        raise refusal(400, "missing_audio_data", "Missing required field: audioData or audioPath")
    shortest, longest = behaviour.clone_seconds
    told = body.get("audioDuration")
    if not isinstance(told, int | float) or not shortest <= told <= longest:
        message = f"Audio duration must be between {shortest:g} and {longest:g} seconds"
        raise refusal(400, "invalid_audio_duration", message)


def read_portal_clone(body: Mapping[str, object], behaviour: FlowBehaviour) -> CloneRequest:
    """Read a body of the portal contract; blocks. Raises Refused (400) for what its page does not allow."""
    audio = _decoded(body.get("audio"))
    if not audio:
        raise _invalid("audio is required, in base64")
    if not _is_portal_wav(audio):
        raise _invalid("audio must be WAV, 16 kHz mono")
    recording = _recording(audio)
    shortest, longest = behaviour.clone_seconds
    if recording is None or not shortest <= recording.duration <= longest:
        raise _invalid(f"audio must be {shortest:g}-{longest:g} seconds long")
    if not recording.clear:
        raise _invalid("audio must contain clear, single-speaker speech")
    return CloneRequest(duration=recording.duration, voice_id=_text(body, "voiceId"), name=_text(body, "name"))


def read_backend_clone(body: Mapping[str, object], behaviour: FlowBehaviour) -> CloneRequest:
    """Read a body of the backend contract; blocks.

    Raises Refused (400) for a recording that is missing, EngineError for what the engine would refuse.
    """
    data = body.get("audioData")
    if not isinstance(data, str) or not data:
        raise Refused(400, "missing_audio_data", "Missing required field: audioData")
    audio = _decoded(data)
    recording = None if audio is None else _recording(audio)
    shortest, longest = behaviour.clone_seconds
    if recording is None or recording.audio_type not in _ENGINE_TYPES or not recording.clear:
        raise EngineError("InvalidParameter.PromptAudio", "No voice can be cloned from the audio")
    if not shortest <= recording.duration <= longest:
        raise EngineError("InvalidParameter.PromptAudio", f"The audio must be {shortest:g} to {longest:g} seconds long")
    asked = body.get("model")
    return CloneRequest(
        duration=recording.duration,
        name=_text(body, "voiceName"),
        description=_text(body, "description"),
        model=str(asked) if asked in NEWEST_MODELS else None if behaviour.current else PORTAL_MODELS[0],
    )


def _decoded(value: object) -> bytes | None:
    """Return what base64 says, or None where it is none."""
    if not isinstance(value, str):
        return None
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error:
        return None


def _recording(audio: bytes) -> Recording | None:
    try:
        return read_recording(audio)
    except ValueError:
        return None


def _is_portal_wav(audio: bytes) -> bool:
    try:
        with wave.open(io.BytesIO(audio)) as file:
            return (file.getframerate(), file.getnchannels()) == (_PORTAL_RATE, 1)
    except wave.Error, EOFError:
        return False


def _text(body: Mapping[str, object], name: str) -> str | None:
    value = body.get(name)
    return value if isinstance(value, str) and value.strip() else None


def _invalid(message: str) -> Refused:
    return Refused(400, "invalid_request", message)
