"""Errors of Sarvam, over HTTP and WebSockets (docs/dev/protocols.md B4 to B7)."""

import re

from ..capabilities import Reason, ServiceRejection
from ..transport import http as wire, json_values as values
from ..transport.http import ErrorResponse
from ..transport.websocket import Frame
from ..types import MODEL_RETIRED, Failure, ProviderError

_FAILURES = {
    "invalid_request_error": Failure.INPUT,
    "unprocessable_entity_error": Failure.INPUT,
    "not_found_error": Failure.INPUT,
    "invalid_api_key_error": Failure.AUTH,
    "authentication_error": Failure.AUTH,
    "rate_limit_exceeded_error": Failure.RATE,
    "insufficient_quota_error": Failure.QUOTA,
    "internal_server_error": Failure.SERVER,
    "model_call_error": Failure.SERVER,
    "gateway_timeout_error": Failure.SERVER,
    "billing_service_unavailable_error": Failure.SERVER,
}
_SPEAKER_REFUSED = re.compile(r"(?:\d{3}: )?Speaker '[^']*' is not (?:compatible|recognized)")
_MODEL_REFUSED = re.compile(
    r"(?:\d{3}: )?(?:model: Input should be|Model '[^']*' (?:has been|is) (?:deprecated|retired|no longer|not))",
    re.IGNORECASE,
)
_STATUS = re.compile(r"[1-5][0-9]{2}")
_STATUS_PREFIX = re.compile(r"(\d{3}): ")
_SETTINGS = (
    (re.compile(r"\bdict(?:ionary|_id)\b", re.IGNORECASE), "dict_id"),
    (re.compile(r"\bspeech_sample_rate\b|\bsample rate\b", re.IGNORECASE), "sample_rate"),
    (re.compile(r"\bpace\b", re.IGNORECASE), "pace"),
    (re.compile(r"\bpitch\b", re.IGNORECASE), "pitch"),
    (re.compile(r"\bloudness\b", re.IGNORECASE), "loudness"),
    (re.compile(r"\btemperature\b", re.IGNORECASE), "temperature"),
    (re.compile(r"^(?:\d{3}: )?(?:'?text'?\b)", re.IGNORECASE), "text"),
    (re.compile(r"language_code\b|beta access to|only supported by", re.IGNORECASE), "language"),
    (re.compile(r"\bmodel\b", re.IGNORECASE), "model"),
)
"""The setting that an error message refers to, by patterns of known messages (docs/dev/protocols.md B5); the first
match counts."""

_BAD_KEY = ("invalid_api_key_error", "authentication_error")
_UNKNOWN_ROUTE = ("Not Found", "Method Not Allowed")
"""Messages of the service's web framework for an unknown path."""
_TIER_LIMIT = b"TIER_LIMIT_REACHED"
_LIMIT = re.compile(r"\blimit\b|\bmaximum\b|\bmore than\b|\btoo many\b|\bat most\b", re.IGNORECASE)
_RECORDING = (
    (re.compile(r"\bin beta\b|beta access|not available|not enabled", re.IGNORECASE), Reason.NOT_OFFERED),
    (re.compile(r"too short|at least|shorter than", re.IGNORECASE), Reason.TOO_SHORT),
    (re.compile(r"too long|longer than", re.IGNORECASE), Reason.TOO_LONG),
    (re.compile(r"too large|file size", re.IGNORECASE), Reason.TOO_LARGE),
    (re.compile(r"quality|nois[ey]|clipp|silen", re.IGNORECASE), Reason.BAD_QUALITY),
    (re.compile(r"format|decode|corrupt|unsupported|not (?:an )?audio", re.IGNORECASE), Reason.NOT_AUDIO),
)
"""Reasons to reject a recording, by likely words in the message, as no messages are documented."""


def refused(refusal: ErrorResponse) -> ProviderError:
    """Return the error of a response.

    Proxies and older parts of the service use other formats (docs/dev/protocols.md B5).
    """
    code = values.identifier(values.mapping(values.mapping(refusal.content).get("error")).get("code"))
    failure = _FAILURES.get(code or "", refusal.failure)
    error = _error(failure, code or f"http_{refusal.status}", _message(refusal), refusal.retry_after)
    error.request_id = values.identifier(refusal.headers.get("x-request-id"))
    return error


