"""Server-sent events as they come over the wire: bytes in, the data of whole events out; no clock, no socket.

Beyond the standard it takes events whose data runs over several lines of which only the first says `data:`, as the
provider page of Flow TTS prints them (docs/dev/protocols.md C1).
"""

import re

from ..types import Failure, ProviderError

MAX_EVENT_BYTES = 16 * 1024 * 1024
"""The longest event, in bytes, and the longest line: some four minutes of PCM at 24 kHz as base64."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LINE_ENDS = b"\r\n"
_FIELD = re.compile(rb"(data|event|id|retry)(?:: ?(.*))?", re.DOTALL)


class EventParser:
    """Takes a stream of server-sent events apart, wherever its pieces are cut, in time linear in its length."""

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        """Wait for the first line."""
        self._limit = max_event_bytes
        self._line = bytearray()
        self._data: bytearray | None = None
        self._last_value = b""
        self._first_line = True
        self._after_return = False

    def feed(self, piece: bytes) -> list[bytes]:
        """Return the data of the events that are complete with this piece; raises BROKEN where one is too long."""
        if not piece:
            return []
        if self._after_return:
            piece = piece.removeprefix(b"\n")
        self._after_return = piece.endswith(b"\r")
        events: list[bytes] = []
        for line in piece.splitlines(keepends=True):
            content = line.rstrip(_LINE_ENDS)
            self._extend(content)
            if len(content) < len(line):
                events += self._end_of_line()
        return events

    def end(self) -> list[bytes]:
        """Return the data of an event that the stream ended in, without the empty line that closes it."""
        return [*self._end_of_line(), *self._dispatch()]

    def _extend(self, part: bytes) -> None:
        """Go on with the line."""
        self._line += part
        self._bound(len(self._line))

    def _bound(self, length: int) -> None:
        """Raise BROKEN for a length that nothing of the service has."""
        if length > self._limit:
            raise ProviderError(Failure.BROKEN, code="too_long")

    def _end_of_line(self) -> list[bytes]:
        """Read the line, and return the event that it completes, if it does."""
        line = bytes(self._line)
        self._line.clear()
        if self._first_line:
            line = line.removeprefix(_BYTE_ORDER_MARK)
            self._first_line = False
        if not line:
            return self._dispatch()
        if line.startswith(b":"):
            return []
        field = _FIELD.fullmatch(line)
        if field is None:
            self._continue(line)
            return []
        return self._begin(field[2] or b"") if field[1] == b"data" else []

    def _begin(self, value: bytes) -> list[bytes]:
        """Take a `data:` line; it opens a new event where a JSON object is whole and the next one begins."""
        events: list[bytes] = []
        # Nowhere inside of JSON does a brace open right behind one that closes, so nothing is torn apart here.
        if self._last_value.rstrip().endswith(b"}") and value.lstrip().startswith(b"{"):
            events = self._dispatch()
        if self._data is None:
            self._data, self._last_value = bytearray(value), value
        else:
            self._continue(value)
        return events

    def _continue(self, line: bytes) -> None:
        """Add a line to the data of an open event; outside of one it is a field that nobody knows."""
        if self._data is None:
            return
        self._data += b"\n" + line
        self._last_value = line
        self._bound(len(self._data))

    def _dispatch(self) -> list[bytes]:
        """Return the open event, if there is one with data in it."""
        data, self._data, self._last_value = self._data, None, b""
        return [bytes(data)] if data else []
