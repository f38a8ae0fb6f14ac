"""A Home Assistant in another process: start, stop, restart, kill."""

import asyncio
from collections.abc import Iterable
from contextlib import AsyncExitStack, suppress
from http import HTTPStatus
import os
from pathlib import Path
import re
import signal
import socket
import sys
from typing import Self
from uuid import uuid4

import aiohttp

from tests.emulator.ports import reserve_port

from .client import Client
from .folder import HOST, furnish
from .onboarding import onboard

START_SECONDS = 90.0
STOP_SECONDS = 30.0
_POLL_SECONDS = 0.1
_LOG_SECONDS = 10.0
_LOG_POLL_SECONDS = 0.005
_READER = "tests.reader"
_LINE = re.compile(r"\d{4}-\d\d-\d\d \S+ (?P<level>[A-Z]+) \(\S+\) \[\S+\] ")
_BAD = frozenset({"ERROR", "CRITICAL"})
_KEPT = ("HOME", "LANG", "LC_ALL", "PATH", "SSL_CERT_FILE", "TZ", "XDG_CACHE_HOME")


class ProcessError(Exception):
    """Home Assistant didn't start, didn't stop, or ended unexpectedly."""


class HomeAssistantProcess:
    """A Home Assistant with a new configuration folder; an async context manager that runs it."""

    def __init__(
        self,
        folder: Path,
        *,
        port: int = 0,
        components: Iterable[Path] = (),
        level: str = "info",
        configuration: str = "",
        inherited: Iterable[int] = (),
    ) -> None:
        """Create the folder. Use a free port if it's 0 or in use; the process keeps the `inherited` files open."""
        self.folder = folder
        self._reservation = _reserved(port)
        self.port: int = self._reservation.getsockname()[1]
        self.url = f"http://{HOST}:{self.port}"
        self.client: Client
        self._inherited = tuple(inherited)
        self._token: str | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._connected = AsyncExitStack()
        furnish(folder, port=self.port, components=components, level=level, configuration=configuration)

    async def __aenter__(self) -> Self:
        """Start Home Assistant."""
        try:
            await self.start()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop Home Assistant."""
        with self._reservation:
            await self.stop()

    async def start(self) -> None:
        """Start the process and wait until Home Assistant is running; onboard the first time.

        Raises ProcessError if it ends or takes too long.
        """
        temporary = self.folder / "tmp"
        temporary.mkdir(exist_ok=True)
        environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
        with self._log_path.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(str(Path(sys.executable).with_name("hass")), "-c", str(self.folder), "--log-no-color"),
                cwd=self.folder,
                env=environment | {"TMPDIR": str(temporary), "PYTHONUNBUFFERED": "1"},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=asyncio.subprocess.STDOUT,
                pass_fds=self._inherited,
                start_new_session=True,  # Ctrl+C only stops the parent, which then stops this process
            )
        try:
            async with asyncio.timeout(START_SECONDS):
                await self._connect()
        except TimeoutError:
            raise ProcessError(
                f"Home Assistant did not start within {START_SECONDS:.0f} s\n{self._end_of_log}"
            ) from None

    async def stop(self) -> None:
        """Stop it like a service manager. Raises ProcessError if it has to be killed."""
        await self._connected.aclose()
        if self._process is None or self._process.returncode is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self._process.wait()
        except TimeoutError:
            await self.kill()
            raise ProcessError(f"Home Assistant did not end within {STOP_SECONDS:.0f} s") from None

    async def kill(self) -> None:
        """Kill it, like a power cut."""
        await self._connected.aclose()
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def ended(self) -> int:
        """Wait until it ends; return its exit status."""
        assert self._process is not None
        status = await self._process.wait()
        await self._connected.aclose()
        return status

    async def restart(self) -> None:
        """Stop and start it on the same folder."""
        await self.stop()
        await self.start()

    @property
    def pid(self) -> int:
        """The ID of the current process."""
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> str:
        """The complete log."""
        return self._log_path.read_text(encoding="utf-8", errors="replace")

    async def log_written(self) -> None:
        """Wait until all previous messages are in the log, which a thread writes.

        Raises TimeoutError.
        """
        mark = f"Read up to here: {uuid4().hex}"
        await self.client.act("system_log.write", message=mark, level="warning", logger=_READER)
        async with asyncio.timeout(_LOG_SECONDS):
            while mark not in self.log:
                await asyncio.sleep(_LOG_POLL_SECONDS)

    def errors(self, since: int = 0) -> list[str]:
        """Return the logged errors with their tracebacks, from an offset in the log."""
        entries: list[str] = []
        bad = False
        for line in self.log[since:].splitlines():
            if found := _LINE.match(line):
                bad = found["level"] in _BAD
                if bad:
                    entries.append(line)
            elif bad:
                entries[-1] += f"\n{line}"
        return entries

    @property
    def _log_path(self) -> Path:
        return self.folder / "console.log"

    @property
    def _end_of_log(self) -> str:
        return "\n".join(self.log.splitlines()[-10:])

    async def _connect(self) -> None:
        """Wait for the server, sign in, and wait until Home Assistant is running."""
        async with aiohttp.ClientSession() as visitor:
            await self._served(visitor, "/api/websocket")
            if self._token is None:
                await self._served(visitor, "/api/onboarding")
                self._token = await onboard(visitor, self.url)
        self.client = await self._connected.enter_async_context(Client(self.url, self._token))
        while (await self.client.get("/api/config"))["state"] != "RUNNING":
            await asyncio.sleep(_POLL_SECONDS)

    async def _served(self, visitor: aiohttp.ClientSession, path: str) -> None:
        """Wait until a path is served. Raises ProcessError if the process has ended."""
        assert self._process is not None
        while self._process.returncode is None:
            with suppress(aiohttp.ClientConnectionError):
                async with visitor.get(f"{self.url}{path}") as answer:
                    if answer.status != HTTPStatus.NOT_FOUND:
                        return
            await asyncio.sleep(_POLL_SECONDS)
        raise ProcessError(f"Home Assistant ended with status {self._process.returncode}\n{self._end_of_log}")


def _reserved(port: int) -> socket.socket:
    try:
        return reserve_port(HOST, port)
    except OSError:
        if not port:
            raise
        return reserve_port(HOST)
