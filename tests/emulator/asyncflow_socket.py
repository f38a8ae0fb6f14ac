"""A conversation over AsyncFlow's WebSocket: one voice, many contexts (protocols.md A3)."""

import asyncio
import base64
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, aclosing
from dataclasses import dataclass, field
import json
import re
from typing import Any, NoReturn, Protocol

from .asyncflow_errors import Problem, frame
from .asyncflow_requests import SpeechSettings, as_object, invalid
from .websocket import Socket, SocketClosed

DEFAULT_CONTEXT = "default"
_POLICY_VIOLATION = 1008
_SENTENCE_END = re.compile(r"[.!?…]+[\"')\]]*(?=\s)|[。！？।]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Text:
    """A message to a context; `started` is the time of the event loop at which it came."""

    transcript: str
    force: bool
    closes: bool
    started: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """What is waiting to be spoken in one context."""

    context_id: str
    texts: asyncio.Queue[Text] = field(default_factory=asyncio.Queue)


class Speaker(Protocol):
    """What a conversation needs of the service."""

    def parse_init(self, payload: object) -> SpeechSettings:
        """Return the settings of the first frame. Raises Problem."""

    def admit(self) -> AbstractContextManager[None]:
        """Take a place among those who speak. Raises Problem."""

    def spoken(self, text: str, settings: SpeechSettings, started: float) -> AsyncGenerator[bytes]:
        """Yield the audio, paced and charged. Raises Problem where it has to stop early."""


class Conversation:
    """From the first frame to the end.

    What is not settled about the service can be set: whether frames name their context, and whether an error of one
    context ends it all.
    """

    def __init__(
        self, socket: Socket, speaker: Speaker, *, idle_timeout: float, name_contexts: bool, close_after_error: bool
    ) -> None:
        """Talk over the socket; the timeout is in seconds."""
        self._socket = socket
        self._speaker = speaker
        self._idle_timeout = idle_timeout
        self._name_contexts = name_contexts
        self._close_after_error = close_after_error
        self._contexts: dict[str, Context] = {}

    async def run(self) -> None:
        """Answer until one of both sides ends it; what is still being spoken then stops."""
        try:
            settings = self._speaker.parse_init(await self._receive())
            async with asyncio.TaskGroup() as group:
                while True:
                    context, text = self._addressed(await self._receive())
                    if context.context_id not in self._contexts:
                        self._contexts[context.context_id] = context
                        group.create_task(self._speak(context, settings))
                    context.texts.put_nowait(text)
                    if text.closes:
                        del self._contexts[context.context_id]
        except* Problem as problems:
            problem = next(_each(problems))
            await self._socket.send(frame(problem.code, problem.message, problem.extra))
            await self._socket.close(_POLICY_VIOLATION)

    async def _receive(self) -> Mapping[str, Any]:
        """Receive the next message. Raises SocketClosed when all is over, Problem when it is no JSON object."""
        try:
            message = as_object(json.loads(await self._socket.receive(self._idle_timeout)), ())
        except TimeoutError:
            text = f"Timeout: no message received in {self._idle_timeout:.1f} seconds"
            await self._socket.send(frame("TIMEOUT", text, None))
            await self._end()
        except ValueError:
            raise invalid("the message is not JSON") from None
        if message.get("terminate") is True or message.get("text") == "":
            await self._end()
        return message

    async def _end(self) -> NoReturn:
        await self._socket.close()
        raise SocketClosed

    def _addressed(self, message: Mapping[str, Any]) -> tuple[Context, Text]:
        """Return the context that the message is for, which may be new, and what it says."""
        context_id = message.get("context_id", DEFAULT_CONTEXT)
        closes = message.get("close_context") is True
        transcript = message.get("transcript", "" if closes else None)
        if not isinstance(context_id, str):
            raise invalid("a text is required", "context_id")
        if not isinstance(transcript, str):
            raise invalid("a text is required", "transcript")
        text = Text(
            transcript=transcript,
            force=message.get("force") is True,
            closes=closes or not transcript,
            started=asyncio.get_running_loop().time(),
        )
        return self._contexts.get(context_id) or Context(context_id=context_id), text

    async def _speak(self, context: Context, settings: SpeechSettings) -> None:
        """Speak in one context until it is closed."""
        try:
            with ExitStack() as place:
                await self._speak_texts(context, settings, place)
            await self._send(context, b"", final=True)
        except Problem as problem:
            self._contexts.pop(context.context_id, None)
            if self._close_after_error:
                raise
            await self._socket.send(frame(problem.code, problem.message, problem.extra))

    async def _speak_texts(self, context: Context, settings: SpeechSettings, place: ExitStack) -> None:
        """Speak whole sentences as they come, and all there is when it is forced; a place is taken with the first."""
        buffer = ""
        admitted = False
        while True:
            text = await context.texts.get()
            buffer += text.transcript
            end = len(buffer) if text.force or text.closes else _sentences(buffer)
            speakable, buffer = buffer[:end], buffer[end:]
            if speakable.strip():
                if not admitted:
                    place.enter_context(self._speaker.admit())
                    admitted = True
                async with aclosing(self._speaker.spoken(speakable, settings, text.started)) as pieces:
                    async for piece in pieces:
                        await self._send(context, piece)
            if text.closes:
                return

    async def _send(self, context: Context, audio: bytes, *, final: bool = False) -> None:
        message = {"audio": base64.b64encode(audio).decode(), "final": final}
        await self._socket.send({"context_id": context.context_id, **message} if self._name_contexts else message)


def _sentences(text: str) -> int:
    """How many characters of the text are whole sentences."""
    return max((found.end() for found in _SENTENCE_END.finditer(text)), default=0)


def _each(group: ExceptionGroup[Problem]) -> Iterator[Problem]:
    """Yield the problems in the group, however deep."""
    for member in group.exceptions:
        if isinstance(member, ExceptionGroup):
            yield from _each(member)
        else:
            yield member
