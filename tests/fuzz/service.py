"""A service with generated responses, and accounts of each provider that call it."""

import asyncio
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import aclosing, contextmanager, suppress
from dataclasses import asdict, dataclass, field, is_dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
import json
import re
from typing import Any, override

import aiohttp
from aiohttp import web

from custom_components.streaming_tts.account.quota import MAX_NUMBER, QuotaTracker
from custom_components.streaming_tts.providers import PROVIDERS
from custom_components.streaming_tts.providers.asyncflow.errors import SENTINEL
from custom_components.streaming_tts.providers.capabilities import (
    Cloning,
    Dictionaries,
    Previews,
    Recording,
    Timestamps,
    VoiceDeletion,
    VoiceEditing,
    VoiceField,
    VoiceLookup,
)
from custom_components.streaming_tts.providers.provider import Provider, ProviderEvents
from custom_components.streaming_tts.providers.transport.json_values import MAX_RETRY_AFTER
from custom_components.streaming_tts.providers.types import (
    AudioFormat,
    Credentials,
    ProviderError,
    Quota,
    RateLimit,
    Transport,
    Voice,
    VoiceInfo,
)
from tests.autojump_clock import autojump
from tests.providers.tools import line

from .samples import TEXT
from .strategies import Reply

PCM = AudioFormat(sample_rate=24000)
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
LONGEST = 2000.0
"""Seconds that a service may be waited for in all, by the clock of the loop: twice the most for one answer."""
_CODE = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_VOICES = {
    "asyncflow": Voice.of(voice_id="e0f39dc4", model="async_flash_v1.0", language="en"),
    "sarvam": Voice.of(voice_id="shubh", model="bulbul:v3", language="en-IN"),
    "tencent": Voice.of(voice_id="v-1", model="flow_02_turbo", language="en"),
    "flow_tts": Voice.of(voice_id="v-1", model="flow_01_turbo", language="en-US"),
}
_RECORDING = Recording(audio=bytes(64), file_type="wav", seconds=8.0, name="Anna")
_INFO = VoiceInfo(voice_id="v-1", name="Anna", preview_url="https://media.example/a.mp3")


@dataclass(kw_only=True, slots=True)
class Witness(ProviderEvents):
    """Checks that a reported quota is plausible."""

    tracker: QuotaTracker = field(default_factory=lambda: QuotaTracker(daily=True))

    @override
    def quota_reported(self, quota: Quota) -> None:
        """Receive a reported quota, like an account."""
        self.tracker.report(quota, NOW)
        self.see()

    def see(self) -> None:
        """See that what is shown of it can be."""
        known = self.tracker.state(NOW).quota
        numbers = () if known is None else (known.limit, known.used, known.remaining)
        assert all(number is None or 0 <= number <= MAX_NUMBER for number in numbers)
        self.tracker.restore(self.tracker.as_dict())
        self.tracker.state(NOW + timedelta(days=400))

    @override
    def rate_reported(self, rate: RateLimit) -> None:
        """See that what the service said of its window can be."""
        assert all(number is None or number >= 0 for number in (rate.limit, rate.remaining))
        assert rate.resets_at is None or rate.resets_at.tzinfo is not None

    @override
    async def credentials_renewed(self, credentials: Credentials) -> None:
        """See that what is stored can be sent."""
        assert credentials.key.isprintable()


type Wish = Callable[[Provider], Awaitable[object]]


async def _spoken(provider: Provider, transport: Transport) -> None:
    """Speak two texts over one connection, and check that the audio has whole samples."""
    connection = await line(provider, transport, _VOICES[provider.key])
    try:
        for _ in range(2):
            async with aclosing(connection.speak(_VOICES[provider.key], PCM, TEXT)) as sound:
                async for piece in sound:
                    assert len(piece) % 2 == 0
                    assert provider.key != "asyncflow" or SENTINEL not in piece
        await connection.keep_alive()
    finally:
        await connection.close()


def _wishes(provider: Provider) -> list[Wish]:
    """Return all that a provider can be asked for."""
    wishes: list[Wish] = [Provider.verify, Provider.voices]
    wishes += [partial(_spoken, transport=transport) for transport in provider.transports]
    abilities: list[tuple[type[Any], Callable[[Any], Awaitable[object]]]] = [
        (Timestamps, lambda asked: asked.speak_with_timestamps(_VOICES[provider.key], PCM, TEXT)),
        (Cloning, lambda asked: asked.clone(_RECORDING)),
        (VoiceLookup, lambda asked: asked.voice("v-1")),
        (VoiceEditing, lambda asked: asked.update_voice("v-1", {VoiceField.NAME: "Ben"})),
        (VoiceDeletion, lambda asked: asked.delete_voice("v-1")),
        (Previews, lambda asked: asked.preview_url(_INFO)),
        (Dictionaries, lambda asked: asked.dictionaries()),
        (Dictionaries, lambda asked: asked.dictionary("p_1")),
        (Dictionaries, lambda asked: asked.create_dictionary({"en-IN": {"Anna": "Ah na"}})),
        (Dictionaries, lambda asked: asked.update_dictionary("p_1", {"en-IN": {"Anna": "Ah na"}})),
        (Dictionaries, lambda asked: asked.delete_dictionary("p_1")),
    ]
    return wishes + [wish for ability, wish in abilities if isinstance(provider, ability)]


