"""Signed requests to Tencent Cloud, whose responses always have status 200 (docs/dev/protocols.md E1, E5)."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
import json
from urllib.parse import urlsplit

import aiohttp

from ..provider import Provider
from ..transport.http import ResponseTimeouts, exchange, is_json, read_sound_json
from ..transport.json_values import mapping
from ..transport.trace import BODY, REFUSAL, RequestTrace
from ..types import Credentials, Failure, ProviderError, Timeouts
from .errors import error_in, refusal_error
from .models import SITES, Site, SiteKey
from .signing import SigningRequest, signed_headers


class CredentialKey(StrEnum):
    """What belongs to a SecretKey, by field of the form."""

    SECRET_ID = "secret_id"
    SDK_APP_ID = "sdk_app_id"
    SITE = "site"


class Action(StrEnum):
    """What the service can be asked for."""

    STREAM = "TextToSpeechSSE"
    BODY = "TextToSpeech"
    CLONE = "VoiceClone"


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """An answer without an error: `content` is what JSON has below `Response`, None for a stream still to be read."""

    response: aiohttp.ClientResponse
    patience: ResponseTimeouts
    content: Mapping[str, object] | None


def site_of(credentials: Credentials) -> Site:
    """Return the site that an account is registered at."""
    return SITES[credentials.details.get(CredentialKey.SITE, SiteKey.CHINA)]


class TencentAccount(Provider):
    """What makes the requests of one account."""

    @asynccontextmanager
    async def ask(
        self,
        action: Action,
        fields: Mapping[str, object],
        timeouts: Timeouts,
        *,
        trace: RequestTrace | None = None,
    ) -> AsyncGenerator[Answer]:
        """Make a request and hand over its answer; raises `ProviderError`, also for an error with status 200."""
        trace = trace or RequestTrace()
        patience = ResponseTimeouts(timeouts)
        body = json.dumps({"SdkAppId": self._application, **fields}).encode()
        async with exchange(
            self.session,
            "POST",
            f"{self.base_url}/",
            patience=patience,
            refused=refusal_error,
            headers=self._headers(action, body),
            body=body,
            trace=trace,
        ) as response:
            content = None
            if is_json(response):
                answer = await read_sound_json(response, patience)
                content = mapping(answer.get("Response"))
                error = error_in(content)
                trace.heard(BODY if error is None else REFUSAL, answer)
                if error is not None:
                    raise error
            yield Answer(response=response, patience=patience, content=content)

    @property
    def _application(self) -> int:
        """Return the SdkAppId, which the service wants as a number."""
        try:
            return int(self.credentials.details[CredentialKey.SDK_APP_ID])
        except KeyError, ValueError:
            raise ProviderError(Failure.AUTH, code="malformed_key") from None

    def _headers(self, action: Action, body: bytes) -> Mapping[str, str]:
        request = SigningRequest(host=urlsplit(self.base_url).netloc.lower(), body=body, at=self.now())
        return signed_headers(
            request,
            action=action,
            region=site_of(self.credentials).region,
            secret_id=self.credentials.details.get(CredentialKey.SECRET_ID, ""),
            secret_key=self.credentials.key,
        )
