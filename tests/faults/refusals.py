"""All documented error statuses and codes of the services (docs/dev/protocols.md A4, B4, B5, C1 to C4)."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from custom_components.streaming_tts.providers.types import Failure, Transport
from tests.emulator.faults import SENTINEL, Fault, FaultKind

from . import steps
from .cells import MIDDLE_BYTES, PIECES, Form, Outcome, Route, Stage, Step, Trouble
from .scene import KEY, TEXT

_STRANGE = f"No: {TEXT} by {KEY}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """An HTTP error and its failure; `framed` if it also exists on a socket."""

    status: int
    code: str | None
    expected: Failure
    message: str | None = None
    framed: bool = True

    def __str__(self) -> str:
        """Return its name."""
        return " ".join(filter(None, (str(self.status), self.code, self.message and self.message[:24])))


ASYNCFLOW = (
    Refusal(status=429, code="TOO_MANY_CONCURRENT_REQUESTS", expected=Failure.BUSY),
    Refusal(status=429, code="RATE_LIMIT_EXCEEDED", expected=Failure.RATE),
    Refusal(status=429, code="USAGE_LIMIT_EXCEEDED", expected=Failure.QUOTA),
    Refusal(status=401, code="INVALID_API_KEY", expected=Failure.AUTH),
    Refusal(status=403, code=None, expected=Failure.BROKEN, framed=False),
    Refusal(status=404, code="VOICE_NOT_FOUND", expected=Failure.VOICE),
    Refusal(status=404, code="VERSION_NOT_FOUND", expected=Failure.OUTDATED),
    Refusal(status=404, code="NOT_FOUND", expected=Failure.BROKEN, framed=False),
    Refusal(status=400, code="INVALID_LANGUAGE", expected=Failure.INPUT),
    Refusal(status=400, code="FORMAT_NOT_RECOGNIZED", expected=Failure.INPUT),
    Refusal(status=400, code="VALIDATION_ERROR", expected=Failure.INPUT),
    Refusal(status=400, code="MODEL_NOT_SUPPORTED", expected=Failure.VOICE),
    Refusal(status=413, code=None, expected=Failure.INPUT, framed=False),
    Refusal(status=422, code=None, expected=Failure.INPUT, framed=False),
    Refusal(status=429, code=None, expected=Failure.RATE),
    *(Refusal(status=status, code=None, expected=Failure.SERVER) for status in (500, 502, 503, 504)),
)
SARVAM = (
    *(Refusal(status=status, code="invalid_request_error", expected=Failure.INPUT) for status in (400, 413, 422)),
    Refusal(status=422, code="unprocessable_entity_error", expected=Failure.INPUT),
    Refusal(status=422, code=None, expected=Failure.INPUT),
    Refusal(status=403, code="invalid_api_key_error", expected=Failure.AUTH),
    Refusal(status=403, code="authentication_error", expected=Failure.AUTH),
    Refusal(status=404, code="not_found_error", expected=Failure.INPUT, framed=False),
    Refusal(status=429, code="rate_limit_exceeded_error", expected=Failure.RATE),
    Refusal(status=503, code="rate_limit_exceeded_error", expected=Failure.RATE, framed=False),
    Refusal(status=429, code="insufficient_quota_error", expected=Failure.QUOTA),
    Refusal(status=500, code="internal_server_error", expected=Failure.SERVER),
    Refusal(status=500, code="model_call_error", expected=Failure.SERVER),
    Refusal(status=504, code="gateway_timeout_error", expected=Failure.SERVER),
    Refusal(status=500, code="billing_service_unavailable_error", expected=Failure.SERVER),
    Refusal(status=502, code=None, expected=Failure.SERVER),
    *(
        Refusal(status=400, code=None, expected=Failure.VOICE, message=message)
        for message in (
            "Speaker 'anushka' is not compatible with model bulbul:v3. Available speakers are: aditya, ritu",
            "Speaker 'amelia' is not recognized.",
            "Model 'bulbul:v2' has been deprecated. Please use 'bulbul:v3' instead.",
        )
    ),
    *(
        Refusal(status=400, code=None, expected=Failure.INPUT, message=message)
        for message in (
            "For the Bulbul V3 model, pace should be between 0.5 and 2.0",
            "Text must contain at least one character from the allowed languages",
            "Please request beta access to ur-IN by contacting our support team.",
        )
    ),
)
_TENCENT_CODES: dict[Failure, tuple[str, ...]] = {
    Failure.AUTH: (
        *("AuthFailure", "AuthFailure.SecretIdNotFound", "AuthFailure.InvalidSecretId", "AuthFailure.SignatureFailure"),
        *("AuthFailure.InvalidAuthorization", "AuthFailure.TokenFailure", "AuthFailure.UnauthorizedOperation"),
        *("UnauthorizedOperation", "UnauthorizedOperation.SdkAppId", "FailedOperation.SdkAppIdNotExist"),
        *("FailedOperation.SdkAppIdNotUnderAppId", "InvalidParameter.SdkAppId", "InvalidParameter.InvalidSdkAppId"),
        *("MissingParameter.SdkAppId", "MissingParameter.APIKey"),
    ),
    Failure.UNREACHABLE: ("AuthFailure.SignatureExpire",),
    Failure.QUOTA: (
        *("UnsupportedOperation.NotAllowed", "FailedOperation.NotAbility", "FailedOperation.NotAllowed"),
        *("ResourceInsufficient", "ResourceUnavailable", "ResourcesSoldOut", "ResourceInsufficient.Balance"),
    ),
    Failure.RATE: (
        *("RequestLimitExceeded", "RequestLimitExceeded.UinLimitExceeded", "RequestLimitExceeded.IPLimitExceeded"),
        *("FailedOperation.RestrictedFrequency", "OperationDenied.FreqOverLimit"),
    ),
    Failure.BUSY: ("LimitExceeded.ConcurrencyLimit", "FailedOperation.RestrictedConcurrency"),
    Failure.VOICE: ("InvalidParameter.VoiceId", "InvalidParameter.Model"),
    Failure.SERVER: (
        *("InternalError", "InternalError.TTSServiceUnavailable", "UnsupportedOperation.InternalError"),
        "ServiceUnavailable",
    ),
    Failure.OUTDATED: ("InvalidAction", "NoSuchVersion"),
    Failure.INPUT: (
        *("InvalidParameter", "InvalidParameter.TextLength", "InvalidParameter.Text", "InvalidParameter.Language"),
        *("InvalidParameter.Speed", "InvalidParameter.Volume", "InvalidParameter.Pitch", "InvalidParameter.SampleRate"),
        *("InvalidParameter.PronunciationDict", "MissingParameter", "MissingParameter.Text", "UnknownParameter"),
        *("UnsupportedRegion", "RequestSizeLimitExceeded"),
    ),
}
TENCENT = (
    *(Refusal(status=200, code=code, expected=failure) for failure, codes in _TENCENT_CODES.items() for code in codes),
    *(Refusal(status=status, code=None, expected=Failure.SERVER) for status in (500, 502, 503, 504)),
)
"""Its errors have status 200; other statuses come from a proxy."""
_FLOW = (
    Refusal(status=413, code="payload_too_large", expected=Failure.INPUT),
    Refusal(status=404, code="not_found", expected=Failure.BROKEN),
    Refusal(status=429, code="quota_exceeded", expected=Failure.QUOTA),
    Refusal(status=500, code="internal_error", expected=Failure.SERVER),
    *(Refusal(status=status, code=None, expected=Failure.SERVER) for status in (502, 503, 504)),
)
FLOW = {
    "portal": (
        *_FLOW,
        Refusal(status=400, code="invalid_request", expected=Failure.INPUT),
        Refusal(status=429, code="rate_limit_exceeded", expected=Failure.RATE),
    ),
    "backend": (
        *_FLOW,
        Refusal(status=400, code="missing_text", expected=Failure.INPUT),
        Refusal(status=400, code="invalid_emotion", expected=Failure.INPUT),
        Refusal(status=500, code="tts_failed", expected=Failure.SERVER),
        Refusal(status=500, code="tts_stream_failed", expected=Failure.SERVER),
    ),
}


def refused(route: Route, refusals: tuple[Refusal, ...]) -> Iterator[Trouble]:
    """Yield errors before the response and, on a socket, as frames: first, in the middle, and on an open one."""
    for refusal in (*refusals, Refusal(status=500, code=None, expected=Failure.SERVER, message=_STRANGE)):
        options: dict[str, Any] = {"status": refusal.status, "code": refusal.code, "message": refusal.message}
        before = route.fault(FaultKind.STATUS, Stage.CONNECT, **options)
        yield Trouble(name=str(refusal), stage=Stage.CONNECT, expected=refusal.expected, faults=(before,))
        if route.form is not Form.FRAMES or not refusal.framed:
            continue
        for stage in (Stage.ANSWER, Stage.SOUND):
            frame = route.fault(FaultKind.STATUS, stage, **options)
            yield Trouble(name=f"frame {refusal}", stage=stage, expected=refusal.expected, faults=(frame,))
        warm = route.fault(FaultKind.STATUS, Stage.ANSWER, **options | {"after_frames": PIECES + 1})
        yield Trouble(
            name=f"frame {refusal} on a warm socket",
            stage=Stage.ANSWER,
            expected=refusal.expected,
            faults=(warm,),
            connected=steps.spoken_once,
        )


def asyncflow_troubles(route: Route) -> Iterator[Trouble]:
    """Yield errors of AsyncFlow only: the sentinel of a used-up quota, and limits."""
    if route.form is Form.FRAMES:
        for stage in (Stage.ANSWER, Stage.SOUND, Stage.END):
            fault = route.fault(FaultKind.SENTINEL, stage)
            yield Trouble(name="sentinel", stage=stage, expected=Failure.QUOTA, faults=(fault,))
    else:
        for split in range(1, len(SENTINEL) + 1):
            for stage, at in ((Stage.ANSWER, 0), (Stage.SOUND, MIDDLE_BYTES), (Stage.SOUND, MIDDLE_BYTES + 1)):
                fault = route.fault(FaultKind.SENTINEL, stage, split=split, after_bytes=at)
                name = f"sentinel behind {at} bytes, split behind {split}"
                yield Trouble(name=name, stage=stage, expected=Failure.QUOTA, faults=(fault,))
    limits: tuple[tuple[Failure, dict[str, Any]], ...] = (
        (Failure.BUSY, {"concurrency_limit": 0}),
        (Failure.RATE, {"rate_limit": 0}),
        (Failure.QUOTA, {"usage_limit": 0.0}),
        (Failure.QUOTA, {"usage_limit": 0.5}),
        (Failure.AUTH, {"keys": ("another",)}),
        (Failure.AUTH, {"keys": ("another",), "bad_key": "frame"}),
    )
    for expected, changes in limits:
        name = ", ".join(f"{key} {value}" for key, value in changes.items())
        yield really(name, expected, steps.behaving(**changes))


def sarvam_troubles(route: Route) -> Iterator[Trouble]:
    """Yield errors of Sarvam only: limits, and non-standard responses."""
    yield really("no credits", Failure.QUOTA, steps.left(credits=0))
    yield really("another key", Failure.AUTH, steps.behaving(keys=("another",)))
    yield really("model in beta", Failure.INPUT, steps.behaving(unavailable_models=("bulbul:v3",)))
    yield really("retired model", Failure.VOICE, steps.behaving(deprecated_models=("bulbul:v3",)))
    if route.form is Form.FRAMES:
        yield really("too many sockets", Failure.RATE, steps.behaving(sockets=0))
    bodies: tuple[tuple[str, int, object, Failure], ...] = (
        ("message alone", 422, {"message": "This model is currently in beta and not available."}, Failure.INPUT),
        ("detail alone", 422, {"detail": "Dictionary limit exceeded"}, Failure.INPUT),
        ("page of a proxy", 403, "<html>403 Forbidden</html>", Failure.UNREACHABLE),
        ("page of a gateway", 502, "<html>502 Bad Gateway</html>", Failure.SERVER),
        ("nothing", 500, "", Failure.SERVER),
    )
    for name, status, body, expected in bodies:
        fault = route.fault(FaultKind.STATUS, Stage.CONNECT, status=status, extra={"body": body})
        yield Trouble(name=f"{status} {name}", stage=Stage.CONNECT, expected=expected, faults=(fault,))


def really(name: str, expected: Failure, before: Step) -> Trouble:
    """Return an error that the service generates itself."""
    return Trouble(name=name, stage=Stage.ANSWER, expected=expected, before=before, mend=steps.restored)


def flow_troubles(route: Route) -> Iterator[Trouble]:
    """Yield errors of Flow TTS only: used-up points, error events, expired tokens."""
    yield really("no points", Failure.QUOTA, steps.left(remaining=0))
    if route.variant == "portal":
        yield really("rate used up", Failure.RATE, steps.behaving(rate_limit=0))
        yield really("rate used up, in plain text", Failure.RATE, steps.behaving(rate_limit=0, rate_text=True))
    yield from _tokens(route)
    if route.transport is Transport.STREAM:
        yield from _events(route)


def _events(route: Route) -> Iterator[Trouble]:
    """Yield error events in both dialects, and harmless ones after the last audio."""
    for dialect in ("contract", "engine"):
        for stage in (Stage.ANSWER, Stage.SOUND, Stage.END):
            for code, expected in (("InternalError", Failure.SERVER), (None, Failure.SERVER)):
                yield Trouble(
                    name=f"event {code} in the words of the {dialect}",
                    stage=stage,
                    expected=expected,
                    faults=(route.fault(FaultKind.STATUS, stage, code=code),),
                    before=steps.behaving(dialect=dialect),
                    mend=steps.restored,
                )
    invalid = route.fault(FaultKind.STATUS, Stage.ANSWER, code="InvalidParameter.VoiceId")
    yield Trouble(
        name="event InvalidParameter.VoiceId",
        stage=Stage.ANSWER,
        expected=Failure.VOICE,
        faults=(invalid,),
        before=steps.behaving(dialect="engine"),
        mend=steps.restored,
    )
    for kind in (FaultKind.RESET, FaultKind.STALL, FaultKind.GARBAGE, FaultKind.MALFORMED_JSON):
        yield Trouble(
            name=f"{kind} behind the last sound",
            stage=Stage.END,
            expected=Outcome.WHOLE,
            faults=(route.fault(kind, Stage.END, after_frames=PIECES),),
            before=steps.behaving(quota_event=True),
            mend=steps.restored,
        )


def tencent_troubles(route: Route) -> Iterator[Trouble]:
    """Yield errors of Tencent Cloud only: limits, credentials with several parts, error events."""
    changes: tuple[tuple[Failure, dict[str, Any]], ...] = (
        (Failure.AUTH, {"secret_key": "another"}),
        (Failure.AUTH, {"secret_id": "AKIDanother"}),
        (Failure.AUTH, {"sdk_app_ids": (7,)}),
        (Failure.BUSY, {"concurrency_limit": 0}),
    )
    for expected, change in changes:
        yield really(", ".join(f"{key} {value}" for key, value in change.items()), expected, steps.behaving(**change))
    yield really("no package", Failure.QUOTA, steps.left(remaining=0))
    if route.transport is not Transport.STREAM:
        return
    for stage in (Stage.ANSWER, Stage.SOUND, Stage.END):
        for code, failure in (("InternalError", Failure.SERVER), ("LimitExceeded.ConcurrencyLimit", Failure.BUSY)):
            yield Trouble(
                name=f"event {code}",
                stage=stage,
                expected=failure,
                faults=(route.fault(FaultKind.STATUS, stage, code=code),),
            )


def _tokens(route: Route) -> Iterator[Trouble]:
    """Yield faults of tokens; a rejected token is renewed once."""
    stage = Stage.TOKEN
    unauthorized = route.fault(FaultKind.STATUS, Stage.CONNECT, status=401)
    twice = route.fault(FaultKind.STATUS, Stage.CONNECT, status=401, times=2)
    yield Trouble(name="refused once", stage=stage, expected=Outcome.WHOLE, faults=(unauthorized,))
    yield Trouble(name="refused twice", stage=stage, expected=Failure.AUTH, faults=(twice,))
    mended = partial(Trouble, stage=stage, mend=steps.restored)
    later = steps.an_hour_later
    yield mended(name="ended before", expected=Outcome.WHOLE, before=later)
    yield mended(name="ended when connected", expected=Outcome.WHOLE, connected=later)
    yield mended(name="ended in the sound", expected=Outcome.WHOLE, sounding=later)
    trial = partial(mended, expected=Failure.AUTH)
    yield trial(name="refused, not renewable", before=steps.not_renewable, faults=(unauthorized,))
    yield trial(name="ended, not renewable", before=steps.not_renewable_an_hour_later)
    yield mended(name="signed out", expected=Failure.AUTH, before=steps.signed_out)
    yield mended(name="signed out, ended", expected=Failure.AUTH, before=steps.signed_out_an_hour_later)
    sign_in: tuple[tuple[str, Failure, FaultKind, dict[str, Any]], ...] = (
        ("reset", Failure.UNREACHABLE, FaultKind.RESET, {}),
        ("stall", Failure.UNREACHABLE, FaultKind.STALL, {}),
        ("500", Failure.SERVER, FaultKind.STATUS, {"status": 500}),
        ("429", Failure.RATE, FaultKind.STATUS, {"status": 429}),
        ("400", Failure.AUTH, FaultKind.STATUS, {"status": 400, "code": "refresh_token_not_found"}),
        ("garbage", Failure.BROKEN, FaultKind.GARBAGE, {}),
        ("truncate", Failure.BROKEN, FaultKind.TRUNCATE, {}),
        ("malformed_json", Failure.BROKEN, FaultKind.MALFORMED_JSON, {}),
        ("page", Failure.BROKEN, FaultKind.CONTENT_TYPE, {}),
    )
    for name, expected, kind, options in sign_in:
        fault = Fault(fault=kind, match="/auth/v1/token", times=-1, **options)
        yield mended(name=f"sign-in {name}", expected=expected, faults=(fault,), before=later, within=20.0)
