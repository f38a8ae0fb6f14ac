"""AsyncFlow (docs/dev/protocols.md A): speech over HTTP and WebSocket, and its voices."""

import base64
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractContextManager, aclosing
from typing import Any, TypedDict, override

from . import asyncflow_errors as errors
from .asyncflow_errors import Problem
from .asyncflow_library import Library
from .asyncflow_limits import Limits
from .asyncflow_requests import (
    Endpoint,
    OutputFormat,
    SpeechSettings,
    invalid,
    parse_settings,
    parse_transcript,
    read_json,
)
from .asyncflow_settings import AsyncFlowBehaviour, BadKey, Validation
from .asyncflow_socket import Conversation
from .asyncflow_voices import Catalogue
from .call import Answer, Call, Handler, Route, json_answer
from .clock import Clock
from .codec import SAMPLE_BYTES, Container
from .faults import SENTINEL
from .pace import paced, whole
from .service import Service
from .settings import Settings
from .sound import Sound
from .words import TimedWord

VERSION = "v1"
_CONTENT_TYPES = {
    Container.MP3: "audio/mpeg",
    Container.WAV: "audio/wav",
    Container.RAW: "application/octet-stream",
}


class Manner(TypedDict):
    """The audio settings of a request; see `Service.sound`."""

    sample_rate: int
    voice: str
    language: str | None
    speed: float


