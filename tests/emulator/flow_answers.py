"""The bodies of the Flow service's answers and errors, in both contracts and for the sign-in service."""

import base64
from collections.abc import Mapping
from datetime import datetime

from .call import Answer, Refusal, json_answer
from .flow_auth import SignInError
from .flow_quota import next_reset
from .flow_requests import SpeechRequest
from .sound import Sound

INVALID = "Missing or invalid request parameters"
UNAUTHORIZED = "Missing or invalid Authorization header"
FAILED = "Server error, please retry or contact support"
PORTAL_SUCCESS = "TTS synthesis completed successfully"
BACKEND_SUCCESS = "Speech synthesized successfully"


def refusal(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> Refusal:
    """Make an error that ends the request, in the service's envelope."""
    return Refusal(json_answer({"code": code, "message": message}, status, headers))


def portal_speech(audio: bytes, sound: Sound, quota: Mapping[str, object]) -> Answer:
    """Answer a whole synthesis as the portal page shows it (C1)."""
    data = {
        "audio": base64.b64encode(audio).decode("ascii"),
        "format": "wav",
        "sampleRate": sound.sample_rate,
        "duration": round(sound.duration, 3),
    }
    return json_answer({"code": "success", "message": PORTAL_SUCCESS, "data": data, "quota": dict(quota)})


def backend_speech(
    audio: bytes, request: SpeechRequest, quota: Mapping[str, object], request_id: str, *, current: bool
) -> Answer:
    """Answer a whole synthesis as the backend shows it (C2); only its newest commit names the form of the sound."""
    payload: dict[str, object] = {
        "code": "success",
        "message": BACKEND_SUCCESS,
        "audio": base64.b64encode(audio).decode("ascii"),
        "requestId": request_id,
        "requestedLanguage": request.language,
        "providerAutoDetect": request.language is None,
        "appliedParams": {"speed": request.speed, "volume": request.volume, "pitch": request.pitch},
        "quota": dict(quota),
    }
    if current:
        payload |= {"audioFormat": request.audio_format, "sampleRate": request.sample_rate}
    return json_answer(payload)


def portal_exhausted(daily: int, used: int, now: datetime) -> Answer:
    """Answer the portal's 429 of an account without points, alone in telling the time of the reset (C1)."""
    return json_answer(
        {
            "code": "quota_exceeded",
            "message": "Daily quota limit reached. Resets at 00:00 UTC.",
            "quota": {"daily": daily, "used": used, "remaining": max(0, daily - used), "resetAt": next_reset(now)},
        },
        429,
    )


def backend_exhausted(remaining: int, cost: int) -> Answer:
    """Answer the backend's 429 of an account without points: words only (C2)."""
    message = f"Insufficient quota. You have {remaining} remaining, but this operation requires {cost}."
    return json_answer({"code": "quota_exceeded", "message": message}, 429)


def rate_limited(*, text: bool) -> Answer:
    """Answer the 429 of the rate limit; no source shows its body, the headers tell it from the quota's."""
    message = "Too many requests, please try again later."
    if text:
        return Answer(status=429, content_type="text/plain; charset=utf-8", body=message.encode())
    return json_answer({"code": "rate_limit_exceeded", "message": message}, 429)


def sign_in_refused(error: SignInError, status: int = 400, *, older: bool) -> Answer:
    """Answer a refused grant, in today's or the older shape (C3)."""
    if older:
        return json_answer({"error": error.oauth_error, "error_description": error.message}, status)
    return json_answer({"code": status, "error_code": error.error_code, "msg": error.message}, status)


def gateway_refused(key: str | None) -> Answer:
    """Answer a request for the sign-in service without its public key, or with a wrong one."""
    if key is None:
        return json_answer({"message": "No API key found in request", "hint": "Send it as the header apikey."}, 401)
    return json_answer({"message": "Invalid API key", "hint": "Compare it with the project's public key."}, 401)
