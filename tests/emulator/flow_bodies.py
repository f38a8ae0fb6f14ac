"""The bodies of requests to the Flow service, before anything of them is understood."""

from collections.abc import Mapping

from . import flow_answers as answers
from .call import Call


def read_object(call: Call, most: int) -> Mapping[str, object]:
    """Return the body as the service's framework does.

    No fields where it is not said to be JSON, 400 where it is none, 413 where it has more than `most` bytes.
    """
    if len(call.body) > most:
        raise answers.refusal(413, "payload_too_large", "Request payload is too large")
    if call.request.content_type != "application/json":
        return {}
    try:
        body = call.json()
    except ValueError as error:
        raise answers.refusal(400, "invalid_request", "The body is not JSON") from error
    return body if isinstance(body, dict) else {}
