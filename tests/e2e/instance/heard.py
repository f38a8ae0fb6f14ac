"""Sound as a player got it: what came when."""

import asyncio
from collections.abc import AsyncIterable
from dataclasses import dataclass, field
from typing import Self

from tests.emulator.codec import decode
from tests.emulator.sound import Sound

WAV_HEADER_BYTES = 44


@dataclass(kw_only=True, slots=True)
class Heard:
    """A stream of sound; times are seconds since it was asked for, which was at the loop's time `since`.

    `broken` says that the connection broke before the stream was over, `ended` when it was over either way.
    """

    since: float
    status: int = 200
    content_type: str = ""
    chunks: list[tuple[float, bytes]] = field(default_factory=list)
    ended: float | None = None
    broken: bool = False

    async def take(self, chunks: AsyncIterable[bytes]) -> Self:
        """Listen to the end."""
        loop = asyncio.get_running_loop()
        try:
            async for chunk in chunks:
                if chunk:
                    self.chunks.append((loop.time() - self.since, chunk))
        except ConnectionError:
            self.broken = True
        finally:
            self.ended = loop.time() - self.since
        return self

    def count_from(self, since: float) -> None:
        """Count the times from another moment of the loop's time on."""
        later = self.since - since
        self.chunks = [(time + later, chunk) for time, chunk in self.chunks]
        self.ended = None if self.ended is None else self.ended + later
        self.since = since

    @property
    def audio(self) -> bytes:
        """All of it, as it came."""
        return b"".join(chunk for _, chunk in self.chunks)

    @property
    def first(self) -> float:
        """When the first byte came. Raises LookupError where none did."""
        if not self.chunks:
            raise LookupError("nothing was heard")
        return self.chunks[0][0]

    @property
    def pcm(self) -> bytes:
        """The samples of a WAV with the usual header of 44 bytes, as they came."""
        return self.audio[WAV_HEADER_BYTES:]

    def decoded(self, sample_rate: int) -> Sound:
        """Return what a player makes of it, mono at the rate; blocks. Raises ValueError where it is no sound."""
        return decode(self.audio, sample_rate)
