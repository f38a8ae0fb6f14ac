"""Quota and errors in the responses of Flow TTS (docs/dev/protocols.md C1, C2)."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
import re

from ..transport.http import ErrorResponse
from ..transport.json_values import MAX_RETRY_AFTER, identifier, mapping, message as words_of
from ..types import AccountProblem, Charge, Failure, ProviderError, Quota, RateLimit

MAX_COUNT = 1_000_000_000
"""Maximum plausible number of points or requests."""
NOTHING = Charge()

_COUNT = re.compile(r"[0-9]{1,10}")
_PAST = timedelta(hours=1)
_FUTURE = timedelta(days=400)
_MAX_DATE_CHARACTERS = 40
_REMAINING = re.compile(
    r"insufficient (?:quota|credits)\. you have (-?[0-9]{1,10}) (?:credits )?remaining", re.IGNORECASE
)
_INSUFFICIENT = re.compile(r"insufficient (?:quota|credits)|quota limit reached", re.IGNORECASE)
_ONLY_EMAIL = re.compile(r"only email accounts", re.IGNORECASE)
_VOICE = re.compile(r"voice[ _]?id\b|voice\b.*\bnot (?:found|exist)", re.IGNORECASE | re.DOTALL)
_SETTING = re.compile(r"\b(text|speed|volume|pitch|language|model|emotion)\b", re.IGNORECASE)
_SETTINGS_OF_CODES = {"missing_text": "text", "payload_too_large": "text", "invalid_emotion": "emotion"}
_UNAUTHORIZED = "unauthorized"
"""The only code about the token (docs/dev/protocols.md C1, C2)."""
_NOT_ADMITTED = (401, 403, 404, 405, 413, 429)
_CHECKED_FIRST = ("missing_audio_data", "invalid_audio_duration", "invalid_audio_path", "invalid_audio_size")
"""Errors of the current backend before it charges. Those after charging have the quota in their headers
(docs/dev/protocols.md C2)."""


def quota_in(content: Mapping[str, object], now: datetime) -> Quota | None:
    """Return the `quota` of a response or event without implausible values, or None."""
    reported = mapping(content.get("quota"))
    quota = Quota(
        limit=_count(reported.get("daily")),
        used=_count(reported.get("used")),
        remaining=_count(reported.get("remaining")),
        resets_at=_reset(reported.get("resetAt"), now),
    )
    return None if quota == Quota() else quota


def quota_of_headers(headers: Mapping[str, str]) -> Quota | None:
    """Return the quota in the `X-Quota-*` headers of the open-sourced backend (docs/dev/protocols.md C2)."""
    quota = Quota(
        limit=header_count(headers, "X-Quota-Daily"),
        used=header_count(headers, "X-Quota-Used"),
        remaining=header_count(headers, "X-Quota-Remaining"),
    )
    return None if quota == Quota() else quota


def rate_of_headers(headers: Mapping[str, str], now: datetime) -> RateLimit | None:
    """Return the rate limit from the portal's headers; `Reset` is a Unix timestamp (docs/dev/protocols.md C1)."""
    limit = header_count(headers, "X-RateLimit-Limit")
    remaining = header_count(headers, "X-RateLimit-Remaining")
    reset = header_count(headers, "X-RateLimit-Reset")
    resets_at = None if reset is None else _plausible(datetime.fromtimestamp(reset, UTC), now)
    if limit is None and remaining is None and resets_at is None:
        return None
    return RateLimit(limit=limit, remaining=remaining, resets_at=resets_at)


def quota_of_refusal(refusal: ErrorResponse, now: datetime) -> Quota | None:
    """Return the remaining quota in an error: in its body, headers, or message."""
    content = mapping(refusal.content)
    reported = quota_in(content, now) or quota_of_headers(refusal.headers)
    if reported is None and refusal.status == 429 and (words := _REMAINING.search(words_of(content.get("message")))):
        return Quota(remaining=max(0, int(words[1])))
    return reported


