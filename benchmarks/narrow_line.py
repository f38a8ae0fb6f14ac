"""Speech over a line of 1 Mbit/s from each service to Home Assistant.

Run `python -m benchmarks.narrow_line`, which takes about 5 minutes; it exits with 1 if a player stalls. All services
speak at once, each on its own line. Uncompressed audio at 24 kHz takes 0.4 Mbit/s, or 0.5 in Base64, so the line is
twice as fast as speech.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from itertools import count
from pathlib import Path
import sys
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from . import texts
from .bench import PROVIDERS, Bench, Engine, open_bench
from .player import play
from .scenarios import FLAC_48000, MP3, WAV_16000, Form, Scenario, Timing, complete, written

BYTES_PER_SECOND = 1_000_000 / 8
PACKET_BYTES = 1400
SCENARIOS = (
    Scenario(name="complete", title="1,200 characters, complete", script=complete(texts.answer), complete=True),
    Scenario(name="streamed", title="1,200 characters, streamed", script=written(texts.answer)),
)
FORMS = (WAV_16000, FLAC_48000, MP3)


@asynccontextmanager
async def narrow_lines(urls: Mapping[str, str]) -> AsyncGenerator[Mapping[str, str]]:
    """Run a relay in front of each service, and yield their URLs; all that a service sends shares its line."""
    async with AsyncExitStack() as stack:
        yield {name: await stack.enter_async_context(_line(url)) for name, url in urls.items()}


@asynccontextmanager
async def _line(url: str) -> AsyncGenerator[str]:
    turn, loop, free_at = asyncio.Lock(), asyncio.get_running_loop(), 0.0

    async def send(source: asyncio.StreamReader, target: asyncio.StreamWriter, *, is_narrow: bool) -> None:
        nonlocal free_at
        with suppress(ConnectionError):
            while packet := await source.read(PACKET_BYTES):
                if is_narrow:
                    async with turn:
                        free_at = max(free_at, loop.time()) + len(packet) / BYTES_PER_SECOND
                        await asyncio.sleep(free_at - loop.time())
                target.write(packet)
                await target.drain()
        target.close()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address = urlsplit(url)
        # Small buffers: what the service has sent is on the line, not in the relay
        service_reader, service_writer = await asyncio.open_connection(
            address.hostname, address.port, limit=PACKET_BYTES
        )
        await asyncio.gather(
            send(reader, service_writer, is_narrow=False), send(service_reader, writer, is_narrow=True)
        )

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()[:2]
        yield f"http://{host}:{port}"
        server.close_clients()


async def _measure(folder: Path) -> bool:
    """Print a line per engine, scenario, and format; return True if no player stalls."""
    stalls, numbers = 0, count()
    async with open_bench(folder, Timing(), list(PROVIDERS), lines=narrow_lines) as bench:
        for scenario in SCENARIOS:
            for form in FORMS:
                rows = await asyncio.gather(
                    *(_speak(bench, engine, scenario, form, next(numbers)) for engine in bench.engines)
                )
                stalls += sum(rows)
                await bench.forget()
    return stalls == 0


async def _speak(bench: Bench, engine: Engine, scenario: Scenario, form: Form, number: int) -> int:
    """Play a text that was not spoken before; return the number of stalls."""
    url, begins = await bench.speak(engine, form, scenario.script(number), complete=scenario.complete)
    chunks = await bench.hear(url, begins)
    playback = await asyncio.to_thread(play, chunks, form.extension)
    seconds = ", ".join(f"{each:.2f} s" for each in playback.stalls)
    print(
        f"| {scenario.title} | {form.name} | {engine.name} | {playback.first:.2f} | {seconds or 'none'} "
        f"| {playback.seconds:.1f} | {playback.seconds / (chunks[-1][0] - playback.first):.1f} |",
        flush=True,
    )
    return len(playback.stalls)


if __name__ == "__main__":
    print("| text | format | engine | first audio, s | stalls | audio, s | times real time |")
    print("|---|---|---|---|---|---|---|")
    with TemporaryDirectory() as temporary:
        sys.exit(not asyncio.run(_measure(Path(temporary) / "config")))
