"""What Tencent Cloud refuses with, and what follows (docs/dev/protocols.md E6)."""

import json

import pytest

from custom_components.streaming_tts.providers.capabilities import Reason, ServiceRejection
from custom_components.streaming_tts.providers.tencent.errors import (
    FAILURES,
    clone_error,
    error_in,
    error_of_code,
    refusal_error,
)
from custom_components.streaming_tts.providers.transport.http import ErrorResponse
from custom_components.streaming_tts.providers.types import MODEL_RETIRED, AccountProblem, Failure

CODES = [
    *(
        (f"AuthFailure{detail}", Failure.AUTH, None)
        for detail in (
            *("", ".SecretIdNotFound", ".InvalidSecretId", ".SignatureFailure", ".InvalidAuthorization"),
            *(".MFAFailure", ".UnRealNameAuthenticated", ".TokenFailure"),
        )
    ),
    ("AuthFailure.SignatureExpire", Failure.UNREACHABLE, AccountProblem.CLOCK_OFF),
    ("MissingParameter.APIKey", Failure.AUTH, None),
    *(
        (code, Failure.AUTH, AccountProblem.PERMISSION_MISSING)
        for code in ("AuthFailure.UnauthorizedOperation", "UnauthorizedOperation", "UnauthorizedOperation.Sub")
    ),
    *(
        (code, Failure.AUTH, AccountProblem.APPLICATION_UNKNOWN)
        for code in (
            *("FailedOperation.SdkAppIdNotExist", "FailedOperation.SdkAppIdNotUnderAppId"),
            *("InvalidParameter.SdkAppId", "InvalidParameter.InvalidSdkAppId"),
            *("UnauthorizedOperation.SdkAppId", "MissingParameter.SdkAppId"),
        )
    ),
    *(
        (code, Failure.QUOTA, AccountProblem.NOT_ACTIVATED)
        for code in ("UnsupportedOperation.NotAllowed", "FailedOperation.NotAbility", "FailedOperation.NotAllowed")
    ),
    *(
        (f"{code}{detail}", Failure.QUOTA, AccountProblem.IN_ARREARS)
        for code in ("ResourceInsufficient", "ResourceUnavailable", "ResourcesSoldOut")
        for detail in ("", ".Balance")
    ),
    *(
        (code, Failure.RATE, None)
        for code in (
            *("RequestLimitExceeded", "RequestLimitExceeded.UinLimitExceeded", "RequestLimitExceeded.IPLimitExceeded"),
            *("RequestLimitExceeded.GlobalRegionUinLimitExceeded", "FailedOperation.RestrictedFrequency"),
            *("OperationDenied.FreqOverLimit", "LimitExceeded"),
        )
    ),
    ("LimitExceeded.ConcurrencyLimit", Failure.BUSY, None),
    ("FailedOperation.RestrictedConcurrency", Failure.BUSY, None),
    ("InvalidParameter.VoiceId", Failure.VOICE, None),
    *(
        (code, Failure.SERVER, None)
        for code in (
            *("InternalError", "InternalError.ThirdPartyCallError", "UnsupportedOperation.InternalError"),
            *("ServiceUnavailable", "FailedOperation", "FailedOperation.Unheard"),
        )
    ),
    ("InvalidAction", Failure.OUTDATED, None),
    ("NoSuchVersion", Failure.OUTDATED, None),
    *(
        (code, Failure.INPUT, None)
        for code in (
            *("InvalidParameter", "InvalidParameterValue", "MissingParameter", "UnknownParameter"),
            *("InvalidParameter.PronunciationDict", "UnsupportedOperation", "UnsupportedRegion"),
            *("RequestSizeLimitExceeded", "OperationDenied", "SomethingNew.OfTomorrow"),
        )
    ),
]


@pytest.mark.parametrize(("code", "failure", "problem"), CODES, ids=[code for code, *_ in CODES])
def test_a_code_of_the_table(code: str, failure: Failure, problem: AccountProblem | None) -> None:
    """Each has its failure, and where a person has to do something about the account, words for that."""
    error = error_of_code(code)
    assert (error.failure, error.problem, error.code) == (failure, problem, code)


