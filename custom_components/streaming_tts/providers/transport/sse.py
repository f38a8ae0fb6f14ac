"""Server-sent events, and audio in them, as in Flow TTS (docs/dev/protocols.md C1, C4, E5)."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, aclosing, suppress
from dataclasses import dataclass, field
import re

from ..types import AudioFormat, Failure, ProviderError
from .audio_stream import SpeechStream, WavStream
from .http import MAX_AUDIO_JSON_BYTES, Answer
from .json_values import decode_audio, parse_object
from .trace import MESSAGE, RequestTrace

MAX_EVENT_BYTES = 16 * 1024 * 1024
"""Maximum bytes of an event and of a line: about four minutes of PCM at 24 kHz in base64."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LINE_ENDS = b"\r\n"
_FIELD = re.compile(rb"(data|event|id|retry)(?:: ?(.*))?", re.DOTALL)


@dataclass(eq=False, slots=True)
class EventParser:
    """Parses server-sent events from chunks split anywhere, in linear time.

    Beyond the standard, data may have several lines of which only the first has `data:`, as on the provider page of
    Flow TTS (docs/dev/protocols.md C1).
    """

    max_event_bytes: int = MAX_EVENT_BYTES
    _line: bytearray = field(default_factory=bytearray)
    _data: bytearray | None = None
    _last_value: bytes = b""
    _first_line: bool = True
    _after_return: bool = False

    def feed(self, piece: bytes) -> list[bytes]:
        """Return the data of the events that this chunk completes. Raises BROKEN if one is too long."""
        if not piece:
            return []
        if self._after_return:
            piece = piece.removeprefix(b"\n")
        self._after_return = piece.endswith(b"\r")
        events: list[bytes] = []
        for line in piece.splitlines(keepends=True):
            content = line.rstrip(_LINE_ENDS)
            self._line += content
            if len(self._line) > self.max_event_bytes:
                raise ProviderError(Failure.BROKEN, code="too_long")
            if len(content) < len(line):
                events += self._end_of_line()
        return events

    def end(self) -> list[bytes]:
        """Return the data of a last event without the empty line that ends it."""
        return [*self._end_of_line(), *self._dispatch()]

    def _end_of_line(self) -> list[bytes]:
        """Process the current line and return the event it completes, if any.

        A `data:` line also starts a new event if one JSON object ends before it and another begins. A line without a
        field continues an open event; otherwise, it's ignored as an unknown field.
        """
        line = bytes(self._line)
        self._line.clear()
        if self._first_line:
            line = line.removeprefix(_BYTE_ORDER_MARK)
            self._first_line = False
        if not line:
            return self._dispatch()
        name = _FIELD.fullmatch(line)
        if line.startswith(b":") or (name is not None and name[1] != b"data"):
            return []
        value = line if name is None else name[2] or b""
        events: list[bytes] = []
        # JSON never contains `}` directly followed by `{`, so this splits no object.
        if name is not None and self._last_value.rstrip().endswith(b"}") and value.lstrip().startswith(b"{"):
            events = self._dispatch()
        if self._data is not None:
            self._data += b"\n" + value
        elif name is not None:
            self._data = bytearray(value)
        else:
            return events
        self._last_value = value
        if len(self._data) > self.max_event_bytes:
            raise ProviderError(Failure.BROKEN, code="too_long")
        return events

    def _dispatch(self) -> list[bytes]:
        """Return the data of the open event, if any, and close it."""
        data, self._data, self._last_value = self._data, None, b""
        return [bytes(data)] if data else []


CONTENT_TYPE = "text/event-stream"
TRAILER_SECONDS = 0.5
"""How long to read after the last audio: to the end of the response, which leaves its connection for the next request,
and for data that some deployments send there."""

_AUDIO_TYPES = (None, "audio", "chunk", "end")
_WAV_MAGIC_BYTES = 12

type Event = Mapping[str, object]
type EventErrorParser = Callable[[Event], ProviderError | None]
"""Returns the failure that an event reports, or None."""


