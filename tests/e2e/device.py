"""The test device: a speaker that fetches URLs, satellites, and the input of another engine."""

import asyncio
from collections.abc import AsyncGenerator
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp import web

from .instance import Heard
from .instance.folder import HOST

_HEARING_SECONDS = 60.0


class Device:
    """A server; what it receives waits in queues."""

    def __init__(self) -> None:
        """Start with empty queues."""
        self.url = ""
        self.played: list[str] = []
        """The URLs that the speaker was told to play."""
        self.volumes: list[float] = []
        """The volume of the speaker for each of them."""
        self.stranger: list[str] = []
        """The texts of the other engine."""
        self._heard: dict[str, asyncio.Queue[Heard]] = {}
        self._playing: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession
        self._runner: web.AppRunner

    async def __aenter__(self) -> Self:
        """Listen on a free port."""
        application = web.Application()
        application.router.add_post("/speaker", self._play)
        application.router.add_post("/speaker/silent", self._silent)
        application.router.add_post("/radio", self._play_radio)
        application.router.add_post("/satellite/{name}", self._satellite)
        application.router.add_post("/satellite/{name}/announce", self._announce)
        application.router.add_post("/stranger", self._hear_stranger)
        self._session = aiohttp.ClientSession()
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, 0).start()
        self.url = f"http://{HOST}:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening."""
        for task in self._playing:
            task.cancel()
        await asyncio.gather(*self._playing, return_exceptions=True)
        await self._session.close()
        await self._runner.cleanup()

    async def heard(self, who: str = "speaker") -> Heard:
        """Return the next complete audio of the speaker, or of a satellite. Raises TimeoutError."""
        async with asyncio.timeout(_HEARING_SECONDS):
            return await self._queue(who).get()

    def _queue(self, who: str) -> asyncio.Queue[Heard]:
        return self._heard.setdefault(who, asyncio.Queue())

    async def _play(self, request: web.Request) -> web.Response:
        """Start to fetch in the background, like a speaker."""
        told = await request.json()
        self.played.append(told["url"])
        self.volumes.append(told["volume"])
        task = asyncio.create_task(self._fetch(told["url"], "speaker"))
        self._playing.add(task)
        task.add_done_callback(self._playing.discard)
        return web.Response()

    async def _play_radio(self, request: web.Request) -> web.Response:
        """Start to fetch; the radio doesn't report the end of playback."""
        task = asyncio.create_task(self._fetch((await request.json())["url"], "radio"))
        self._playing.add(task)
        task.add_done_callback(self._playing.discard)
        return web.Response()

    async def _silent(self, request: web.Request) -> web.Response:
        """Answer when all has been played."""
        await asyncio.gather(*self._playing)
        return web.Response()

    async def _announce(self, request: web.Request) -> web.Response:
        """Play one after the other; a satellite waits for the end of its announcement."""
        for url in (await request.json())["urls"]:
            await self._fetch(url, request.match_info["name"])
        return web.Response()

    async def _fetch(self, url: str, who: str) -> None:
        since = asyncio.get_running_loop().time()
        async with self._session.get(url) as response:
            heard = Heard(since=since, status=response.status, content_type=response.content_type)
            if response.status == 200:
                await heard.take(response.content.iter_any())
        self._queue(who).put_nowait(heard)

    async def _satellite(self, request: web.Request) -> web.Response:
        """Receive the audio of a satellite; times count from the first header."""
        heard = Heard(since=asyncio.get_running_loop().time())
        try:
            await heard.take(_unbroken(request))
        finally:
            self._queue(request.match_info["name"]).put_nowait(heard)
        return web.Response()

    async def _hear_stranger(self, request: web.Request) -> web.Response:
        self.stranger.append((await request.json())["message"])
        return web.Response()


async def _unbroken(request: web.Request) -> AsyncGenerator[bytes]:
    """Yield a body as it arrives. Raises ConnectionError if the client aborts."""
    try:
        async for chunk in request.content.iter_any():
            yield chunk
    except aiohttp.ClientError as error:
        raise ConnectionError from error
