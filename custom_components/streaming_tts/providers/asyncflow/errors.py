"""AsyncFlow responses other than audio: errors, the sentinel, and word timestamps (docs/dev/protocols.md A4, A6)."""

from collections.abc import Mapping
from dataclasses import dataclass
import re

from ..capabilities import Reason, ServiceRejection, TimedWord
from ..transport import json_values as values
from ..transport.http import ErrorResponse
from ..transport.json_values import mapping
from ..transport.websocket import Frame
from ..types import MODEL_RETIRED, Failure, ProviderError, Quota

SENTINEL = b"--ERROR:QUOTA_EXCEEDED--"
"""Marker in the audio of an HTTP response when the quota runs out (docs/dev/protocols.md A4)."""

_FAILURES = {
    "TOO_MANY_CONCURRENT_REQUESTS": Failure.BUSY,
    "RATE_LIMIT_EXCEEDED": Failure.RATE,
    "USAGE_LIMIT_EXCEEDED": Failure.QUOTA,
    "INVALID_API_KEY": Failure.AUTH,
    "VOICE_NOT_FOUND": Failure.VOICE,
    "VERSION_NOT_FOUND": Failure.OUTDATED,
    "INVALID_LANGUAGE": Failure.INPUT,
    "FORMAT_NOT_RECOGNIZED": Failure.INPUT,
    "VOICE_PREVIEW_NOT_FOUND": Failure.INPUT,
    "VOICE_CLONE_LIMIT_EXCEEDED": Failure.INPUT,
    "BAD_SPEECH_QUALITY": Failure.INPUT,
    "SHORT_SPEECH_DURATION": Failure.INPUT,
    "FILE_TOO_LARGE": Failure.INPUT,
    "VOICE_FIELD_UPDATE_NOT_ALLOWED": Failure.INPUT,
}
_SETTINGS = {"INVALID_LANGUAGE": "language", "FORMAT_NOT_RECOGNIZED": "format"}
_FIELDS = {
    "language": "language",
    "model_id": "model",
    "output_format": "format",
    "speed_control": "speed",
    "stability": "stability",
    "transcript": "text",
    "voice": "voice",
}
"""Our names of the request's fields."""

_ABOUT_THE_REQUEST = re.compile(r"INVALID|VALIDATION|NOT_(FOUND|ALLOWED|RECOGNIZED|SUPPORTED)")
"""Matches codes that blame the request. Used for sockets, where there is no status."""
_DEPRECATED = re.compile(r"\bmodel\b.*\b(deprecated|retired|no longer)\b", re.IGNORECASE | re.DOTALL)
_ABOUT_THE_MODEL = re.compile(r"(^|_)MODEL(_|$)")
"""Matches codes that blame the model. None is documented."""
_REASONS = {
    "BAD_SPEECH_QUALITY": Reason.BAD_QUALITY,
    "SHORT_SPEECH_DURATION": Reason.TOO_SHORT,
    "FILE_TOO_LARGE": Reason.TOO_LARGE,
    "http_413": Reason.TOO_LARGE,
    "FORMAT_NOT_RECOGNIZED": Reason.NOT_AUDIO,
    "VOICE_CLONE_LIMIT_EXCEEDED": Reason.CLONE_LIMIT,
    "VOICE_FIELD_UPDATE_NOT_ALLOWED": Reason.FIELD_FIXED,
    "VOICE_NOT_FOUND": Reason.NOT_FOUND,
    "VOICE_PREVIEW_NOT_FOUND": Reason.NO_SAMPLE,
    "http_402": Reason.TIER_LIMIT,
    "http_403": Reason.NOT_OWN,
}
"""Rejections that the user can fix when a voice is created or edited, by code, or by status without one.

An invalid key is a 401 (docs/dev/protocols.md A4), so that a 403 is about the voice.
"""


@dataclass(eq=False, slots=True)
class SentinelFilter:
    """Passes audio up to the sentinel, wherever it is split.

    Only a possible beginning of the sentinel is held back, at most 23 bytes.
    """

    found: bool = False
    _held: bytes = b""

    def feed(self, piece: bytes) -> bytes:
        """Return the audio that can't belong to a sentinel. Everything after the sentinel is dropped."""
        if self.found:
            return b""
        sound, sentinel, _ = (self._held + piece).partition(SENTINEL)
        self.found, self._held = bool(sentinel), b""
        if not sentinel:
            tail = sound[1 - len(SENTINEL) :]
            at = tail.find(SENTINEL[0])
            while at >= 0 and not SENTINEL.startswith(tail[at:]):
                at = tail.find(SENTINEL[0], at + 1)
            self._held = tail[at:] if at >= 0 else b""
        return sound.removesuffix(self._held)

    def end(self) -> bytes:
        """Return the bytes held back. Raises QUOTA if there was a sentinel."""
        if self.found:
            raise _quota_exceeded()
        held, self._held = self._held, b""
        return held


def parsed(message: str | bytes) -> dict[str, object]:
    """Return the JSON object in a message. Raises `ProviderError`.

    The sentinel was never seen in JSON, but is treated alike.
    """
    if SENTINEL in (message if isinstance(message, bytes) else message.encode(errors="replace")):
        raise _quota_exceeded()
    return values.parse_object(message)


