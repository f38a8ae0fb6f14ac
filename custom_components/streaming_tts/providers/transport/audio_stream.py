"""Sound as it comes from a service, in pieces of any length: 16-bit mono PCM, bare or behind a WAV header."""

from dataclasses import dataclass, field
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


@dataclass(eq=False, slots=True)
class SpeechStream:
    """Makes of pieces of any length pieces of whole samples, and renews the patience with each of them.

    They come from bare PCM or a WAV file, whichever the service sends. A WAV header is believed: another rate than the
    one that was asked for raises BROKEN, as such sound would play too fast or too slow; so does a file of encoded
    sound, which would play as noise.
    """

    audio_format: AudioFormat
    text: str
    patience: ResponseTimeouts
    _head: bytearray | None = field(default_factory=bytearray)
    _wav: WavStream | None = None
    _half: bytes = b""
    _silent: bool = True

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
            if self._wav.sample_rate not in (None, self.audio_format.sample_rate):
                raise ProviderError(Failure.BROKEN, code="sample_rate")
        piece = self._half + piece
        whole = len(piece) - len(piece) % SAMPLE_BYTES
        self._half = piece[whole:]
        if whole:
            self.patience.sounded()
            self._silent = False
        return piece[:whole]

    def end(self) -> bytes:
        """Return what was held back.

        Raises BROKEN where the sound ends within a sample or a header, or a text that has something to say made none.
        """
        samples, self._head, self._half = self._half + (self._head or b""), None, b""
        if len(samples) % SAMPLE_BYTES or (self._wav is not None and self._wav.sample_rate is None):
            raise ProviderError(Failure.BROKEN, code="half_sample")
        if not samples and self._silent and is_audible(self.text):
            raise ProviderError(Failure.BROKEN, code="no_sound")
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
