"""A client of AsyncFlow for the tests: only what the protocol says, and nothing of the emulator."""

import base64
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
import json
from typing import Any

from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType

WHOLE = "/text_to_speech"
STREAMING = "/text_to_speech/streaming"
SOCKET = "/text_to_speech/websocket/ws"
HEADERS = {"x-api-key": "demo-key", "version": "v1"}
VOICE = "e0f39dc4-f691-4e78-bba5-5c636692cc04"
TEXT = "Welcome to Async."
RETIRED = ("asyncflow_v2.0", "asyncflow_multilingual_v1.0", "asyncflow_multilingual_v1.0.0")


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """A complete response."""

    status: int
    content_type: str
    body: bytes

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


def speech(**changes: Any) -> dict[str, Any]:
    """Return a body that is right but for the changes; fields of the output format are reached with `format_`."""
    output_format = {"container": "raw", "encoding": "pcm_s16le", "sample_rate": 24000}
    output_format |= {
        name.removeprefix("format_"): value for name, value in changes.items() if name.startswith("format_")
    }
    body = {"model_id": "async_flash_v1.0", "transcript": TEXT, "voice": {"mode": "id", "id": VOICE}}
    own = {name: value for name, value in changes.items() if not name.startswith("format_")}
    return {**body, "output_format": output_format, **own}


async def ask(
    session: ClientSession,
    url: str,
    body: Any = None,
    *,
    method: str = "POST",
    headers: Mapping[str, str] = HEADERS,
) -> Reply:
    """Send a request and read the complete response."""
    async with session.request(method, url, json=body, headers=headers) as response:
        return Reply(status=response.status, content_type=response.content_type, body=await response.read())


@dataclass(frozen=True, kw_only=True, slots=True)
class Talk:
    """An open conversation."""

    socket: ClientWebSocketResponse

    async def acknowledged(self) -> str:
        """Return the id of the context that the service offers, which is what it says next."""
        frame = await self.socket.receive_json()
        assert frame.keys() == {"event", "context_id"}
        assert frame["event"] == "init_ack"
        return str(frame["context_id"])

    async def say(self, **message: Any) -> None:
        """Send a message."""
        await self.socket.send_json(message)

    async def next(self) -> dict[str, Any]:
        """Return the next frame but for an acknowledgement, which real clients pass over."""
        frame = await self.socket.receive_json()
        if frame.get("event") == "init_ack":
            frame = await self.socket.receive_json()
        assert isinstance(frame, dict)
        return frame

    async def close_code(self) -> int | None:
        """Return the code with which the service closes, which it does next."""
        message = await self.socket.receive()
        assert message.type is WSMsgType.CLOSE
        return self.socket.close_code

    async def heard(self, *contexts: str) -> dict[str, bytes]:
        """Return the audio of each context, until the last one is final."""
        sounds = dict.fromkeys(contexts, b"")
        waiting = set(contexts)
        while waiting:
            frame = await self.next()
            assert frame.keys() == {"context_id", "audio", "final"}
            sounds[frame["context_id"]] += base64.b64decode(frame["audio"], validate=True)
            if frame["final"]:
                assert not frame["audio"]
                waiting.remove(frame["context_id"])
        return sounds


@asynccontextmanager
async def talk(
    session: ClientSession,
    url: str,
    *,
    query: str = "api_key=demo-key&version=v1",
    init: Mapping[str, Any] | None = None,
) -> AsyncGenerator[Talk]:
    """Open a conversation; the first frame has no text, as a real client's."""
    first = {name: value for name, value in speech().items() if name != "transcript"}
    async with session.ws_connect(f"{url}{SOCKET}?{query}") as socket:
        conversation = Talk(socket=socket)
        await conversation.say(**(first if init is None else init))
        yield conversation
