"""The sound in whole bodies of Flow TTS, of both contracts (docs/dev/protocols.md C); events are read in `transport/`.

What an answer tells of its sound is believed: a WAV header, `format`, `sampleRate` and `duration`. Sound that is not
what was asked for raises BROKEN, since played as if it were it would be noise, or too fast.
"""

from collections.abc import Mapping

from ...audio.pcm import SAMPLE_BYTES
from ..transport.audio_stream import OTHER_MAGIC, WavStream
from ..transport.json_values import decode_audio, identifier, mapping
from ..types import Failure, ProviderError
from .errors import event_error

SAMPLE_RATE = 24000
"""What the service speaks at, in Hz, also where it does not say so (docs/dev/protocols.md C2)."""

_PCM_FORMATS = ("", "wav", "pcm", "raw", "pcm_s16le", "l16", "x-wav", "wave", "vnd.wave", "octet-stream")
_CUT_SHORT = 1.25
_OTHER_UNIT = 100


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
