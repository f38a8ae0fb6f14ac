"""How Tencent's API refuses: JSON with a code, always with status 200 (docs/dev/protocols.md E)."""

from typing import Any

_MESSAGES = {
    "AuthFailure.InvalidAuthorization": "The Authorization header does not comply with the standard.",
    "AuthFailure.SecretIdNotFound": "The SecretId is not found, please ensure that your SecretId is correct.",
    "AuthFailure.SignatureExpire": "The signature has expired: the timestamp differs from the time of the server by "
    "more than 5 minutes.",
    "AuthFailure.SignatureFailure": "The provided credentials could not be validated. Please check your signature.",
    "AuthFailure.TokenFailure": "The token is wrong or has expired.",
    "AuthFailure.UnauthorizedOperation": "You are not authorized to perform this operation. Check your CAM policies.",
    "FailedOperation.SdkAppIdNotExist": "The SdkAppId does not exist.",
    "InternalError": "An internal error has occurred. Retry your request.",
    "InvalidAction": "The action is invalid or not found.",
    "LimitExceeded.ConcurrencyLimit": "The number of concurrent requests exceeds the limit.",
    "LimitExceeded.VoiceCloneMaxNumLimit": "The number of cloned voices exceeds the limit.",
    "NoSuchVersion": "The version of the API does not exist.",
    "RequestLimitExceeded": "The number of requests exceeds the frequency limit.",
    "RequestSizeLimitExceeded": "The size of the request exceeds the limit.",
    "ResourceUnavailable": "The account is in arrears.",
    "ServiceUnavailable": "The service is temporarily unavailable.",
    "UnsupportedOperation.InternalError": "An internal error of speech synthesis has occurred.",
    "UnsupportedOperation.NotAllowed": "The application has no package for this operation.",
    "UnsupportedRegion": "The region is not supported.",
}
"""What is said with the codes that are raised in several places, or by faults only."""


class TencentError(Exception):
    """A request that the API refuses."""

    def __init__(self, code: str, message: str | None = None) -> None:
        """Take the code as it is documented; the message is one that goes with it where none is given."""
        self.code = code
        self.message = message or _MESSAGES.get(code) or f"The request was refused: {code}."
        super().__init__(self.message)

    @property
    def error(self) -> dict[str, str]:
        """What both an answer and an event of a stream say."""
        return {"Code": self.code, "Message": self.message}

    def body(self, request_id: str) -> dict[str, Any]:
        """Return the JSON of an answer."""
        return {"Response": {"Error": self.error, "RequestId": request_id}}
