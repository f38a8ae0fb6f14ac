"""Send audio like a real service: a delay before the first byte, then chunks faster than real time."""

import asyncio
from collections.abc import AsyncGenerator

from .settings import Behaviour


async def paced(
    audio: bytes, duration: float, behaviour: Behaviour, *, since: float, align: int = 1
) -> AsyncGenerator[bytes]:
    """Yield the audio in chunks of `behaviour.chunk_duration`, each no sooner than the service would have made it.

    `duration` is that of the whole audio in seconds, `since` the time of the event loop at which the request arrived,
    `align` the bytes of one sample, which no chunk cuts.
    """
    await until(since + behaviour.ttfb)
    first = asyncio.get_running_loop().time()
    size = align * max(1, round(len(audio) * behaviour.chunk_duration / duration / align))
    for number, start in enumerate(range(0, len(audio), size)):
        if behaviour.realtime_factor:
            await until(first + number * behaviour.chunk_duration / behaviour.realtime_factor)
        yield audio[start : start + size]


async def whole(duration: float, behaviour: Behaviour, *, since: float) -> None:
    """Wait as long as a service needs that answers when all of the audio is made."""
    making = duration / behaviour.realtime_factor if behaviour.realtime_factor else 0.0
    await until(since + behaviour.ttfb + making)


async def until(moment: float) -> None:
    """Sleep until the event loop's time is that."""
    await asyncio.sleep(max(0.0, moment - asyncio.get_running_loop().time()))
