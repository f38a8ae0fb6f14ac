"""AsyncFlow (protocols.md A): speech over HTTP and WebSocket, and its voices."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractContextManager, aclosing
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, override

from . import asyncflow_errors as errors
from .asyncflow_errors import Problem
from .asyncflow_limits import Limits
from .asyncflow_requests import (
    Endpoint,
    OutputFormat,
    SpeechSettings,
    as_object,
    invalid,
    parse_settings,
    parse_transcript,
)
from .asyncflow_socket import Conversation
from .asyncflow_voices import Catalogue
from .call import Answer, Call, Handler, Route, json_answer
from .clock import Clock
from .codec import SAMPLE_BYTES, Container
from .faults import SENTINEL
from .pace import paced, whole
from .service import Service
from .settings import Behaviour, Settings
from .sound import Sound

VERSION = "v1"
_CONTENT_TYPES = {
    Container.MP3: "audio/mpeg",
    Container.WAV: "audio/wav",
    Container.RAW: "application/octet-stream",
}


class Validation(StrEnum):
    """What a body that makes no sense is answered with: the usual envelope and 400, or a list and 422."""

    WRAPPED = "wrapped"
    LIST = "list"


class BadKey(StrEnum):
    """What a WebSocket with a bad key gets: 401 at the upgrade, or an error frame and the end."""

    HTTP = "http"
    FRAME = "frame"


@dataclass(frozen=True, kw_only=True, slots=True)
class AsyncFlowBehaviour(Behaviour):
    """What can be set, above all where the sources leave it open. No limit is None."""

    keys: tuple[str, ...] = ("demo-key",)
    concurrency_limit: int | None = None
    rate_limit: int | None = None
    """Requests to speak within 60 seconds."""
    usage_limit: float | None = None
    """Seconds of audio in all."""
    validation: Validation = Validation.WRAPPED
    bad_key: BadKey = BadKey.HTTP
    name_contexts: bool = True
    close_after_error: bool = True
    idle_timeout: float = 60.0
    null_cursor: bool = False
    """The cursor behind the last page is null instead of an empty text."""
    old_status: bool = False
    """`GET /` answers as it did in 2025."""


class AsyncFlow(Service[AsyncFlowBehaviour]):
    """The service of async.ai."""

    name = "asyncflow"

    def __init__(self, settings: Settings, *, clock: Clock | None = None) -> None:
        """Not listening yet."""
        super().__init__(settings, AsyncFlowBehaviour.of(settings), port=settings.asyncflow_port, clock=clock)
        self.restart()

    @override
    def restart(self) -> None:
        self.voices = Catalogue()
        self.limits = Limits(self.clock)

    @override
    def routes(self) -> Iterable[Route]:
        return (
            ("GET", "/", self._telling(self._status, keyed=False)),
            ("POST", Endpoint.WHOLE, self._telling(self._speak_whole)),
            ("POST", Endpoint.STREAMING, self._telling(self._speak_streaming)),
            ("GET", Endpoint.SOCKET, self._converse),
            ("POST", "/voices", self._telling(self._list_voices)),
            ("POST", "/voices/batch", self._telling(self._get_voices)),
            ("GET", "/voices/{voice_id}", self._telling(self._get_voice)),
            ("PUT", "/voices/{voice_id}", self._telling(self._update_voice, versioned=False)),
            ("DELETE", "/voices/{voice_id}", self._telling(self._delete_voice)),
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

    def _telling(
        self, handler: Callable[[Call], Awaitable[Answer]], *, keyed: bool = True, versioned: bool = True
    ) -> Handler:
        """Make a handler that is reached with the right headers only, and whose problems are told to the client."""

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

    async def _speak_streaming(self, call: Call) -> Answer:
        text, settings = self._asked_to_speak(call, Endpoint.STREAMING)
        return Answer(content_type="application/octet-stream", body=self._streamed(text, settings, call.started))

    def _asked_to_speak(self, call: Call, endpoint: Endpoint) -> tuple[str, SpeechSettings]:
        """Return what is to be said and how, once the account may do so now."""
        self.limits.count_request(self.behaviour.rate_limit)
        payload = _json(call)
        settings = parse_settings(payload, endpoint, self.voices)
        text = parse_transcript(payload)
        self.limits.check_usage(self.behaviour.usage_limit)
        call.hold(self.limits.speaking(self.behaviour.concurrency_limit))
        return text, settings

    async def _streamed(self, text: str, settings: SpeechSettings, started: float) -> AsyncGenerator[bytes]:
        """Yield the audio, and the sentinel where the usage reaches its limit (protocols.md A4)."""
        try:
            async with aclosing(self.spoken(text, settings, started)) as pieces:
                async for piece in pieces:
                    yield piece
        except Problem:
            yield SENTINEL

    async def _made(self, text: str, settings: SpeechSettings) -> tuple[Sound, bytes]:
        wanted = settings.output_format
        sound = await self.sound(
            text,
            sample_rate=wanted.sample_rate,
            voice=settings.voice_id,
            language=settings.language,
            speed=settings.speed,
        )
        return sound, await self.encoded(sound, wanted.container, wanted.encoding, bit_rate=wanted.bit_rate)

    # What a conversation needs

    def parse_init(self, payload: object) -> SpeechSettings:
        """Return the settings of a conversation. Raises Problem."""
        return parse_settings(payload, Endpoint.SOCKET, self.voices)

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
        await Conversation(
            socket,
            self,
            idle_timeout=self.behaviour.idle_timeout,
            name_contexts=self.behaviour.name_contexts,
            close_after_error=self.behaviour.close_after_error,
        ).run()
        return None

    # Voices and the rest

    async def _status(self, _call: Call) -> Answer:
        state = {"ok": True} if self.behaviour.old_status else {"status": "ok"}
        return json_answer({**state, "version": VERSION})

    async def _list_voices(self, call: Call) -> Answer:
        voices, cursor = self.voices.page(as_object(_json(call) if call.body else {}, ()))
        last = None if self.behaviour.null_cursor else ""
        return json_answer({"voices": [voice.as_json() for voice in voices], "next_cursor": cursor or last})

    async def _get_voices(self, call: Call) -> Answer:
        voice_ids = as_object(_json(call), ()).get("voice_ids")
        return json_answer([voice.as_json() for voice in self.voices.some(voice_ids)])

    async def _get_voice(self, call: Call) -> Answer:
        return json_answer(self.voices.get(call.match["voice_id"]).as_json())

    async def _update_voice(self, call: Call) -> Answer:
        self.voices.update(call.match["voice_id"], as_object(_json(call), ()))
        return Answer(status=204, content_type=None)

    async def _delete_voice(self, call: Call) -> Answer:
        self.voices.delete(call.match["voice_id"])
        return Answer(status=204, content_type=None)

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


def _json(call: Call) -> Any:
    try:
        return call.json()
    except ValueError:
        raise invalid("the body is not JSON") from None


def _align(output_format: OutputFormat) -> int:
    return SAMPLE_BYTES[output_format.encoding] if output_format.container is Container.RAW else 1
