"""AsyncFlow (async.ai), as `protocols.md` A describes it."""

from collections.abc import AsyncGenerator, Hashable, Mapping
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from itertools import count
from typing import ClassVar, override

from . import inline, values, wire
from .abilities import TimedSpeech, Timestamps
from .asyncflow_answers import coded, not_sound, parsed, refused, without_sentinel
from .asyncflow_catalogue import LANGUAGES, VERSION, AsyncFlowCatalogue
from .asyncflow_words import timed_words
from .base import (
    AccountInfo,
    AudioFormat,
    Charge,
    Connection,
    Encoding,
    Formats,
    Limits,
    Model,
    NumberSetting,
    Transport,
    Voice,
)
from .sound import sound_of
from .websocket import Frame, Socket, SocketConnection
from .wire import Patience

MAX_CHARACTERS = 2000
"""Our own limit: the service documents none (D)."""
KEEP_ALIVE_SECONDS = 10.0
"""What clients do; the service closes a socket after 60 silent seconds (A3)."""
PCM_RATES = (24000, 8000, 16000, 22050, 32000, 44100, 48000)
"""Any rate from 8 to 48 kHz may be asked for; these are the ones that players have."""
MP3 = AudioFormat(encoding=Encoding.MP3, sample_rate=44100, bit_rate=128000)

_PATHS = {Transport.STREAM: "/text_to_speech/streaming", Transport.BODY: "/text_to_speech"}
_SOCKET_PATH = "/text_to_speech/websocket/ws"
_TIMED_PATH = "/text_to_speech/with_timestamps"


class AsyncFlow(AsyncFlowCatalogue, Timestamps):
    """An account at AsyncFlow."""

    key: ClassVar[str] = "asyncflow"
    name: ClassVar[str] = "AsyncFlow"
    default_base_url: ClassVar[str] = "https://api.async.com"
    transports: ClassVar[tuple[Transport, ...]] = (Transport.WEBSOCKET, Transport.STREAM, Transport.BODY)
    limits: ClassVar[Limits] = Limits()
    """None are published; 5 at once and 120 a minute are examples of what a refusal says (A4), and then learnt from it."""
    models: ClassVar[tuple[Model, ...]] = (
        Model(
            model_id="async_flash_v1.0",
            name="Flash 1.0",
            languages=LANGUAGES,
            detects_language=True,
            settings=(
                NumberSetting(key="speed", minimum=0.7, maximum=2.0, step=0.05, default=1.0),
                NumberSetting(key="stability", minimum=0, maximum=100, step=1, default=50),
            ),
        ),
        Model(
            model_id="async_flash_v1.5",
            name="Flash 1.5",
            languages=("en", "es", "fr", "de", "it", "pt"),
            detects_language=True,
        ),
        Model(model_id="async_pro_v1.0", name="Pro 1.0", languages=("en",), detects_language=True),
    )
    retired_models: ClassVar[Mapping[str, str]] = {
        "asyncflow_v2.0": "async_flash_v1.5",
        "asyncflow_multilingual_v1.0": "async_flash_v1.0",
        "asyncflow_multilingual_v1.0.0": "async_flash_v1.0",
    }
    timed_models: ClassVar[frozenset[str]] = frozenset({"async_flash_v1.0"})
    """What the page of models says (A6); the others have only the endpoints that stream (A9)."""

    @override
    async def verify(self) -> AccountInfo:
        """Ask for one voice, which is free (D)."""
        await self._page({"limit": 1})
        return AccountInfo(account_id=values.account_id(self.credentials.key))

    @override
    def formats(self, voice: Voice) -> Formats:
        """Return the rates that players have; every model has them all."""
        return Formats(pcm_rates=PCM_RATES, mp3=MP3)

    @override
    def max_characters(self, voice: Voice) -> int:
        """Return our own limit."""
        return MAX_CHARACTERS

    @override
    def render(self, text: str) -> str:
        """Return a text with the tags of A10."""
        return inline.translated(
            text,
            phonemes=lambda ipa, _alternative: f"<phonemes>{ipa}</phonemes>",
            digits=lambda number: f"<digits>{number}</digits>",
            pause=lambda milliseconds: f"<break time='{milliseconds}ms'/>",
        )

    @override
    def price(self, voice: Voice, text: str) -> Charge:
        """Return one request, its characters for information: paid for is the length of the sound that comes (A5)."""
        return Charge(requests=1, characters=len(text))

    @override
    async def connect(self, transport: Transport, *, ahead: bool = False) -> Connection:
        """Open a WebSocket, or, ahead of the text, a socket for HTTP by asking whether the service is there."""
        if transport is Transport.WEBSOCKET:
            return AsyncFlowConnection(self, await self.dial())
        if ahead:
            patience = Patience(self.timeouts)
            async with self.exchange("GET", "/", patience) as response:
                await wire.read(response, patience, limit=wire.MAX_JSON_BYTES)
        path = _PATHS[transport]
        return wire.HttpConnection(partial(self._speak, path))

    @override
    async def speak_with_timestamps(self, voice: Voice, audio_format: AudioFormat, text: str) -> TimedSpeech:
        """Ask for sound and words in one answer (A6); a model that cannot is replaced by the first one that can."""
        patience = Patience(wire.for_whole_body(self.timeouts, len(text)))
        body = {**self.request(self._timed(voice), audio_format), "transcript": text}
        async with self.exchange("POST", _TIMED_PATH, patience, body=body) as response:
            if not wire.is_json(response):
                raise not_sound(await wire.refusal_of(response, patience))
            answer = await wire.read_sound_json(response, patience, parsed)
        if (error := coded(answer)) is not None:
            raise error
        source = without_sentinel(values.decoded(answer.get("audio_base64")))
        async with aclosing(sound_of(source, audio_format, text, patience)) as sound:
            audio = b"".join([piece async for piece in sound])
        return TimedSpeech(audio=audio, words=timed_words(answer))

    async def dial(self) -> Socket:
        """Open a WebSocket; the key travels in its address, which therefore is never shown (A1)."""
        return await Socket.open(
            self.session,
            self.base_url + _SOCKET_PATH,
            params={"api_key": values.header_secret(self.credentials.key), "version": VERSION},
            timeouts=self.timeouts,
            refused=refused,
            harmless=lambda frame: coded(frame) is None,
            parse=parsed,
        )

    def request(self, voice: Voice, audio_format: AudioFormat) -> dict[str, object]:
        """Return what every request says but the text: the fields of A2, only those that the model has."""
        options = voice.options
        known = {setting.key for setting in self.model(voice.model).settings}
        fields: dict[str, object] = {
            "model_id": voice.model,
            "voice": {"mode": "id", "id": voice.voice_id},
            "output_format": _output_format(audio_format),
        }
        if voice.language is not None:
            fields["language"] = voice.language
        if "speed" in known & options.keys():
            fields["speed_control"] = options["speed"]
        if "stability" in known & options.keys():
            fields["stability"] = round(float(options["stability"]))
        return fields

    def _timed(self, voice: Voice) -> Voice:
        """Return a voice with a model that knows when words are said."""
        if voice.model in self.timed_models:
            return voice
        model = next(model for model in self.models if model.model_id in self.timed_models)
        return replace(voice, model=model.model_id)

    async def _speak(
        self, path: str, voice: Voice, audio_format: AudioFormat, text: str, sent: wire.Sent
    ) -> AsyncGenerator[bytes]:
        """Make a request over HTTP and yield its sound."""
        whole = path == _PATHS[Transport.BODY]
        patience = Patience(wire.for_whole_body(self.timeouts, len(text)) if whole else self.timeouts)
        body = {**self.request(voice, audio_format), "transcript": text}
        async with self.exchange("POST", path, patience, body=body, sent=sent) as response:
            if not wire.is_audio(response):
                raise not_sound(await wire.refusal_of(response, patience))
            source = without_sentinel(wire.pieces(response, patience))
            async with aclosing(sound_of(source, audio_format, text, patience)) as sound:
                async for piece in sound:
                    yield piece


