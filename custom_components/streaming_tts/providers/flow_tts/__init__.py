"""Flow TTS by Tencent, at the portal or at the open-sourced backend (docs/dev/protocols.md C).

Their request and response bodies differ, and it's unknown in advance which of them answers: each request is valid for
both, and each response is parsed by its content.

The audio format in a response is trusted: a WAV header, `format`, `sampleRate`, and `duration`. Audio in another format
than requested raises BROKEN, because it would be played as noise or too fast.
"""

from collections.abc import AsyncGenerator, Mapping
from typing import ClassVar, override

import aiohttp

from ...audio.pcm import SAMPLE_BYTES
from ..capabilities import SessionRenewal
from ..provider import QuotaSource, setting_value
from ..session import is_token, parse_session, read_claims
from ..transport.audio_stream import OTHER_MAGIC, WavStream, is_audible
from ..transport.http import Answer, exchange, for_whole_body
from ..transport.json_values import account_id, decode_audio, identifier, mapping, parse_object
from ..transport.sse import event_audio
from ..transport.trace import BODY, RequestTrace
from ..types import (
    AccountInfo,
    AudioFormat,
    BillingUnit,
    Charge,
    ChoiceSetting,
    CredentialField,
    Credentials,
    Failure,
    Limits,
    Model,
    NumberSetting,
    ProviderError,
    Quota,
    Timeouts,
    Transport,
    Voice,
)
from ..wire_format import WireFormat
from .client import Ask, TokenLife, Work, is_unknown_path, refresh
from .errors import event_error, quota_in
from .voices import (
    DEFAULT_VOICES,
    EX_LANGUAGES,
    LANGUAGES,
    OWN_VOICES_PATH,
    TURBO_LANGUAGES,
    FlowCatalogue,
    wire_language,
)

_QUOTA_PATH = "/api/user/quota"
_CONFIG_PATH = "/api/config"
_HEALTH_PATH = "/health"
_STREAM_PATH = "/api/tts/synthesize-stream"
_BODY_PATH = "/api/tts/synthesize"

MAX_CHARACTERS = 5000
"""The longest text of a request (page 003), in units of `length`."""

_NUMBERS = (
    NumberSetting(key="speed", minimum=0.5, maximum=2.0, step=0.05, default=1.0),
    NumberSetting(key="volume", minimum=0.1, maximum=10.0, step=0.1, default=1.0, is_volume=True),
    NumberSetting(key="pitch", minimum=-12, maximum=12, step=1, default=0),
)
_EMOTIONS = ("happy", "sad", "angry", "fearful", "disgusted", "surprised", "calm", "fluent", "whisper")
_EMOTION = ChoiceSetting(key="emotion", choices=_EMOTIONS, default="")

MODELS = (
    Model(model_id="flow_01_turbo", name="Flow 01 Turbo", languages=LANGUAGES, settings=_NUMBERS),
    Model(model_id="flow_02_turbo", name="Flow 02 Turbo", languages=TURBO_LANGUAGES, settings=_NUMBERS),
    Model(model_id="flow_01_ex", name="Flow 01 Ex", languages=EX_LANGUAGES, settings=(*_NUMBERS, _EMOTION)),
)


def length(text: str) -> int:
    """Return the length of a text as the service counts it, in UTF-16 code units.

    The service is a JavaScript server (docs/dev/protocols.md C2). No other usual count is longer, so that a text that
    fits by this one fits by any.
    """
    return len(text.encode("utf-16-le", errors="surrogatepass")) // 2


SAMPLE_RATE = 24000
"""The sample rate of the service in Hz, also if a response doesn't contain it (docs/dev/protocols.md C2)."""

_PCM_FORMATS = ("", "wav", "pcm", "raw", "pcm_s16le", "l16", "x-wav", "wave", "vnd.wave", "octet-stream")
_CUT_SHORT = 1.25
_OTHER_UNIT = 100


def sound_in_body(content: Mapping[str, object], sample_rate: int) -> bytes:
    """Return the samples in a body: below `data` (portal) or next to `code` (backend), WAV or headerless PCM.

    Raises `ProviderError`, BROKEN if the audio isn't as requested, or shorter than the body says.
    """
    data = mapping(content.get("data")) or content
    if (error := event_error(content)) is not None:
        raise error
    code = content.get("code")
    if code not in (None, "success"):
        raise ProviderError(Failure.BROKEN, code=identifier(code))
    if data.get("audio") is None:
        raise ProviderError(Failure.BROKEN, code="no_sound")
    reported = data.get("sampleRate")
    samples = samples_in(
        decode_audio(data.get("audio")),
        sample_rate,
        kind=data.get("format") or data.get("audioFormat") or "",
        reported_rate=SAMPLE_RATE if reported is None else reported,
    )
    _check_duration(data.get("duration"), len(samples) / SAMPLE_BYTES / sample_rate)
    return samples


