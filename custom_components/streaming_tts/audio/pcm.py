"""16-bit mono PCM, little endian: the one form that audio has inside."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

import audioop

SAMPLE_BYTES = 2


def silence(seconds: float, sample_rate: int) -> bytes:
    """Return silence of so many seconds, in whole samples."""
    return bytes(int(seconds * sample_rate) * SAMPLE_BYTES)


def amplify(samples: bytes, decibels: float) -> bytes:
    """Return whole samples louder or quieter; what is too loud is clipped."""
    return audioop.mul(samples, SAMPLE_BYTES, 10 ** (decibels / 20))


async def whole_samples(audio: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    """Yield audio cut anew at whole samples; half a sample at the end is dropped."""
    carry = b""
    async with aclosing(audio):
        async for chunk in audio:
            chunk = carry + chunk if carry else chunk
            whole = len(chunk) - len(chunk) % SAMPLE_BYTES
            carry = chunk[whole:]
            if whole:
                yield chunk[:whole]
