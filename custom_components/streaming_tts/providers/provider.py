"""The interface of an adapter: one account at one speech service, over HTTP and, if it has any, WebSockets."""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from typing import ClassVar, TypedDict, Unpack

import aiohttp

from . import markup as inline
from .session import is_token
from .transport.http import Answer, ErrorResponse, Request, exchange
from .transport.trace import RequestTrace
from .types import (
    AccountInfo,
    AudioFormat,
    BillingUnit,
    Charge,
    ChoiceSetting,
    CredentialError,
    CredentialField,
    Credentials,
    Failure,
    Limits,
    Model,
    NumberSetting,
    Price,
    ProviderError,
    Quota,
    RateLimit,
    Setting,
    SettingValue,
    Timeouts,
    Transport,
    Voice,
    VoiceInfo,
)
from .wire_format import WireFormat


class ProviderEvents:
    """Callbacks from a provider to its account. This default implementation ignores them."""

    def quota_reported(self, quota: Quota) -> None:
        """Handle the quota that the service reported."""

    def rate_reported(self, rate: RateLimit) -> None:
        """Handle the rate limit that the service reported."""

    def renewing(self, held: Credentials) -> AbstractAsyncContextManager[Credentials]:
        """Hold the exclusive right to renew the credentials of the account.

        Enters with the newest credentials, which may differ from those held.
        """
        return nullcontext(held)

    async def credentials_renewed(self, credentials: Credentials) -> None:
        """Store renewed credentials. They are used only after this has returned."""


class Connection(ABC):
    """An open socket of a service. It synthesizes one text after the other."""

    keep_alive_interval: float | None = None
    """Idle seconds after which `keep_alive` is due, or None if the socket needs none."""

    @abstractmethod
    def speak(self, voice: Voice, audio_format: AudioFormat, text: str, trace: RequestTrace) -> AsyncGenerator[bytes]:
        """Yield the audio of one text as it arrives, like `Provider.speak`; see `fits` for what is supported."""

    def fits(self, voice: Voice, audio_format: AudioFormat | None) -> bool:
        """Return True if the socket supports a voice in a format, or in any format if None.

        Some sockets are bound to the first voice and format they were used for.
        """
        return True

    @property
    @abstractmethod
    def reusable(self) -> bool:
        """Return True if another text can be sent over this connection."""

    async def keep_alive(self) -> None:
        """Keep an idle connection open. Never raises; check `reusable` afterwards."""

    @abstractmethod
    async def close(self) -> None:
        """Close the connection; idempotent."""


class ProviderOptions(TypedDict, total=False):
    """Optional arguments of a provider."""

    base_url: str | None
    observer: ProviderEvents | None
    timeouts: Timeouts | None
    now: Callable[[], datetime]


