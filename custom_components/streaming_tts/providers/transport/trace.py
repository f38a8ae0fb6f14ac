"""What one request to speak learns on the wire: whether it was sent, its id, how it ended, what was answered."""

from collections.abc import Callable, Mapping

import aiohttp

from .json_values import identifier, mapping

type Watcher = Callable[[str, Mapping[str, object]], None]
"""Is told each message of an answer: the part of it (one of those below), and what is in it."""

HEAD = "head"
"""The status and the content type of an HTTP answer."""
BODY = "body"
"""A whole body in JSON."""
MESSAGE = "message"
"""A frame of a socket, or an event of a stream."""
REFUSAL = "refusal"
"""The body of a refusal."""

_ID_HEADERS = ("x-request-id", "x-tc-requestid")
_ID_FIELDS = ("request_id", "requestId", "RequestId")
_ENVELOPES = ("data", "error", "Response")


class RequestTrace:
    """What is known of one request; the caller makes it, and the adapter writes into it while it speaks.

    `asked` is True once the request goes out: until then connecting was waited for, and nothing is charged.
    `request_id` is what the service calls it. `end_mark_missing` is True where the text was spoken but its end mark
    never came: another transport is preferred then. `watch` is told what is answered.
    """

    def __init__(self, watch: Watcher | None = None) -> None:
        """Follow a request that has still to go out."""
        self._watch = watch
        self.asked = False
        self.end_mark_missing = False
        self.request_id: str | None = None

    def answered(self, response: aiohttp.ClientResponse) -> None:
        """Take the head of an answer."""
        for name in _ID_HEADERS:
            self._identify(response.headers.get(name))
        if self._watch is not None:
            self._watch(HEAD, {"status": response.status, "content_type": response.content_type})

    def heard(self, part: str, content: object) -> None:
        """Take a message of the answer; its request id may lie one level deep."""
        fields = mapping(content)
        for level in (fields, *(mapping(fields.get(name)) for name in _ENVELOPES)):
            for name in _ID_FIELDS:
                self._identify(level.get(name))
        if self._watch is not None:
            self._watch(part, fields)

    def _identify(self, value: object) -> None:
        """Keep what a service calls the request; AsyncFlow writes "unknown" where it does not know."""
        if self.request_id is None and (request_id := identifier(value)) not in (None, "unknown"):
            self.request_id = request_id
