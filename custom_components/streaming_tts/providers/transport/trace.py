"""What one request to speak learns on the wire: whether it was sent, its id, how it ended, what was answered."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .json_values import identifier, mapping

type Watcher = Callable[[str, Mapping[str, object]], None]
"""Is told each message of an answer: the part of it (one of those below), and what is in it."""

HEAD = "head"
"""The status, the content type and the request id of an HTTP answer."""
BODY = "body"
"""A whole body in JSON."""
MESSAGE = "message"
"""A frame of a socket, or an event of a stream."""
REFUSAL = "refusal"
"""The body of a refusal."""

_ID_FIELDS = ("request_id", "requestId", "RequestId")
_ENVELOPES = ("data", "error", "Response")


@dataclass(eq=False, slots=True)
class RequestTrace:
    """What is known of one request; the caller makes it, and the adapter writes into it while it speaks.

    `watch` is told what is answered. `asked` is True once the request goes out: until then connecting was waited for,
    and nothing is charged. `request_id` is what the service calls it. `end_mark_missing` is True where the text was
    spoken but its end mark never came: another transport is preferred then.
    """

    watch: Watcher | None = None
    asked: bool = False
    end_mark_missing: bool = False
    request_id: str | None = None

    def heard(self, part: str, content: object) -> None:
        """Take a part of the answer; its request id may lie one level deep, and AsyncFlow may write "unknown" there."""
        fields = mapping(content)
        if self.request_id is None:
            levels = (fields, *(mapping(fields.get(name)) for name in _ENVELOPES))
            told = (identifier(level.get(name)) for level in levels for name in _ID_FIELDS)
            self.request_id = next((each for each in told if each not in (None, "unknown")), None)
        if self.watch is not None:
            self.watch(part, fields)