def test_no_code_of_the_table_is_left_out() -> None:
    """Of those that the adapter knows."""
    assert FAILURES.keys() <= {code for code, *_ in CODES} | {"InvalidParameter.Model"}


@pytest.mark.parametrize(
    ("code", "setting"),
    [
        ("InvalidParameter.TextLength", "text"),
        ("InvalidParameter.Text", "text"),
        ("MissingParameter.Text", "text"),
        ("InvalidParameter.Language", "language"),
        ("InvalidParameter.Speed", "speed"),
        ("InvalidParameter.Volume", "volume"),
        ("InvalidParameter.Pitch", "pitch"),
        ("InvalidParameter.SampleRate", "sample_rate"),
        ("InvalidParameter.VoiceName", "name"),
        ("InvalidParameter", None),
    ],
)
def test_a_setting_that_is_refused_is_named(code: str, setting: str | None) -> None:
    """By the detail of the code."""
    assert (error_of_code(code).failure, error_of_code(code).setting) == (Failure.INPUT, setting)


def test_a_model_that_is_refused_is_gone() -> None:
    """A repair offers another one."""
    error = error_of_code("InvalidParameter.Model")
    assert (error.failure, error.code, error.setting) == (Failure.VOICE, MODEL_RETIRED, "model")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("InvalidParameter.AudioPrompt", Reason.BAD_QUALITY),
        ("UnsupportedOperation.VoiceCloneError", Reason.BAD_QUALITY),
        ("LimitExceeded.VoiceCloneMaxNumLimit", Reason.CLONE_LIMIT),
        ("RequestSizeLimitExceeded", Reason.TOO_LARGE),
    ],
)
def test_a_recording_is_rejected_for_a_reason(code: str, reason: Reason) -> None:
    """That a person can do something about."""
    rejection = clone_error(error_of_code(code))
    assert isinstance(rejection, ServiceRejection)
    assert (rejection.reason, rejection.code) == (reason, code)


def test_what_is_not_about_the_recording_stays_what_it_is() -> None:
    """Such as a key that was refused meanwhile."""
    error = error_of_code("AuthFailure.SecretIdNotFound")
    assert clone_error(error) is error


def test_an_error_names_its_request_and_never_what_was_said() -> None:
    """Of the message, which may quote a text, nothing is kept."""
    told = {"Error": {"Code": "InternalError", "Message": "Failed at Rumpelstilzchen"}, "RequestId": "a-1"}
    error = error_in(told)
    assert error is not None
    assert (error.failure, error.code, error.request_id) == (Failure.SERVER, "InternalError", "a-1")
    assert "Rumpelstilzchen" not in f"{error!r} {vars(error)}"


@pytest.mark.parametrize(
    "told", [{"Type": "error"}, {"Error": {}}, {"Error": {"Code": "free text here"}}, {"Error": 1}]
)
def test_an_error_without_a_code_is_the_services_own(told: dict[str, object]) -> None:
    """Its message isn't used."""
    error = error_in(told)
    assert error is not None
    assert (error.failure, error.code) == (Failure.SERVER, None)


def test_an_answer_without_an_error_is_none() -> None:
    """Audio, for example."""
    assert error_in({"Type": "audio", "Audio": ""}) is None


@pytest.mark.parametrize(
    ("status", "body", "failure"),
    [
        (400, {"Response": {"Error": {"Code": "AuthFailure.SecretIdNotFound"}}}, Failure.AUTH),
        (502, "<html>", Failure.SERVER),
        (403, "<html>", Failure.UNREACHABLE),
        (404, {"message": "no Route matched"}, Failure.BROKEN),
    ],
)
def test_another_status_is_that_of_a_proxy_unless_the_service_speaks(
    status: int, body: object, failure: Failure
) -> None:
    """The service itself answers 200, whatever it says."""
    content = body if isinstance(body, str) else json.dumps(body)
    assert refusal_error(ErrorResponse(status=status, headers={}, body=content.encode())).failure is failure
