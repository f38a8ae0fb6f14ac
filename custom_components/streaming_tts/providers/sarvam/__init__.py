"""Sarvam AI, according to docs/dev/protocols.md B."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar, override

import aiohttp

from ..provider import Connection
from ..transport import json_values as values
from ..transport.audio_stream import SpeechStream, is_encoded
from ..transport.http import Answer, ResponseTimeouts, for_whole_body
from ..transport.trace import BODY, RequestTrace
from ..transport.websocket import Frame, Socket, SocketConnection
from ..types import AccountInfo, AudioFormat, BillingUnit, Failure, Limits, Model, ProviderError, Transport, Voice
from ..wire_format import WireFormat
from .catalogue import PATH as DICTIONARIES_PATH, SarvamCatalogue, SarvamDictionaries
from .errors import cloned_refused, refused, socket_error
from .models import (
    CLONED,
    DEFAULT_VOICES,
    MODELS,
    PACE,
    PCM_RATES,
    RETIRED_MODELS,
    TONE,
    has_spoken_character,
    is_cloned,
    wire_language,
)
from .voices import RETIRED as RETIRED_VOICES

MAX_CHARACTERS = 2500
"""The lowest limit of the newer models, for WebSocket messages and complete bodies. The stream allows 3500."""
MAX_CHARACTERS_CLONED = 1000
QUIET_SECONDS = 3.0
"""Audio is complete after so many seconds without a message: one client received no end mark (docs/dev/protocols.md
B4)."""
KEEP_ALIVE_SECONDS = 20.0
"""As other clients do. The service closes a socket after 60 s without messages (docs/dev/protocols.md B4)."""
BUFFERING = {"min_buffer_size": 50, "max_chunk_length": 150}
"""The service's defaults. A configuration without them was rejected once (docs/dev/protocols.md B4)."""

_SOCKET_PATH = "/text-to-speech/ws"
_PATHS = {Transport.STREAM: "/text-to-speech/stream", Transport.BODY: "/text-to-speech"}
_CLONED_PATHS = {Transport.STREAM: "/voices/clone/stream", Transport.BODY: "/voices/clone"}


TONE_KEYS = {setting.key for setting in TONE}


class Sarvam(SarvamCatalogue, SarvamDictionaries):
    """A Sarvam AI account."""

    key: ClassVar[str] = "sarvam"
    name: ClassVar[str] = "Sarvam AI"
    company: ClassVar[str] = "Sarvam AI"
    portal_url: ClassVar[str] = "https://dashboard.sarvam.ai"
    billing_unit: ClassVar[BillingUnit] = BillingUnit.CHARACTERS
    default_base_url: ClassVar[str] = "https://api.sarvam.ai"
    health_path: ClassVar[str] = DICTIONARIES_PATH
    transports: ClassVar[tuple[Transport, ...]] = (Transport.WEBSOCKET, Transport.STREAM, Transport.BODY)
    pcm_rates = PCM_RATES
    most_characters = MAX_CHARACTERS
    limits: ClassVar[Limits] = Limits(per_minute=30, burst=50)
    models: tuple[Model, ...] = MODELS
    default_voices: ClassVar[Mapping[str, str]] = DEFAULT_VOICES
    wire_format: ClassVar[WireFormat] = WireFormat.beside(__file__)
    retired_models: ClassVar[Mapping[str, str]] = RETIRED_MODELS
    retired_voices: ClassVar[Mapping[str, str]] = RETIRED_VOICES

    can_speak = staticmethod(has_spoken_character)

    toneless: frozenset[str] = frozenset()
    """Models that have rejected pitch or loudness."""

    @override
    async def verify(self) -> AccountInfo:
        """Request the list of dictionaries, which is free (docs/dev/protocols.md B1)."""
        await self.read_json("GET", self.health_path)
        return AccountInfo(account_id=values.account_id(self.credentials.key))

    @override
    def transports_of(self, voice: Voice) -> tuple[Transport, ...]:
        """Return the transports of a voice. Cloned voices only support HTTP."""
        return tuple(
            transport for transport in self.transports if transport is not Transport.WEBSOCKET or not is_cloned(voice)
        )

    @override
    def max_characters(self, voice: Voice) -> int:
        """Return the limit of the model, the lowest of all transports."""
        return MAX_CHARACTERS_CLONED if is_cloned(voice) else MAX_CHARACTERS

    @override
    async def speak(
        self, voice: Voice, audio_format: AudioFormat, text: str, trace: RequestTrace, *, whole: bool = False
    ) -> AsyncGenerator[bytes]:
        """Yield the audio of one text: streamed (docs/dev/protocols.md B3), or from base64 in JSON.

        The request is repeated without pitch and loudness if one of them is rejected (docs/dev/protocols.md B2).
        """
        request = partial(self._request, voice, audio_format, text, trace, whole=whole)
        async with AsyncExitStack() as stack:
            try:
                answer = await stack.enter_async_context(request())
            except ProviderError as error:
                if not self.leave_out_tone(voice, error):
                    raise
                answer = await stack.enter_async_context(request())
            stream = SpeechStream(audio_format, text, answer.deadlines)
            if whole:
                content = await answer.json(has_sound=True)
                trace.received(BODY, content)
                yield stream.feed(_only_audio(content))
            elif not answer.is_audio or is_encoded(answer.response.content_type):
                raise ProviderError(Failure.BROKEN, code="content_type")
            else:
                async with aclosing(answer.pieces()) as pieces:
                    async for piece in pieces:
                        if sound := stream.feed(piece):
                            yield sound
        if sound := stream.end():
            yield sound

    @override
    async def open_socket(self, voice: Voice) -> Connection:
        """Open a WebSocket for the model of a voice."""
        connection = SarvamConnection(self, model=voice.model)
        await connection.dial()
        return connection

    def request(self, voice: Voice, audio_format: AudioFormat) -> dict[str, object]:
        """Return the fields of every request except text and model: those of B2 that the model supports.

        The endpoint for cloned voices has other names for the voice and its language (docs/dev/protocols.md B7).
        """
        cloned = is_cloned(voice)
        model = self.model(CLONED if cloned else voice.model)
        known = {setting.key for setting in model.settings}
        known -= TONE_KEYS if voice.model in self.toneless else _neutral(voice)
        fields: dict[str, object] = {
            "voice_id" if cloned else "speaker": voice.voice_id,
            "speech_sample_rate": audio_format.sample_rate,
            "output_audio_codec": "linear16",
            **{key: value for key, value in voice.settings if key in known},
        }
        if voice.language is not None:
            fields["language_code" if cloned else "target_language_code"] = wire_language(voice.language)
        return fields

    def leave_out_tone(self, voice: Voice, error: ProviderError) -> bool:
        """Return True if an error is about a pitch or loudness that was sent. Both are omitted from now on."""
        said = TONE_KEYS & voice.options.keys() - _neutral(voice)
        refused = error.failure is Failure.INPUT and error.setting in TONE_KEYS
        if not refused or not said or voice.model in self.toneless:
            return False
        self.toneless |= {voice.model}
        return True

    def _request(
        self, voice: Voice, audio_format: AudioFormat, text: str, trace: RequestTrace, *, whole: bool
    ) -> AbstractAsyncContextManager[Answer]:
        """Send a request over HTTP: as JSON, or as a form for a cloned voice (docs/dev/protocols.md B7)."""
        transport = Transport.BODY if whole else Transport.STREAM
        timeouts = for_whole_body(self.timeouts, len(text)) if whole else self.timeouts
        fields = {**self.request(voice, audio_format), "text": text}
        if not is_cloned(voice):
            return self.exchange(
                "POST", _PATHS[transport], timeouts, body={**fields, "model": voice.model}, trace=trace
            )
        trace.asked = True  # not set by the exchange for forms
        form = aiohttp.FormData({key: str(value) for key, value in fields.items()}, default_to_multipart=True)
        return self.exchange("POST", _CLONED_PATHS[transport], timeouts, form=form, refused=cloned_refused, trace=trace)


