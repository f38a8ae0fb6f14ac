"""Sound as it comes from a service, in pieces of any length: 16-bit mono PCM, bare or behind a WAV header."""

from typing import override

from ...audio.pcm import SAMPLE_BYTES, WavError, WavReader
from ..types import AudioFormat, Failure, ProviderError
from .http import ResponseTimeouts

OTHER_MAGIC = (b"ID3", b"OggS", b"fLaC")
"""How files of encoded sound begin; no speech begins with such samples."""

_ENCODED = frozenset(
    {
        *("mpeg", "mp3", "x-mp3", "aac", "aacp", "flac", "x-flac", "ogg", "opus"),
        *("mp4", "webm", "basic", "mulaw", "alaw"),
    }
)
FASTEST = 20.0
"""Letters and digits that a voice speaks in a second at the most, where it is not told to be faster."""


class WavStream(WavReader):
    """A reader of WAV files whose failure is one of the service that sent them."""

    @override
    def feed(self, piece: bytes) -> bytes:
        """Return the samples in the next piece of the file; raises BROKEN where it is no 16-bit mono PCM."""
        try:
            return super().feed(piece)
        except WavError:
            raise ProviderError(Failure.BROKEN, code="wav") from None


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
        """Return the whole samples that are complete with this piece; the first four bytes tell which of both it is."""
        if self._head is not None:
            self._head += piece
            if len(self._head) < 4:
                return b""
            piece, self._head = bytes(self._head), None
            if piece.startswith(OTHER_MAGIC):
                raise ProviderError(Failure.BROKEN, code="format")
            if piece.startswith(b"RIFF"):
                self._wav = WavStream()
        if self._wav is not None:
            piece = self._wav.feed(piece)
            if self._wav.sample_rate not in (None, self._sample_rate):
                raise ProviderError(Failure.BROKEN, code="sample_rate")
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


def is_encoded(content_type: str) -> bool:
    """Return True if a content type names encoded sound, which would play as noise; unknown ones do not."""
    return content_type.partition(";")[0].rpartition("/")[2].strip().lower() in _ENCODED


def is_audible(text: str) -> bool:
    """Return True if a text has something to say; punctuation alone may well make no sound."""
    return any(character.isalnum() for character in text)


def could_be_whole(text: str, size: int, audio_format: AudioFormat, *, pace: float) -> bool:
    """Return True if a text can have been spoken in `size` bytes of sound; `pace` is how fast, 1 being natural."""
    per_second = audio_format.sample_rate * SAMPLE_BYTES
    return size / per_second * FASTEST * max(pace, 1.0) >= sum(map(str.isalnum, text))


class SpeechStream(SampleStream):
    """Makes whole samples of what a service says of a text, and renews the patience with each piece."""

    def __init__(self, audio_format: AudioFormat, text: str, patience: ResponseTimeouts) -> None:
        """Expect the sound of a text in a format."""
        super().__init__(audio_format.sample_rate)
        self._text = text
        self._patience = patience
        self._silent = True

    @override
    def feed(self, piece: bytes) -> bytes:
        """Return the whole samples that are complete with this piece."""
        if samples := super().feed(piece):
            self._patience.sounded()
            self._silent = False
        return samples

    @override
    def end(self) -> bytes:
        """Return what was held back; raises BROKEN where a text that has something to say made no sound at all."""
        rest = super().end()
        if not rest and self._silent and is_audible(self._text):
            raise ProviderError(Failure.BROKEN, code="no_sound")
        return rest
