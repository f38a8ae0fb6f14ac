"""Audio in server-sent events, as Tencent's engine of Flow TTS streams it (docs/dev/protocols.md C1, C4, E5)."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping

from ..types import AudioFormat, Failure, ProviderError
from .audio_stream import SampleStream, WavStream, is_audible
from .http import ResponseTimeouts
from .json_values import decode_audio, parse_object
from .sse import EventParser

CONTENT_TYPE = "text/event-stream"
TRAILER_SECONDS = 0.5
"""How long is waited behind the last audio: for the end of the answer, which leaves its connection for the next
request, and for what some deployments send there."""

_AUDIO_TYPES = (None, "audio", "chunk", "end")
_WAV_MAGIC_BYTES = 12

type Event = Mapping[str, object]
type EventErrorParser = Callable[[Event], ProviderError | None]
"""Returns the failure that an event tells of, None where it tells of none."""


class EventStream:
    """Reads the pieces of a stream of events: whole samples come of them, and the end of the text is known.

    `hear` is told each event. `ended` is True once the event has come that ends the audio.
    """

    def __init__(
        self,
        audio_format: AudioFormat,
        text: str,
        patience: ResponseTimeouts,
        *,
        parse_error: EventErrorParser,
        hear: Callable[[Event], None],
    ) -> None:
        """Expect the audio of a text in a format."""
        self._audio = EventAudio(audio_format.sample_rate, parse_error)
        self._text = text
        self._patience = patience
        self._hear = hear
        self._parser = EventParser()
        self._error: ProviderError | None = None
        self._silent = True

    @property
    def ended(self) -> bool:
        """Return True if no more audio comes."""
        return self._audio.ended

    def feed(self, piece: bytes) -> bytes:
        """Return the samples that are complete with this piece; what fails behind them is raised next time."""
        return self._take(self._parser.feed(piece))

    def end(self) -> bytes:
        """Return what was held back; raises BROKEN where the end mark is missing, or there was nothing to hear."""
        samples = b"" if self.ended else self._take(self._parser.end())
        self._raise_error()
        if not self.ended:
            raise ProviderError(Failure.BROKEN, code="no_end")
        if self._silent and is_audible(self._text):
            raise ProviderError(Failure.BROKEN, code="no_sound")
        return samples

    async def drain(self, source: AsyncGenerator[bytes]) -> None:
        """Hear what follows the audio; that is whole, whatever happens here."""
        try:
            async with asyncio.timeout(TRAILER_SECONDS):
                async for piece in source:
                    self._take(self._parser.feed(piece))
        except TimeoutError, ProviderError:
            return

    def _take(self, events: Iterable[bytes]) -> bytes:
        self._raise_error()
        samples = b""
        try:
            for data in events:
                event = parse_object(data)
                self._hear(event)
                if not self.ended:
                    samples += self._audio.take(event)
        except ProviderError as error:
            if not samples and not self.ended:
                raise
            self._error = None if self.ended else error
        if samples:
            self._patience.sounded()
            self._silent = False
        return samples

    def _raise_error(self) -> None:
        error, self._error = self._error, None
        if error is not None:
            raise error


class EventAudio:
    """Makes whole samples of the events of one stream, and knows whether it came to its end.

    Known are the types `audio` (page, SDKs) and `chunk` (official document), ended by `IsEnd` or the type `end`; other
    types are ignored, ids and sequence numbers are not needed.
    """

    def __init__(self, sample_rate: int, parse_error: EventErrorParser) -> None:
        """Expect audio at a rate in Hz."""
        self.ended = False
        self._base64 = ""
        self._sample_rate = sample_rate
        self._parse_error = parse_error
        self._first = b""
        self._begun = False
        self._header: WavStream | None = None
        self._samples = SampleStream(sample_rate)

    def take(self, event: Mapping[str, object]) -> bytes:
        """Return the samples that are complete with this event; raises what an error event tells of."""
        if (error := self._parse_error(event)) is not None:
            raise error
        kind = event.get("Type")
        if kind not in _AUDIO_TYPES:
            return b""
        self.ended = kind == "end" or event.get("IsEnd") is True
        audio = event.get("Audio")
        samples = b"" if audio is None else self._feed(self._decode(audio))
        return samples + self._finish() if self.ended else samples

    def _decode(self, audio: object) -> bytes:
        """Return the bytes of an event.

        What is cut within four characters is joined with the next (docs/dev/protocols.md C4).
        """
        if not isinstance(audio, str):
            raise ProviderError(Failure.BROKEN, code="base64")
        joined = self._base64 + "".join(audio.split())
        whole = len(joined) - len(joined) % 4
        self._base64 = joined[whole:]
        return decode_audio(joined[:whole])

    def _feed(self, piece: bytes) -> bytes:
        """Return the samples in a piece; each piece may be a WAV file of its own, or only the first begin one."""
        piece, self._first = self._first + piece, b""
        if not self._begun and len(piece) < _WAV_MAGIC_BYTES and piece[:4] == b"RIFF"[: len(piece)]:
            self._first = piece
            return b""
        self._begun = True
        if self._header is None and piece[:4] == b"RIFF" and piece[8:_WAV_MAGIC_BYTES] == b"WAVE":
            self._header = WavStream()
        if self._header is None:
            return self._samples.feed(piece)
        samples = self._header.feed(piece)
        if self._header.sample_rate is None:
            return b""
        if self._header.sample_rate != self._sample_rate:
            raise ProviderError(Failure.BROKEN, code="sample_rate")
        # The size in the header may be that of this piece only: what comes after it is sound again.
        self._header = None
        return self._samples.feed(samples)

    def _finish(self) -> bytes:
        """Return what was held back; raises BROKEN where the stream ends within something."""
        if self._header is not None or len(self._base64) == 1:
            raise ProviderError(Failure.BROKEN, code="truncated")
        tail = decode_audio(self._base64 + "=" * (-len(self._base64) % 4))
        return self._samples.feed(self._first + tail) + self._samples.end()
