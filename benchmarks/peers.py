"""Emulators of ElevenLabs and Fish Audio, with the requests of Home Assistant's integrations for them."""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import aclosing
from typing import Any, override

from aiohttp import WSMsgType, web
import ormsgpack

from tests.emulator.call import Answer, Call, Route, json_answer
from tests.emulator.pace import paced
from tests.emulator.service import Service
from tests.emulator.settings import Behaviour, Settings

from .reel import cut, spoken_seconds

SAMPLE_RATE = 44100
BIT_RATE = 128000
CHUNK_LENGTH = 200
"""Characters that the live endpoint of Fish Audio buffers by default before it speaks."""


class Peer(Service[Behaviour]):
    """A service with only the endpoints for speech and setup."""

    def __init__(self, settings: Settings) -> None:
        """Set the timing."""
        super().__init__(settings, Behaviour.of(settings))
        self.spoken_requests = 0
        self.spoken_characters = 0

    @override
    def restart(self) -> None:
        """Store nothing."""

    @override
    def not_found(self, call: Call) -> Answer:
        return json_answer({"detail": "Not Found"}, 404)

    @override
    def error(
        self, call: Call, status: int, code: str | None, message: str | None, extra: Mapping[str, Any] | None
    ) -> Answer:
        return json_answer({"detail": {"status": code, "message": message}}, status)

    @override
    def change_quota(self, change: Mapping[str, Any]) -> Mapping[str, Any]:
        raise ValueError("there is no quota")

    def speech(self, text: str, since: float) -> AsyncGenerator[bytes]:
        """Yield MP3 as long as the text, paced from the time of its request (`since`) on."""
        self.spoken_requests += 1
        self.spoken_characters += len(text)
        seconds = spoken_seconds(text)
        return paced(cut(seconds, sample_rate=SAMPLE_RATE, bit_rate=BIT_RATE), seconds, self.behaviour, since=since)


class ElevenLabs(Peer):
    """Speaks over HTTP: one MP3 stream per request."""

    name = "elevenlabs"

    @override
    def routes(self) -> Iterable[Route]:
        return (
            ("GET", "/v1/voices", self._voices),
            ("GET", "/v1/models", self._models),
            ("POST", "/v1/text-to-speech/{voice}/stream", self._speak),
        )

    async def _voices(self, _call: Call) -> Answer:
        return json_answer({"voices": [{"voice_id": "bench", "name": "Bench", "category": "premade"}]})

    async def _models(self, _call: Call) -> Answer:
        languages = [{"language_id": "en", "name": "English"}]
        model = {"model_id": "eleven_multilingual_v2", "name": "Multilingual v2", "languages": languages}
        return json_answer([{**model, "can_do_text_to_speech": True}])

    async def _speak(self, call: Call) -> Answer:
        return Answer(
            content_type="audio/mpeg",
            headers={"request-id": str(call.entry.number)},
            body=self.speech(call.json()["text"], call.started),
        )


class FishAudio(Peer):
    """Speaks over a WebSocket with MessagePack: text is buffered, and spoken in pieces."""

    name = "fish_audio"

    @override
    def routes(self) -> Iterable[Route]:
        return (
            ("GET", "/wallet/self/api-credit", self._credit),
            ("GET", "/model", self._voices),
            ("GET", "/v1/tts/live", self._live),
        )

    async def _credit(self, _call: Call) -> Answer:
        moment = "2026-01-01T00:00:00Z"
        return json_answer(
            {"_id": "bench", "user_id": "bench", "credit": "1", "created_at": moment, "updated_at": moment}
        )

    async def _voices(self, _call: Call) -> Answer:
        moment = "2026-01-01T00:00:00Z"
        voice: dict[str, object] = {"_id": "bench", "type": "tts", "title": "Bench", "languages": ["en"]}
        voice |= dict.fromkeys(("description", "cover_image"), "")
        voice |= dict.fromkeys(("like_count", "mark_count", "shared_count", "task_count"), 0)
        voice |= {"tags": [], "samples": [], "train_mode": "fast", "state": "trained"}
        voice |= {"created_at": moment, "updated_at": moment, "visibility": "public", "lock_visibility": False}
        voice |= {"author": {"_id": "bench", "nickname": "Bench", "avatar": ""}}
        return json_answer({"total": 1, "items": [voice]})

    async def _live(self, call: Call) -> Answer | None:
        socket = web.WebSocketResponse(timeout=1.0)
        await socket.prepare(call.request)
        call.socket = socket
        call.entry.status = 101
        async with asyncio.TaskGroup() as tasks:
            pieces: asyncio.Queue[tuple[str, float] | None] = asyncio.Queue()
            speaking = tasks.create_task(self._speak(socket, pieces))
            if not await self._gather(socket, pieces):
                speaking.cancel()
        return None

    async def _gather(self, socket: web.WebSocketResponse, pieces: asyncio.Queue[tuple[str, float] | None]) -> bool:
        """Buffer the text; return True if the client has sent all of it."""
        clock = asyncio.get_running_loop().time
        length, text = CHUNK_LENGTH, ""
        async for message in socket:
            if message.type is not WSMsgType.BINARY:
                break
            event = ormsgpack.unpackb(message.data)
            match event["event"]:
                case "start":
                    length = event["request"].get("chunk_length", CHUNK_LENGTH)
                case "text":
                    text += event["text"]
            ended = event["event"] == "stop"
            if text and (ended or len(text) >= length):
                pieces.put_nowait((text, clock()))
                text = ""
            if ended:
                pieces.put_nowait(None)
                return True
        return False

    async def _speak(self, socket: web.WebSocketResponse, pieces: asyncio.Queue[tuple[str, float] | None]) -> None:
        """Speak one piece after the other; a piece that had to wait is ready when its turn comes."""
        while (piece := await pieces.get()) is not None:
            async with aclosing(self.speech(*piece)) as sound:
                async for chunk in sound:
                    await socket.send_bytes(ormsgpack.packb({"event": "audio", "audio": chunk, "time": 0.0}))
        await socket.send_bytes(ormsgpack.packb({"event": "finish", "reason": "stop", "time": 0.0}))
