"""Shared by the tests of Flow TTS: an account at the emulator, and an observer that records events."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, override

from aiohttp import web
from aiohttp.test_utils import TestServer

from custom_components.streaming_tts.providers.provider import Provider, ProviderEvents
from custom_components.streaming_tts.providers.session import parse_session
from custom_components.streaming_tts.providers.transport.trace import RequestTrace
from custom_components.streaming_tts.providers.types import (
    AudioFormat,
    Credentials,
    Quota,
    RateLimit,
    SettingValue,
    Transport,
    Voice,
)
from tests.emulator.flow import Flow

PCM = AudioFormat(sample_rate=24000)
VOICE_ID = "v-en-female-amy"
TEXT = "Hello there."
STREAM_PATH = "/api/tts/synthesize-stream"
BODY_PATH = "/api/tts/synthesize"
SPEECH = (Transport.STREAM, Transport.BODY)
PATHS = {Transport.STREAM: STREAM_PATH, Transport.BODY: BODY_PATH}


@dataclass(kw_only=True)
class Notebook(ProviderEvents):
    """An observer that records events."""

    quotas: list[Quota] = field(default_factory=list)
    rates: list[RateLimit] = field(default_factory=list)
    credentials: list[Credentials] = field(default_factory=list)
    stored: asyncio.Event = field(default_factory=asyncio.Event)

    @override
    def quota_reported(self, quota: Quota) -> None:
        """Record the quota."""
        self.quotas.append(quota)

    @override
    def rate_reported(self, rate: RateLimit) -> None:
        """Write down the window."""
        self.rates.append(rate)

    @override
    async def credentials_renewed(self, credentials: Credentials) -> None:
        """Write down the credentials."""
        self.credentials.append(credentials)
        self.stored.set()


def voice(
    voice_id: str = VOICE_ID, model: str = "flow_01_turbo", language: str = "en-US", **settings: SettingValue
) -> Voice:
    """Return a voice with settings."""
    return Voice.of(voice_id=voice_id, model=model, language=language, settings=settings)


def credentials_of(session: dict[str, Any], public_key: str | None = "demo-public-key") -> Credentials:
    """Return the credentials that a person would paste."""
    parsed = parse_session(str(session["access_token"]))
    return Credentials(
        key=parsed.key, refresh_token=session["refresh_token"], auth_url=parsed.auth_url, public_key=public_key
    )


def trial_of(service: Flow) -> Credentials:
    """Return an access token alone."""
    return Credentials(key=service.demo_token())


async def spoken(provider: Provider, transport: Transport, text: str = TEXT, of: Voice | None = None) -> bytes:
    """Return the audio of a text."""
    return b"".join(await pieces_of(provider, transport, text, of))


async def pieces_of(provider: Provider, transport: Transport, text: str = TEXT, of: Voice | None = None) -> list[bytes]:
    """Return the audio of a text as the chunks that arrived."""
    whole = transport is Transport.BODY
    async with aclosing(provider.speak(of or voice(), PCM, text, RequestTrace(), whole=whole)) as sound:
        return [piece async for piece in sound]


@asynccontextmanager
async def answering(
    body: bytes, content_type: str, *, status: int = 200, headers: dict[str, str] | None = None
) -> AsyncGenerator[str]:
    """Serve one answer on every path, for what no version of the service is known to say; yields the address."""

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(body=body, status=status, headers={"Content-Type": content_type, **(headers or {})})

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(application, host="127.0.0.1") as server:
        yield str(server.make_url("/")).rstrip("/")
