"""The sound in the answers of Flow TTS: events in both dialects, whole bodies of both contracts (docs/protocols.md C).

What an answer tells of its sound is believed: a WAV header, `format`, `sampleRate` and `duration`. Sound that is not
what was asked for raises BROKEN, since played as if it were it would be noise, or too fast.
"""

from collections.abc import Mapping

from ...audio.pcm import SAMPLE_BYTES
from ..transport.audio_stream import OTHER_MAGIC, SampleStream, WavStream
from ..transport.json_values import decode_audio, identifier, mapping
from ..types import Failure, ProviderError
from .errors import event_error

SAMPLE_RATE = 24000
"""What the service speaks at, in Hz, also where it does not say so (docs/protocols.md C2)."""

_AUDIO_TYPES = (None, "audio", "chunk", "end")
_PCM_FORMATS = ("", "wav", "pcm", "raw", "pcm_s16le", "l16", "x-wav", "wave", "vnd.wave", "octet-stream")
_WAV_MAGIC_BYTES = 12
_CUT_SHORT = 1.25
_OTHER_UNIT = 100


class EventSound:
    """Makes whole samples of the events of one stream, and knows whether it came to its end.

    Known are the types `audio` (page, SDKs) and `chunk` (official document), ended by `IsEnd` or the type `end`; other
    types are ignored, ids and sequence numbers are not needed.
    """

    def __init__(self, sample_rate: int) -> None:
        """Expect sound at a rate in Hz."""
        self.ended = False
        self._base64 = ""
        self._sample_rate = sample_rate
        self._first = b""
        self._begun = False
        self._header: WavStream | None = None
        self._samples = SampleStream(sample_rate)

    def take(self, event: Mapping[str, object]) -> bytes:
        """Return the samples that are complete with this event; raises what an error event tells of."""
        if (error := event_error(event)) is not None:
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

        What is cut within four characters is joined with the next (docs/protocols.md C4).
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


def sound_in_body(content: Mapping[str, object], sample_rate: int) -> bytes:
    """Return the samples in a body: below `data` (portal) or beside `code` (backend), WAV or headerless PCM.

    Raises `ProviderError`, BROKEN where the sound is not what was asked for, or shorter than the body says.
    """
    data = mapping(content.get("data")) or content
    if (error := event_error(content)) is not None:
        raise error
    code = content.get("code")
    if code not in (None, "success"):
        raise ProviderError(Failure.BROKEN, code=identifier(code))
    if data.get("audio") is None:
        raise ProviderError(Failure.BROKEN, code="no_sound")
    told = data.get("sampleRate")
    samples = samples_in(
        decode_audio(data.get("audio")),
        sample_rate,
        kind=data.get("format") or data.get("audioFormat") or "",
        told_rate=SAMPLE_RATE if told is None else told,
    )
    _check_duration(data.get("duration"), len(samples) / SAMPLE_BYTES / sample_rate)
    return samples


def samples_in(sound: bytes, sample_rate: int, *, kind: object, told_rate: object = SAMPLE_RATE) -> bytes:
    """Return the samples of a sound of a kind (`wav`, `pcm`; what is in it counts more); raises BROKEN for others.

    `told_rate` is what is told of headerless sound, in Hz.
    """
    if not isinstance(kind, str) or kind.lower() not in _PCM_FORMATS or sound.startswith(OTHER_MAGIC):
        raise ProviderError(Failure.BROKEN, code="format")
    if sound.startswith(b"RIFF"):
        wav = WavStream()
        samples = wav.feed(sound)
        if not wav.whole:
            raise ProviderError(Failure.BROKEN, code="truncated")
        told_rate = wav.sample_rate
    else:
        samples = sound
    if told_rate != sample_rate:
        raise ProviderError(Failure.BROKEN, code="sample_rate")
    if len(samples) % SAMPLE_BYTES:
        raise ProviderError(Failure.BROKEN, code="truncated")
    return samples


def _check_duration(told: object, seconds: float) -> None:
    """Raise BROKEN where sound lasts clearly shorter than it is said to.

    The unit of `duration` is documented by one example only: a number that cannot be seconds is not judged by.
    """
    if isinstance(told, bool) or not isinstance(told, int | float):
        return
    if seconds * _CUT_SHORT < told < seconds * _OTHER_UNIT:
        raise ProviderError(Failure.BROKEN, code="truncated")
