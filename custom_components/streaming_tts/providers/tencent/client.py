"""Flow TTS with a Tencent Cloud API key: sites, models, and signed requests (docs/dev/protocols.md E).

Requests are signed with TC3-HMAC-SHA256 and don't contain the key itself (docs/dev/protocols.md E2). All responses,
including errors, have status 200 (docs/dev/protocols.md E5).
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
import hashlib
import hmac
import json
import re
from typing import Final
from urllib.parse import urlsplit

from ..provider import Provider, setting_value
from ..transport.http import Answer, exchange
from ..transport.json_values import mapping
from ..transport.trace import BODY, REFUSAL, RequestTrace
from ..types import (
    ChoiceSetting,
    Credentials,
    Failure,
    Model,
    NumberSetting,
    Price,
    ProviderError,
    Setting,
    Timeouts,
    Voice,
)
from .errors import error_in, refusal_error

CONTENT_TYPE: Final = "application/json"
"""Signed exactly as sent."""
SERVICE: Final = "trtc"
VERSION: Final = "2019-07-22"

_ALGORITHM = "TC3-HMAC-SHA256"
_SIGNED_HEADERS = "content-type;host"
_TERMINATOR = "tc3_request"


def signed_headers(
    body: bytes, *, host: str, at: datetime, action: str, region: str, secret_id: str, secret_key: str
) -> Mapping[str, str]:
    """Return the headers of a request for an action, with the signature of its exact body.

    `host` includes the port, like the `Host` header. The date of the timestamp is in UTC. The signing key is derived
    from the secret key for that date.
    """
    timestamp = int(at.timestamp())
    date = datetime.fromtimestamp(timestamp, UTC).date().isoformat()
    scope = f"{date}/{SERVICE}/{_TERMINATOR}"
    # Path `/`, no query, two headers
    headers = f"content-type:{CONTENT_TYPE}\nhost:{host}\n"
    canonical = "\n".join(("POST", "/", "", headers, _SIGNED_HEADERS, hashlib.sha256(body).hexdigest()))
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    key = f"TC3{secret_key}".encode()
    for part in (date, SERVICE, _TERMINATOR, "\n".join((_ALGORITHM, str(timestamp), scope, hashed))):
        key = hmac.digest(key, part.encode(), "sha256")
    return {
        "Content-Type": CONTENT_TYPE,
        "Host": host,
        "X-TC-Action": action,
        "X-TC-Version": VERSION,
        "X-TC-Region": region,
        "X-TC-Timestamp": str(timestamp),
        "Authorization": f"{_ALGORITHM} Credential={secret_id}/{scope}, SignedHeaders={_SIGNED_HEADERS}, "
        f"Signature={key.hex()}",
    }


TURBO_1: Final = "flow_01_turbo"
TURBO_2: Final = "flow_02_turbo"
EX: Final = "flow_01_ex"

TURBO_LANGUAGES: Final = ("zh", "en", "ja", "ko", "yue", "ms", "ar", "id", "th", "vi")
EX_LANGUAGES: Final = (
    *TURBO_LANGUAGES, "zh-TW", "ru", "es", "fr", "pt", "de", "tr", "nl", "uk", "it", "pl", "ro", "el", "cs", "fi", "hi",
    "bg", "da", "he", "fa", "sk", "sv", "hr", "tl", "hu", "no", "sl", "ca", "nn", "ta", "af",
)  # fmt: skip
PCM_RATES: Final = (24000, 16000)
"""Sample rates that both sites document, in Hz, the native rate first."""

_EMOTIONS = ("happy", "sad", "angry", "fearful", "disgusted", "surprised", "calm", "fluent", "whisper")
_VOICE_SETTINGS: tuple[Setting, ...] = (
    NumberSetting(key="speed", minimum=0.5, maximum=2.0, step=0.05, default=1.0),
    NumberSetting(key="volume", minimum=0.1, maximum=10.0, step=0.1, default=1.0, is_volume=True),
    NumberSetting(key="pitch", minimum=-12, maximum=12, step=1, default=0),
)
_EMOTION = ChoiceSetting(key="emotion", choices=_EMOTIONS, default="")
_PRICE = Price(amount=0.06, currency="USD")
"""Per 1,000 characters of a turbo model. Prices of the China site and of the other model aren't published."""

