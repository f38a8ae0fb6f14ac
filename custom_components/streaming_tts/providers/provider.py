"""What an adapter implements: one account at one speech service, spoken to over HTTP, and its sockets if it has any."""

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
    """The small object an account hands down: what is learnt on the wire is told here. This one keeps nothing of it."""

    def quota_reported(self, quota: Quota) -> None:
        """Take what the service said is left."""

    def rate_reported(self, rate: RateLimit) -> None:
        """Take what the service said of its rate window."""

    def renewing(self, held: Credentials) -> AbstractAsyncContextManager[Credentials]:
        """Hold the only right to renew the credentials of the account.

        Gives its newest, which may not be those held.
        """
        return nullcontext(held)

    async def credentials_renewed(self, credentials: Credentials) -> None:
        """Store renewed credentials; they are used only after this has returned."""


class Connection(ABC):
    """An open socket of a service, over which texts are spoken one after the other."""

    keep_alive_interval: float | None = None
    """After how many idle seconds `keep_alive` is due, None where idleness needs nothing."""

    @abstractmethod
    def speak(self, voice: Voice, audio_format: AudioFormat, text: str, trace: RequestTrace) -> AsyncGenerator[bytes]:
        """Yield the audio of one text as it arrives, as `Provider.speak`; only for what the socket `fits`."""

    def fits(self, voice: Voice, audio_format: AudioFormat | None) -> bool:
        """Return True if a voice can be spoken in a format, or in any: some are bound to what they spoke first."""
        return True

    @property
    @abstractmethod
    def reusable(self) -> bool:
        """Return True if another text may be spoken over this connection."""

    async def keep_alive(self) -> None:
        """Keep an idle connection open and hear what the service said meanwhile; never raises, see `reusable`."""

    @abstractmethod
    async def close(self) -> None:
        """Close the connection; idempotent."""


class ProviderOptions(TypedDict, total=False):
    """How a provider is bound to an account, where that is not as usual."""

    base_url: str | None
    observer: ProviderEvents | None
    timeouts: Timeouts | None
    now: Callable[[], datetime]


