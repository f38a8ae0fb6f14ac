"""Flow TTS through Tencent Cloud's own API, with a key that doesn't expire (docs/dev/protocols.md E).

The voice library is published (docs/dev/protocols.md E4). No action lists or deletes clones (docs/dev/protocols.md E8),
so that the caller has to store them.
"""

from base64 import b64encode
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
import re
from typing import ClassVar, Unpack, override

import aiohttp

from ..capabilities import CloneSetting, Cloning, Reason, Recording, RecordingRules, ServiceRejection, VoiceDeletion
from ..provider import ProviderOptions
from ..session import is_token
from ..transport.audio_stream import SpeechStream
from ..transport.http import for_whole_body
from ..transport.json_values import account_id, decode_audio, named
from ..transport.sse import event_audio
from ..transport.trace import RequestTrace
from ..types import (
    AccountInfo,
    AudioFormat,
    BillingUnit,
    ChoiceSetting,
    CredentialError,
    CredentialField,
    Credentials,
    Failure,
    Limits,
    Model,
    ProviderError,
    TextSetting,
    Transport,
    Voice,
    VoiceInfo,
)
from ..uploads import check_recording, for_upload
from ..wire_format import WireFormat
from .client import (
    PCM_RATES,
    SITES,
    Action,
    CredentialKey,
    SiteKey,
    TencentAccount,
    length,
    site_of,
    voice_fields,
    wire_language,
)
from .errors import clone_error, error_in
from .voices import DEFAULT_VOICES, library

WAV_RATE = 16000
MAX_NAME_CHARACTERS = 36
MAX_TRANSCRIPT_CHARACTERS = 2000

_TRANSCRIPT = TextSetting(key="transcript", maximum=MAX_TRANSCRIPT_CHARACTERS)
_DEFAULT_NAME = "voice"
_ODD = re.compile(r"[^A-Za-z0-9]+")

SECRET_KEY = "secret_key"
NO_VOICE = "key-check-of-streaming-tts"
"""The ID of no voice. A key is verified by requesting it (docs/dev/protocols.md E7)."""
POLICY = (
    '{"version":"2.0","statement":[{"effect":"allow","action":["name/trtc:TextToSpeechSSE","name/trtc:TextToSpeech",'
    '"name/trtc:VoiceClone"],"resource":["*"]}]}'
)
"""The permissions that the user of a key needs (docs/dev/protocols.md E9)."""

_UNKNOWN_VOICE = "InvalidParameter.VoiceId"
_SECRET_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_SDK_APP_ID = re.compile(r"[0-9]{1,20}")


def _clone_settings(models: tuple[Model, ...]) -> tuple[CloneSetting, ...]:
    """Return the settings of a clone: the transcript and, if there are several, the model."""
    ids = tuple(model.model_id for model in models)
    choice = ChoiceSetting(key="model", choices=ids, default=ids[0])
    return (_TRANSCRIPT, choice) if len(ids) > 1 else (_TRANSCRIPT,)