async def event_audio(
    answering: AbstractAsyncContextManager[Answer],
    audio_format: AudioFormat,
    text: str,
    trace: RequestTrace,
    *,
    parse_error: EventErrorParser,
    hear: Callable[[Event], None] | None = None,
) -> AsyncGenerator[bytes]:
    """Yield the audio in the events of a response, in complete samples. `trace` and `hear` receive each event.

    Raises BROKEN if the event that ends the audio is missing, or there is no audio.
    """
    async with answering as answer:
        if answer.response.content_type != CONTENT_TYPE:
            raise ProviderError(Failure.BROKEN, code="content_type")
        parser = EventParser()
        audio = EventAudio(SpeechStream(audio_format, text, answer.deadlines), trace, parse_error, hear)
        async with aclosing(answer.pieces(MAX_AUDIO_JSON_BYTES)) as source:
            async for piece in source:
                if samples := audio.feed(parser.feed(piece)):
                    yield samples
                if audio.ended:
                    break
            rest = b"" if audio.ended else audio.feed(parser.end())
            if not audio.ended:
                raise audio.error or ProviderError(Failure.BROKEN, code="no_end")
            if rest:
                yield rest
            # The audio is complete, so failures in what follows are ignored
            with suppress(TimeoutError, ProviderError):
                async with asyncio.timeout(TRAILER_SECONDS):
                    async for piece in source:
                        audio.feed(parser.feed(piece))


@dataclass(eq=False, slots=True)
class EventAudio:
    """Extracts complete samples from the events of one stream, and detects the end of the audio.

    Audio has the type `audio` (page, SDKs) or `chunk` (official document), and ends with `IsEnd` or the type `end`.
    Other types are ignored. IDs and sequence numbers aren't needed. `ended` is True after the event that ends the
    audio. `error` is a failure that occurred after returned samples.
    """

    stream: SpeechStream
    trace: RequestTrace
    parse_error: EventErrorParser
    hear: Callable[[Event], None] | None
    ended: bool = False
    error: ProviderError | None = None
    _base64: str = ""
    _first: bytes | None = b""
    _header: WavStream | None = None

    def feed(self, events: Iterable[bytes]) -> bytes:
        """Return the samples that more events complete. A failure after them is raised by the next call."""
        if self.error is not None:
            raise self.error
        samples = b""
        try:
            for data in events:
                event = parse_object(data)
                self.trace.received(MESSAGE, event)
                if self.hear is not None:
                    self.hear(event)
                if not self.ended:
                    samples += self._take(event)
        except ProviderError as error:
            if not samples and not self.ended:
                raise
            self.error = None if self.ended else error
        return samples

    def _take(self, event: Event) -> bytes:
        """Return the samples that this event completes. Raises the failure that an error event reports.

        A split group of four base64 characters is joined with the next event (docs/dev/protocols.md C4). Raises BROKEN
        if the audio ends within a group, a header, or a sample.
        """
        if (error := self.parse_error(event)) is not None:
            raise error
        kind, audio = event.get("Type"), event.get("Audio")
        if kind not in _AUDIO_TYPES:
            return b""
        samples = b""
        if audio is not None:
            if not isinstance(audio, str):
                raise ProviderError(Failure.BROKEN, code="base64")
            joined = self._base64 + "".join(audio.split())
            whole = len(joined) - len(joined) % 4
            self._base64 = joined[whole:]
            samples = self._samples_in(decode_audio(joined[:whole]))
        if kind == "end" or event.get("IsEnd") is True:
            if self._header is not None or len(self._base64) == 1:
                raise ProviderError(Failure.BROKEN, code="truncated")
            tail = decode_audio(self._base64 + "=" * (-len(self._base64) % 4))
            samples += self.stream.feed((self._first or b"") + tail) + self.stream.end()
            self.ended = True
        return samples

    def _samples_in(self, piece: bytes) -> bytes:
        """Return the samples in a chunk. Each chunk may be a WAV file, or only the first may have a header."""
        if self._first is not None:
            piece = self._first + piece
            if len(piece) < _WAV_MAGIC_BYTES and piece[:4] == b"RIFF"[: len(piece)]:
                self._first = piece
                return b""
            self._first = None
        if self._header is None and piece[:4] == b"RIFF" and piece[8:_WAV_MAGIC_BYTES] == b"WAVE":
            self._header = WavStream()
        if self._header is None:
            return self.stream.feed(piece)
        samples = self._header.feed(piece)
        if self._header.sample_rate is None:
            return b""
        if self._header.sample_rate != self.stream.audio_format.sample_rate:
            raise ProviderError(Failure.BROKEN, code="sample_rate")
        # The size in the header may be that of this chunk alone. What follows is audio again.
        self._header = None
        return self.stream.feed(samples)
