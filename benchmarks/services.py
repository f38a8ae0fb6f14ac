"""All services of the benchmarks in one process: our emulator, and the emulators of other engines.

    python -m benchmarks.services --connect-ms 100 --ttfb-ms 300 --realtime-factor 4

Prints one line of JSON when it listens, and ends with its standard input.
"""

import argparse
import asyncio
from collections.abc import Iterable
from contextlib import AsyncExitStack
import json
import sys
from typing import Any, override

from tests.emulator.asyncflow import AsyncFlow
from tests.emulator.call import Answer, Call, Route, json_answer
from tests.emulator.codec import Container, Encoding
from tests.emulator.flow import Flow
from tests.emulator.sarvam import Sarvam
from tests.emulator.service import Service
from tests.emulator.settings import Settings
from tests.emulator.sound import Sound
from tests.emulator.tencent import Tencent
from tests.emulator.words import TimedWord

from .peers import ElevenLabs, FishAudio, Peer
from .reel import cut

UNLIMITED = 100_000_000


class Counted(Service[Any]):
    """An emulated service that counts what it speaks, and has pre-encoded MP3 if encoding would take too long."""

    spoken_requests = 0
    spoken_characters = 0

    @override
    async def sound(
        self, text: str, *, sample_rate: int, voice: str = "", language: str | None = None, speed: float = 1.0
    ) -> Sound:
        self.spoken_requests += 1
        self.spoken_characters += len(text)
        return await super().sound(text, sample_rate=sample_rate, voice=voice, language=language, speed=speed)

    @override
    async def encoded(
        self, sound: Sound, container: Container, encoding: Encoding = Encoding.S16LE, *, bit_rate: int | None = None
    ) -> bytes:
        if container is Container.MP3:
            return cut(sound.duration, sample_rate=sound.sample_rate, bit_rate=bit_rate or 128000)
        return await super().encoded(sound, container, encoding, bit_rate=bit_rate)


class Steered(Service[Any]):
    """A service that reports what it has spoken, and closes idle connections on demand."""

    spoken_requests: int
    spoken_characters: int

    def steering(self) -> Iterable[Route]:
        """Return the routes for the benchmarks."""
        return (("GET", "/_bench/spoken", self.tell_spoken), ("POST", "/_bench/hang_up", self.hang_up))

    def count_requests(self) -> int:
        """Return the number of requests for speech."""
        return self.spoken_requests

    async def tell_spoken(self, _call: Call) -> Answer:
        """Answer the total of what was spoken."""
        return json_answer({"requests": self.count_requests(), "characters": self.spoken_characters})

    async def hang_up(self, call: Call) -> Answer:
        """Close all connections except for this one."""
        others = [connection.transport for connection in (self._server.connections if self._server else [])]
        for transport in others:
            if transport is not None and transport is not call.request.transport:
                transport.close()
        return json_answer({"closed": len(others) - 1})


class BenchAsyncFlow(Steered, Counted, AsyncFlow):
    """AsyncFlow."""

    @override
    def routes(self) -> Iterable[Route]:
        return (*self.steering(), *super().routes())


class BenchSarvam(Steered, Counted, Sarvam):
    """Sarvam, on a plan with sufficient limits."""

    @override
    def routes(self) -> Iterable[Route]:
        return (*self.steering(), *super().routes())

    @override
    def count_requests(self) -> int:
        """Return the number of posted or flushed texts; a socket speaks its buffer in several pieces."""
        frames = (frame for entry in self.requests for frame in entry.frames)
        flushed = sum(frame.sender == "client" and '"flush"' in frame.text for frame in frames)
        return flushed + len(self.asked("/text-to-speech", "POST"))


class BenchTencent(Steered, Counted, Tencent):
    """Flow TTS through the Tencent Cloud API, with sufficient limits."""

    @override
    def routes(self) -> Iterable[Route]:
        return (*self.steering(), *super().routes())

    @override
    async def timed_sound(
        self, text: str, *, sample_rate: int, voice: str = "", language: str | None = None, speed: float = 1.0
    ) -> tuple[Sound, list[TimedWord]]:
        self.spoken_requests += 1
        self.spoken_characters += len(text)
        return await super().timed_sound(text, sample_rate=sample_rate, voice=voice, language=language, speed=speed)


class BenchFlow(Steered, Counted, Flow):
    """Flow TTS, with sufficient points."""

    @override
    def routes(self) -> Iterable[Route]:
        return (*self.steering(), *super().routes())


class BenchElevenLabs(Steered, ElevenLabs):
    """The emulator of ElevenLabs."""

    @override
    def routes(self) -> Iterable[Route]:
        return (*self.steering(), *super().routes())


class BenchFishAudio(Steered, FishAudio):
    """The emulator of Fish Audio."""

    @override
    def routes(self) -> Iterable[Route]:
        return (*self.steering(), *super().routes())


async def run(settings: Settings) -> None:
    """Serve until standard input ends."""
    flow = BenchFlow(settings)
    sarvam = BenchSarvam(settings)
    tencent = BenchTencent(settings)
    services: tuple[Service[Any] | Peer, ...] = (
        *(BenchAsyncFlow(settings), sarvam, tencent, flow),
        *(BenchElevenLabs(settings), BenchFishAudio(settings)),
    )
    flow.configure(daily_points=UNLIMITED, rate_limit=UNLIMITED)
    sarvam.configure(credits=UNLIMITED, requests_per_minute=UNLIMITED, burst=UNLIMITED)
    tencent.configure(rate_limit=UNLIMITED, concurrency_limit=UNLIMITED)
    async with AsyncExitStack() as listening:
        for service in services:
            await listening.enter_async_context(service)
        urls = {service.name: service.url for service in services}
        print(json.dumps({"urls": urls, "session": flow.new_session()}), flush=True)
        await asyncio.to_thread(sys.stdin.read)


def main() -> None:
    """Serve with the options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.services")
    for name, default in (("connect-ms", 100.0), ("ttfb-ms", 300.0), ("realtime-factor", 4.0)):
        parser.add_argument(f"--{name}", type=float, default=default)
    arguments = parser.parse_args()
    asyncio.run(
        run(
            Settings(
                connect_delay=arguments.connect_ms / 1000,
                ttfb=arguments.ttfb_ms / 1000,
                realtime_factor=arguments.realtime_factor,
            )
        )
    )


if __name__ == "__main__":
    main()
