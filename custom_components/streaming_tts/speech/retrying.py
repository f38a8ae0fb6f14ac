"""Tries again what may pass, as long as nothing has sounded and patience lasts."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from ..providers.base import AudioFormat, Failure, ProviderError
from .speaker import Speaker

PATIENCE = 3.0
"""Seconds that a first sound may wait for a service that is busy."""

PAUSE = 0.5
"""Seconds between two tries where the service does not say how long."""

SHORTEST_PAUSE = 0.1
"""Seconds between two tries at least, whatever it says."""


class Retrying:
    """A speaker that tries again before its first sound: what broke once, what is busy within patience."""

    def __init__(self, speaker: Speaker, *, repeats: frozenset[Failure]) -> None:
        """Wrap a speaker; failures in `repeats` are tried once more."""
        self._speaker = speaker
        self._repeats = repeats
        self.audio_format: AudioFormat = speaker.audio_format

    async def speak(self, text: str, deadline: float) -> AsyncGenerator[bytes]:
        """Yield the sound of a text, as `Speaker.speak`."""
        clock = asyncio.get_running_loop().time
        last = max(clock(), deadline) + PATIENCE
        repeats = self._repeats
        while True:
            sounded = False
            try:
                async with aclosing(self._speaker.speak(text, deadline)) as sound:
                    async for chunk in sound:
                        sounded = True
                        yield chunk
            except ProviderError as error:
                wait = self._wait(error, repeats)
                if sounded or wait is None or clock() + wait > last:
                    raise
                repeats = repeats - {error.failure}
                await asyncio.sleep(wait)
            else:
                return

    def _wait(self, error: ProviderError, repeats: frozenset[Failure]) -> float | None:
        """Return after how many seconds another try makes sense, or None for never."""
        if error.failure in (Failure.BUSY, Failure.RATE):
            return max(error.retry_after, SHORTEST_PAUSE) if error.retry_after else PAUSE
        return 0.0 if error.failure in repeats else None


def repeats(*, charges_failures: bool, alone: bool) -> frozenset[Failure]:
    """Return which failures a speaker tries once more by itself.

    A service that charges failed requests is only tried again where nobody else could speak (`alone`).
    """
    if charges_failures and not alone:
        return frozenset({Failure.UNREACHABLE})
    return frozenset({Failure.UNREACHABLE, Failure.SERVER, Failure.BROKEN})