@dataclass(eq=False)
class SarvamConnection(SocketConnection):
    """A WebSocket on which each request is a cycle of text, flush, and final event (docs/dev/protocols.md B4).

    The model is part of the socket's URL, so that another model needs another socket. Another voice or format only
    needs a new configuration.
    """

    _quiet_seconds = QUIET_SECONDS
    _pace_setting = PACE.key
    keep_alive_interval = KEEP_ALIVE_SECONDS

    provider: Sarvam
    model: str = field(kw_only=True)
    _configured: tuple[Socket, Voice, AudioFormat] | None = None

    @override
    def fits(self, voice: Voice, audio_format: AudioFormat | None) -> bool:
        """Return True for the model of the socket, except for cloned voices, which only support HTTP."""
        return voice.model == self.model and not is_cloned(voice)

    @override
    def _is_repeated(self, voice: Voice, error: ProviderError) -> bool:
        """Return True if pitch or loudness was rejected. The repeated request omits both."""
        return self.provider.leave_out_tone(voice, error)

    @override
    async def dial(self) -> None:
        """Open a WebSocket for the model, which is a query parameter."""
        provider = self.provider
        self.socket = await Socket.open(
            provider.session,
            provider.base_url + _SOCKET_PATH,
            params={"model": self.model, "send_completion_event": "true"},
            headers=provider.headers(),
            timeouts=provider.timeouts,
            refused=refused,
            harmless=lambda frame: frame.get("type") not in ("audio", "error", "event"),
        )

    @override
    async def _begin(
        self, voice: Voice, audio_format: AudioFormat, text: str, deadlines: ResponseTimeouts
    ) -> Sequence[Frame]:
        frames: list[Frame] = [{"type": "text", "data": {"text": text}}, {"type": "flush"}]
        configuration = (self.socket, voice, audio_format)
        if self._configured != configuration:
            request = self.provider.request(voice, audio_format)
            frames.insert(0, {"type": "config", "data": {**request, **BUFFERING}})
            self._configured = configuration
        return frames

    @override
    def _read(self, frame: Frame, deadlines: ResponseTimeouts) -> tuple[bytes, bool]:
        """Read a frame. Unknown ones are ignored."""
        data = values.mapping(frame.get("data"))
        kind = frame.get("type")
        if kind == "error":
            raise socket_error(data)
        if kind == "audio":
            if is_encoded(str(data.get("content_type", ""))):
                raise ProviderError(Failure.BROKEN, code="content_type")
            return values.decode_audio(data.get("audio")), False
        return b"", kind == "event" and data.get("event_type") == "final"

    @override
    def _idle_frame(self) -> Frame | None:
        """Return the service's own ping. WebSocket pings don't keep the socket open."""
        return {"type": "ping"}


def _neutral(voice: Voice) -> set[str]:
    """Return the tone settings of a voice that have their default value."""
    return {setting.key for setting in TONE if voice.options.get(setting.key) == setting.default}


def _only_audio(answer: Mapping[str, object]) -> bytes:
    """Return the audio in a complete body: of B2, or of B7, where the field has two names."""
    match answer:
        case {"audios": [audio]} | {"audio_b64": audio} | {"audio": audio}:
            return values.decode_audio(audio)
        case _:
            raise ProviderError(Failure.BROKEN, code="audios")