def samples_in(sound: bytes, sample_rate: int, *, kind: object, reported_rate: object = SAMPLE_RATE) -> bytes:
    """Return the samples of audio by its type (`wav`, `pcm`) and content; raises BROKEN for others.

    `reported_rate` is the reported rate of headerless audio, in Hz.
    """
    if not isinstance(kind, str) or kind.lower() not in _PCM_FORMATS or sound.startswith(OTHER_MAGIC):
        raise ProviderError(Failure.BROKEN, code="format")
    if sound.startswith(b"RIFF"):
        wav = WavStream()
        samples = wav.feed(sound)
        if not wav.whole:
            raise ProviderError(Failure.BROKEN, code="truncated")
        reported_rate = wav.sample_rate
    else:
        samples = sound
    if reported_rate != sample_rate:
        raise ProviderError(Failure.BROKEN, code="sample_rate")
    if len(samples) % SAMPLE_BYTES:
        raise ProviderError(Failure.BROKEN, code="truncated")
    return samples


def _check_duration(reported: object, seconds: float) -> None:
    """Raise BROKEN if audio is clearly shorter than reported.

    The unit of `duration` is only known from one example: a number that can't be seconds is ignored.
    """
    if isinstance(reported, bool) or not isinstance(reported, int | float):
        return
    if seconds * _CUT_SHORT < reported < seconds * _OTHER_UNIT:
        raise ProviderError(Failure.BROKEN, code="truncated")


