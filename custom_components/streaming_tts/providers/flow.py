"""Flow TTS by Tencent, at the portal or at the backend it was open-sourced with (`protocols.md` C, provider page 003).

The two differ in the bodies they take and give, and which of them answers is not known before: every request is
readable to both (`flow_requests.py`) and every answer is read by what is in it (`flow_sound.py`, `flow_answers.py`).
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime
from typing import override

import aiohttp

from .base import (
    AccountInfo,
    AudioFormat,
    Charge,
    Connection,
    Credentials,
    Encoding,
    Failure,
    Formats,
    Limits,
    Observer,
    Provider,
    ProviderError,
    Quota,
    QuotaSource,
    Timeouts,
    Transport,
    Voice,
    VoiceInfo,
)
from .flow_answers import quota_in
from .flow_http import Answer, Ask, FlowHttp, is_unknown_path
from .flow_requests import MAX_CHARACTERS, MODELS, length, speech_body
from .flow_sound import SAMPLE_RATE, EventSound, samples_in, sound_in_body
from .flow_voices import cloned_voices, library_voices
from .sound import is_audible
from .sse import EventParser
from .wire import (
    MAX_AUDIO_JSON_BYTES,
    Patience,
    account_id,
    exchange,
    for_whole_body,
    is_audio,
    is_json,
    parse_object,
    pieces,
    read_json,
    text as text_of,
)

COST = Charge(points=1, requests=1)
"""What a request to speak costs, whole or streamed, long or short, and also when it fails once it is admitted."""

_STREAM_PATH = "/api/tts/synthesize-stream"
_BODY_PATH = "/api/tts/synthesize"
_VOICES_PATH = "/api/tts/voices?includeExtended=true"
_OWN_VOICES_PATH = "/api/voice/list"
_QUOTA_PATH = "/api/user/quota"
_CONFIG_PATH = "/api/config"
_HEALTH_PATH = "/health"

_TRAILER_SECONDS = 0.5
"""How long is waited, behind the last sound, for what some deployments send there: the quota."""


class FlowTTS(Provider, QuotaSource):
    """An account at Flow TTS: an access token that lives an hour, and what renews it."""

    key = "flow_tts"
    name = "Flow TTS"
    default_base_url = "https://api.realtime-ai.chat"
    models = MODELS
    transports = (Transport.STREAM, Transport.BODY)
    limits = Limits(per_minute=60)
    body_tells_quota = True
    tells_rate = True
    charges_failures = True
    names_account = True
    health_path = _HEALTH_PATH

    def __init__(
        self,
        session: aiohttp.ClientSession,
        credentials: Credentials,
        *,
        base_url: str | None = None,
        observer: Observer | None = None,
        timeouts: Timeouts | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Bind the account to a session that is not ours to close."""
        super().__init__(session, credentials, base_url=base_url, observer=observer, timeouts=timeouts, now=now)
        self.http = FlowHttp(self)

    @override
    async def verify(self) -> AccountInfo:
        """Prove the token by what is free and asks for one; where a deployment has none of it, by what it says.

        Credentials that can be renewed have no known end. Renewing may replace `credentials` meanwhile: whoever stores
        them takes them from here. Raises `ProviderError`.
        """
        tokens = self.http.tokens
        if tokens.expired and not tokens.renewable:
            raise ProviderError(Failure.AUTH, code="token_expired")
        await tokens.fresh()
        proven = await self.http.get(_QUOTA_PATH) is not None or await self.http.get(_OWN_VOICES_PATH) is not None
        claims = tokens.claims
        if not proven and claims.subject is None:
            raise ProviderError(Failure.AUTH, code="malformed_token")
        return AccountInfo(
            account_id=account_id(f"{self.key}:{claims.subject or self.credentials.key}"),
            expires_at=None if tokens.renewable else claims.expires_at,
        )

    @override
    async def voices(self) -> list[VoiceInfo]:
        """Return the account's cloned voices, where this deployment lists them, and the library."""
        library = library_voices(await self.http.open(_VOICES_PATH), self.base_url)
        own = await self.http.get(_OWN_VOICES_PATH)
        models = tuple(model.model_id for model in self.models)
        return library if own is None else [*cloned_voices(own, models), *library]

    @override
    def formats(self, voice: Voice) -> Formats:
        """Return the one rate that every deployment speaks at on every path; none documents mp3 for all."""
        return Formats(pcm_rates=(SAMPLE_RATE,))

    @override
    def max_characters(self, voice: Voice) -> int:
        """Return the limit of the provider page."""
        return MAX_CHARACTERS

    @override
    def length(self, text: str) -> int:
        """Return the length in UTF-16 code units."""
        return length(text)

    @override
    def price(self, voice: Voice, text: str) -> Charge:
        """Return one point, however long the text is; its characters are counted for information."""
        return COST + Charge(characters=length(text))

    @override
    async def quota(self) -> Quota | None:
        """Return what is left of the day, where this deployment tells it when it is asked (C2)."""
        content = await self.http.get(_QUOTA_PATH)
        return None if content is None else quota_in(content, self.now())

    @override
    async def connect(self, transport: Transport, *, ahead: bool = False) -> Connection:
        """Renew the token if it is about to end; ahead of a text, open a socket too by asking how the service is."""
        if transport not in self.transports:
            raise ValueError(f"Flow TTS has no {transport}")
        await self.http.tokens.current()
        if ahead:
            await self._touch()
        return (_StreamConnection if transport is Transport.STREAM else _BodyConnection)(self)

    async def _touch(self) -> None:
        """Leave an open socket in the session; raises UNREACHABLE, other failures are for the request to meet."""
        try:
            await self.http.open(_HEALTH_PATH)
        except ProviderError as error:
            if error.failure is Failure.UNREACHABLE:
                raise


