"""Flow TTS by Tencent, at the portal or at the open-sourced backend (docs/dev/protocols.md C).

The two differ in the bodies they take and give, and which of them answers is not known before: every request is
readable to both (`flow_requests.py`) and every answer is read by what is in it (`flow_sound.py`, `flow_answers.py`).
"""

from collections.abc import AsyncGenerator, Mapping
from typing import ClassVar, override

import aiohttp

from ..capabilities import SessionRenewal
from ..provider import QuotaSource
from ..session import SessionError, SessionProblem, is_token, parse_session
from ..transport.http import ResponseTimeouts, exchange, read_json
from ..transport.json_values import account_id
from ..transport.trace import RequestTrace
from ..types import (
    AccountInfo,
    AudioFormat,
    BillingUnit,
    Charge,
    CredentialError,
    CredentialField,
    Credentials,
    Failure,
    Formats,
    Limits,
    Model,
    ProviderError,
    Quota,
    Timeouts,
    Transport,
    Voice,
)
from ..wire_format import WireFormat
from .audio import SAMPLE_RATE
from .client import is_unknown_path
from .errors import quota_in
from .models import OWN_VOICES_PATH, FlowCatalogue
from .prices import Work
from .refresh import refresh
from .requests import MAX_CHARACTERS, MODELS, length
from .speech import FlowSpeech
from .voices import DEFAULT_VOICES

_QUOTA_PATH = "/api/user/quota"
_CONFIG_PATH = "/api/config"
_HEALTH_PATH = "/health"


class FlowTTS(FlowCatalogue, QuotaSource, SessionRenewal):
    """An account at Flow TTS: an access token that lives an hour, and what renews it."""

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
    limits = Limits(per_minute=60)
    tells_rate = True
    charges_failures = True
    names_account = True
    health_path = _HEALTH_PATH

    @override
    @classmethod
    def read_credentials(cls, answers: Mapping[str, str]) -> Credentials:
        """Return a session of the portal, or an access token alone, which nothing can renew."""
        try:
            return parse_session(answers["session"])
        except SessionError as err:
            insecure = err.problem is SessionProblem.INSECURE_ISSUER
            raise CredentialError("session", "session_insecure" if insecure else "session_unreadable") from None

    @override
    @classmethod
    def answers_of(cls, credentials: Credentials) -> Mapping[str, str]:
        """Return nothing: a session is good for one sign-in."""
        return {}

    @override
    @classmethod
    async def public_key(cls, session: aiohttp.ClientSession, base_url: str) -> str | None:
        """Ask the service for the key, which the open-sourced backend tells (docs/dev/protocols.md C3)."""
        patience = ResponseTimeouts(Timeouts())
        try:
            async with exchange(session, "GET", base_url.rstrip("/") + _CONFIG_PATH, patience=patience) as response:
                content = await read_json(response, patience)
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
        """Prove the token by what is free and asks for one; where a deployment has none of it, by what it says.

        Credentials that can be renewed have no known end. Renewing may replace `credentials` meanwhile: whoever stores
        them takes them from here. Raises `ProviderError`.
        """
        tokens = self.http.tokens
        if tokens.expired and not tokens.renewable:
            raise ProviderError(Failure.AUTH, code="token_expired")
        await tokens.fresh()
        proven = await self.http.get(_QUOTA_PATH) is not None or await self.http.get(OWN_VOICES_PATH) is not None
        claims = tokens.claims
        if not proven and claims.subject is None:
            raise ProviderError(Failure.AUTH, code="malformed_token")
        return AccountInfo(
            account_id=account_id(f"{self.key}:{claims.subject or self.credentials.key}"),
            expires_at=None if tokens.renewable else claims.expires_at,
        )

    @override
    def formats(self, voice: Voice) -> Formats:
        """Return the one rate that every deployment speaks at on every path."""
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
        """Return the learned price, however long the text is; its characters are counted for information."""
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
        """Yield the sound of one text, over server-sent events or as a whole body."""
        speech = FlowSpeech(self, self.http)
        return (speech.whole if whole else speech.stream)(voice, audio_format, text, trace)

    @override
    async def touch(self) -> None:
        """Renew the token if it is about to end, and ask how the service is.

        Raises UNREACHABLE; other failures are for the request to meet.
        """
        await self.http.tokens.current()
        try:
            await super().touch()
        except ProviderError as error:
            if error.failure is Failure.UNREACHABLE:
                raise
