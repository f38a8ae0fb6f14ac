"""Sarvam AI, as `protocols.md` B describes it."""

from collections.abc import AsyncGenerator, Hashable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, aclosing
from typing import ClassVar, override

import aiohttp

from . import sarvam_voices as speakers, wire
from .base import (
    AccountInfo,
    AudioFormat,
    Charge,
    ChoiceSetting,
    Connection,
    Encoding,
    Failure,
    FlagSetting,
    Formats,
    Gender,
    Limits,
    Model,
    NumberSetting,
    Provider,
    ProviderError,
    Transport,
    Voice,
    VoiceInfo,
)
from .sarvam_errors import refused, socket_error
from .sound import sound_of
from .websocket import Frame, Socket, SocketConnection
from .wire import Patience

V2 = "bulbul:v2"
V3 = "bulbul:v3"
V3_BETA = "bulbul:v3-beta"
V4_FLASH = "bulbul:v4-flash"

MAX_CHARACTERS = 2500
"""The smallest limit of the newer models: one WebSocket message and the whole-body endpoint; the stream has 3500."""
MAX_CHARACTERS_V2 = 1500
KEEP_ALIVE_SECONDS = 20.0
"""What clients do; the service closes a socket after 60 silent seconds (B4)."""
MIN_BUFFER_SIZE = 50
MAX_CHUNK_LENGTH = 150
"""The service's own defaults, said aloud, as a configuration without them was seen refused (B4)."""
PCM_RATES = (24000, 8000, 16000, 22050)
PCM_RATES_V2 = (22050, 8000, 16000, 24000)
"""What every transport has; the whole-body endpoint alone goes on to 48 kHz (B2, B4)."""
MP3_BIT_RATE = 128000

_WIRE_LANGUAGES = {"or-IN": "od-IN"}
"""BCP 47 tags that the service writes differently: its Odia is `od`, which is no language code."""
LANGUAGES = tuple(f"{code}-IN" for code in ("en", "hi", "bn", "gu", "kn", "ml", "mr", "or", "pa", "ta", "te"))

_STREAM_PATH = "/text-to-speech/stream"
_BODY_PATH = "/text-to-speech"
_KEY_CHECK_PATH = "/text-to-speech/pronunciation-dictionary"

_PACE = NumberSetting(key="pace", minimum=0.5, maximum=2.0, step=0.05, default=1.0)
_TEMPERATURE = NumberSetting(key="temperature", minimum=0.01, maximum=1.0, step=0.01, default=0.6)
_SAMPLE_RATE = ChoiceSetting(key="sample_rate", choices=tuple(map(str, sorted(PCM_RATES))), default="")
"""The rate that is spoken at where a player asks for none; left empty it is the model's own."""
_SETTINGS = (_PACE, _TEMPERATURE, _SAMPLE_RATE)
_V2_SETTINGS = (
    NumberSetting(key="pace", minimum=0.3, maximum=3.0, step=0.05, default=1.0),
    NumberSetting(key="pitch", minimum=-0.75, maximum=0.75, step=0.05, default=0.0),
    NumberSetting(key="loudness", minimum=0.3, maximum=3.0, step=0.1, default=1.0),
    FlagSetting(key="enable_preprocessing", default=False),
    _SAMPLE_RATE,
)


