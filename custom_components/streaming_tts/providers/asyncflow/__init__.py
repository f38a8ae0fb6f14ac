"""AsyncFlow (async.ai, also async.com), according to docs/dev/protocols.md A."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar, override
from uuid import uuid4

from aiohttp import WSCloseCode

from .. import markup as inline
from ..capabilities import TimedSpeech, Timestamps
from ..provider import Connection
from ..transport import json_values as values
from ..transport.audio_stream import SpeechStream, is_audible
from ..transport.http import ErrorResponse, ResponseTimeouts, for_whole_body
from ..transport.trace import RequestTrace
from ..transport.websocket import Frame, Socket, SocketConnection
from ..types import (
    AccountInfo,
    AudioFormat,
    BillingUnit,
    Failure,
    Limits,
    Model,
    NumberSetting,
    Price,
    ProviderError,
    Transport,
    Voice,
)
from ..wire_format import WireFormat
from .errors import SentinelFilter, coded, model_retired, not_sound, parsed, refused, sound_in, timed_words
from .voices import LANGUAGES, VERSION, AsyncFlowCatalogue

FLASH = "async_flash_v1.0"
FLASH_15 = "async_flash_v1.5"
_FLASH_PRICE = Price(amount=0.5, currency="USD")
"""Per hour of audio (docs/dev/protocols.md A9)."""
PRO = "async_pro_v1.0"
DEFAULT_VOICE = "e0f39dc4-f691-4e78-bba5-5c636692cc04"
"""The voice in all documents and clients (docs/dev/protocols.md A7), for the languages it is listed with."""

MAX_CHARACTERS = 2000
"""Our own limit, because the service documents none (D)."""
QUIET_SECONDS = 2.0
"""Seconds without a message after audio until a context is closed. Gaps within a response reach about 1 s
(docs/dev/protocols.md A3)."""
KEEP_ALIVE_SECONDS = 10.0
"""As other clients do. The service closes a socket after 60 s without messages (docs/dev/protocols.md A3)."""
PCM_RATES = (24000, 8000, 16000, 22050)
"""All rates from 8 to 48 kHz are supported, but above 24 kHz, the audio doesn't improve."""

_PATHS = {Transport.STREAM: "/text_to_speech/streaming", Transport.BODY: "/text_to_speech"}
_STREAM_ONLY = (FLASH_15, PRO)
_SOCKET_PATH = "/text_to_speech/websocket/ws"
_TIMED_PATH = "/text_to_speech/with_timestamps"


