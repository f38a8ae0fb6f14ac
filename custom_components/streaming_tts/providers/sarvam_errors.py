"""How Sarvam refuses, over HTTP and on a socket (`protocols.md` B4, B5)."""

import re

from . import wire
from .base import Failure, ProviderError
from .websocket import Frame
from .wire import Refusal

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
_STATUS_PREFIX = re.compile(r"(\d{3}): ")
_SETTINGS = (
    (re.compile(r"\bspeech_sample_rate\b|\bsample rate\b", re.IGNORECASE), "sample_rate"),
    (re.compile(r"\bpace\b", re.IGNORECASE), "pace"),
    (re.compile(r"\bpitch\b", re.IGNORECASE), "pitch"),
    (re.compile(r"\bloudness\b", re.IGNORECASE), "loudness"),
    (re.compile(r"\btemperature\b", re.IGNORECASE), "temperature"),
    (re.compile(r"^(?:\d{3}: )?(?:'?text'?\b)", re.IGNORECASE), "text"),
    (re.compile(r"language_code\b|beta access to|only supported by", re.IGNORECASE), "language"),
    (re.compile(r"\bmodel\b", re.IGNORECASE), "model"),
)
"""Which setting a refusal is about, by the words of the messages that were seen (B5); the first that fits."""


def refused(refusal: Refusal) -> ProviderError:
    """Return what a refusal means; proxies and older parts of the service answer in other shapes (B5)."""
    content = wire.mapping(refusal.content)
    error = wire.mapping(content.get("error"))
    code = wire.identifier(error.get("code"))
    message = wire.text(error.get("message")) or wire.text(content.get("message"))
    failure = _FAILURES.get(code or "", refusal.failure)
    return _error(failure, code or f"http_{refusal.status}", message, refusal.retry_after)


def socket_error(data: Frame) -> ProviderError:
    """Return what an error frame means: its code is a status, or a word, or the beginning of its message, or missing."""
    message = wire.text(data.get("message"))
    code = data.get("code")
    prefix = _STATUS_PREFIX.match(message)
    status = code if isinstance(code, int) else int(prefix[1]) if prefix else None
    word = wire.identifier(code)
    if word in _FAILURES:
        return _error(_FAILURES[word], word, message)
    if status is None:
        return _error(Failure.INPUT if _setting(message) else Failure.SERVER, word, message)
    failure = wire.failure_of_status(status)
    if failure is Failure.RATE and re.search(r"quota|credit", message, re.IGNORECASE):
        failure = Failure.QUOTA
    return _error(failure, f"status_{status}", message)


def _error(failure: Failure, code: str | None, message: str, retry_after: float | None = None) -> ProviderError:
    """Return an error; the message is only looked at, as it may quote what was spoken."""
    if _SPEAKER_REFUSED.match(message):
        return ProviderError(Failure.VOICE, code=code)
    setting = _setting(message) if failure is Failure.INPUT else None
    return ProviderError(failure, code=code, setting=setting, retry_after=retry_after)


def _setting(message: str) -> str | None:
    """Return the setting that a message is about."""
    return next((setting for words, setting in _SETTINGS if words.search(message)), None)