class FlowTTS(FlowCatalogue, QuotaSource, SessionRenewal):
    """An account at Flow TTS: an access token that expires in an hour, and the means to renew it."""

    key = "flow_tts"
    name = "Flow TTS"
    company = "Tencent"
    portal_url = "https://app.realtime-ai.chat"
    credential_kind = "session"
    credential_fields = (CredentialField(key="session"),)
    form_placeholders: ClassVar[Mapping[str, str]] = {
        "session_code": "JSON.stringify(window.SupabaseAuthInject.getSession())"
    }
    billing_unit = BillingUnit.POINTS
    default_base_url = "https://api.realtime-ai.chat"
    models: tuple[Model, ...] = MODELS
    default_voices = DEFAULT_VOICES
    wire_format = WireFormat.beside(__file__)
    transports = (Transport.STREAM, Transport.BODY)
    pcm_rates = (SAMPLE_RATE,)
    most_characters = MAX_CHARACTERS
    limits = Limits(per_minute=60)
    tells_rate = True
    charges_failures = True
    length = staticmethod(length)
    names_account = True
    health_path = _HEALTH_PATH

    @override
    @classmethod
    def read_credentials(cls, answers: Mapping[str, str]) -> Credentials:
        """Return a portal session, or an access token alone, which can't be renewed."""
        return parse_session(answers["session"])

    @override
    @classmethod
    def answers_of(cls, credentials: Credentials) -> Mapping[str, str]:
        """Return nothing: a session can only be used in one place."""
        return {}

    @override
    @classmethod
    async def public_key(cls, session: aiohttp.ClientSession, base_url: str) -> str | None:
        """Request the public key, which the open-sourced backend provides (docs/dev/protocols.md C3)."""
        try:
            async with exchange(session, "GET", base_url.rstrip("/") + _CONFIG_PATH, Timeouts()) as answer:
                content = await answer.json()
        except ProviderError as error:
            if is_unknown_path(error):
                return None
            raise
        key = content.get("supabasePublishableKey")
        return key if isinstance(key, str) and is_token(key) else None

    @override
    @classmethod
    async def renewed(cls, session: aiohttp.ClientSession, credentials: Credentials) -> Credentials:
        """Return the next session."""
        return await refresh(session, credentials, Timeouts())

    @override
    async def verify(self) -> AccountInfo:
        """Check the token with a free request, or by its content if a deployment has none.

        Credentials that can be renewed have no known expiry. A renewal may replace `credentials` meanwhile, so store
        those of this object afterwards. Raises `ProviderError`.
        """
        tokens = self.http.tokens
        if tokens.life is TokenLife.EXPIRED and not tokens.renewable:
            raise ProviderError(Failure.AUTH, code="token_expired")
        await tokens.fresh()
        proven = await self.http.get(_QUOTA_PATH) is not None or await self.http.get(OWN_VOICES_PATH) is not None
        claims = read_claims(self.credentials.key)
        if not proven and claims.subject is None:
            raise ProviderError(Failure.AUTH, code="malformed_token")
        return AccountInfo(
            account_id=account_id(f"{self.key}:{claims.subject or self.credentials.key}"),
            expires_at=None if tokens.renewable else claims.expires_at,
        )

    @override
    def price(self, voice: Voice, text: str) -> Charge:
        """Return the learned price, which is independent of the length; characters are counted for information."""
        return self.http.prices.of(Work.SPEECH) + Charge(characters=length(text))

    @override
    async def quota(self) -> Quota | None:
        """Return the quota left today, or None if this deployment has no endpoint for it (docs/dev/protocols.md C2)."""
        content = await self.http.get(_QUOTA_PATH)
        return None if content is None else quota_in(content, self.now())

    @override
    def speak(
        self, voice: Voice, audio_format: AudioFormat, text: str, trace: RequestTrace, *, whole: bool = False
    ) -> AsyncGenerator[bytes]:
        """Yield the audio of one text, over server-sent events or as a REST response."""
        if whole:
            return self._whole(voice, audio_format, text, trace)
        streamed = self.http.ask(self._ask(voice, audio_format, text, trace, whole=False))
        return event_audio(streamed, audio_format, text, trace, parse_error=event_error, hear=self.http.hear)

    @override
    async def touch(self) -> None:
        """Renew the token if it's about to expire, and check that the service is reachable."""
        await self.http.tokens.current()
        await super().touch()

    async def _whole(
        self, voice: Voice, audio_format: AudioFormat, text: str, trace: RequestTrace
    ) -> AsyncGenerator[bytes]:
        """Yield the audio of a body as one chunk."""
        async with self.http.ask(self._ask(voice, audio_format, text, trace, whole=True)) as answer:
            samples = self._sound(answer, await answer.read_sound(), audio_format.sample_rate, trace)
            if samples:
                yield samples
            elif is_audible(text):
                raise ProviderError(Failure.BROKEN, code="no_sound")

    def _ask(self, voice: Voice, audio_format: AudioFormat, text: str, trace: RequestTrace, *, whole: bool) -> Ask:
        """Return the request for a text, valid for both contracts.

        The portal reads `ttsConfig` (docs/dev/protocols.md C1), the open-sourced backend the flat fields
        (docs/dev/protocols.md C2). Both ignore unknown fields, and which of them answers is known only after a request
        has been charged. Only the backend has `format` and `sampleRate`. Raises INPUT before sending for values that
        the service would refuse or silently change, and charge.
        """
        if audio_format.sample_rate not in self.pcm_rates:
            raise ProviderError(Failure.INPUT, code="format", setting="format")
        if not text.strip() or length(text) > MAX_CHARACTERS:
            raise ProviderError(Failure.INPUT, code="text_length", setting="text")
        settings = {each.key: setting_value(each, voice.options) for each in self.model(voice.model).settings}
        language = {} if voice.language is None else {"language": wire_language(voice.language)}
        # The page capitalizes its fields. Emotions aren't among them, as only the backend supports them.
        config = {key.capitalize(): value for key, value in {**settings, **language}.items() if key != "emotion"}
        body = {
            "text": text,
            "ttsConfig": {"TTSType": "flow", "VoiceId": voice.voice_id, "Model": voice.model, **config},
            "voiceId": voice.voice_id,
            "model": voice.model,
            **language,
            "format": "wav" if whole else "pcm",
            "sampleRate": audio_format.sample_rate,
            **{key: value for key, value in settings.items() if value != ""},
        }
        path = _BODY_PATH if whole else _STREAM_PATH
        timeouts = for_whole_body(self.timeouts, length(text)) if whole else self.timeouts
        return Ask(method="POST", path=path, body=body, work=Work.SPEECH, timeouts=timeouts, trace=trace)

    def _sound(self, answer: Answer, body: bytes, sample_rate: int, trace: RequestTrace) -> bytes:
        """Return the samples of a body: JSON, or an audio file (the page's example saves it as a file)."""
        if body.startswith(b"RIFF") or answer.is_audio:
            kind = answer.response.content_type.rpartition("/")[2] if answer.is_audio else "wav"
            return samples_in(body, sample_rate, kind=kind)
        if not answer.is_json:
            raise ProviderError(Failure.BROKEN, code="content_type")
        content = parse_object(body)
        trace.received(BODY, content)
        self.http.hear(content)
        return sound_in_body(content, sample_rate)
