"""Flow TTS by Tencent Cloud's own API, with a key that lasts (docs/dev/protocols.md E)."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from functools import partial
import re
from typing import ClassVar, override

from ..session import is_token
from ..transport.audio_events import CONTENT_TYPE, EventStream
from ..transport.audio_stream import SpeechStream
from ..transport.http import MAX_AUDIO_JSON_BYTES, for_whole_body, pieces
from ..transport.json_values import account_id, decode_audio
from ..transport.trace import MESSAGE, RequestTrace
from ..types import (
    AccountInfo,
    AudioFormat,
    BillingUnit,
    Charge,
    CredentialError,
    CredentialField,
    Credentials,
    Encoding,
    Failure,
    Formats,
    Limits,
    ProviderError,
    Transport,
    Voice,
)
from ..wire_format import WireFormat
from .client import Action, CredentialKey, site_of
from .clones import TencentCatalogue
from .errors import error_in
from .models import PCM_RATES, SiteKey, length, voice_fields, wire_language
from .voices import DEFAULT_VOICES

SECRET_KEY = "secret_key"
NO_VOICE = "key-check-of-streaming-tts"
"""What no voice is called: a key is proved by asking for it (docs/dev/protocols.md E7)."""
POLICY = (
    '{"version":"2.0","statement":[{"effect":"allow","action":["name/trtc:TextToSpeechSSE","name/trtc:TextToSpeech",'
    '"name/trtc:VoiceClone"],"resource":["*"]}]}'
)
"""What the user of a key must be allowed (docs/dev/protocols.md E9)."""

_UNKNOWN_VOICE = "InvalidParameter.VoiceId"
_SECRET_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_SDK_APP_ID = re.compile(r"[0-9]{1,20}")


class Tencent(TencentCatalogue):
    """An account at Tencent Cloud: a key, and the application that it is used for."""

    key = "tencent"
    name = "Tencent Cloud"
    company = "Tencent"
    portal_url = "https://console.cloud.tencent.com/cam/capi"
    credential_kind = "access_key"
    credential_fields = (
        CredentialField(key=CredentialKey.SITE, secret=False, choices=tuple(SiteKey)),
        CredentialField(key=CredentialKey.SECRET_ID, secret=False),
        CredentialField(key=SECRET_KEY),
        CredentialField(key=CredentialKey.SDK_APP_ID, secret=False),
    )
    form_placeholders: ClassVar[Mapping[str, str]] = {
        "international_key_url": "https://console.tencentcloud.com/cam/capi",
        "application_url": "https://console.cloud.tencent.com/trtc/app",
        "policy": POLICY,
    }
    default_base_url = ""
    billing_unit = BillingUnit.CHARACTERS
    default_voices = DEFAULT_VOICES
    wire_format = WireFormat.beside(__file__)
    transports = (Transport.STREAM, Transport.BODY)
    limits = Limits(per_minute=600, burst=10)
    """Burst and refill of a second are the 20 requests that the service allows in one (docs/protocols.md E7)."""

    @override
    @classmethod
    def read_credentials(cls, answers: Mapping[str, str]) -> Credentials:
        """Return a key with what belongs to it."""
        if not _SECRET_ID.fullmatch(answers[CredentialKey.SECRET_ID]):
            raise CredentialError(CredentialKey.SECRET_ID, "key_unreadable")
        if not is_token(answers[SECRET_KEY]):
            raise CredentialError(SECRET_KEY, "key_unreadable")
        if not _SDK_APP_ID.fullmatch(answers[CredentialKey.SDK_APP_ID]):
            raise CredentialError(CredentialKey.SDK_APP_ID, "application_unreadable")
        return Credentials(key=answers[SECRET_KEY], details={str(key): answers[key] for key in CredentialKey})

    @override
    @classmethod
    def answers_of(cls, credentials: Credentials) -> Mapping[str, str]:
        """Return all of it."""
        return {SECRET_KEY: credentials.key, **credentials.details}

    @override
    @classmethod
    def address_of(cls, credentials: Credentials) -> str:
        """Return the address of the site."""
        return site_of(credentials).base_url

    @override
    async def verify(self) -> AccountInfo:
        """Ask for a voice that cannot be: only a key that may speak hears that it does not exist, free of charge."""
        voice = Voice.of(voice_id=NO_VOICE, model=self.models[0].model_id, language=None)
        audio_format = AudioFormat(encoding=Encoding.PCM, sample_rate=PCM_RATES[0])
        try:
            async with aclosing(self.speak(voice, audio_format, "A", RequestTrace())) as audio:
                await anext(audio, None)
        except ProviderError as error:
            if error.code != _UNKNOWN_VOICE:
                raise
        details = self.credentials.details
        return AccountInfo(
            account_id=account_id(f"{self.key}:{details[CredentialKey.SITE]}:{details[CredentialKey.SDK_APP_ID]}")
        )

    @override
    def formats(self, voice: Voice) -> Formats:
        """Return the rates that both sites document."""
        return Formats(pcm_rates=PCM_RATES)

    @override
    def max_characters(self, voice: Voice) -> int:
        """Return the limit of a stream: only checks ask for whole bodies."""
        return site_of(self.credentials).max_stream_characters

    @override
    def length(self, text: str) -> int:
        """Return the length of a text as the service counts it."""
        return length(text)

    @override
    def price(self, voice: Voice, text: str) -> Charge:
        """Return the characters, which are what is billed."""
        return Charge(requests=1, characters=length(text))

    @override
    def speak(
        self, voice: Voice, audio_format: AudioFormat, text: str, trace: RequestTrace, *, whole: bool = False
    ) -> AsyncGenerator[bytes]:
        """Yield the audio of one text, over server-sent events or as a whole body."""
        return (self._whole if whole else self._stream)(voice, audio_format, text, trace)

    @override
    async def touch(self) -> None:
        """Ask for nothing; raises UNREACHABLE, other failures are for the request to meet."""
        try:
            await super().touch()
        except ProviderError as error:
            if error.failure is Failure.UNREACHABLE:
                raise

    async def _stream(
        self, voice: Voice, audio_format: AudioFormat, text: str, trace: RequestTrace
    ) -> AsyncGenerator[bytes]:
        """Yield the audio of a stream."""
        fields = self._speech(voice, audio_format, text, site_of(self.credentials).max_stream_characters)
        async with self.ask(Action.STREAM, fields, self.timeouts, trace=trace) as answer:
            if answer.response.content_type != CONTENT_TYPE:
                raise ProviderError(Failure.BROKEN, code="content_type")
            events = EventStream(
                audio_format, text, answer.patience, parse_error=error_in, hear=partial(trace.heard, MESSAGE)
            )
            async with aclosing(pieces(answer.response, answer.patience, limit=MAX_AUDIO_JSON_BYTES)) as source:
                async for piece in source:
                    if samples := events.feed(piece):
                        yield samples
                    if events.ended:
                        break
                if samples := events.end():
                    yield samples
                await events.drain(source)

    async def _whole(
        self, voice: Voice, audio_format: AudioFormat, text: str, trace: RequestTrace
    ) -> AsyncGenerator[bytes]:
        """Yield the audio of a whole body."""
        fields = self._speech(voice, audio_format, text, site_of(self.credentials).max_body_characters)
        timeouts = for_whole_body(self.timeouts, length(text))
        async with self.ask(Action.BODY, fields, timeouts, trace=trace) as answer:
            if answer.content is None:
                raise ProviderError(Failure.BROKEN, code="content_type")
            stream = SpeechStream(audio_format, text, answer.patience)
            samples = stream.feed(decode_audio(answer.content.get("Audio")))
            yield samples + stream.end()

    def _speech(self, voice: Voice, audio_format: AudioFormat, text: str, maximum: int) -> dict[str, object]:
        """Return the fields of a request for speech; raises INPUT, free of charge, for what would be refused."""
        if not text.strip() or length(text) > maximum:
            raise ProviderError(Failure.INPUT, code="text_length", setting="text")
        if audio_format not in self.formats(voice):
            raise ProviderError(Failure.INPUT, code="format", setting="format")
        language = {} if voice.language is None else {"Language": wire_language(voice.language)}
        return {
            "Text": text,
            "Model": voice.model,
            **language,
            "Voice": voice_fields(voice, self.model(voice.model)),
            "AudioFormat": {"Format": "pcm", "SampleRate": audio_format.sample_rate},
        }
