"""How Sarvam refuses: one envelope over HTTP, two forms on the socket (docs/dev/protocols.md B4, B5)."""

from typing import Any

SOCKET_SCHEMA_MESSAGE = "Input parameters has to be a valid dictionary"

# What is said where nothing else is known than the status, or the code.
CODES = {
    400: "invalid_request_error",
    403: "invalid_api_key_error",
    404: "not_found_error",
    413: "invalid_request_error",
    422: "unprocessable_entity_error",
    429: "rate_limit_exceeded_error",
    500: "internal_server_error",
    502: "model_call_error",
    503: "rate_limit_exceeded_error",
    504: "gateway_timeout_error",
}
MESSAGES = {
    "authentication_error": "Authentication failed",
    "billing_service_unavailable_error": "Billing service is unavailable",
    "gateway_timeout_error": "The request took too long",
    "insufficient_quota_error": "Insufficient quota: the credits of this account do not cover the request",
    "internal_server_error": "Internal server error",
    "invalid_api_key_error": "Invalid or missing authentication credentials",
    "invalid_request_error": "Invalid request",
    "model_call_error": "The model could not be called",
    "not_found_error": "Not found",
    "rate_limit_exceeded_error": "Rate limit exceeded",
    "unprocessable_entity_error": "The request could not be processed",
}


class SarvamError(Exception):
    """A request that the service does not serve.

    `status` and `code` are those of the table in B5, `message` is for a person; both follow from the status by default.
    """

    def __init__(self, message: str | None = None, *, status: int = 400, code: str | None = None) -> None:
        """Keep what both forms of the answer need."""
        self.status = status
        self.code = code or CODES.get(status, "internal_server_error")
        self.message = message or MESSAGES.get(self.code, self.code)
        super().__init__(self.message)

    def body(self, request_id: str) -> dict[str, Any]:
        """Make the JSON body of the HTTP answer."""
        return {
            "error": {
                "message": self.message,
                "code": self.code,
                "request_id": request_id,
            }
        }

    def frame(self, request_id: str) -> dict[str, Any]:
        """Make the error frame on a socket: no code, the status goes before the message."""
        return {
            "type": "error",
            "data": {
                "message": f"{self.status}: {self.message}",
                "request_id": request_id,
            },
        }


class SchemaError(SarvamError):
    """A body or frame that is not of the documented form.

    A field is missing, of a wrong type or not one of its values.
    """

    def __init__(self, message: str | None = None) -> None:
        """Refuse with 422."""
        super().__init__(message, status=422, code="invalid_request_error")

    def frame(self, request_id: str) -> dict[str, Any]:
        """Make the error frame on a socket, which has a code and does not say which field it was."""
        return {
            "type": "error",
            "data": {
                "message": SOCKET_SCHEMA_MESSAGE,
                "code": 422,
                "request_id": request_id,
            },
        }


class OddError(SarvamError):
    """One of those whose HTTP body was seen in another shape than the documented one.

    A single key (docs/dev/protocols.md B5).
    """

    def __init__(self, key: str, message: str) -> None:
        """Refuse with 422."""
        super().__init__(message, status=422)
        self._key = key

    def body(self, request_id: str) -> dict[str, Any]:
        """Make the JSON body of the HTTP answer."""
        return {self._key: self.message}
