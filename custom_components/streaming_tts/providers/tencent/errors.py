"""Errors of Tencent Cloud: a code in a JSON response with status 200, or in an event (docs/dev/protocols.md E6).

A code is a category, or a category and a detail separated by a dot. The complete code is looked up first, then the
category. Messages are ignored, because they may quote what was spoken.
"""

from collections.abc import Mapping
from typing import Final

from ..capabilities import Reason, ServiceRejection
from ..transport.http import ErrorResponse
from ..transport.json_values import identifier, mapping
from ..types import MODEL_RETIRED, AccountProblem, Failure, ProviderError

_AUTH = (Failure.AUTH, None)
_PERMISSION = (Failure.AUTH, AccountProblem.PERMISSION_MISSING)
_APPLICATION = (Failure.AUTH, AccountProblem.APPLICATION_UNKNOWN)
_NOT_ACTIVATED = (Failure.QUOTA, AccountProblem.NOT_ACTIVATED)
_ARREARS = (Failure.QUOTA, AccountProblem.IN_ARREARS)
_BUSY = (Failure.BUSY, None)
_RATE = (Failure.RATE, None)
_INPUT = (Failure.INPUT, None)
_SERVER = (Failure.SERVER, None)
_OUTDATED = (Failure.OUTDATED, None)

FAILURES: Final[Mapping[str, tuple[Failure, AccountProblem | None]]] = {
    "AuthFailure": _AUTH,
    "AuthFailure.SignatureExpire": (Failure.UNREACHABLE, AccountProblem.CLOCK_OFF),
    "AuthFailure.UnauthorizedOperation": _PERMISSION,
    "UnauthorizedOperation": _PERMISSION,
    "UnauthorizedOperation.SdkAppId": _APPLICATION,
    "FailedOperation.SdkAppIdNotExist": _APPLICATION,
    "FailedOperation.SdkAppIdNotUnderAppId": _APPLICATION,
    "InvalidParameter.SdkAppId": _APPLICATION,
    "InvalidParameter.InvalidSdkAppId": _APPLICATION,
    "MissingParameter.SdkAppId": _APPLICATION,
    "MissingParameter.APIKey": _AUTH,
    "UnsupportedOperation.NotAllowed": _NOT_ACTIVATED,
    "FailedOperation.NotAbility": _NOT_ACTIVATED,
    "FailedOperation.NotAllowed": _NOT_ACTIVATED,
    "ResourceInsufficient": _ARREARS,
    "ResourceUnavailable": _ARREARS,
    "ResourcesSoldOut": _ARREARS,
    "RequestLimitExceeded": _RATE,
    "FailedOperation.RestrictedFrequency": _RATE,
    "OperationDenied.FreqOverLimit": _RATE,
    "LimitExceeded": _RATE,
    "LimitExceeded.ConcurrencyLimit": _BUSY,
    "FailedOperation.RestrictedConcurrency": _BUSY,
    "InvalidParameter.VoiceId": (Failure.VOICE, None),
    "InvalidParameter.Model": (Failure.VOICE, None),
    "InternalError": _SERVER,
    "UnsupportedOperation.InternalError": _SERVER,
    "ServiceUnavailable": _SERVER,
    "FailedOperation": _SERVER,
    "InvalidAction": _OUTDATED,
    "NoSuchVersion": _OUTDATED,
    "InvalidParameter": _INPUT,
    "InvalidParameterValue": _INPUT,
    "MissingParameter": _INPUT,
    "UnknownParameter": _INPUT,
    "UnsupportedOperation": _INPUT,
    "UnsupportedRegion": _INPUT,
    "RequestSizeLimitExceeded": _INPUT,
}
"""Failures of the documented codes. Any other code is about the request, which isn't retried."""

_SETTINGS = {
    "Text": "text",
    "TextLength": "text",
    "Language": "language",
    "Speed": "speed",
    "Volume": "volume",
    "Pitch": "pitch",
    "SampleRate": "sample_rate",
    "VoiceName": "name",
}
_REASONS: Mapping[str, Reason] = {
    "InvalidParameter.AudioPrompt": Reason.BAD_QUALITY,
    "UnsupportedOperation.VoiceCloneError": Reason.BAD_QUALITY,
    "LimitExceeded.VoiceCloneMaxNumLimit": Reason.CLONE_LIMIT,
    "RequestSizeLimitExceeded": Reason.TOO_LARGE,
}


def error_in(content: Mapping[str, object]) -> ProviderError | None:
    """Return the failure in an event or in the object below `Response`, or None."""
    reported = content.get("Error")
    if reported is None and content.get("Type") != "error":
        return None
    error = error_of_code(identifier(mapping(reported).get("Code")))
    error.request_id = identifier(content.get("RequestId"))
    return error


def error_of_code(code: str | None) -> ProviderError:
    """Return the error for a code. Without a readable code, the service has failed."""
    if code is None:
        return ProviderError(Failure.SERVER)
    category, _, detail = code.partition(".")
    failure, problem = FAILURES.get(code) or FAILURES.get(category) or _INPUT
    if code == "InvalidParameter.Model":
        return ProviderError(Failure.VOICE, code=MODEL_RETIRED, setting="model")
    setting = _SETTINGS.get(detail) if failure is Failure.INPUT else None
    return ProviderError(failure, code=code, setting=setting, problem=problem)


def clone_error(error: ProviderError) -> ProviderError:
    """Return the error of a request to clone a voice."""
    reason = _REASONS.get(error.code or "")
    return error if reason is None else ServiceRejection(reason, code=error.code)


def refusal_error(refusal: ErrorResponse) -> ProviderError:
    """Return the error for another status, which may come from the service or from a proxy."""
    return error_in(mapping(mapping(refusal.content).get("Response"))) or refusal.error()
