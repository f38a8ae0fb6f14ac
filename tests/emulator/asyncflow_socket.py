"""A conversation over AsyncFlow's WebSocket: one voice, many contexts (docs/dev/protocols.md A3)."""

import asyncio
import base64
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, aclosing
from dataclasses import dataclass, field
import json
import re
from typing import Any, NoReturn, Protocol
from uuid import uuid4

from .asyncflow_errors import Problem, frame
from .asyncflow_requests import SpeechSettings, as_object, invalid
from .asyncflow_settings import AsyncFlowBehaviour, EarlyClose, Final
from .websocket import Socket, SocketClosed

DEFAULT_CONTEXT = "default"
_POLICY_VIOLATION = 1008
_SENTENCE_END = re.compile(r"[.!?…]+[\"')\]]*(?=\s)|[。！？।]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Text:
    """A message to a context; `started` is the time of the event loop at which it came.

    The last of an answer has no transcript or closes the context.
    """

    transcript: str
    force: bool
    closes: bool
    started: float

    @property
    def ends(self) -> bool:
        """Whether nothing more is to come for this answer."""
        return self.closes or not self.transcript


@dataclass(kw_only=True, slots=True)
class Context:
    """What is waiting to be spoken in one context, whether it has been closed, and what its answer has got so far."""

    context_id: str
    texts: asyncio.Queue[Text] = field(default_factory=asyncio.Queue)
    closed: bool = False
    frames: int = 0
    final: bool = False


class Speaker(Protocol):
    """What a conversation needs of the service."""

    def parse_init(self, payload: object) -> SpeechSettings:
        """Return the settings of the first frame. Raises Problem."""

    def admit(self) -> AbstractContextManager[None]:
        """Take a place among those who speak. Raises Problem."""

    def spoken(self, text: str, settings: SpeechSettings, started: float) -> AsyncGenerator[bytes]:
        """Yield the audio, paced and charged. Raises Problem where it has to stop early."""


class Conversation:
    """From the first frame to the end; what is not settled about the service is in its behaviour.

    A context is there from its first text until it is closed. Each of its answers begins with a text, takes a place
    among those who speak with its first sound, and ends with a final.
    """

    def __init__(self, socket: Socket, speaker: Speaker, behaviour: AsyncFlowBehaviour) -> None:
        """Talk over the socket."""
        self._socket = socket
        self._speaker = speaker
        self._behaviour = behaviour
        self._default_id = str(uuid4()) if behaviour.init_ack else DEFAULT_CONTEXT
        self._contexts: dict[str, Context] = {}

    async def run(self) -> None:
        """Answer until one of both sides ends it; what is still being spoken then stops."""
        try:
            settings = self._speaker.parse_init(await self._receive())
            if self._behaviour.init_ack:
                await self._socket.send({"event": "init_ack", "context_id": self._default_id}, answers=False)
            async with asyncio.TaskGroup() as group:
                while True:
                    context_id, text = self._addressed(await self._receive())
                    if self._is_mute(context_id, settings):
                        await self._refuse_sound(context_id, text)
                        continue
                    context = self._contexts.get(context_id)
                    if context is None:
                        context = self._contexts[context_id] = Context(context_id=context_id)
                        group.create_task(self._speak(context, settings))
                    context.texts.put_nowait(text)
                    if text.closes:
                        context.closed = True
                        del self._contexts[context_id]
        except* Problem as problems:
            problem = next(_each(problems))
            await self._socket.send(frame(problem.code, problem.message, problem.extra))
            await self._socket.close(_POLICY_VIOLATION)

    def _is_mute(self, context_id: str, settings: SpeechSettings) -> bool:
        """Return True if the context never gets audio."""
        foreign = self._behaviour.server_ids_only and context_id != self._default_id
        return settings.silent or foreign

    async def _refuse_sound(self, context_id: str, text: Text) -> None:
        """Answer a text with an empty final frame; ignore other messages for the context."""
        if text.transcript.strip():
            await self._send_final(context_id)

    async def _receive(self) -> Mapping[str, Any]:
        """Receive the next message. Raises SocketClosed when all is over, Problem when it is no JSON object."""
        try:
            message = as_object(json.loads(await self._socket.receive(self._behaviour.idle_timeout)), ())
        except TimeoutError:
            text = f"Timeout: no message received in {self._behaviour.idle_timeout:.1f} seconds"
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

    def _addressed(self, message: Mapping[str, Any]) -> tuple[str, Text]:
        """Return the id of the context that the message is for, and what it says."""
        context_id = message.get("context_id", self._default_id)
        closes = message.get("close_context") is True
        transcript = message.get("transcript", "" if closes else None)
        if not isinstance(context_id, str):
            raise invalid("a text is required", "context_id")
        if not isinstance(transcript, str):
            raise invalid("a text is required", "transcript")
        text = Text(
            transcript=transcript,
            force=message.get("force") is True,
            closes=closes,
            started=asyncio.get_running_loop().time(),
        )
        return context_id, text

    async def _speak(self, context: Context, settings: SpeechSettings) -> None:
        """Speak in one context until it is closed."""
        try:
            while not await self._answer(context, settings):
                pass
        except Problem as problem:
            if self._contexts.get(context.context_id) is context:
                del self._contexts[context.context_id]
            if self._behaviour.close_after_error:
                raise
            await self._socket.send(frame(problem.code, problem.message, problem.extra))

    async def _answer(self, context: Context, settings: SpeechSettings) -> bool:
        """Speak whole sentences as they arrive, and the rest when it's forced or ends; then send the final frame.

        Returns True if the context was closed. A context that is closed after its final frame gets no second one.
        """
        buffer = ""
        context.frames = 0
        with ExitStack() as place:
            while True:
                text = await context.texts.get()
                if text.closes and context.final and not text.transcript:
                    return True
                context.final = False
                buffer += text.transcript
                forced = text.force and bool(text.transcript.strip())
                end = len(buffer) if forced or text.ends else _sentences(buffer)
                speakable, buffer = buffer[:end], buffer[end:]
                if speakable.strip():
                    if not context.frames:
                        place.enter_context(self._speaker.admit())
                    await self._sound(context, speakable, settings, text.started)
                elif text.force and not text.ends:
                    await self._send(context.context_id, b"")
                if text.closes or (text.ends and self._behaviour.final is Final.ALWAYS):
                    break
        context.final = True
        await self._send_final(context.context_id)
        return text.closes

    async def _sound(self, context: Context, speakable: str, settings: SpeechSettings, started: float) -> None:
        """Send the audio of whole sentences, unless the context is closed before."""
        early_close = self._behaviour.early_close
        async with aclosing(self._speaker.spoken(speakable, settings, started)) as pieces:
            async for piece in pieces:
                if context.frames and self._behaviour.gap_ms:
                    await asyncio.sleep(self._behaviour.gap_ms / 1000)
                if context.closed and (
                    early_close is EarlyClose.EMPTY or (early_close is EarlyClose.TRUNCATE and context.frames)
                ):
                    return
                context.frames += 1
                await self._send(context.context_id, piece)

    async def _send_final(self, context_id: str) -> None:
        await self._send(context_id, b"", final=True)
        if self._behaviour.close_after_final:
            await self._end()

    async def _send(self, context_id: str, audio: bytes, *, final: bool = False) -> None:
        message = {"audio": base64.b64encode(audio).decode(), "final": final}
        await self._socket.send({"context_id": context_id, **message} if self._behaviour.name_contexts else message)


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