class AsyncFlow(AsyncFlowCatalogue, Timestamps):
    """An AsyncFlow account."""

    key: ClassVar[str] = "asyncflow"
    name: ClassVar[str] = "AsyncFlow"
    company: ClassVar[str] = "Async"
    portal_url: ClassVar[str] = "https://async.com"
    billing_unit: ClassVar[BillingUnit] = BillingUnit.HOURS
    default_base_url: ClassVar[str] = "https://api.async.com"
    transports: ClassVar[tuple[Transport, ...]] = (Transport.WEBSOCKET, Transport.STREAM, Transport.BODY)
    pcm_rates = PCM_RATES
    most_characters = MAX_CHARACTERS
    limits: ClassVar[Limits] = Limits()
    """No limits are published. They are learned from errors. 5 concurrent requests and 120 per minute are the
    documented examples (docs/dev/protocols.md A4)."""
    models: tuple[Model, ...] = (
        Model(
            model_id=FLASH_15,
            name="Flash 1.5",
            languages=("en", "fr", "es", "de", "it", "pt"),
            detects_language=True,
            price=_FLASH_PRICE,
        ),
        Model(
            model_id=FLASH,
            name="Flash 1.0",
            languages=LANGUAGES,
            detects_language=True,
            settings=(
                NumberSetting(key="speed", minimum=0.7, maximum=2.0, step=0.05, default=1.0),
                NumberSetting(key="stability", minimum=0, maximum=100, step=1, default=50),
            ),
            price=_FLASH_PRICE,
            writes_out_numbers=False,  # docs/dev/protocols.md A9
        ),
        Model(
            model_id=PRO,
            name="Pro 1.0",
            languages=("en",),
            detects_language=True,
            price=Price(amount=1.0, currency="USD"),
        ),
    )
    """Flash 1.5 is first, as it reads numbers, dates, and abbreviations well. Flash 1.0 supports more languages."""
    default_voices: ClassVar[Mapping[str, str]] = dict.fromkeys(("en", "de", "es", "fr", "it"), DEFAULT_VOICE)
    has_breaks = True
    render = staticmethod(
        partial(
            inline.translated,
            phonemes=lambda ipa, _alternative: f"<phonemes>{ipa}</phonemes>",
            digits=inline.digits,
            pause=inline.pause,
        )
    )
    """Our tags are those of docs/dev/protocols.md A10, except for the alternative text."""
    wire_format: ClassVar[WireFormat] = WireFormat.beside(__file__)
    retired_models: ClassVar[Mapping[str, str]] = {
        "asyncflow_v2.0": FLASH_15,
        "asyncflow_multilingual_v1.0": FLASH,
        "asyncflow_multilingual_v1.0.0": FLASH,
    }
    timed_models: ClassVar[frozenset[str]] = frozenset({FLASH})
    """According to the page of models (docs/dev/protocols.md A6). The others only have streaming endpoints
    (docs/dev/protocols.md A9)."""

    gives_contexts: bool = False
    """Whether the service has returned audio only in contexts that it names itself. A socket then has one request."""
    single_use_sockets: bool = False
    """Whether the service has closed a socket after the first request."""

    @override
    async def verify(self) -> AccountInfo:
        """Request one voice, which is free (D)."""
        await self.read_json("POST", "/voices", body={"limit": 1})
        return AccountInfo(account_id=values.account_id(self.credentials.key))

    @override
    def transports_of(self, voice: Voice) -> tuple[Transport, ...]:
        """Return the transports of a voice. Some models only have streaming endpoints (docs/dev/protocols.md A9)."""
        return tuple(
            transport
            for transport in self.transports
            if transport is not Transport.BODY or voice.model not in _STREAM_ONLY
        )

    @override
    async def speak(
        self, voice: Voice, audio_format: AudioFormat, text: str, trace: RequestTrace, *, whole: bool = False
    ) -> AsyncGenerator[bytes]:
        """Yield the audio of one text over HTTP (docs/dev/protocols.md A2)."""
        timeouts = for_whole_body(self.timeouts, len(text)) if whole else self.timeouts
        path = _PATHS[Transport.BODY if whole else Transport.STREAM]
        body = {**self.request(voice, audio_format), "transcript": text}
        means = partial(self._refused, voice)
        async with self.exchange("POST", path, timeouts, body=body, refused=means, trace=trace) as answer:
            if not answer.is_audio:
                raise not_sound(await answer.refusal())
            sentinel, stream = SentinelFilter(), SpeechStream(audio_format, text, answer.deadlines)
            async with aclosing(answer.pieces()) as pieces:
                async for piece in pieces:
                    if sound := stream.feed(sentinel.feed(piece)):
                        yield sound
                    if sentinel.found:
                        break
            if sound := stream.feed(sentinel.end()) + stream.end():
                yield sound

    @override
    async def open_socket(self, voice: Voice) -> Connection:
        """Open a WebSocket. Its first request binds it to a voice and a format."""
        connection = AsyncFlowConnection(self)
        await connection.dial()
        return connection

    @override
    async def speak_with_timestamps(self, voice: Voice, audio_format: AudioFormat, text: str) -> TimedSpeech:
        """Request audio and word timestamps in one response (docs/dev/protocols.md A6).

        A model without timestamps is replaced by the first one that has them.
        """
        body = {**self.request(self._timed(voice), audio_format), "transcript": text}
        means = partial(self._refused, voice)
        timeouts = for_whole_body(self.timeouts, len(text))
        async with self.exchange("POST", _TIMED_PATH, timeouts, body=body, refused=means) as answer:
            if not answer.is_json:
                raise not_sound(await answer.refusal())
            content = parsed(await answer.read_sound())
        if (error := coded(content)) is not None:
            raise error
        stream = SpeechStream(audio_format, text, answer.deadlines)
        audio = stream.feed(sound_in(content.get("audio_base64"))) + stream.end()
        return TimedSpeech(audio=audio, words=timed_words(content))

    def request(self, voice: Voice, audio_format: AudioFormat) -> dict[str, object]:
        """Return the fields of every request except the text: those of A2 that the model supports."""
        options = voice.options
        known = {setting.key for setting in self.model(voice.model).settings}
        fields: dict[str, object] = {
            "model_id": voice.model,
            "voice": {"mode": "id", "id": voice.voice_id},
            "output_format": {"container": "raw", "encoding": "pcm_s16le", "sample_rate": audio_format.sample_rate},
        }
        if voice.language is not None:
            fields["language"] = voice.language
        if "speed" in known & options.keys():
            fields["speed_control"] = options["speed"]
        if "stability" in known & options.keys():
            fields["stability"] = round(float(options["stability"]))
        return fields

    def about(self, voice: Voice, error: ProviderError) -> ProviderError:
        """Return an error of a voice's request, attributed to the model if that is retired.

        No code is documented for a retired model (docs/dev/protocols.md A9). An INPUT failure without a setting is
        attributed to it.
        """
        if voice.model in self.retired_models and error.failure is Failure.INPUT and error.setting is None:
            return model_retired()
        return error

    def _refused(self, voice: Voice, refusal: ErrorResponse) -> ProviderError:
        """Return the error of a voice's request."""
        return self.about(voice, refused(refusal))

    def _timed(self, voice: Voice) -> Voice:
        """Return a voice with a model that has timestamps. An unknown model is kept, for the service to reject it."""
        if voice.model in self.timed_models or voice.model not in {model.model_id for model in self.models}:
            return voice
        model = next(model for model in self.models if model.model_id in self.timed_models)
        return replace(voice, model=model.model_id)


