"""Record of one speech request: whether it was sent, its ID, its end mark, and its response."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .json_values import identifier, mapping

type Watcher = Callable[[str, Mapping[str, object]], None]
"""Called with each part of a response: its name (one of those below) and its content."""

HEAD = "head"
"""The status, content type, and request ID of an HTTP response."""
BODY = "body"
"""A complete JSON body."""
MESSAGE = "message"
"""A frame of a socket, or an event of a stream."""
REFUSAL = "refusal"
"""The body of an error response."""

_ID_FIELDS = ("request_id", "requestId", "RequestId")
_ENVELOPES = ("data", "error", "Response")


@dataclass(eq=False, slots=True)
class RequestTrace:
    """Record of one request. The caller creates it, and the adapter fills it in.

    `watch` is called with each part of the response. `asked` is True once the request is sent; before that, time was
    spent connecting, and nothing is charged. `request_id` is the service's ID of the request. `end_mark_missing` is
    True if the audio was complete without an end mark; another transport is then preferred.
    """

    watch: Watcher | None = None
    asked: bool = False
    end_mark_missing: bool = False
    request_id: str | None = None

    def received(self, part: str, content: object) -> None:
        """Record a part of the response. Its request ID may be one level deep, and AsyncFlow may send "unknown"."""
        fields = mapping(content)
        if self.request_id is None:
            levels = (fields, *(mapping(fields.get(name)) for name in _ENVELOPES))
            ids = (identifier(level.get(name)) for level in levels for name in _ID_FIELDS)
            self.request_id = next((each for each in ids if each not in (None, "unknown")), None)
        if self.watch is not None:
            self.watch(part, fields)
