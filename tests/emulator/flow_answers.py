"""The bodies of the Flow service's answers and errors, in both contracts and for the sign-in service."""

import base64
from collections.abc import AsyncGenerator, Mapping
from datetime import datetime
import hashlib
import json

from .call import Answer, Call, Refusal, json_answer
from .flow_auth import SignInError
from .flow_quota import next_reset
from .flow_requests import SpeechRequest
from .flow_settings import Contract
from .sound import Sound

SYNTHESIZE = "/api/tts/synthesize"
STREAM = "/api/tts/synthesize-stream"
CLONE = "/api/voice/clone"
OWN_VOICES = "/api/voice/list"
METERED = (SYNTHESIZE, STREAM, CLONE)
FREE = ("missing_audio_data", "invalid_audio_duration", "invalid_audio_path", "invalid_audio_size")
"""What today's backend says before it charges."""
_FAILED = {
    SYNTHESIZE: "tts_failed",
    STREAM: "tts_stream_failed",
    CLONE: "voice_clone_failed",
    OWN_VOICES: "list_failed",
}
_EVENT_STREAM = {"Cache-Control": "no-cache", "Connection": "keep-alive"}
INVALID = "Missing or invalid request parameters"
UNAUTHORIZED = "Missing or invalid Authorization header"
FAILED = "Server error, please retry or contact support"
CLONED = "Voice cloned successfully"
PORTAL_SUCCESS = "TTS synthesis completed successfully"
BACKEND_SUCCESS = "Speech synthesized successfully"


def refusal(
    status: int,
    code: str,
    message: str,
    headers: Mapping[str, str] | None = None,
    quota: Mapping[str, object] | None = None,
) -> Refusal:
    """Make an error that ends the request, in the service's envelope."""
    return Refusal(json_answer({"code": code, "message": message} | told(quota or {}), status, headers))


def told(quota: Mapping[str, object]) -> dict[str, object]:
    """Return the quota fields of a body, or nothing."""
    return {"quota": dict(quota)} if quota else {}


def portal_speech(audio: bytes, sound: Sound, quota: Mapping[str, object]) -> Answer:
    """Answer a whole synthesis as the portal page shows it (docs/dev/protocols.md C1)."""
    data = {
        "audio": base64.b64encode(audio).decode("ascii"),
        "format": "wav",
        "sampleRate": sound.sample_rate,
        "duration": round(sound.duration, 3),
    }
    return json_answer({"code": "success", "message": PORTAL_SUCCESS, "data": data} | told(quota))


def backend_speech(
    audio: bytes, request: SpeechRequest, quota: Mapping[str, object], request_id: str, *, current: bool
) -> Answer:
    """Answer a whole synthesis as the backend shows it (docs/dev/protocols.md C2).

    Only its newest commit names the form of the sound.
    """
    payload: dict[str, object] = {
        "code": "success",
        "message": BACKEND_SUCCESS,
        "audio": base64.b64encode(audio).decode("ascii"),
        "requestId": request_id,
        "requestedLanguage": request.language,
        "providerAutoDetect": request.language is None,
        "appliedParams": {"speed": request.speed, "volume": request.volume, "pitch": request.pitch},
    } | told(quota)
    if current:
        payload |= {"audioFormat": request.audio_format, "sampleRate": request.sample_rate}
    return json_answer(payload)


def portal_clone(voice_id: str, name: str, duration: float, created: datetime, quota: Mapping[str, object]) -> Answer:
    """Answer that a voice was cloned as the portal page shows it (docs/dev/protocols.md C1)."""
    data = {
        "voiceId": voice_id,
        "name": name,
        "duration": round(duration, 3),
        "createdAt": created.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    return json_answer({"code": "success", "message": CLONED, "data": data} | told(quota))


def backend_clone(
    voice_id: str, row: Mapping[str, object] | None, quota: Mapping[str, object], request_id: str
) -> Answer:
    """Answer the same like the backend (docs/dev/protocols.md C2); the row is null if it couldn't be stored."""
    payload = {"code": "success", "message": CLONED, "voiceId": voice_id, "requestId": request_id}
    return json_answer({**payload, **told(quota), "clonedVoice": row})


def portal_exhausted(daily: int, used: int, now: datetime) -> Answer:
    """Answer the portal's 429 for a used-up quota, the only one with the reset time (docs/dev/protocols.md C1)."""
    return json_answer(
        {
            "code": "quota_exceeded",
            "message": "Daily quota limit reached. Resets at 00:00 UTC.",
            "quota": {"daily": daily, "used": used, "remaining": max(0, daily - used), "resetAt": next_reset(now)},
        },
        429,
    )


def backend_exhausted(remaining: int, cost: int, *, current: bool) -> Answer:
    """Answer the backend's 429 of an account without points: words only (docs/dev/protocols.md C2)."""
    unit = " credits" if current else ""
    message = (
        f"Insufficient {'credits' if current else 'quota'}. "
        f"You have {remaining}{unit} remaining, but this operation requires {cost}{unit}."
    )
    return json_answer({"code": "quota_exceeded", "message": message}, 429)


def rate_limited(*, text: bool) -> Answer:
    """Answer the 429 of the rate limit. Its body is undocumented; the headers distinguish it from the quota's."""
    message = "Too many requests, please try again later."
    if text:
        return Answer(status=429, content_type="text/plain; charset=utf-8", body=message.encode())
    return json_answer({"code": "rate_limit_exceeded", "message": message}, 429)


def sign_in_refused(error: SignInError, status: int = 400, *, older: bool) -> Answer:
    """Answer a refused grant, in today's or the older shape (docs/dev/protocols.md C3)."""
    if older:
        return json_answer({"error": error.oauth_error, "error_description": error.message}, status)
    return json_answer({"code": status, "error_code": error.error_code, "msg": error.message}, status)


def gateway_refused(key: str | None) -> Answer:
    """Answer a request for the sign-in service without its public key, or with a wrong one."""
    if key is None:
        return json_answer({"message": "No API key found in request", "hint": "Send it as the header apikey."}, 401)
    return json_answer({"message": "Invalid API key", "hint": "Compare it with the project's public key."}, 401)


def event_stream(events: bytes | AsyncGenerator[bytes], headers: Mapping[str, str]) -> Answer:
    """Answer with the events of a stream."""
    return Answer(content_type="text/event-stream", headers={**_EVENT_STREAM, **headers}, body=events)


def tagged(call: Call, payload: Mapping[str, object]) -> Answer:
    """Answer with a tag of the content, or 304 without content to who has it already."""
    tag = f'W/"{hashlib.sha256(json.dumps(payload).encode()).hexdigest()[:27]}"'
    if call.headers.get("If-None-Match") == tag:
        return Answer(status=304, content_type=None, headers={"ETag": tag})
    return json_answer(payload, headers={"ETag": tag})


def default_code(call: Call, status: int, contract: Contract) -> str:
    """Return the code that goes with a status where nothing else is said (docs/dev/protocols.md C1, C2)."""
    backend = contract is Contract.BACKEND
    if status == 500 and backend:
        return "delete_failed" if call.method == "DELETE" else _FAILED.get(call.path, "internal_error")
    missing = "missing_audio_data" if call.path == CLONE else "missing_text"
    bad = missing if backend else "invalid_request"
    codes = {400: bad, 401: "unauthorized", 404: "not_found", 413: "payload_too_large", 429: "quota_exceeded"}
    return codes.get(status, "internal_error")


def default_message(status: int) -> str:
    """Return the words that go with a status where nothing else is said."""
    return {400: INVALID, 401: UNAUTHORIZED}.get(status, FAILED)
