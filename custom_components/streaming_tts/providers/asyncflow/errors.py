"""What AsyncFlow answers beside sound: errors, the sentinel, words with times (docs/dev/protocols.md A4, A6)."""

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
"""What stands in the sound of an HTTP answer when the quota ends (docs/dev/protocols.md A4)."""

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
"""The fields of a request by the names that we call them."""

_ABOUT_THE_REQUEST = re.compile(r"INVALID|VALIDATION|NOT_(FOUND|ALLOWED|RECOGNIZED|SUPPORTED)")
"""What a code looks like that blames the request, where no status tells it: on a socket."""
_DEPRECATED = re.compile(r"\bmodel\b.*\b(deprecated|retired|no longer)\b", re.IGNORECASE | re.DOTALL)
_ABOUT_THE_MODEL = re.compile(r"(^|_)MODEL(_|$)")
"""What a code looks like that blames the model; none is documented."""
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
"""What a person can do something about, where a voice is made or changed; a status where no code is told.

A bad key is a 401 (docs/dev/protocols.md A4), so that a 403 is about the voice.
"""


@dataclass(eq=False, slots=True)
class SentinelFilter:
    """Passes sound up to the sentinel, however it is split.

    Held back is only what may be the beginning of a sentinel, at most 23 bytes.
    """

    found: bool = False
    _held: bytes = b""

    def feed(self, piece: bytes) -> bytes:
        """Return the sound that is certain with this piece; nothing behind the sentinel."""
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
        """Return what was held back; raises QUOTA where there was a sentinel."""
        if self.found:
            raise _quota_exceeded()
        held, self._held = self._held, b""
        return held


def parsed(message: str | bytes) -> dict[str, object]:
    """Return an object in JSON; nobody has seen the sentinel there, but it would mean the same.

    Raises `ProviderError`.
    """
    if SENTINEL in (message if isinstance(message, bytes) else message.encode(errors="replace")):
        raise _quota_exceeded()
    return values.parse_object(message)


def sound_in(value: object) -> bytes:
    """Return the sound in a field of JSON; nobody has seen the sentinel there, but it would mean the same."""
    sound = values.decode_audio(value)
    if SENTINEL in sound:
        raise _quota_exceeded()
    return sound


def _quota_exceeded() -> ProviderError:
    return ProviderError(Failure.QUOTA, code="QUOTA_EXCEEDED")


def not_sound(answer: ErrorResponse) -> ProviderError:
    """Return why a success has no sound in it."""
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
    """Return what a refusal means where a voice is made, changed or asked for."""
    error = refused(refusal)
    reason = _REASONS.get(error.code or "")
    if reason is None:
        return error
    detail = values.mapping(values.mapping(refusal.content).get("detail")) or values.mapping(refusal.content)
    field = values.identifier(values.mapping(detail.get("extra")).get("field"))
    return ServiceRejection(reason, code=error.code, setting=field)


def coded(body: Frame, otherwise: Failure | None = None, retry_after: float | None = None) -> ProviderError | None:
    """Return the error that an envelope holds; `otherwise` is what a status says of a code that is not documented."""
    body = values.mapping(body.get("detail")) or body
    if body.get("error_code") is None:
        return None
    code = values.identifier(body["error_code"])
    if _ABOUT_THE_MODEL.search(code or "") or _DEPRECATED.search(values.message(body.get("message"))):
        return model_retired()
    guessed = Failure.INPUT if _ABOUT_THE_REQUEST.search(code or "") else Failure.SERVER  # by its name
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
    """Return the refusal of a model that the service does not have, or no longer."""
    return ProviderError(Failure.VOICE, code=MODEL_RETIRED, setting="model")


def _invalid(detail: list[object], refusal: ErrorResponse) -> ProviderError:
    """Return the error that a failed validation lists, with the first field that we know."""
    places = [place for entry in detail if isinstance(place := values.mapping(entry).get("loc"), list)]
    fields = [field for place in places for field in place if isinstance(field, str)]
    setting = next((_FIELDS[field] for field in fields if field in _FIELDS), None)
    if setting == "model":
        return model_retired()
    return ProviderError(refusal.failure, code=f"http_{refusal.status}", setting=setting)


def _quota(extra: Frame) -> Quota | None:
    """Return the numbers of a used up quota; their unit is not documented (docs/dev/protocols.md A5)."""
    limit, used = (values.whole_number(extra.get("limit")), values.whole_number(extra.get("current")))
    if limit is None and used is None:
        return None
    return Quota(limit=limit, used=used, remaining=0)


MAX_WORDS = 20_000
"""More than any text has that is spoken in one request."""
_LONGEST = 24 * 3600 * 1000
"""Milliseconds that a word may be away from the beginning: more is no time."""


def timed_words(answer: Mapping[str, object]) -> tuple[TimedWord, ...]:
    """Return the words of an answer; raises BROKEN where its three lists do not belong together."""
    alignment = mapping(answer.get("alignment"))
    match [alignment.get(key) for key in ("words", "word_start_times_milliseconds", "word_end_times_milliseconds")]:
        case [list() as words, list() as starts, list() as ends] if len(words) == len(starts) == len(ends) <= MAX_WORDS:
            return tuple(map(_timed_word, words, starts, ends))
    raise ProviderError(Failure.BROKEN, code="alignment")


def _timed_word(word: object, start: object, end: object) -> TimedWord:
    """Return a word; one that ends before it begins is said in no time."""
    if not isinstance(word, str):
        raise ProviderError(Failure.BROKEN, code="alignment")
    begun = _milliseconds(start)
    return TimedWord(word=word, start=begun, end=max(begun, _milliseconds(end)))


def _milliseconds(value: object) -> int:
    """Return a time; raises BROKEN for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LONGEST:
        raise ProviderError(Failure.BROKEN, code="alignment")
    return round(value)