_TURBO_1, _TURBO_2 = (
    Model(
        model_id=model_id,
        name=name,
        languages=TURBO_LANGUAGES,
        detects_language=True,
        settings=_VOICE_SETTINGS,
        price=_PRICE,
    )
    for model_id, name in ((TURBO_1, "Flow 01 Turbo"), (TURBO_2, "Flow 02 Turbo"))
)
_EX = Model(
    model_id=EX,
    name="Flow 01 Ex",
    languages=EX_LANGUAGES,
    detects_language=True,
    settings=(*_VOICE_SETTINGS, _EMOTION),
)


class SiteKey(StrEnum):
    """The Tencent Cloud site that an account is registered at."""

    CHINA = "china"
    INTERNATIONAL = "international"


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """A Tencent Cloud site: its URL and region, its models, and its maximum text lengths as `length` counts."""

    base_url: str
    region: str
    models: tuple[Model, ...]
    max_stream_characters: int
    max_body_characters: int


SITES: Final[Mapping[str, Site]] = {
    SiteKey.CHINA: Site(
        base_url="https://trtc.ai.tencentcloudapi.com",
        region="ap-guangzhou",
        models=(_TURBO_2, _EX),
        max_stream_characters=20_000,
        max_body_characters=2_000,
    ),
    SiteKey.INTERNATIONAL: Site(
        base_url="https://trtc.ai.intl.tencentcloudapi.com",
        region="ap-singapore",
        models=(_TURBO_1,),
        max_stream_characters=255,
        max_body_characters=255,
    ),
}

_IDEOGRAPH = re.compile("[\u4e00-\u9fff]")


def length(text: str) -> int:
    """Return the length of a text as the service counts and bills it: ideographs are 2, all other characters 1."""
    return len(text) + len(_IDEOGRAPH.findall(text))


def wire_language(tag: str) -> str:
    """Return the service's code of a language. Regions are ignored, except for Taiwan, Hong Kong, and Macao."""
    language, *rest = tag.lower().replace("_", "-").split("-")
    if language == "zh" and any(part in ("hk", "mo") for part in rest):
        return "yue"
    return "zh-tw" if language == "zh" and "tw" in rest else language


def voice_fields(voice: Voice, model: Model) -> dict[str, object]:
    """Return the fields of a voice and its settings. Raises INPUT for a value that the model doesn't accept.

    Settings of another model are omitted, because the service may reject unknown fields.
    """
    values = {setting.key: setting_value(setting, voice.options) for setting in model.settings}
    return {"VoiceId": voice.voice_id, **{key.capitalize(): value for key, value in values.items() if value != ""}}


class CredentialKey(StrEnum):
    """The form fields that belong to a SecretKey."""

    SECRET_ID = "secret_id"
    SDK_APP_ID = "sdk_app_id"
    SITE = "site"


class Action(StrEnum):
    """The actions of the API."""

    STREAM = "TextToSpeechSSE"
    BODY = "TextToSpeech"
    CLONE = "VoiceClone"


def site_of(credentials: Credentials) -> Site:
    """Return the site that an account is registered at."""
    return SITES[credentials.details.get(CredentialKey.SITE, SiteKey.CHINA)]


class TencentAccount(Provider):
    """Sends the requests of one account."""

    @asynccontextmanager
    async def ask(
        self,
        action: Action,
        fields: Mapping[str, object],
        timeouts: Timeouts,
        *,
        trace: RequestTrace | None = None,
    ) -> AsyncGenerator[Answer]:
        """Send a request and yield its response. Raises `ProviderError`, also for an error with status 200."""
        trace = trace or RequestTrace()
        body = json.dumps({"SdkAppId": self._application, **fields}).encode()
        async with exchange(
            self.session,
            "POST",
            f"{self.base_url}/",
            timeouts,
            refused=refusal_error,
            headers=self._headers(action, body),
            body=body,
            trace=trace,
        ) as answer:
            if answer.is_json:
                reported = await answer.json(has_sound=True)
                answer = replace(answer, content=mapping(reported.get("Response")))
                error = error_in(mapping(answer.content))
                trace.received(BODY if error is None else REFUSAL, reported)
                if error is not None:
                    raise error
            yield answer

    @property
    def _application(self) -> int:
        """Return the SdkAppId as a number, as the service requires."""
        try:
            return int(self.credentials.details[CredentialKey.SDK_APP_ID])
        except KeyError, ValueError:
            raise ProviderError(Failure.AUTH, code="malformed_key") from None

    def _headers(self, action: Action, body: bytes) -> Mapping[str, str]:
        return signed_headers(
            body,
            host=urlsplit(self.base_url).netloc.lower(),
            at=self.now(),
            action=action,
            region=site_of(self.credentials).region,
            secret_id=self.credentials.details.get(CredentialKey.SECRET_ID, ""),
            secret_key=self.credentials.key,
        )