def sound_in(value: object) -> bytes:
    """Return the audio in a JSON field. The sentinel was never seen there, but is treated alike."""
    sound = values.decode_audio(value)
    if SENTINEL in sound:
        raise _quota_exceeded()
    return sound


def _quota_exceeded() -> ProviderError:
    return ProviderError(Failure.QUOTA, code="QUOTA_EXCEEDED")


def not_sound(answer: ErrorResponse) -> ProviderError:
    """Return the error of a success response without audio."""
    if SENTINEL in answer.body:
        return _quota_exceeded()
    return coded(values.mapping(answer.content)) or ProviderError(Failure.BROKEN, code="content_type")


def refused(refusal: ErrorResponse) -> ProviderError:
    """Return the error of a response; `detail` is object, list, string, or missing (docs/dev/protocols.md A4)."""
    content = values.mapping(refusal.content)
    detail = content.get("detail")
    if isinstance(detail, list):
        return _invalid(detail, refusal)
    return coded(content, refusal.failure, refusal.retry_after) or refusal.error()


def declined(refusal: ErrorResponse) -> ProviderError:
    """Return the error of a request to create, edit, or look up a voice."""
    error = refused(refusal)
    reason = _REASONS.get(error.code or "")
    if reason is None:
        return error
    detail = values.mapping(values.mapping(refusal.content).get("detail")) or values.mapping(refusal.content)
    field = values.identifier(values.mapping(detail.get("extra")).get("field"))
    return ServiceRejection(reason, code=error.code, setting=field)


def coded(body: Frame, otherwise: Failure | None = None, retry_after: float | None = None) -> ProviderError | None:
    """Return the error in an object, or None. `otherwise` is the failure for an undocumented code, by status."""
    body = values.mapping(body.get("detail")) or body
    if body.get("error_code") is None:
        return None
    code = values.identifier(body["error_code"])
    if _ABOUT_THE_MODEL.search(code or "") or _DEPRECATED.search(values.message(body.get("message"))):
        return model_retired()
    guessed = Failure.INPUT if _ABOUT_THE_REQUEST.search(code or "") else Failure.SERVER  # by the name of the code
    failure = _FAILURES.get(code or "") or otherwise or guessed
    extra = values.mapping(body.get("extra"))
    wait = values.seconds(extra.get("retry_after_ms"))
    return ProviderError(
        failure,
        code=code,
        setting=_SETTINGS.get(code or ""),
        retry_after=retry_after if wait is None else wait / 1000,
        limit=values.whole_number(extra.get("limit")) if failure is Failure.BUSY else None,
        quota=_quota(extra) if failure is Failure.QUOTA else None,
    )


def model_retired() -> ProviderError:
    """Return the error for a model that is unknown or retired."""
    return ProviderError(Failure.VOICE, code=MODEL_RETIRED, setting="model")


def _invalid(detail: list[object], refusal: ErrorResponse) -> ProviderError:
    """Return the error of a failed validation, with its first known field."""
    places = [place for entry in detail if isinstance(place := values.mapping(entry).get("loc"), list)]
    fields = [field for place in places for field in place if isinstance(field, str)]
    setting = next((_FIELDS[field] for field in fields if field in _FIELDS), None)
    if setting == "model":
        return model_retired()
    return ProviderError(refusal.failure, code=f"http_{refusal.status}", setting=setting)


def _quota(extra: Frame) -> Quota | None:
    """Return the numbers of a used-up quota, whose unit isn't documented (docs/dev/protocols.md A5)."""
    limit, used = (values.whole_number(extra.get("limit")), values.whole_number(extra.get("current")))
    if limit is None and used is None:
        return None
    return Quota(limit=limit, used=used, remaining=0)


MAX_WORDS = 20_000
"""More words than the longest text of one request has."""
_LONGEST = 24 * 3600 * 1000
"""Maximum time of a word in milliseconds."""


def timed_words(answer: Mapping[str, object]) -> tuple[TimedWord, ...]:
    """Return the words in a response. Raises BROKEN if its three lists don't match."""
    alignment = mapping(answer.get("alignment"))
    match [alignment.get(key) for key in ("words", "word_start_times_milliseconds", "word_end_times_milliseconds")]:
        case [list() as words, list() as starts, list() as ends] if len(words) == len(starts) == len(ends) <= MAX_WORDS:
            return tuple(map(_timed_word, words, starts, ends))
    raise ProviderError(Failure.BROKEN, code="alignment")


def _timed_word(word: object, start: object, end: object) -> TimedWord:
    """Return a word with its times. If it ends before it starts, its duration is 0."""
    if not isinstance(word, str):
        raise ProviderError(Failure.BROKEN, code="alignment")
    begun = _milliseconds(start)
    return TimedWord(word=word, start=begun, end=max(begun, _milliseconds(end)))


def _milliseconds(value: object) -> int:
    """Return a time. Raises BROKEN if it's invalid."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LONGEST:
        raise ProviderError(Failure.BROKEN, code="alignment")
    return round(value)