class AsyncFlow(Service[AsyncFlowBehaviour]):
    """The service of async.ai."""

    name = "asyncflow"

    def __init__(self, settings: Settings, *, clock: Clock | None = None) -> None:
        """Not listening yet."""
        super().__init__(settings, AsyncFlowBehaviour.of(settings), port=settings.asyncflow_port, clock=clock)
        self._library = Library(self)
        self.restart()

    @override
    def restart(self) -> None:
        self.voices = Catalogue()
        self.limits = Limits(self.clock)

    @override
    def routes(self) -> Iterable[Route]:
        return (
            ("GET", "/", self.telling(self._status, keyed=False)),
            ("POST", Endpoint.WHOLE, self.telling(self._speak_whole)),
            ("POST", Endpoint.TIMED, self.telling(self._speak_timed)),
            ("POST", Endpoint.STREAMING, self.telling(self._speak_streaming)),
            ("GET", Endpoint.SOCKET, self._converse),
            *self._library.routes(),
        )

    # Errors

    @override
    def not_found(self, call: Call) -> Answer:
        return json_answer({"detail": "Not Found"}, 404)

    @override
    def error(
        self, call: Call, status: int, code: str | None, message: str | None, extra: Mapping[str, Any] | None
    ) -> Answer:
        code = code or errors.code_of(status)
        if status >= 500 and code is None:
            return json_answer(errors.server_error(call.method, call.path), status)
        if status == 422:
            return json_answer(errors.listed((), message or errors.message_of(errors.VALIDATION)), status)
        code = code or errors.VALIDATION
        extra = errors.extra_of(code) if extra is None else extra
        return json_answer(errors.wrapped(code, message or errors.message_of(code), extra), status)

    @override
    def error_frame(
        self, status: int, code: str | None, message: str | None, extra: Mapping[str, Any] | None
    ) -> Mapping[str, Any]:
        code = code or errors.code_of(status) or "INTERNAL_SERVER_ERROR"
        return errors.frame(code, message or errors.message_of(code), errors.extra_of(code) if extra is None else extra)

    def _told(self, problem: Problem) -> Answer:
        if problem.code == errors.VALIDATION and self.behaviour.validation is Validation.LIST:
            return json_answer(errors.listed(problem.field, problem.message), 422)
        return json_answer(errors.wrapped(problem.code, problem.message, problem.extra), problem.status)

    def telling(
        self, handler: Callable[[Call], Awaitable[Answer]], *, keyed: bool = True, versioned: bool = True
    ) -> Handler:
        """Return a handler that checks headers and sends problems to the client."""

        async def handle(call: Call) -> Answer:
            try:
                if keyed:
                    self._check_key(call.headers.get("x-api-key"))
                _check_version(call.headers.get("version"), required=versioned)
                return await handler(call)
            except Problem as problem:
                return self._told(problem)

        return handle

    def _check_key(self, key: str | None) -> None:
        if key not in self.behaviour.keys:
            raise Problem(code="INVALID_API_KEY", extra={"api_key": f"{(key or '')[:5]}..."})

    # Speech

    async def _speak_whole(self, call: Call) -> Answer:
        text, settings = self._asked_to_speak(call, Endpoint.WHOLE)
        sound, audio = await self._made(text, settings)
        self.limits.check_usage(self.behaviour.usage_limit, sound.duration)
        self.limits.used += sound.duration
        await whole(sound.duration, self.behaviour, since=call.started)
        return Answer(content_type=_CONTENT_TYPES[settings.output_format.container], body=audio)

    async def _speak_timed(self, call: Call) -> Answer:
        """Answer with audio and word timestamps (docs/dev/protocols.md A6)."""
        text, settings = self._asked_to_speak(call, Endpoint.TIMED)
        sound, words = await self.timed_sound(text, **_manner(settings))
        self.limits.check_usage(self.behaviour.usage_limit, sound.duration)
        self.limits.used += sound.duration
        audio = await self._packed(sound, settings.output_format)
        await whole(sound.duration, self.behaviour, since=call.started)
        return json_answer({"audio_base64": base64.b64encode(audio).decode(), "alignment": _alignment(words)})

    async def _speak_streaming(self, call: Call) -> Answer:
        text, settings = self._asked_to_speak(call, Endpoint.STREAMING)
        return Answer(content_type="application/octet-stream", body=self._streamed(text, settings, call.started))

    def _asked_to_speak(self, call: Call, endpoint: Endpoint) -> tuple[str, SpeechSettings]:
        """Return what is to be said and how, once the account may do so now."""
        self.limits.count_request(self.behaviour.rate_limit)
        payload = read_json(call)
        settings = self._settings(payload, endpoint)
        text = parse_transcript(payload)
        self.limits.check_usage(self.behaviour.usage_limit)
        call.hold(self.limits.speaking(self.behaviour.concurrency_limit))
        return text, settings

    def _settings(self, payload: object, endpoint: Endpoint) -> SpeechSettings:
        return parse_settings(payload, endpoint, self.voices, retired_models=self.behaviour.retired_models)

    async def _streamed(self, text: str, settings: SpeechSettings, started: float) -> AsyncGenerator[bytes]:
        """Yield the audio, and the sentinel where the usage reaches its limit (docs/dev/protocols.md A4)."""
        try:
            async with aclosing(self.spoken(text, settings, started)) as pieces:
                async for piece in pieces:
                    yield piece
        except Problem:
            yield SENTINEL

    async def _made(self, text: str, settings: SpeechSettings) -> tuple[Sound, bytes]:
        sound = await self.sound(text, **_manner(settings))
        return sound, await self._packed(sound, settings.output_format)

    async def _packed(self, sound: Sound, wanted: OutputFormat) -> bytes:
        return await self.encoded(sound, wanted.container, wanted.encoding, bit_rate=wanted.bit_rate)

    # What a conversation needs

    def parse_init(self, payload: object) -> SpeechSettings:
        """Return the settings of a conversation. Raises Problem."""
        return self._settings(payload, Endpoint.SOCKET)

    def admit(self) -> AbstractContextManager[None]:
        """Take a place among those who speak. Raises Problem where the account may not speak now."""
        self.limits.count_request(self.behaviour.rate_limit)
        self.limits.check_usage(self.behaviour.usage_limit)
        return self.limits.speaking(self.behaviour.concurrency_limit)

    async def spoken(self, text: str, settings: SpeechSettings, started: float) -> AsyncGenerator[bytes]:
        """Yield the audio, paced and charged. Raises Problem where the usage reaches its limit."""
        sound, audio = await self._made(text, settings)
        align = _align(settings.output_format)
        limit = self.behaviour.usage_limit
        async with (
            aclosing(paced(audio, sound.duration, self.behaviour, since=started, align=align)) as pieces,
            aclosing(
                self.limits.metered(pieces, size=len(audio), duration=sound.duration, limit=limit, align=align)
            ) as charged,
        ):
            async for piece in charged:
                yield piece

    async def _converse(self, call: Call) -> Answer | None:
        refused: Problem | None = None
        try:
            self._check_key(call.query.get("api_key"))
            _check_version(call.query.get("version"))
        except Problem as problem:
            refused = problem
        if refused and self.behaviour.bad_key is BadKey.HTTP:
            return self._told(refused)
        socket = await self.accept(call)
        if refused:
            await socket.send(errors.frame(refused.code, refused.message, refused.extra))
            await socket.close(1008)
            return None
        await Conversation(socket, self, self.behaviour).run()
        return None

    # The rest

    async def _status(self, _call: Call) -> Answer:
        state = {"ok": True} if self.behaviour.old_status else {"status": "ok"}
        return json_answer({**state, "version": VERSION})

    @override
    def change_quota(self, change: Mapping[str, Any]) -> Mapping[str, Any]:
        """Another client has spoken for `spend` seconds; `limit` sets the usage limit in seconds, null for none."""
        if unknown := change.keys() - {"spend", "limit"}:
            raise ValueError(f"no such change: {', '.join(sorted(unknown))}")
        if "limit" in change:
            self.configure(usage_limit=change["limit"])
        self.limits.used += float(change.get("spend", 0.0))
        return {"limit": self.behaviour.usage_limit, "used": self.limits.used}


def _check_version(version: str | None, *, required: bool = True) -> None:
    if version is None and required:
        raise invalid("the version is required", "header", "version")
    if version not in (None, VERSION):
        raise Problem(code="VERSION_NOT_FOUND", message=f"API version {version} not found.")


def _align(output_format: OutputFormat) -> int:
    return SAMPLE_BYTES[output_format.encoding] if output_format.container is Container.RAW else 1


def _manner(settings: SpeechSettings) -> Manner:
    return {
        "sample_rate": settings.output_format.sample_rate,
        "voice": settings.voice_id,
        "language": settings.language,
        "speed": settings.speed,
    }


def _alignment(words: Iterable[TimedWord]) -> Mapping[str, Any]:
    """Return the words and their times in whole milliseconds, as three lists (docs/dev/protocols.md A6)."""
    timed = list(words)
    return {
        "words": [word.word for word in timed],
        "word_start_times_milliseconds": [round(word.start * 1000) for word in timed],
        "word_end_times_milliseconds": [round(word.end * 1000) for word in timed],
    }