class Provider(ABC):
    """One account at one speech service, with the service's own protocol."""

    key: ClassVar[str]
    name: ClassVar[str]
    company: ClassVar[str]
    """The company that runs the service."""
    portal_url: ClassVar[str]
    """Where users sign in to get their credentials."""
    default_base_url: ClassVar[str]
    """The URL of the service. Empty if it depends on the credentials; see `address_of`."""
    credential_kind: ClassVar[str] = "api_key"
    """The kind of credentials, which selects the texts of the forms."""
    credential_fields: ClassVar[tuple[CredentialField, ...]] = (CredentialField(key="api_key"),)
    """The fields of the credential form. Their names differ from those of the form's sections."""
    form_placeholders: ClassVar[Mapping[str, str]] = {}
    """Placeholders in the texts of the forms, beyond the provider and its portal."""
    billing_unit: ClassVar[BillingUnit]
    models: tuple[Model, ...]
    """The speech models, from the service's documentation or, once loaded, its catalogue.

    The first model that speaks a language is suggested for it.
    """
    retired_models: ClassVar[Mapping[str, str]] = {}
    """Retired models, each with the id of its nearest replacement."""
    retired_voices: ClassVar[Mapping[str, str]] = {}
    """Voices that only retired models had, each with the id of its nearest replacement."""
    default_voices: ClassVar[Mapping[str, str]] = {}
    """The suggested voice by language, as the models name the languages. Ignored if the catalogue lacks it."""
    wire_format: ClassVar[WireFormat] = WireFormat()
    """The response formats that the adapter expects."""
    transports: ClassVar[tuple[Transport, ...]]
    """Supported transports. The first is preferred for text that is still being generated."""
    pcm_rates: ClassVar[tuple[int, ...]]
    """Sample rates in Hz that every voice supports, the native rate first. At most 24 kHz."""
    most_characters: int
    """Maximum length of one text for any voice; `max_characters` returns the limit of one voice."""
    limits: ClassVar[Limits] = Limits()
    body_tells_quota: bool = False
    """True if the latest streamed response did not report the quota, which a complete body does at the same price."""
    tells_rate: ClassVar[bool] = False
    """Whether the service reports the remaining requests of its rate limit."""
    length: ClassVar[staticmethod[[str], int]] = staticmethod(len)
    """Function that counts the characters of a text as this provider does."""
    can_speak: ClassVar[staticmethod[[str], bool]] = staticmethod(bool)
    """Function that returns True if a text alone is accepted. Some services refuse text without a letter they know."""
    render: ClassVar[staticmethod[[str], str]] = staticmethod(inline.plain)
    """Function that translates our tags (`markup.py`) into those of the service. By default, into plain text."""
    charges_failures: ClassVar[bool] = False
    """Whether a failed request is charged like a successful one."""
    has_breaks: ClassVar[bool] = False
    """Whether `render` translates breaks into tags of the service."""
    names_account: ClassVar[bool] = False
    """Whether the service identifies the account of a key. Otherwise, each key counts as its own account."""
    health_path: ClassVar[str] = "/"
    """Path of a free request that shows whether the service is reachable."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        credentials: Credentials,
        *,
        base_url: str | None = None,
        observer: ProviderEvents | None = None,
        timeouts: Timeouts | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Bind the account to a session, which the provider doesn't close."""
        self.session = session
        self.credentials = credentials
        self.base_url = (base_url or self.address_of(credentials)).rstrip("/")
        self.observer = observer or ProviderEvents()
        self.timeouts = timeouts or Timeouts()
        self.now = now

    @classmethod
    def read_credentials(cls, answers: Mapping[str, str]) -> Credentials:
        """Return the credentials from the fields of the form, none of which is empty. Raises `CredentialError`."""
        if not is_token(key := answers["api_key"]):
            raise CredentialError("api_key", "key_unreadable")
        return Credentials(key=key)

    @classmethod
    def answers_of(cls, credentials: Credentials) -> Mapping[str, str]:
        """Return the reverse of `read_credentials`, without single-use secrets."""
        return {"api_key": credentials.key}

    @classmethod
    def address_of(cls, credentials: Credentials) -> str:
        """Return the service's default URL for an account."""
        return cls.default_base_url

    @abstractmethod
    async def verify(self) -> AccountInfo:
        """Verify the credentials with a free request. Raises `ProviderError`."""

    @abstractmethod
    async def voices(self) -> list[VoiceInfo]:
        """Return the complete catalogue, voices of the account first. Raises `ProviderError`."""

    def transports_of(self, voice: Voice) -> tuple[Transport, ...]:
        """Return the transports that support a voice."""
        return self.transports

    def max_characters(self, voice: Voice) -> int:
        """Return the maximum length of one text, as `length` counts."""
        return self.most_characters

    def price(self, voice: Voice, text: str) -> Charge:
        """Return the charge for a text as far as it is known in advance. Seconds are counted as audio arrives."""
        return Charge(requests=1, characters=self.length(text))

    @abstractmethod
    def speak(
        self, voice: Voice, audio_format: AudioFormat, text: str, trace: RequestTrace, *, whole: bool = False
    ) -> AsyncGenerator[bytes]:
        """Yield the audio of one text over HTTP: streamed or, with `whole`, as one body.

        The chunks are headerless, complete samples at `audio_format.sample_rate`. Raises `ProviderError` unless the
        audio is complete. What the response reveals about the request is recorded in `trace`. Closing the generator
        early cancels the request and releases its resources.
        """

    async def open_socket(self, voice: Voice) -> Connection:
        """Open a socket that supports a voice. Nothing is charged yet. Raises `ProviderError`."""
        raise NotImplementedError

    async def touch(self) -> None:
        """Open an HTTP connection in the session with a free request.

        Raises UNREACHABLE. Ignores other failures, as the next request reports them.
        """
        try:
            await self.read("GET", self.health_path)
        except ProviderError as error:
            if error.failure is Failure.UNREACHABLE:
                raise

    def headers(self) -> dict[str, str]:
        """Return the headers of every request. Raises AUTH for a key that can't be sent in a header."""
        return {}

    def parse_error(self, refusal: ErrorResponse) -> ProviderError:
        """Return the error for a refusal of any request."""
        return refusal.error()

    def exchange(
        self, method: str, path: str, timeouts: Timeouts | None = None, **request: Unpack[Request]
    ) -> AbstractAsyncContextManager[Answer]:
        """Send an authenticated request, like `http.exchange`."""
        request.setdefault("headers", self.headers())
        request.setdefault("refused", self.parse_error)
        return exchange(self.session, method, self.base_url + path, timeouts or self.timeouts, **request)

    async def read(self, method: str, path: str, timeouts: Timeouts | None = None, **request: Unpack[Request]) -> bytes:
        """Return the body of the response to an authenticated request."""
        async with self.exchange(method, path, timeouts, **request) as answer:
            return await answer.read()

    async def read_json(
        self, method: str, path: str, timeouts: Timeouts | None = None, **request: Unpack[Request]
    ) -> dict[str, object]:
        """Return the JSON object in the response to an authenticated request."""
        async with self.exchange(method, path, timeouts, **request) as answer:
            return await answer.json()

    @classmethod
    def published_price(cls, model_id: str | None) -> Price | None:
        """Return the published price of a model, else the highest of all models, or None if there is none."""
        prices = [model.price for model in cls.models if model.price is not None]
        own = (model.price for model in cls.models if model.model_id == model_id)
        return next(own, None) or max(prices, key=lambda price: price.amount, default=None)

    @classmethod
    def model(cls, model_id: str) -> Model:
        """Return a model by id.

        A retired or unknown model keeps its id, so that the service itself rejects it. It has the languages and
        settings of its replacement or, if unknown, of the first model.
        """
        known = {model.model_id: model for model in cls.models}
        if model_id in known:
            return known[model_id]
        like = known[cls.retired_models.get(model_id, cls.models[0].model_id)]
        return replace(like, model_id=model_id, name=model_id)


def setting_value(setting: Setting, options: Mapping[str, SettingValue]) -> SettingValue:
    """Return the value of a setting, as an int if its step is 1. Raises INPUT if the model doesn't accept it.

    Forms and templates pass integers as floats. Nothing is charged.
    """
    value = options.get(setting.key, setting.default)
    if isinstance(setting, NumberSetting):
        # Excludes strings, booleans, and NaN, which fails every comparison
        good = not isinstance(value, bool | str) and setting.minimum <= value <= setting.maximum
        if good and setting.step == 1:
            return round(float(value))
    else:
        good = isinstance(setting, ChoiceSetting) and value in (setting.default, *setting.choices)
    if not good:
        raise ProviderError(Failure.INPUT, code="setting", setting=setting.key)
    return value


class QuotaSource(ABC):
    """A provider whose service reports the quota with a free request."""

    @abstractmethod
    async def quota(self) -> Quota | None:
        """Return the quota, or None if this deployment doesn't report it. Raises `ProviderError`."""
