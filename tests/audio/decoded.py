"""What a player makes of a file: its samples and what its header says, by PyAV and the standard library."""

from dataclasses import dataclass
import io
import wave

import audioop
import av

from custom_components.streaming_tts.audio.level import LoudnessMeter, gated


@dataclass(frozen=True, kw_only=True, slots=True)
class Decoded:
    """Audio as 16-bit PCM of its first channel.

    `frames` are samples of one channel, `sample_bytes` those of the file.
    """

    sample_rate: int
    channels: int
    sample_bytes: int
    mono: bytes

    @property
    def frames(self) -> int:
        """Return how many samples a channel has."""
        return len(self.mono) // 2


def decoded(file: bytes, container: str) -> Decoded:
    """Return the decoded audio of a file; its channels must be equal."""
    return _wav(file) if container == "wav" else _coded(file, container)


def _wav(file: bytes) -> Decoded:
    with wave.open(io.BytesIO(file), "rb") as reader:
        rate, channels, width = reader.getframerate(), reader.getnchannels(), reader.getsampwidth()
        samples = reader.readframes(len(file))
    if width == 1:
        samples = audioop.bias(samples, 1, 128)
    return _of(rate, channels, width, audioop.lin2lin(samples, width, 2))


def _coded(file: bytes, container: str) -> Decoded:
    with av.open(io.BytesIO(file), "r", format=container) as opened:
        stream = opened.streams.audio[0]
        rate, channels = stream.sample_rate, stream.channels
        resampler = av.AudioResampler(format="s16", layout="mono" if channels == 1 else "stereo")
        samples = b"".join(
            bytes(each.planes[0])[: each.samples * 2 * channels]
            for frame in opened.decode(stream)
            for each in resampler.resample(frame)
        )
    return _of(rate, channels, 2, samples)


def _of(rate: int, channels: int, width: int, samples: bytes) -> Decoded:
    if channels == 2:
        left, right = audioop.tomono(samples, 2, 1, 0), audioop.tomono(samples, 2, 0, 1)
        assert left == right
        samples = left
    return Decoded(sample_rate=rate, channels=channels, sample_bytes=width, mono=samples)


def loudness(wav: bytes) -> float:
    """Return how loud a WAV at 24 kHz is, in LUFS."""
    measured = gated(LoudnessMeter(24000).feed(wav[44:]))
    assert measured is not None
    return measured[0]
