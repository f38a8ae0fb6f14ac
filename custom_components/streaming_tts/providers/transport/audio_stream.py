"""Audio from a service in chunks of any size: 16-bit mono PCM, with or without a WAV header."""

from dataclasses import dataclass, field
from typing import override

from ...audio.pcm import SAMPLE_BYTES, WavError, WavReader
from ..types import AudioFormat, Failure, ProviderError
from .http import ResponseTimeouts

OTHER_MAGIC = (b"ID3", b"OggS", b"fLaC")
"""First bytes of files with encoded audio. No speech begins with such samples."""

_ENCODED = frozenset(
    {
        *("mpeg", "mp3", "x-mp3", "aac", "aacp", "flac", "x-flac", "ogg", "opus"),
        *("mp4", "webm", "basic", "mulaw", "alaw"),
    }
)
FASTEST = 20.0
"""Maximum letters and digits per second of a voice at its default speed."""


class WavStream(WavReader):
    """A WAV parser that raises errors as failures of the service."""

    @override
    def feed(self, piece: bytes) -> bytes:
        """Return the samples in the next chunk. Raises BROKEN if it isn't 16-bit mono PCM."""
        try:
            return super().feed(piece)
        except WavError:
            raise ProviderError(Failure.BROKEN, code="wav") from None


@dataclass(eq=False, slots=True)
class SpeechStream:
    """Splits audio into complete samples, and resets the timeout when some arrive.

    It accepts headerless PCM or a WAV file. BROKEN is raised for a WAV header with another sample rate than requested,
    because its audio would play too fast or too slow, and for encoded audio, which would play as noise.
    """

    audio_format: AudioFormat
    text: str
    deadlines: ResponseTimeouts
    _head: bytearray | None = field(default_factory=bytearray)
    _wav: WavStream | None = None
    _half: bytes = b""
    _silent: bool = True

    def feed(self, piece: bytes) -> bytes:
        """Return the samples that this chunk completes. The first four bytes determine the format."""
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
            self.deadlines.sounded()
            self._silent = False
        return piece[:whole]

    def end(self) -> bytes:
        """Return the bytes held back.

        Raises BROKEN if the audio ends within a sample or a header, or a text with letters or digits produced none.
        """
        samples, self._head, self._half = self._half + (self._head or b""), None, b""
        if len(samples) % SAMPLE_BYTES or (self._wav is not None and self._wav.sample_rate is None):
            raise ProviderError(Failure.BROKEN, code="half_sample")
        if not samples and self._silent and is_audible(self.text):
            raise ProviderError(Failure.BROKEN, code="no_sound")
        return samples


def is_encoded(content_type: str) -> bool:
    """Return True if a content type is encoded audio, which would play as noise. Unknown types aren't."""
    return content_type.partition(";")[0].rpartition("/")[2].strip().lower() in _ENCODED


def is_audible(text: str) -> bool:
    """Return True if a text has letters or digits. Punctuation alone may produce no audio."""
    return any(character.isalnum() for character in text)


def could_be_whole(text: str, size: int, audio_format: AudioFormat, *, pace: float) -> bool:
    """Return True if `size` bytes of audio are long enough for a text. `pace` is the speaking rate, by default 1."""
    per_second = audio_format.sample_rate * SAMPLE_BYTES
    return size / per_second * FASTEST * max(pace, 1.0) >= sum(map(str.isalnum, text))
