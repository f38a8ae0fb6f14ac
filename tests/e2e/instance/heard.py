"""Audio as a player received it."""

import asyncio
from collections.abc import AsyncIterable
from dataclasses import dataclass, field
from typing import Self

from tests.emulator.codec import decode
from tests.emulator.sound import Sound

WAV_HEADER_BYTES = 44


@dataclass(kw_only=True, slots=True)
class Heard:
    """A stream of audio; times are seconds since the request, at the loop's time `since`.

    `broken` is True if the connection broke, `ended` is the time of the end in either case.
    """

    since: float
    status: int = 200
    content_type: str = ""
    chunks: list[tuple[float, bytes]] = field(default_factory=list)
    ended: float | None = None
    broken: bool = False

    async def take(self, chunks: AsyncIterable[bytes]) -> Self:
        """Read to the end."""
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
        """Count the times from another time of the loop."""
        later = self.since - since
        self.chunks = [(time + later, chunk) for time, chunk in self.chunks]
        self.ended = None if self.ended is None else self.ended + later
        self.since = since

    @property
    def audio(self) -> bytes:
        """All bytes."""
        return b"".join(chunk for _, chunk in self.chunks)

    @property
    def first(self) -> float:
        """The time of the first audio. Raises LookupError if there is none.

        In a WAV file, the header and silence may come before it: a player that waits gets both.
        """
        is_wav = self.audio.startswith(b"RIFF")
        size = 0
        for time, chunk in self.chunks:
            audio = chunk[max(0, WAV_HEADER_BYTES - size) :] if is_wav else chunk
            if any(audio):
                return time
            size += len(chunk)
        raise LookupError("nothing was heard")

    @property
    def pcm(self) -> bytes:
        """The samples of a WAV after a header of 44 bytes."""
        return self.audio[WAV_HEADER_BYTES:]

    def decoded(self, sample_rate: int) -> Sound:
        """Return the decoded audio, mono at a sample rate; blocks. Raises ValueError if it isn't audio."""
        return decode(self.audio, sample_rate)
