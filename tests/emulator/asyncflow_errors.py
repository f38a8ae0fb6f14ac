"""AsyncFlow's errors and their envelopes (docs/dev/protocols.md A4)."""

from collections.abc import Mapping
from typing import Any

VALIDATION = "VALIDATION_ERROR"
"""For a body that makes no sense; the service documents no code for it."""
RETIRED_MODEL = "MODEL_NOT_SUPPORTED"
"""For a model that is no longer listed; the service documents no code for it."""

ERRORS = {
    "TOO_MANY_CONCURRENT_REQUESTS": (429, "Too many concurrent requests"),
    "RATE_LIMIT_EXCEEDED": (429, "Rate limit exceeded. Please try again later."),
    "USAGE_LIMIT_EXCEEDED": (429, "Quota exceeded. Please upgrade your plan or try later."),
    "INVALID_API_KEY": (401, "Invalid or expired API key."),
    "VOICE_NOT_FOUND": (404, "Requested voice not found."),
    "VERSION_NOT_FOUND": (404, "API version not found."),
    "NOT_FOUND": (404, "Not Found"),
    "INVALID_LANGUAGE": (400, "Language code is not supported."),
    "FORMAT_NOT_RECOGNIZED": (400, "Audio format not recognized or unsupported."),
    "VOICE_FIELD_UPDATE_NOT_ALLOWED": (400, "Updating the field is not supported."),
    "VOICE_PREVIEW_NOT_FOUND": (404, "Requested voice has no preview."),
    "VOICE_CLONE_LIMIT_EXCEEDED": (429, "Voice cloning limit exceeded."),
    "SHORT_SPEECH_DURATION": (400, "Speech duration is too short. Minimum required is 3 seconds."),
    "BAD_SPEECH_QUALITY": (400, "Speech quality is too low, please try again with a higher quality."),
    "FILE_TOO_LARGE": (413, "Uploaded file exceeds maximum allowed size of 10 MB."),
    "TIMEOUT": (408, "Timeout: no message received in 60.0 seconds"),
    VALIDATION: (400, "The request is not valid."),
    RETIRED_MODEL: (400, "The model is not supported."),
}
# What the service says where only a status is asked for.
_CODES = {
    400: VALIDATION, 401: "INVALID_API_KEY", 404: "VOICE_NOT_FOUND", 413: "FILE_TOO_LARGE", 429: "RATE_LIMIT_EXCEEDED",
}  # fmt: skip
_EXTRAS: Mapping[str, Mapping[str, Any]] = {
    "TOO_MANY_CONCURRENT_REQUESTS": {"limit": 5, "current": 7},
    "RATE_LIMIT_EXCEEDED": {"limit": 120, "retry_after_ms": 8500},
    "USAGE_LIMIT_EXCEEDED": {"limit": 1000000, "current": 1250000},
}


class Problem(Exception):
    """An error over HTTP or WebSocket; `field` is the invalid one."""

    def __init__(
        self,
        *,
        code: str,
        message: str | None = None,
        extra: Mapping[str, Any] | None = None,
        field: tuple[str, ...] = (),
    ) -> None:
        """None is the usual message."""
        super().__init__(code)
        self.code = code
        self.message = message or message_of(code)
        self.extra = extra
        self.field = field

    @property
    def status(self) -> int:
        """Its HTTP status."""
        return ERRORS[self.code][0]


def code_of(status: int) -> str | None:
    """Return what the service is most likely to mean by a status."""
    return _CODES.get(status)


def message_of(code: str) -> str:
    """Return the usual message of a code."""
    return ERRORS.get(code, (0, code))[1]


def extra_of(code: str) -> Mapping[str, Any] | None:
    """Return the extra of the documented example."""
    return _EXTRAS.get(code)


def wrapped(code: str, message: str, extra: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the envelope of almost all errors."""
    detail: dict[str, Any] = {"error_code": code, "message": message}
    if extra is not None:
        detail["extra"] = dict(extra)
    return {"detail": detail}


def listed(field: tuple[str, ...], message: str) -> dict[str, Any]:
    """Return the envelope of a body that was not valid, in the way of FastAPI."""
    return {"detail": [{"loc": ["body", *field], "msg": message, "type": "value_error"}]}


def server_error(method: str, path: str) -> dict[str, Any]:
    """Return the envelope of status 500, whose detail is a string."""
    return {
        "message": "Oops! Internal server error occurred.",
        "method": method,
        "url": path,
        "detail": "Error: Traceback #42",
    }


def frame(code: str, message: str, extra: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the flat envelope of a WebSocket (docs/dev/protocols.md A3)."""
    return {
        "error_code": code,
        "message": message,
        "request_id": "unknown",
        "extra": None if extra is None else dict(extra),
    }