class _FlowConnection(Connection):
    """A way to speak over HTTP: each request is whole in itself, the session keeps the sockets."""

    path: str
    container: str

    def __init__(self, provider: FlowTTS) -> None:
        """Speak for an account."""
        self._provider = provider
        self._closed = False

    @property
    @override
    def reusable(self) -> bool:
        """Tell that requests do not spoil each other."""
        return not self._closed

    @property
    @override
    def keep_alive_interval(self) -> float | None:
        """Return None: an idle socket of the session is replaced when it is needed."""
        return None

    @override
    async def keep_alive(self) -> None:
        """Do nothing, as nothing is needed."""

    @override
    async def close(self) -> None:
        """Make no more requests."""
        self._closed = True

    def _ask(self, voice: Voice, audio_format: AudioFormat, text: str) -> Ask:
        """Return the request for a text; raises INPUT, free of charge, for what cannot be had."""
        provider = self._provider
        rates = provider.formats(voice).pcm_rates
        if audio_format.encoding is not Encoding.PCM or audio_format.sample_rate not in rates:
            raise ProviderError(Failure.INPUT, code="format", setting="format")
        body = speech_body(
            voice, provider.model(voice.model), text, container=self.container, sample_rate=audio_format.sample_rate
        )
        return Ask(method="POST", path=self.path, body=body, charge=COST, timeouts=provider.timeouts)


class _StreamConnection(_FlowConnection):
    """Speaks over server-sent events."""

    path = _STREAM_PATH
    container = "pcm"

    @override
    async def speak(self, voice: Voice, audio_format: AudioFormat, text: str) -> AsyncGenerator[bytes]:
        """Yield the sound of the events up to the one that ends them; an end without it is BROKEN."""
        async with self._provider.http.ask(self._ask(voice, audio_format, text)) as answer:
            if answer.response.content_type != "text/event-stream":
                raise ProviderError(Failure.BROKEN, code="content_type")
            sound = EventSound(audio_format.sample_rate)
            sounded = False
            async with aclosing(_events(answer)) as events:
                async for event in events:
                    self._provider.http.hear(event)
                    if samples := sound.take(event):
                        answer.patience.sounded()
                        sounded = True
                        yield samples
                    if sound.ended:
                        break
                if not sound.ended:
                    raise ProviderError(Failure.BROKEN, code="no_end")
                if not sounded and is_audible(text):
                    raise ProviderError(Failure.BROKEN, code="no_sound")
                await self._trailer(events)

    async def _trailer(self, events: AsyncGenerator[Mapping[str, object]]) -> None:
        """Hear what follows the sound: the quota of some deployments; the sound is whole, whatever happens here."""
        try:
            async with asyncio.timeout(_TRAILER_SECONDS):
                async for event in events:
                    self._provider.http.hear(event)
        except TimeoutError, ProviderError:
            return


class _BodyConnection(_FlowConnection):
    """Speaks by whole bodies, which tell the quota too."""

    path = _BODY_PATH
    container = "wav"

    @override
    async def speak(self, voice: Voice, audio_format: AudioFormat, text: str) -> AsyncGenerator[bytes]:
        """Yield the sound of a body in one piece."""
        ask = self._ask(voice, audio_format, text)
        ask = replace(ask, timeouts=for_whole_body(ask.timeouts, length(text)))
        async with self._provider.http.ask(ask) as answer:
            body = bytearray()
            async with aclosing(pieces(answer.response, answer.patience, limit=MAX_AUDIO_JSON_BYTES)) as source:
                async for piece in source:
                    answer.patience.sounded()
                    body += piece
            samples = self._sound(answer.response, bytes(body), audio_format.sample_rate)
            if samples:
                yield samples
            elif is_audible(text):
                raise ProviderError(Failure.BROKEN, code="no_sound")

    def _sound(self, response: aiohttp.ClientResponse, body: bytes, sample_rate: int) -> bytes:
        """Return the samples of a body: JSON, or sound as it is (the page's own example saves it as a file)."""
        if body.startswith(b"RIFF") or is_audio(response):
            kind = response.content_type.rpartition("/")[2] if is_audio(response) else "wav"
            return samples_in(body, sample_rate, kind=kind)
        if not is_json(response):
            raise ProviderError(Failure.BROKEN, code="content_type")
        content = parse_object(body)
        self._provider.http.hear(content)
        return sound_in_body(content, sample_rate)


async def fetch_public_key(
    session: aiohttp.ClientSession, base_url: str, timeouts: Timeouts | None = None
) -> str | None:
    """Return the key that the token service wants beside a refresh token, where the service tells it (C3, HEAD).

    Raises `ProviderError` where the service could not be asked.
    """
    patience = Patience(timeouts or Timeouts())
    try:
        async with exchange(session, "GET", base_url.rstrip("/") + _CONFIG_PATH, patience=patience) as response:
            content = await read_json(response, patience)
    except ProviderError as error:
        if is_unknown_path(error):
            return None
        raise
    return text_of(content.get("supabasePublishableKey")) or None


async def _events(answer: Answer) -> AsyncGenerator[Mapping[str, object]]:
    """Yield the events of a stream as objects; raises BROKEN for one that is none, and where the stream breaks off."""
    parser = EventParser()
    async with aclosing(pieces(answer.response, answer.patience, limit=MAX_AUDIO_JSON_BYTES)) as source:
        async for piece in source:
            for event in parser.feed(piece):
                yield parse_object(event)
    for event in parser.end():
        yield parse_object(event)
