"""The setup of the benchmarks: Home Assistant with all engines, and the services in another process."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass
import json
from pathlib import Path
import sys
from typing import Any

import aiohttp

from tests.e2e.instance import Client, HomeAssistantProcess, add_account
from tests.emulator.flow import PUBLIC_KEY
from tests.emulator.tencent_settings import SDK_APP_ID, SECRET_ID, SECRET_KEY

from .player import Chunk
from .scenarios import Form, Step, Timing

COMPONENT = Path(__file__).parent / "components" / "benchmark_tools"
DOMAIN = "streaming_tts"

type Lines = Callable[[Mapping[str, str]], AbstractAsyncContextManager[Mapping[str, str]]]
"""Puts something in front of services, by their names and URLs; returns the URLs to use."""

PROVIDERS = {"asyncflow": "asyncflow", "sarvam": "sarvam", "tencent": "tencent", "flow_tts": "flow"}
"""Our providers and the names of their services."""

PEERS = ("elevenlabs", "fish_audio")
LANGUAGES = {"asyncflow": "en", "sarvam": "en-IN", "tencent": "en", "flow_tts": "en"}
KEY = "demo-key"
DETAILS = {"site": "china", "secret_id": SECRET_ID, "sdk_app_id": str(SDK_APP_ID)}
HEADER_BYTES = 512
"""More than the header of any format that is measured."""
UNSTOPPABLE = frozenset({"fish_audio"})
"""Engines that don't stop when Home Assistant cancels their task, only when their service does."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Engine:
    """An engine under test and its service."""

    name: str
    entity_id: str
    service_url: str
    is_peer: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Spoken:
    """The total of what a service has spoken."""

    requests: int
    characters: int


class Bench:
    """All engines, ready for measurement."""

    def __init__(
        self, instance: HomeAssistantProcess, engines: Sequence[Engine], session: aiohttp.ClientSession
    ) -> None:
        """Set the running Home Assistant, the engines, and the session for requests to the services."""
        self.instance = instance
        self._session = session
        self.engines = engines

    @property
    def client(self) -> Client:
        """The client of Home Assistant."""
        return self.instance.client

    async def speak(
        self, engine: Engine, form: Form, steps: Sequence[Step], *, complete: bool, ahead: float = 0.0
    ) -> tuple[str, float]:
        """Start speech; return its path and the start time of its text on the machine's clock."""
        answer = await self.client.ask(
            "benchmark_tools/speak",
            engine=engine.entity_id,
            options=dict(form.options),
            steps=[list(step) for step in steps],
            complete=complete,
            ahead=ahead,
        )
        return f"{self.client.url}{answer['path']}", answer["begins"]

    async def hear(self, url: str, begins: float, *, seconds: float | None = None) -> list[Chunk]:
        """Return the chunks with their times since the start of the text.

        Reads until so many seconds after the first audio, or to the end: the header of a format may come much earlier.
        """
        loop = asyncio.get_running_loop()
        chunks: list[Chunk] = []
        size = 0
        # A connection per player
        async with aiohttp.ClientSession() as player, player.get(url) as response:
            response.raise_for_status()
            with suppress(TimeoutError):
                async with asyncio.timeout(None) as limit:
                    async for data in response.content.iter_any():
                        chunks.append((loop.time() - begins, data))
                        size += len(data)
                        if limit.when() is None and seconds is not None and size > HEADER_BYTES:
                            limit.reschedule(loop.time() + seconds)
        return chunks

    async def hush(self, engine: Engine) -> None:
        """Cancel the speech that an engine is generating."""
        if engine.name in UNSTOPPABLE:
            await self.hang_up(engine)
        else:
            await self.client.ask("benchmark_tools/hush")

    async def forget(self) -> None:
        """Clear Home Assistant's caches of speech."""
        await self.client.act("tts.clear_cache")

    async def spoken(self, engine: Engine) -> Spoken:
        """Return the total of what an engine's service has spoken."""
        return Spoken(**await self._tell(engine, "GET", "/_bench/spoken"))

    async def hang_up(self, engine: Engine) -> None:
        """Close all connections of the service, so that the next request opens a new one."""
        await self._tell(engine, "POST", "/_bench/hang_up")

    async def behave(self, timing: Timing) -> None:
        """Set the timing of all services."""
        behaviour = {
            "ttfb": timing.first_byte,
            "connect_delay": timing.connect,
            "realtime_factor": timing.realtime_factor,
        }
        for engine in self.engines:
            await self._tell(engine, "POST", "/_emulator/settings", behaviour)

    async def _tell(self, engine: Engine, method: str, path: str, payload: Any = None) -> Any:
        async with self._session.request(method, f"{engine.service_url}{path}", json=payload) as response:
            response.raise_for_status()
            return await response.json()


@asynccontextmanager
async def open_bench(
    folder: Path, timing: Timing, wanted: Iterable[str] | None = None, *, lines: Lines | None = None
) -> AsyncGenerator[Bench]:
    """Start the services and Home Assistant, and add the selected engines (all by default).

    Our engines reach their services through `lines`.
    """
    async with _services(timing) as services, (lines or nullcontext)(services["urls"]) as lines_to:
        urls = services["urls"]
        configuration = f"benchmark_tools:\n{''.join(f'  {peer}: {urls[peer]}\n' for peer in PEERS)}"
        async with HomeAssistantProcess(
            folder, components=[COMPONENT], level="warning", configuration=configuration
        ) as instance:
            engines = []
            for name in wanted or (*PROVIDERS, *PEERS):
                entity_id = await _add(instance.client, name, {**services, "urls": lines_to})
                url = urls[PROVIDERS.get(name, name)]
                engines.append(Engine(name=name, entity_id=entity_id, service_url=url, is_peer=name in PEERS))
            async with aiohttp.ClientSession() as session:
                yield Bench(instance, engines, session)


@asynccontextmanager
async def _services(timing: Timing) -> AsyncGenerator[Mapping[str, Any]]:
    """Run the services in another process, so that their CPU time doesn't count."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.services"),
        *("--connect-ms", str(timing.connect * 1000), "--ttfb-ms", str(timing.first_byte * 1000)),
        *("--realtime-factor", str(timing.realtime_factor)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield json.loads(await process.stdout.readline())
    finally:
        process.stdin.close()
        await process.wait()


async def _add(client: Client, name: str, services: Mapping[str, Any]) -> str:
    """Add an engine through its config flow; return its entity."""
    match name:
        case "elevenlabs":
            account = await client.add(name)
            await account.finish(api_key=KEY)
        case "fish_audio":
            account = await client.add(name)
            await account.finish(api_key=KEY)
            voice = await client.add_to(account.result["entry_id"], "tts")
            await voice.finish(name="Bench")
        case provider:
            session = json.dumps(services["session"])
            added = await add_account(
                client,
                provider,
                {"tencent": SECRET_KEY, "flow_tts": session}.get(provider, KEY),
                base_url=services["urls"][PROVIDERS[provider]],
                public_key=PUBLIC_KEY if provider == "flow_tts" else None,
                details=DETAILS if provider == "tencent" else None,
                language=LANGUAGES[provider],
            )
            return added.speaker
    entry_id = account.result["entry_id"]
    async with asyncio.timeout(20):
        while not (found := await _voice(client, entry_id)):
            await asyncio.sleep(0.1)
    return found


async def _voice(client: Client, entry_id: str) -> str | None:
    """Return the text-to-speech entity of an entry once it has a state."""
    for entity in await client.registered(config_entry_id=entry_id):
        entity_id: str = entity["entity_id"]
        if entity_id.startswith("tts.") and await client.state(entity_id):
            return entity_id
    return None