class HostileService:
    """Answers one request after the other with the replies that it was given, and then with the last of them."""

    def __init__(self) -> None:
        """Answer nothing at first."""
        self._replies: list[Reply] = []
        self._runner: web.ServerRunner | None = None
        self.url = ""

    async def open(self) -> None:
        """Listen."""
        self._runner = web.ServerRunner(
            web.Server(self._serve, access_log=None), handler_cancellation=True, shutdown_timeout=0.1
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"

    async def close(self) -> None:
        """Listen no more."""
        if self._runner is not None:
            await self._runner.cleanup()

    def answer_with(self, replies: Sequence[Reply]) -> None:
        """Answer with these from now on."""
        self._replies = list(replies)

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        reply = self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]
        await request.read()
        with suppress(ConnectionError):
            if request.headers.get("Upgrade", "").lower() == "websocket" and reply.status == 200:
                return await _over_socket(request, reply)
            return await _over_http(request, reply)
        return web.Response()


async def _over_http(request: web.BaseRequest, reply: Reply) -> web.StreamResponse:
    response = web.StreamResponse(status=reply.status, headers=[*reply.headers, ("Content-Type", reply.content_type)])
    await response.prepare(request)
    for piece in reply.body if reply.status != 204 else ():
        await response.write(piece)
    if reply.resets and request.transport is not None:
        request.transport.abort()
    else:
        await response.write_eof()
    return response


async def _over_socket(request: web.BaseRequest, reply: Reply) -> web.StreamResponse:
    socket = web.WebSocketResponse(timeout=0.1)
    await socket.prepare(request)
    await socket.receive()
    for frame in reply.frames:
        await (socket.send_str(frame) if isinstance(frame, str) else socket.send_bytes(frame))
    if reply.resets and request.transport is not None:
        request.transport.abort()
    else:
        await socket.close(code=reply.close_code)
    return socket


async def ask(service: HostileService, provider_key: str, replies: Sequence[Reply], wish: int, token: str) -> None:
    """Make a call, and check that it returns a result or an error without sensitive data."""
    service.answer_with(replies)
    witness = Witness()
    async with aiohttp.ClientSession() as session:
        credentials = Credentials(
            key=token,
            refresh_token="r",
            auth_url=f"{service.url}/auth/v1",
            public_key="p",
            details={"site": "china", "secret_id": "AKID", "sdk_app_id": "1400000000"},
        )
        provider = PROVIDERS[provider_key](
            session, credentials, base_url=service.url, observer=witness, now=lambda: NOW
        )
        wishes = _wishes(provider)
        try:
            see_result(await wishes[wish % len(wishes)](provider))
        except ProviderError as error:
            see_error(error, token)
            if error.quota is not None:
                witness.tracker.refuse(error.quota, NOW)
                witness.see()


def see_result(result: object) -> None:
    """See that a result can be written as JSON and shown: no half of a surrogate pair is in it."""
    json.dumps(result, default=_as_json, ensure_ascii=False).encode()


def _as_json(value: object) -> object:
    """Return data as JSON has it, anything else by what it prints."""
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else str(value)


def see_error(error: ProviderError, token: str) -> None:
    """See that an error holds what it may: numbers that can be, codes and no words."""
    assert error.retry_after is None or 0 <= error.retry_after <= MAX_RETRY_AFTER
    assert error.limit is None or error.limit >= 0
    for word in (error.code, error.setting):
        assert word is None or _CODE.fullmatch(word)
    shown = f"{error!r} {vars(error)} {error.__cause__!r}"
    assert TEXT not in shown
    assert token not in shown


@contextmanager
def hostile_service() -> Generator[Callable[[str, Sequence[Reply], int, str], None]]:
    """Return a function that makes a call to a provider's account by key and number, with a clock that jumps."""
    with asyncio.Runner() as runner:
        service = HostileService()
        runner.run(service.open())

        async def bounded(provider_key: str, replies: Sequence[Reply], wish: int, token: str) -> None:
            loop = asyncio.get_running_loop()
            others = asyncio.all_tasks()
            with autojump(loop) as clock:
                await ask(service, provider_key, replies, wish, token)
                assert clock.jumped <= LONGEST
                await asyncio.sleep(20)
                left = [task for task in asyncio.all_tasks() - others if "RequestHandler" not in repr(task)]
            assert not left

        try:
            yield lambda *example: runner.run(bounded(*example))
        finally:
            runner.run(service.close())