def refusal_error(refusal: ErrorResponse, now: datetime, *, charge: Charge) -> ProviderError:
    """Return the error of a response; `charge` is the cost of the request once it's admitted.

    Points are deducted before synthesis and never refunded (docs/dev/protocols.md C2, quota rules), so that later
    failures are charged, too.
    """
    content = mapping(refusal.content)
    code = identifier(content.get("code"))
    quota = quota_of_refusal(refusal, now)
    if refusal.status == 429:
        return _limit_error(refusal, code, quota, now)
    expected = Failure.AUTH if code == _UNAUTHORIZED else refusal.failure
    message = words_of(content.get("message"))
    if expected is Failure.AUTH and _ONLY_EMAIL.search(message):
        return ProviderError(Failure.AUTH, code=code, problem=AccountProblem.ONLY_EMAIL)
    failure, setting = _cause(expected, code, message)
    free = refusal.status in _NOT_ADMITTED or refusal.status < 400
    free = free or (code in _CHECKED_FIRST and quota_of_headers(refusal.headers) is None)
    return ProviderError(
        failure,
        code=code or f"http_{refusal.status}",
        setting=setting,
        retry_after=refusal.retry_after,
        charged=NOTHING if free else charge,
        quota=quota,
    )


def event_error(event: Mapping[str, object]) -> ProviderError | None:
    """Return the failure in an event or a body, if there is one.

    `error` (docs/dev/protocols.md C2) or `Error` (docs/dev/protocols.md C4).
    """
    reported = event.get("Error") or event.get("error")
    if not reported and event.get("Type") != "error":
        return None
    detail = mapping(reported)
    code = identifier(detail.get("Code")) or identifier(detail.get("code")) or identifier(event.get("code"))
    message = words_of(detail.get("Message")) or words_of(detail.get("message")) or words_of(reported)
    expected = Failure.SERVER
    if code is not None and code.startswith(("InvalidParameter", "MissingParameter", "UnsupportedOperation")):
        expected = Failure.INPUT
    failure, setting = _cause(expected, code, message)
    return ProviderError(failure, code=code, setting=setting)


def _limit_error(refusal: ErrorResponse, code: str | None, quota: Quota | None, now: datetime) -> ProviderError:
    """Return the error of a 429: the daily points are used up, or the rate limit is reached. Neither is charged.

    The page documents the code for the former and headers for both. The clearest sign is checked first.
    """
    exhausted = (quota is not None and quota.remaining == 0) or _INSUFFICIENT.search(
        words_of(mapping(refusal.content).get("message"))
    )
    rate = rate_of_headers(refusal.headers, now)
    limited = rate is not None and rate.remaining == 0
    if exhausted or (code == "quota_exceeded" and not limited):
        return ProviderError(Failure.QUOTA, code=code, quota=quota)
    retry_after = refusal.retry_after
    if rate is not None and rate.resets_at is not None:
        retry_after = min(max(0.0, (rate.resets_at - now).total_seconds()), MAX_RETRY_AFTER)
    return ProviderError(Failure.RATE, code=code, retry_after=retry_after, quota=quota)


def _cause(expected: Failure, code: str | None, message: str) -> tuple[Failure, str | None]:
    """Return the failure and the setting of an error. Its message is only searched, never kept.

    An unknown voice has no documented error. An error that contains the voice ID is about the voice, because the ID is
    always sent.
    """
    if expected in (Failure.INPUT, Failure.SERVER) and (_VOICE.search(message) or "VoiceId" in (code or "")):
        return Failure.VOICE, None
    if expected is not Failure.INPUT:
        return expected, None
    if code in _SETTINGS_OF_CODES:
        return expected, _SETTINGS_OF_CODES[code]
    named = _SETTING.search(message) or _SETTING.search(code or "")
    return expected, named[1].lower() if named else None


def _count(value: object) -> int | None:
    """Return a plausible number of points, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MAX_COUNT:
        return None
    return int(value) if value == int(value) else None


def header_count(headers: Mapping[str, str], name: str) -> int | None:
    """Return a number in a header, or None."""
    value = headers.get(name, "").strip()
    return int(value) if _COUNT.fullmatch(value) else None


def _reset(value: object, now: datetime) -> datetime | None:
    """Return the time of a reset, from ISO 8601; UTC without a time zone."""
    if not isinstance(value, str) or len(value) > _MAX_DATE_CHARACTERS:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return _plausible(moment if moment.tzinfo else moment.replace(tzinfo=UTC), now)


def _plausible(moment: datetime, now: datetime) -> datetime | None:
    """Return a plausible reset time, or None; clocks may differ a little."""
    return moment if now - _PAST <= moment <= now + _FUTURE else None
