"""Sound as it comes from a service, in pieces of any length: 16-bit mono PCM, bare or behind a WAV header, or mp3."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
import struct

from ...audio.mpeg import FrameStream
from ..types import AudioFormat, Encoding, Failure, ProviderError
from .http import ResponseTimeouts

SAMPLE_BYTES = 2
MAX_HEADER_BYTES = 64 * 1024
"""What a WAV file may hold before its samples."""

OTHER_MAGIC = (b"ID3", b"OggS", b"fLaC")
"""How files of encoded sound begin; no speech begins with such samples."""

_PLAIN = frozenset({"pcm", "l16", "wav", "wave", "x-wav", "vnd.wave"})
_MP3 = frozenset({"mpeg", "mp3", "x-mp3"})
_OTHERS = frozenset({"aac", "aacp", "flac", "x-flac", "ogg", "opus", "mp4", "webm", "basic", "mulaw", "alaw"})
FASTEST = 20.0
"""Letters and digits that a voice speaks in a second at the most, where it is not told to be faster."""
_MP3_BIT_RATE = 128000
"""What an mp3 is taken to have where nobody said it."""

_RIFF_BYTES = 12
_CHUNK_BYTES = 8
_FMT_BYTES = 16
_PCM = 1
_EXTENSIBLE = 0xFFFE
_UNKNOWN_SIZE = 0x7FFF0000
"""What a streaming encoder writes for a size that it does not know is 0, or at least this."""


class WavStream:
    """Takes a WAV file apart as it arrives: keeps its rate, returns its samples, ignores what follows them.

    `sample_rate` is in Hz, None until the header is complete.
    """

    def __init__(self) -> None:
        """Wait for a header."""
        self.sample_rate: int | None = None
        self._head = bytearray()
        self._at = _RIFF_BYTES
        self._rate: int | None = None
        self._left: int | None = None

    def feed(self, piece: bytes) -> bytes:
        """Return the samples in the next piece of the file; raises BROKEN where it is no 16-bit mono PCM."""
        if self.sample_rate is not None:
            return self._samples(piece)
        self._head += piece
        start = self._parse()
        if start is None:
            if len(self._head) > MAX_HEADER_BYTES:
                raise ProviderError(Failure.BROKEN, code="wav")
            return b""
        rest = bytes(self._head[start:])
        self._head.clear()
        return self._samples(rest)

    @property
    def whole(self) -> bool:
        """Tell whether all samples have come that the header announced."""
        return self.sample_rate is not None and not self._left

    def _samples(self, piece: bytes) -> bytes:
        """Return what of a piece are samples."""
        if self._left is None:
            return piece
        samples = piece[: self._left]
        self._left -= len(samples)
        return samples

    def _parse(self) -> int | None:
        """Return where the samples start, or None while the header is not complete; goes on where it stopped."""
        head = self._head
        if head[:4] != b"RIFF"[: len(head)] or head[8:_RIFF_BYTES] != b"WAVE"[: max(0, len(head) - 8)]:
            raise ProviderError(Failure.BROKEN, code="wav")
        while len(head) >= (begin := self._at + _CHUNK_BYTES):
            kind, size = struct.unpack_from("<4sI", head, self._at)
            if kind == b"data":
                if self._rate is None:
                    raise ProviderError(Failure.BROKEN, code="wav")
                self._left = size if 0 < size < _UNKNOWN_SIZE else None
                self.sample_rate = self._rate
                return begin
            if kind == b"fmt ":
                if len(head) < begin + _FMT_BYTES:
                    return None
                self._rate = _rate_of(head, begin)
            self._at = begin + size + size % 2
        return None


def _rate_of(head: bytearray, at: int) -> int:
    """Return the rate that a format chunk tells; raises BROKEN unless it is 16-bit mono PCM."""
    tag, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", head, at)
    if tag not in (_PCM, _EXTENSIBLE) or channels != 1 or bits != SAMPLE_BYTES * 8:
        raise ProviderError(Failure.BROKEN, code="wav")
    return int(rate)


class SampleStream:
    """Makes of pieces of any length pieces of whole samples, from bare PCM or a WAV file, whichever comes.

    A WAV header is believed: another rate than the one that was asked for raises BROKEN, as such sound would play too
    fast or too slow; so does a file of encoded sound, which would play as noise.
    """

    def __init__(self, sample_rate: int) -> None:
        """Expect sound at a rate in Hz."""
        self._sample_rate = sample_rate
        self._head: bytearray | None = bytearray()
        self._wav: WavStream | None = None
        self._half = b""

    def feed(self, piece: bytes) -> bytes:
        """Return the whole samples that are complete with this piece."""
        piece = self._unwrap(self._sniff(piece))
        piece = self._half + piece
        whole = len(piece) - len(piece) % SAMPLE_BYTES
        self._half = piece[whole:]
        return piece[:whole]

    def end(self) -> bytes:
        """Return what was held back; raises BROKEN where the sound ends within a sample or a header."""
        rest, self._head = bytes(self._head or b""), None
        samples = self._half + rest
        self._half = b""
        if len(samples) % SAMPLE_BYTES or (self._wav is not None and self._wav.sample_rate is None):
            raise ProviderError(Failure.BROKEN, code="half_sample")
        return samples

    def _sniff(self, piece: bytes) -> bytes:
        """Hold the first four bytes back until they tell which of both it is."""
        if self._head is None:
            return piece
        self._head += piece
        if len(self._head) < 4:
            return b""
        first, self._head = bytes(self._head), None
        if first.startswith(OTHER_MAGIC):
            raise ProviderError(Failure.BROKEN, code="format")
        if first.startswith(b"RIFF"):
            self._wav = WavStream()
        return first

    def _unwrap(self, piece: bytes) -> bytes:
        """Return what of a piece are samples."""
        if self._wav is None:
            return piece
        samples = self._wav.feed(piece)
        if self._wav.sample_rate not in (None, self._sample_rate):
            raise ProviderError(Failure.BROKEN, code="sample_rate")
        return samples


def is_other_kind(content_type: str, audio_format: AudioFormat) -> bool:
    """Tell whether a content type names sound of another kind than the one that was asked for; unknown ones do not."""
    kind = content_type.partition(";")[0].rpartition("/")[2].strip().lower()
    return kind in _OTHERS | (_MP3 if audio_format.encoding is Encoding.PCM else _PLAIN)


def is_audible(text: str) -> bool:
    """Tell whether a text has something to say; punctuation alone may well make no sound."""
    return any(character.isalnum() for character in text)


def could_be_whole(text: str, size: int, audio_format: AudioFormat, *, pace: float) -> bool:
    """Return True if a text can have been spoken in `size` bytes of sound; `pace` is how fast, 1 being natural."""
    if audio_format.encoding is Encoding.PCM:
        per_second = audio_format.sample_rate * SAMPLE_BYTES
    else:
        per_second = (audio_format.bit_rate or _MP3_BIT_RATE) // 8
    return size / per_second * FASTEST * max(pace, 1.0) >= sum(map(str.isalnum, text))


type SoundStream = SampleStream | FrameStream


def sound_stream(audio_format: AudioFormat) -> SoundStream:
    """Return what reads sound of a format."""
    if audio_format.encoding is Encoding.PCM:
        return SampleStream(audio_format.sample_rate)
    return FrameStream()


async def sound_of(
    source: AsyncGenerator[bytes], audio_format: AudioFormat, text: str, patience: ResponseTimeouts
) -> AsyncGenerator[bytes]:
    """Yield what arrives in the form it was asked for; closes the source, and renews the patience with each piece.

    Raises BROKEN where a text that has something to say made no sound at all.
    """
    stream = sound_stream(audio_format)
    silent = True
    async with aclosing(source):
        async for piece in source:
            sound = stream.feed(piece)
            if sound:
                patience.sounded()
                silent = False
                yield sound
    rest = stream.end()
    if rest:
        yield rest
    elif silent and is_audible(text):
        raise ProviderError(Failure.BROKEN, code="no_sound")