class Sarvam(Provider):
    """An account at Sarvam AI."""

    key: ClassVar[str] = "sarvam"
    name: ClassVar[str] = "Sarvam AI"
    default_base_url: ClassVar[str] = "https://api.sarvam.ai"
    health_path: ClassVar[str] = _KEY_CHECK_PATH
    transports: ClassVar[tuple[Transport, ...]] = (Transport.WEBSOCKET, Transport.STREAM, Transport.BODY)
    limits: ClassVar[Limits] = Limits(per_minute=60)
    models: ClassVar[tuple[Model, ...]] = (
        Model(model_id=V3, name="Bulbul v3", languages=LANGUAGES, settings=_SETTINGS),
        Model(model_id=V4_FLASH, name="Bulbul v4 Flash", languages=LANGUAGES, settings=_SETTINGS),
        Model(model_id=V3_BETA, name="Bulbul v3 beta", languages=LANGUAGES, settings=_SETTINGS),
        Model(model_id=V2, name="Bulbul v2", languages=LANGUAGES, settings=_V2_SETTINGS),
    )

    last_model: str = V3
    """The model that spoke last: a WebSocket that is opened ahead of the text is opened for it."""

    @override
    async def verify(self) -> AccountInfo:
        """Ask for the list of dictionaries, which is free (B1)."""
        await self._ask_freely()
        return AccountInfo(account_id=wire.account_id(self.credentials.key))

    @override
    async def voices(self) -> list[VoiceInfo]:
        """Return the fixed lists: there is no endpoint that lists the stock speakers (B7)."""
        return [
            *_speakers(speakers.V3_FEMALE, (V3, V3_BETA), Gender.FEMALE),
            *_speakers(speakers.V3_MALE, (V3, V3_BETA), Gender.MALE),
            *_speakers(speakers.V3_BETA, (V3_BETA,), None),
            *map(_persona, speakers.PERSONAS),
            *_speakers(speakers.V2_FEMALE, (V2,), Gender.FEMALE),
            *_speakers(speakers.V2_MALE, (V2,), Gender.MALE),
        ]

    @override
    def formats(self, voice: Voice) -> Formats:
        """Return the rates that every transport has, the one that the user chose first."""
        rates: tuple[int, ...] = PCM_RATES_V2 if voice.model == V2 else PCM_RATES
        chosen = voice.options.get(_SAMPLE_RATE.key)
        rates = tuple(sorted(rates, key=lambda rate: str(rate) != str(chosen)))
        mp3 = AudioFormat(encoding=Encoding.MP3, sample_rate=rates[0], bit_rate=MP3_BIT_RATE)
        return Formats(pcm_rates=rates, mp3=mp3)

    @override
    def max_characters(self, voice: Voice) -> int:
        """Return the limit of the model, the smallest of all transports."""
        return MAX_CHARACTERS_V2 if voice.model == V2 else MAX_CHARACTERS

    @override
    def price(self, voice: Voice, text: str) -> Charge:
        """Return the characters, which is what is paid for (B9)."""
        return Charge(requests=1, characters=len(text))

    @override
    async def connect(self, transport: Transport, *, ahead: bool = False) -> Connection:
        """Open a WebSocket, or, ahead of the text, a socket for HTTP by the free request."""
        if transport is Transport.WEBSOCKET:
            model = self.last_model
            return SarvamConnection(self, await self.dial(model), model)
        if ahead:
            await self._ask_freely()
        return wire.HttpConnection(self._stream if transport is Transport.STREAM else self._whole)

    async def dial(self, model: str) -> Socket:
        """Open a WebSocket for a model, which stands in its address (B4)."""
        return await Socket.open(
            self.session,
            f"{self.base_url}/text-to-speech/ws{'/v2' if model == V4_FLASH else ''}",
            params={"model": model, "send_completion_event": "true"},
            headers=self._headers(),
            timeouts=self.timeouts,
            refused=refused,
            harmless=lambda frame: frame.get("type") not in ("audio", "error", "event"),
        )

    def request(self, voice: Voice, audio_format: AudioFormat) -> dict[str, object]:
        """Return what every request says but text and model: the fields of B2, only those that the model has."""
        known = {setting.key for setting in self.model(voice.model).settings} - {_SAMPLE_RATE.key}
        pcm = audio_format.encoding is Encoding.PCM
        fields: dict[str, object] = {
            "speaker": voice.voice_id,
            "speech_sample_rate": audio_format.sample_rate,
            "output_audio_codec": "linear16" if pcm else "mp3",
            **{key: value for key, value in voice.settings if key in known},
        }
        if voice.language is not None:
            fields["target_language_code"] = _WIRE_LANGUAGES.get(voice.language, voice.language)
        return fields

    async def _stream(self, voice: Voice, audio_format: AudioFormat, text: str) -> AsyncGenerator[bytes]:
        """Make a request of B3 and yield its sound."""
        patience = Patience(self.timeouts)
        body = {**self.request(voice, audio_format), **bit_rate(audio_format), "model": voice.model, "text": text}
        async with self._exchange("POST", _STREAM_PATH, patience, body) as response:
            if not wire.is_audio(response):
                raise ProviderError(Failure.BROKEN, code="content_type")
            source = wire.pieces(response, patience)
            async with aclosing(sound_of(source, audio_format, text, patience)) as sound:
                async for piece in sound:
                    yield piece

    async def _whole(self, voice: Voice, audio_format: AudioFormat, text: str) -> AsyncGenerator[bytes]:
        """Make a request of B2 and yield its sound, which comes as base64 in JSON: one text, one sound."""
        patience = Patience(wire.for_whole_body(self.timeouts, len(text)))
        body = {**self.request(voice, audio_format), "model": voice.model, "text": text}
        async with self._exchange("POST", _BODY_PATH, patience, body) as response:
            answer = await wire.read_sound_json(response, patience)
        async with aclosing(sound_of(_only_audio(answer), audio_format, text, patience)) as sound:
            async for piece in sound:
                yield piece

    async def _ask_freely(self) -> None:
        """Make the request that proves a key and costs nothing."""
        patience = Patience(self.timeouts)
        async with self._exchange("GET", _KEY_CHECK_PATH, patience) as response:
            await wire.read_json(response, patience)

    def _headers(self) -> dict[str, str]:
        """Return what proves the account (B1)."""
        return {"api-subscription-key": wire.header_secret(self.credentials.key)}

    def _exchange(
        self, method: str, path: str, patience: Patience, body: object = None
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        """Make a keyed request."""
        return wire.exchange(
            self.session,
            method,
            self.base_url + path,
            patience=patience,
            refused=refused,
            headers=self._headers(),
            body=body,
        )


class SarvamConnection(SocketConnection):
    """A WebSocket on which every request is a cycle of text, flush and final event (B4).

    The model stands in the address of the socket, so that another model gets another socket; another voice or format
    is a new configuration on the same one.
    """

    def __init__(self, provider: Sarvam, socket: Socket, model: str) -> None:
        """Take over an open socket of a model."""
        super().__init__(socket, model, provider.timeouts)
        self._provider = provider
        self._configured: tuple[Socket, Voice, AudioFormat] | None = None

    @property
    @override
    def keep_alive_interval(self) -> float | None:
        """Return what clients do."""
        return KEEP_ALIVE_SECONDS

    @override
    def _binding(self, voice: Voice, audio_format: AudioFormat) -> Hashable:
        return voice.model

    @override
    async def _dial(self, binding: Hashable) -> Socket:
        return await self._provider.dial(str(binding))

    @override
    async def _answer(
        self, voice: Voice, audio_format: AudioFormat, text: str, patience: Patience
    ) -> AsyncGenerator[bytes]:
        self._provider.last_model = voice.model
        frames: list[Frame] = [{"type": "text", "data": {"text": text}}, {"type": "flush"}]
        configuration = (self._socket, voice, audio_format)
        if self._configured != configuration:
            frames.insert(0, {"type": "config", "data": self._config(voice, audio_format)})
            self._configured = configuration
        source = self._pieces(frames, patience)
        async with aclosing(sound_of(source, audio_format, text, patience)) as sound:
            async for piece in sound:
                yield piece

    def _config(self, voice: Voice, audio_format: AudioFormat) -> Frame:
        """Return how the socket is to speak."""
        return {
            **self._provider.request(voice, audio_format),
            **bit_rate(audio_format),
            "min_buffer_size": MIN_BUFFER_SIZE,
            "max_chunk_length": MAX_CHUNK_LENGTH,
        }

    @override
    def _read(self, frame: Frame, patience: Patience) -> tuple[bytes, bool]:
        """Read a frame; what it is not known to be is passed over."""
        data = wire.mapping(frame.get("data"))
        kind = frame.get("type")
        if kind == "error":
            raise socket_error(data)
        if kind == "audio":
            return wire.decode_audio(data.get("audio")), False
        return b"", kind == "event" and data.get("event_type") == "final"

    @override
    def _idle_frame(self) -> Frame | None:
        """Return the ping of the service's own protocol; a WebSocket's does not keep it awake."""
        return {"type": "ping"}


def bit_rate(audio_format: AudioFormat) -> dict[str, object]:
    """Return the field that asks for a bit rate, where there is one to ask for."""
    if audio_format.encoding is Encoding.PCM or audio_format.bit_rate is None:
        return {}
    return {"output_audio_bitrate": f"{audio_format.bit_rate // 1000}k"}


async def _only_audio(answer: Mapping[str, object]) -> AsyncGenerator[bytes]:
    """Yield the sound of a whole-body answer."""
    match answer.get("audios"):
        case [audio]:
            yield wire.decode_audio(audio)
        case _:
            raise ProviderError(Failure.BROKEN, code="audios")


def _speakers(names: Iterable[str], models: tuple[str, ...], gender: Gender | None) -> list[VoiceInfo]:
    """Return speakers, each of whom speaks all languages (B8)."""
    return [VoiceInfo(voice_id=name, name=name.title(), models=models, gender=gender) for name in names]


def _persona(voice_id: str) -> VoiceInfo:
    """Return a speaker of v4-flash, whose id says name, language and style."""
    name, language, style = voice_id.split("_", 2)
    languages = tuple(f"{language[at : at + 2]}-IN" for at in range(0, len(language), 2))
    mixed = ("English and Hindi mixed",) if len(languages) > 1 else ()
    return VoiceInfo(
        voice_id=voice_id,
        name=name.title(),
        languages=languages,
        models=(V4_FLASH,),
        styles=(style.replace("_", " "), *mixed),
    )