@dataclass(eq=False)
class AsyncFlowConnection(SocketConnection):
    """A WebSocket on which each request has its own context (docs/dev/protocols.md A3).

    The first frame binds the socket to model, voice, and format. A second such frame isn't documented, so that another
    voice needs another socket.

    A request is a text, followed by an empty one to request the end mark. The context is closed after the end mark,
    because closing it earlier truncates the audio. If audio has arrived, but no end mark, it is closed as well, because
    some deployments wait for that. Contexts have our own IDs. The service may offer one of its own (`init_ack`). If a
    text in our context ends without audio, it is repeated in the offered one. From then on, only offered contexts are
    used, one per socket.
    """

    _quiet_seconds = QUIET_SECONDS
    _pace_setting = "speed"
    keep_alive_interval = KEEP_ALIVE_SECONDS

    provider: AsyncFlow
    _bound_to: tuple[Voice, AudioFormat] | None = None
    _context: str = ""
    _offered: str | None = None
    _initialised: Socket | None = None
    _spoken_on: Socket | None = None
    _spoken_at: float = 0.0
    _names_contexts: bool = False

    @override
    def fits(self, voice: Voice, audio_format: AudioFormat | None) -> bool:
        """Return True if the socket is unused, or bound to the same voice and format."""
        if self._bound_to is None:
            return True
        return voice == self._bound_to[0] and audio_format in (None, self._bound_to[1])

    @override
    async def dial(self) -> None:
        """Open a WebSocket. Its URL contains the key and must never be logged (docs/dev/protocols.md A1)."""
        provider = self.provider
        self.socket = await Socket.open(
            provider.session,
            provider.base_url + _SOCKET_PATH,
            params={"api_key": values.header_secret(provider.credentials.key), "version": VERSION},
            timeouts=provider.timeouts,
            refused=refused,
            harmless=lambda frame: coded(frame) is None or frame.get("context_id") is not None,
            parse=parsed,
        )

    @override
    async def _begin(
        self, voice: Voice, audio_format: AudioFormat, text: str, deadlines: ResponseTimeouts
    ) -> Sequence[Frame]:
        """Bind a new socket, and select a context. If the service requires its own contexts, wait for its offer.

        The returned frames send a text in the context, and request its end mark.
        """
        self._bound_to = voice, audio_format
        self._context = str(uuid4())
        if self._initialised is not self.socket:
            self._initialised, self._offered, self._names_contexts = self.socket, None, False
            await self.socket.send([self.provider.request(voice, audio_format)], deadlines)
        if self.provider.gives_contexts:
            while self._offered is None and await self.socket.arrives(deadlines, QUIET_SECONDS):
                self._read(await self.socket.receive(deadlines, self._trace), deadlines)
            if self._offered is None:
                self.provider.gives_contexts = False
            else:
                self._context = self._offered
        return (
            {"transcript": f"{text} ", "context_id": self._context, "force": True},
            {"transcript": "", "context_id": self._context},
        )

    @override
    def _is_unanswered(self, text: str) -> bool:
        """Return True to repeat a text without audio in the service's context. Raises BROKEN if there is none."""
        if not is_audible(text):
            return False
        if self._offered in (None, self._context):
            raise ProviderError(Failure.BROKEN, code="no_audio")
        self.provider.gives_contexts = True
        return True

    @override
    async def _finish(self, deadlines: ResponseTimeouts) -> None:
        """Close the context, and record how the service handles contexts and sockets."""
        self._spoken_on, self._spoken_at = self.socket, asyncio.get_running_loop().time()
        if self.provider.gives_contexts or self.provider.single_use_sockets:
            self.socket.usable = False
        if self._names_contexts and not self._trace.end_mark_missing:
            await self.socket.send([self._closing_frame()], deadlines)

    @override
    def _closing_frame(self) -> Frame:
        """Return the frame that closes the context."""
        return {"context_id": self._context, "close_context": True, "transcript": ""}

    @override
    def _is_repeated(self, voice: Voice, error: ProviderError) -> bool:
        """Return True if the service closed the socket normally after the previous request."""
        closed = error.failure is Failure.UNREACHABLE and error.code == f"close_{WSCloseCode.OK}"
        if not closed or self._spoken_on is not self.socket:
            return False
        if asyncio.get_running_loop().time() - self._spoken_at < QUIET_SECONDS:
            self.provider.single_use_sockets = True
        return True

    @override
    def _read(self, frame: Frame, deadlines: ResponseTimeouts) -> tuple[bytes, bool]:
        """Read a frame. Those of the service of 2025 have no context ID."""
        context = frame.get("context_id")
        if not isinstance(context, str) or not context:
            context = None
        if frame.get("event") == "init_ack":
            self._offered = context
            return b"", False
        if context not in (None, self._context, self._offered):
            return b"", False
        error = coded(frame)
        if error is not None:
            if error.code == "TIMEOUT":
                raise deadlines.exhausted(error.code)
            raise error if self._bound_to is None else self.provider.about(self._bound_to[0], error)
        self._names_contexts = context is not None
        if context not in (None, self._context):
            self.socket.usable = False  # responses to two requests would be indistinguishable
        audio = frame.get("audio")
        return sound_in(audio) if audio else b"", frame.get("final") is True

    @override
    def _idle_frame(self) -> Frame | None:
        """Return a blank text, which is only allowed after the first frame of a socket."""
        return {"transcript": " "} if self._initialised is self.socket else None
