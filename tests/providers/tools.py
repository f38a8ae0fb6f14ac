"""What the tests of the adapters do again and again."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import aclosing, asynccontextmanager

from aiohttp import web

from custom_components.streaming_tts.providers.provider import Connection, Provider
from custom_components.streaming_tts.providers.transport.audio_stream import SpeechStream
from custom_components.streaming_tts.providers.transport.http import ResponseTimeouts
from custom_components.streaming_tts.providers.transport.trace import RequestTrace
from custom_components.streaming_tts.providers.types import AudioFormat, ProviderError, Timeouts, Transport, Voice
from tests.manual_clock import ManualClock

PATIENCE = 10.0
"""Seconds of real time after which a test that waits for something has failed."""

PCM = AudioFormat(sample_rate=16000)
KEY = "demo-key"


def speech_stream(sample_rate: int = 16000) -> SpeechStream:
    """Return what takes the sound of a text that has nothing to say."""
    return SpeechStream(AudioFormat(sample_rate=sample_rate), "", ResponseTimeouts(Timeouts()))


async def until(condition: Callable[[], bool]) -> None:
    """Let the other side go on until something is so."""
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0)


async def timed_out(
    attempt: Coroutine[object, None, object], clock: ManualClock, when: Callable[[], bool]
) -> ProviderError:
    """Return the timeout error of an attempt: the clock is advanced once a condition is met."""
    task = asyncio.create_task(attempt)
    await until(lambda: when() or task.done())
    async with asyncio.timeout(PATIENCE * 1000):
        while not task.done():
            await asyncio.sleep(0)
            clock.advance(0.05)
    return await failure(task)


class Line:
    """A way to speak over one transport: HTTP, or one socket after the other, as the pool would choose them.

    What was learned of the newest text is in its attributes.
    """

    def __init__(self, provider: Provider, transport: Transport, connection: Connection | None) -> None:
        """Speak over an open socket, or where there is none over HTTP."""
        self.connection = connection
        self.trace = RequestTrace()
        self._provider = provider
        self._transport = transport

    async def speak(self, voice: Voice, audio_format: AudioFormat, text: str) -> AsyncGenerator[bytes]:
        """Yield the audio of a text; a socket for another voice is replaced."""
        self.trace = RequestTrace()
        if self.connection is None:
            whole = self._transport is Transport.BODY
            sound = self._provider.speak(voice, audio_format, text, self.trace, whole=whole)
        else:
            if not self.connection.fits(voice, audio_format):
                await self.connection.close()
                self.connection = await self._provider.open_socket(voice)
            sound = self.connection.speak(voice, audio_format, text, self.trace)
        async with aclosing(sound):
            async for piece in sound:
                yield piece

    @property
    def asked(self) -> bool:
        """Tell whether the newest request was sent."""
        return self.trace.asked

    @property
    def request_id(self) -> str | None:
        """Return what the service calls the newest request."""
        return self.trace.request_id

    @property
    def end_mark_missing(self) -> bool:
        """Tell whether the end mark of the newest text never came."""
        return self.trace.end_mark_missing

    @property
    def reusable(self) -> bool:
        """Tell whether another text may be spoken."""
        return self.connection is None or self.connection.reusable

    @property
    def keep_alive_interval(self) -> float | None:
        """Return after how many idle seconds a sign of life is due."""
        return None if self.connection is None else self.connection.keep_alive_interval

    async def keep_alive(self) -> None:
        """Give a sign of life."""
        if self.connection is not None:
            await self.connection.keep_alive()

    async def close(self) -> None:
        """Close the socket."""
        if self.connection is not None:
            await self.connection.close()


async def line(provider: Provider, transport: Transport, voice: Voice) -> Line:
    """Return a way to speak with a voice over a transport; raises what there is against a socket."""
    is_socket = transport is Transport.WEBSOCKET
    return Line(provider, transport, await provider.open_socket(voice) if is_socket else None)


class Listener:
    """Hears a text until it ends, and keeps what came before an error."""

    def __init__(self) -> None:
        """Start without audio."""
        self.heard = bytearray()

    async def listen(
        self, connection: Line, voice: Voice, text: str = "Hello there.", audio_format: AudioFormat = PCM
    ) -> None:
        """Hear a text over a connection."""
        async with aclosing(connection.speak(voice, audio_format, text)) as sound:
            async for piece in sound:
                self.heard += piece


async def spoken(connection: Line, voice: Voice, text: str = "Hello there.", audio_format: AudioFormat = PCM) -> bytes:
    """Return the complete audio of a text."""
    async with aclosing(connection.speak(voice, audio_format, text)) as sound:
        return b"".join([piece async for piece in sound])


async def said(
    provider: Provider, transport: Transport, voice: Voice, text: str = "Hello there.", audio_format: AudioFormat = PCM
) -> bytes:
    """Return the complete audio of a text over a new connection."""
    connection = await line(provider, transport, voice)
    try:
        return await spoken(connection, voice, text, audio_format)
    finally:
        await connection.close()


async def failure(attempt: Awaitable[object]) -> ProviderError:
    """Return the error in which something ends that must fail."""
    try:
        await attempt
    except ProviderError as error:
        return error
    raise AssertionError("It succeeded")


async def outcome(attempt: Awaitable[object]) -> object:
    """Return the result of an attempt, or its failure."""
    try:
        return await attempt
    except ProviderError as error:
        return error.failure


@asynccontextmanager
async def serving(
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
) -> AsyncGenerator[str]:
    """Run a service that does what no decent one does, and yield its address."""
    application = web.Application(client_max_size=16 * 1024 * 1024)
    application.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(application, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()