def voice_refused(refusal: ErrorResponse) -> ProviderError:
    """Return the error of a request to create, look up, or delete a voice (docs/dev/protocols.md B7)."""
    error = refused(refusal)
    reason = _missing(refusal)
    if _TIER_LIMIT in refusal.body:
        reason = Reason.TIER_LIMIT
    elif refusal.status == 413:
        reason = Reason.TOO_LARGE
    elif _is_kept_from(refusal, error):
        reason = Reason.NOT_OFFERED
    elif reason is None and error.failure is Failure.INPUT:
        message = _message(refusal)
        reason = next((reason for words, reason in _RECORDING if words.search(message)), None)
    return error if reason is None else ServiceRejection(reason, code=error.code)


def dictionary_refused(refusal: ErrorResponse) -> ProviderError:
    """Return the error of a request about dictionaries (docs/dev/protocols.md B6)."""
    error = refused(refusal)
    reason = _missing(refusal)
    if refusal.status == 413:
        reason = Reason.TOO_LARGE
    elif reason is None and error.failure is Failure.INPUT and _LIMIT.search(_message(refusal)):
        reason = Reason.DICTIONARY_LIMIT
    return error if reason is None else ServiceRejection(reason, code=error.code)


def cloned_refused(refusal: ErrorResponse) -> ProviderError:
    """Return the error of a request to speak with a cloned voice (docs/dev/protocols.md B7)."""
    error = refused(refusal)
    if _missing(refusal) is Reason.NOT_FOUND or _is_kept_from(refusal, error):
        return ProviderError(Failure.VOICE, code=error.code)
    return error


def is_not_offered(error: ProviderError) -> bool:
    """Return True if an error means that an account or a deployment doesn't have the feature."""
    if isinstance(error, ServiceRejection):
        return error.reason in (Reason.NOT_OFFERED, Reason.NOT_FOUND, Reason.TIER_LIMIT)
    return error.failure is Failure.BROKEN and error.code in ("http_404", "http_405")


def _is_kept_from(refusal: ErrorResponse, error: ProviderError) -> bool:
    """Return True if a valid key has no access to cloned voices, a beta."""
    return refusal.status == 403 and error.code not in _BAD_KEY and bool(values.mapping(refusal.content))


def _missing(refusal: ErrorResponse) -> Reason | None:
    """Return NOT_OFFERED for an unknown path, NOT_FOUND for an unknown object, otherwise None."""
    if refusal.status not in (404, 405) or not values.mapping(refusal.content):
        return None
    return Reason.NOT_OFFERED if _message(refusal) in _UNKNOWN_ROUTE else Reason.NOT_FOUND


def _message(refusal: ErrorResponse) -> str:
    """Return the message of an error response, which may only be searched."""
    content = values.mapping(refusal.content)
    messages = (values.mapping(content.get("error")).get("message"), content.get("message"), content.get("detail"))
    return next(filter(None, map(values.message, messages)), "")


def socket_error(data: Frame) -> ProviderError:
    """Return the error in a frame.

    Its code is a status, a word, the beginning of its message, or missing.
    """
    error = _framed(data)
    error.request_id = values.identifier(data.get("request_id"))
    return error


def _framed(data: Frame) -> ProviderError:
    message = values.message(data.get("message"))
    code = data.get("code")
    prefix = _STATUS_PREFIX.match(message)
    status = code if isinstance(code, int) and 100 <= code < 600 else int(prefix[1]) if prefix else None
    if isinstance(code, str) and _STATUS.fullmatch(code):
        status = int(code)
    word = values.identifier(code)
    if word in _FAILURES:
        return _error(_FAILURES[word], word, message)
    if status is None:
        return _error(Failure.INPUT if _setting(message) else Failure.SERVER, word, message)
    # Over an open socket, an error comes from the service itself, whose status for an invalid key is 403.
    failure = Failure.AUTH if status == 403 else wire.failure_of_status(status)
    if failure is Failure.RATE and re.search(r"quota|credit", message, re.IGNORECASE):
        failure = Failure.QUOTA
    return _error(failure, f"status_{status}", message)


def _error(failure: Failure, code: str | None, message: str, retry_after: float | None = None) -> ProviderError:
    """Return an error. Its message is only searched, because it may quote what was spoken."""
    if _SPEAKER_REFUSED.match(message):
        return ProviderError(Failure.VOICE, code=code)
    if _MODEL_REFUSED.match(message):
        return ProviderError(Failure.VOICE, code=MODEL_RETIRED, setting="model")
    setting = _setting(message) if failure is Failure.INPUT else None
    return ProviderError(failure, code=code, setting=setting, retry_after=retry_after)


def _setting(message: str) -> str | None:
    """Return the setting that a message refers to."""
    return next((setting for words, setting in _SETTINGS if words.search(message)), None)