class Provider(ABC):
    """One account at one speech service, spoken to in its own protocol."""

    key: ClassVar[str]
    name: ClassVar[str]
    company: ClassVar[str]
    """Who runs the service."""
    portal_url: ClassVar[str]
    """Where a person signs in to the account and gets its credentials."""
    default_base_url: ClassVar[str]
    """The address of the service, empty where the credentials tell it: see `address_of`."""
    credential_kind: ClassVar[str] = "api_key"
    """What the credentials are: the forms have words for each kind."""
    credential_fields: ClassVar[tuple[CredentialField, ...]] = (CredentialField(key="api_key"),)
    """What the form asks for; no field is called like a section of the form."""
    form_placeholders: ClassVar[Mapping[str, str]] = {}
    """What the words of its forms name, beside the provider and its portal."""
    billing_unit: ClassVar[BillingUnit]
    models: tuple[Model, ...]
    """What the service speaks with, by its documents or, once it was asked, by its catalogue.

    Of those that speak a language, the first is suggested for it.
    """
    retired_models: ClassVar[Mapping[str, str]] = {}
    """Models that the service had, each with the id of the nearest one that it has."""
    retired_voices: ClassVar[Mapping[str, str]] = {}
    """Voices that only retired models had, each with the id of the nearest one that there is."""
    default_voices: ClassVar[Mapping[str, str]] = {}
    """By language, as the models name it: the voice that is suggested for it, if the catalogue has it."""
    wire_format: ClassVar[WireFormat] = WireFormat()
    """What the adapter expects of the answers."""
    transports: ClassVar[tuple[Transport, ...]]
    """What the service offers for speech, the one for text that is still being written first."""
    pcm_rates: ClassVar[tuple[int, ...]]
    """What each voice can be asked for, in Hz, the natural rate first; no more than 24 kHz."""
    most_characters: int
    """How long one text may be, whatever its voice; `max_characters` knows better."""
    limits: ClassVar[Limits] = Limits()
    body_tells_quota: bool = False
    """Whether a stream was answered without a word of what is left, which a whole body tells for the same price."""
    tells_rate: ClassVar[bool] = False
    """Whether the service says how many requests its rate window still allows."""
    length: ClassVar[staticmethod[[str], int]] = staticmethod(len)
    """Returns the length of a text as this provider counts it."""
    can_speak: ClassVar[staticmethod[[str], bool]] = staticmethod(bool)
    """Returns True if a request of a text alone is accepted: some services refuse one without a letter they know."""
    render: ClassVar[staticmethod[[str], str]] = staticmethod(inline.plain)
    """Returns a text as the service is given it: with its own marks, here none, in place of ours (`markup.py`)."""
    charges_failures: ClassVar[bool] = False
    """Whether a request that fails costs as much as one that succeeds."""
    has_breaks: ClassVar[bool] = False
    """Whether `render` writes breaks as the service's own."""
    names_account: ClassVar[bool] = False
    """Whether the service tells whose a key is; where it does not, another key is another account to us."""
    health_path: ClassVar[str] = "/"
    """Where the service can be asked, free of charge, whether it is there."""

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
        """Bind the account to a session that is not ours to close."""
        self.session = session
        self.credentials = credentials
        self.base_url = (base_url or self.address_of(credentials)).rstrip("/")
        self.observer = observer or ProviderEvents()
        self.timeouts = timeouts or Timeouts()
        self.now = now

    @classmethod
    def read_credentials(cls, answers: Mapping[str, str]) -> Credentials:
        """Return the credentials that were entered, by field and none of them empty; raises `CredentialError`."""
        if not is_token(key := answers["api_key"]):
            raise CredentialError("api_key", "key_unreadable")
        return Credentials(key=key)

    @classmethod
    def answers_of(cls, credentials: Credentials) -> Mapping[str, str]:
        """Return what was entered, as `read_credentials` took it; nothing of what cannot be used once more."""
        return {"api_key": credentials.key}

    @classmethod
    def address_of(cls, credentials: Credentials) -> str:
        """Return the service's own address for an account."""
        return cls.default_base_url

    @abstractmethod
    async def verify(self) -> AccountInfo:
        """Prove the credentials without spending anything; raises `ProviderError`."""

    @abstractmethod
    async def voices(self) -> list[VoiceInfo]:
        """Return the whole catalogue, own voices first; raises `ProviderError`."""

    def transports_of(self, voice: Voice) -> tuple[Transport, ...]:
        """Return those of the transports that a voice can be spoken over."""
        return self.transports

    def max_characters(self, voice: Voice) -> int:
        """Return how long one text may be, as `length` counts."""
        return self.most_characters

    def price(self, voice: Voice, text: str) -> Charge:
        """Return what speaking the text costs, as far as it is known before (seconds are counted as they arrive)."""
        return Charge(requests=1, characters=self.length(text))

    @abstractmethod
    def speak(
        self, voice: Voice, audio_format: AudioFormat, text: str, trace: RequestTrace, *, whole: bool = False
    ) -> AsyncGenerator[bytes]:
        """Yield the audio of one text over HTTP: as it is streamed, or with `whole` as one body.

        It comes as headerless whole samples at `audio_format.sample_rate`, and ends whole or raises `ProviderError`.
        What is learned of the request is written into `trace`. Closing the generator early gives the request up and
        frees what it held.
        """

    async def open_socket(self, voice: Voice) -> Connection:
        """Open a socket that a voice can speak over; nothing is charged yet; raises `ProviderError`."""
        raise NotImplementedError

    async def touch(self) -> None:
        """Leave an open HTTP connection in the session by a request that is free.

        Raises UNREACHABLE; other failures are for the request to meet.
        """
        try:
            await self.read("GET", self.health_path)
        except ProviderError as error:
            if error.failure is Failure.UNREACHABLE:
                raise

    def headers(self) -> dict[str, str]:
        """Return what each request says of the account and of the API; raises AUTH for a key that can't be sent."""
        return {}

    def parse_error(self, refusal: ErrorResponse) -> ProviderError:
        """Return what a refusal means, whatever was asked."""
        return refusal.error()

    def exchange(
        self, method: str, path: str, timeouts: Timeouts | None = None, **request: Unpack[Request]
    ) -> AbstractAsyncContextManager[Answer]:
        """Make a request in the name of the account, as `http.exchange`."""
        request.setdefault("headers", self.headers())
        request.setdefault("refused", self.parse_error)
        return exchange(self.session, method, self.base_url + path, timeouts or self.timeouts, **request)

    async def read(self, method: str, path: str, timeouts: Timeouts | None = None, **request: Unpack[Request]) -> bytes:
        """Return the answer to a request in the name of the account."""
        async with self.exchange(method, path, timeouts, **request) as answer:
            return await answer.read()

    async def read_json(
        self, method: str, path: str, timeouts: Timeouts | None = None, **request: Unpack[Request]
    ) -> dict[str, object]:
        """Return the answer to a request in the name of the account, which is a JSON object."""
        async with self.exchange(method, path, timeouts, **request) as answer:
            return await answer.json()

    @classmethod
    def published_price(cls, model_id: str | None) -> Price | None:
        """Return the price of a model, the highest of all models where its own is not published; None where none is."""
        prices = [model.price for model in cls.models if model.price is not None]
        own = (model.price for model in cls.models if model.model_id == model_id)
        return next(own, None) or max(prices, key=lambda price: price.amount, default=None)

    @classmethod
    def model(cls, model_id: str) -> Model:
        """Return a model by id.

        An id that is retired or not known keeps its id, so that the service is asked for it and says that it is gone;
        it has the languages and settings of its replacement, or of the first model.
        """
        known = {model.model_id: model for model in cls.models}
        if model_id in known:
            return known[model_id]
        like = known[cls.retired_models.get(model_id, cls.models[0].model_id)]
        return replace(like, model_id=model_id, name=model_id)


def setting_value(setting: Setting, options: Mapping[str, SettingValue]) -> SettingValue:
    """Return the value of a setting, free of charge INPUT for one that the model does not take; whole where it counts.

    A form or a template gives a float for a whole number.
    """
    value = options.get(setting.key, setting.default)
    if isinstance(setting, NumberSetting):
        # Neither a word, nor yes or no, nor NaN, which is within no bounds
        good = not isinstance(value, bool | str) and setting.minimum <= value <= setting.maximum
        if good and setting.step == 1:
            return round(float(value))
    else:
        good = isinstance(setting, ChoiceSetting) and value in (setting.default, *setting.choices)
    if not good:
        raise ProviderError(Failure.INPUT, code="setting", setting=setting.key)
    return value


class QuotaSource(ABC):
    """A provider whose service can be asked what is left, free of charge."""

    @abstractmethod
    async def quota(self) -> Quota | None:
        """Return what is left, or None where this deployment does not tell; raises `ProviderError`."""