class AsyncFlowConnection(SocketConnection):
    """A WebSocket on which every request is a context of its own (A3).

    The first frame binds the socket to model, voice and format. A second such frame is not documented, so that another
    voice gets another socket.
    """

    def __init__(self, provider: AsyncFlow, socket: Socket) -> None:
        """Take over an open socket on which nothing was said yet."""
        super().__init__(socket, None, provider.timeouts)
        self._provider = provider
        self._contexts = map(str, count(1))
        self._context = ""
        self._initialised: Socket | None = None

    @property
    @override
    def keep_alive_interval(self) -> float | None:
        """Return what clients do."""
        return KEEP_ALIVE_SECONDS

    @override
    def _binding(self, voice: Voice, audio_format: AudioFormat) -> Hashable:
        return voice, audio_format

    @override
    async def _dial(self, binding: Hashable) -> Socket:
        return await self._provider.dial()

    @override
    async def _answer(
        self, voice: Voice, audio_format: AudioFormat, text: str, patience: Patience
    ) -> AsyncGenerator[bytes]:
        self._context = next(self._contexts)
        frames: list[Frame] = [
            {"transcript": f"{text} ", "context_id": self._context, "force": True},
            {"transcript": "", "context_id": self._context, "close_context": True},
        ]
        if self._initialised is not self._socket:
            frames.insert(0, self._provider.request(voice, audio_format))
            self._initialised = self._socket
        source = without_sentinel(self._pieces(frames, patience))
        async with aclosing(sound_of(source, audio_format, text, patience)) as sound:
            async for piece in sound:
                yield piece

    @override
    def _read(self, frame: Frame, patience: Patience) -> tuple[bytes, bool]:
        """Read a frame; those of the service of 2025 name no context."""
        error = coded(frame)
        if error is not None:
            raise patience.exhausted(error.code) if error.code == "TIMEOUT" else error
        if frame.get("context_id") not in (None, self._context):
            return b"", False
        audio = frame.get("audio")
        return values.decode_audio(audio) if audio else b"", frame.get("final") is True

    @override
    def _idle_frame(self) -> Frame | None:
        """Return a blank text, which the service may hear only after the first frame of a socket."""
        return {"transcript": " "} if self._initialised is self._socket else None


def _output_format(audio_format: AudioFormat) -> dict[str, object]:
    """Return how a format is asked for."""
    if audio_format.encoding is Encoding.PCM:
        return {"container": "raw", "encoding": audio_format.encoding.value, "sample_rate": audio_format.sample_rate}
    fields: dict[str, object] = {"container": "mp3", "sample_rate": audio_format.sample_rate}
    return fields if audio_format.bit_rate is None else {**fields, "bit_rate": audio_format.bit_rate}