class Tencent(TencentAccount, Cloning, VoiceDeletion):
    """A Tencent Cloud account: a key and its application."""

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
    pcm_rates = PCM_RATES
    limits = Limits(per_minute=600, burst=10)
    """Burst and refill add up to the service's limit of 20 requests in one second (docs/dev/protocols.md E7)."""
    length = staticmethod(length)
    models = SITES[SiteKey.CHINA].models
    clone_settings = _clone_settings(models)
    recording_rules = RecordingRules(
        least_seconds=6.0,
        most_seconds=180.0,
        advised_seconds=10.0,
        most_bytes=7 * 1024 * 1024,
        wav_rate=WAV_RATE,
    )
    """A request is limited to 10 MB; 180 s at 16 kHz are 8 MB of base64."""

    def __init__(
        self, session: aiohttp.ClientSession, credentials: Credentials, **more: Unpack[ProviderOptions]
    ) -> None:
        """Set the models and limits of the account's site."""
        super().__init__(session, credentials, **more)
        site = site_of(credentials)
        self.models = site.models
        self.most_characters = site.max_stream_characters  # complete bodies are only requested for checks
        self.clone_settings = _clone_settings(self.models)

    @override
    @classmethod
    def read_credentials(cls, answers: Mapping[str, str]) -> Credentials:
        """Return a key with its other fields."""
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
        """Return all fields."""
        return {SECRET_KEY: credentials.key, **credentials.details}

    @override
    @classmethod
    def address_of(cls, credentials: Credentials) -> str:
        """Return the URL of the site."""
        return site_of(credentials).base_url

    @override
    async def verify(self) -> AccountInfo:
        """Request a nonexistent voice. Only a key with permission gets that error, which is free of charge."""
        voice = Voice.of(voice_id=NO_VOICE, model=self.models[0].model_id, language=None)
        audio_format = AudioFormat(sample_rate=self.pcm_rates[0])
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
    async def voices(self) -> list[VoiceInfo]:
        """Return the library, without a request."""
        return library(self.models)

    @override
    async def clone(self, recording: Recording) -> VoiceInfo:
        """Clone a voice for one model."""
        check_recording(recording, self.recording_rules)
        model = str(recording.settings.get("model") or self.models[0].model_id)
        fields = {
            "VoiceName": _ODD.sub("_", recording.name).strip("_")[:MAX_NAME_CHARACTERS] or _DEFAULT_NAME,
            "PromptAudio": b64encode(recording.audio).decode(),
            "Model": model,
        }
        if transcript := recording.settings.get(_TRANSCRIPT.key):
            fields["PromptText"] = str(transcript)
        timeouts = for_upload(self.timeouts, len(fields["PromptAudio"]))
        try:
            async with self.ask(Action.CLONE, fields, timeouts) as answer:
                voice_id = named((answer.content or {}).get("VoiceId"))
        except ProviderError as error:
            raise clone_error(error) from None
        if not voice_id:
            raise ProviderError(Failure.BROKEN, code="voice")
        return VoiceInfo(voice_id=voice_id, name=recording.name, models=(model,), own=True)

    @override
    async def delete_voice(self, voice_id: str) -> None:
        """Raise `ServiceRejection` NOT_OFFERED, because no action deletes a voice."""
        raise ServiceRejection(Reason.NOT_OFFERED)

    @override
    def speak(
        self, voice: Voice, audio_format: AudioFormat, text: str, trace: RequestTrace, *, whole: bool = False
    ) -> AsyncGenerator[bytes]:
        """Yield the audio of one text, over server-sent events or from a complete body."""
        if whole:
            return self._whole(voice, audio_format, text, trace)
        fields = self._speech(voice, audio_format, text, site_of(self.credentials).max_stream_characters)
        answering = self.ask(Action.STREAM, fields, self.timeouts, trace=trace)
        return event_audio(answering, audio_format, text, trace, parse_error=error_in)

    async def _whole(
        self, voice: Voice, audio_format: AudioFormat, text: str, trace: RequestTrace
    ) -> AsyncGenerator[bytes]:
        """Yield the audio of a complete body."""
        fields = self._speech(voice, audio_format, text, site_of(self.credentials).max_body_characters)
        timeouts = for_whole_body(self.timeouts, length(text))
        async with self.ask(Action.BODY, fields, timeouts, trace=trace) as answer:
            if answer.content is None:
                raise ProviderError(Failure.BROKEN, code="content_type")
            stream = SpeechStream(audio_format, text, answer.deadlines)
            samples = stream.feed(decode_audio(answer.content.get("Audio")))
            yield samples + stream.end()

    def _speech(self, voice: Voice, audio_format: AudioFormat, text: str, maximum: int) -> dict[str, object]:
        """Return the fields of a speech request. Raises INPUT, free of charge, for what the service would reject."""
        if not text.strip() or length(text) > maximum:
            raise ProviderError(Failure.INPUT, code="text_length", setting="text")
        if audio_format.sample_rate not in self.pcm_rates:
            raise ProviderError(Failure.INPUT, code="format", setting="format")
        language = {} if voice.language is None else {"Language": wire_language(voice.language)}
        return {
            "Text": text,
            "Model": voice.model,
            **language,
            "Voice": voice_fields(voice, self.model(voice.model)),
            "AudioFormat": {"Format": "pcm", "SampleRate": audio_format.sample_rate},
        }
