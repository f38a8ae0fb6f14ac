"""The vocabulary that every provider shares: voices, formats, charges, failures, and what a provider can do."""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import ClassVar, Final, Protocol

import aiohttp

from . import markup as inline
from .wire_format import WireFormat

type SettingValue = str | int | float | bool


class Encoding(StrEnum):
    """How sound is written down."""

    PCM = "pcm_s16le"


@dataclass(frozen=True, kw_only=True, slots=True)
class AudioFormat:
    """The form in which a provider hands over mono sound: headerless 16-bit PCM at a rate in Hz."""

    encoding: Encoding
    sample_rate: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Formats:
    """What a voice can be asked for: PCM rates in Hz, the natural one first. It is asked for no more than 24 kHz."""

    pcm_rates: tuple[int, ...]

    def __contains__(self, audio_format: AudioFormat) -> bool:
        """Return True if the voice can be asked for a form."""
        return audio_format.sample_rate in self.pcm_rates


@dataclass(frozen=True, kw_only=True, slots=True)
class Voice:
    """All that changes the sound: a provider's voice with model, language and settings.

    `language` is a BCP 47 tag of the provider's list, or None where the provider is to detect it. `settings` are
    (key, value) pairs sorted by key, so that equal voices are equal and hashable; make one with `Voice.of`.
    """

    voice_id: str
    model: str
    language: str | None
    settings: tuple[tuple[str, SettingValue], ...] = ()

    @classmethod
    def of(
        cls, *, voice_id: str, model: str, language: str | None, settings: Mapping[str, SettingValue] | None = None
    ) -> Voice:
        """Return a voice whose settings are in canonical order."""
        return cls(voice_id=voice_id, model=model, language=language, settings=tuple(sorted((settings or {}).items())))

    @property
    def options(self) -> dict[str, SettingValue]:
        """Return the settings by key."""
        return dict(self.settings)


class Gender(StrEnum):
    """What a catalogue says of a voice."""

    FEMALE = "female"
    MALE = "male"
    NEUTRAL = "neutral"


@dataclass(frozen=True, kw_only=True, slots=True)
class VoiceInfo:
    """One entry of a provider's catalogue, normalised.

    `languages` are BCP 47 tags and `models` model ids; empty means that the voice speaks all the provider has.
    `own` marks a voice that the account cloned or created itself.
    """

    voice_id: str
    name: str
    languages: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    gender: Gender | None = None
    description: str | None = None
    accent: str | None = None
    styles: tuple[str, ...] = ()
    own: bool = False
    preview_url: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class NumberSetting:
    """A setting of a model that is a number within bounds (inclusive)."""

    key: str
    minimum: float
    maximum: float
    step: float
    default: float


@dataclass(frozen=True, kw_only=True, slots=True)
class ChoiceSetting:
    """A setting of a model that is one of a few words; an empty default leaves it to the provider."""

    key: str
    choices: tuple[str, ...]
    default: str


@dataclass(frozen=True, kw_only=True, slots=True)
class FlagSetting:
    """A setting of a model that is on or off."""

    key: str
    default: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class TextSetting:
    """A setting of a model that is free text of at most `maximum` characters; an empty one is left out."""

    key: str
    maximum: int
    default: str = ""


type Setting = NumberSetting | ChoiceSetting | FlagSetting | TextSetting


class BillingUnit(StrEnum):
    """What a provider bills by."""

    CHARACTERS = "characters"
    HOURS = "hours"
    POINTS = "points"


PRICE_QUANTITIES: Final = {BillingUnit.CHARACTERS: 1000, BillingUnit.HOURS: 1, BillingUnit.POINTS: 1}
"""How much of a unit a price is for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Price:
    """The published price of a model for `PRICE_QUANTITIES` of its provider's unit; `currency` is an ISO 4217 code."""

    amount: float
    currency: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Model:
    """A provider's speech model: the languages it speaks (BCP 47), the settings it really has, its published price.

    One that does not write out numbers is given them in words, one that needs thousands separators has them from five
    digits on.
    """

    model_id: str
    name: str
    languages: tuple[str, ...]
    detects_language: bool = False
    settings: tuple[Setting, ...] = ()
    price: Price | None = None
    writes_out_numbers: bool = True
    needs_thousands_separators: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Charge:
    """What a provider charges: requests, characters by its own rule, seconds of audio, points of a quota."""

    requests: int = 0
    characters: int = 0
    seconds: float = 0.0
    points: int = 0

    def __add__(self, other: Charge) -> Charge:
        """Return both together."""
        return Charge(
            requests=self.requests + other.requests,
            characters=self.characters + other.characters,
            seconds=self.seconds + other.seconds,
            points=self.points + other.points,
        )

    def billed(self, unit: BillingUnit) -> float:
        """Return how much of a unit is billed."""
        match unit:
            case BillingUnit.CHARACTERS:
                return self.characters
            case BillingUnit.HOURS:
                return self.seconds / 3600
        return self.points


class Source(StrEnum):
    """Where a number comes from: told by the provider, told and since reckoned on, or counted here alone."""

    REPORTED = "reported"
    ESTIMATED = "estimated"
    COUNTED = "counted"


@dataclass(frozen=True, kw_only=True, slots=True)
class Quota:
    """What is left of an allowance; None is a number that nobody told."""

    limit: int | None = None
    used: int | None = None
    remaining: int | None = None
    resets_at: datetime | None = None
    source: Source = Source.REPORTED


@dataclass(frozen=True, kw_only=True, slots=True)
class RateLimit:
    """A window of requests as the service told it."""

    limit: int | None
    remaining: int | None
    resets_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What a service documents for one account: requests at once, and requests a minute. None is unlimited or unknown.

    `burst` is the size of a token bucket: how many requests may come at once before `per_minute`, the rate at which it
    fills again, holds them back. None is no more than those of a minute.
    """

    concurrency: int | None = None
    per_minute: int | None = None
    burst: int | None = None


class Failure(StrEnum):
    """What went wrong, in the words of `design.md`, "What each failure means"."""

    BUSY = "busy"
    RATE = "rate"
    QUOTA = "quota"
    AUTH = "auth"
    VOICE = "voice"
    OUTDATED = "outdated"
    INPUT = "input"
    SERVER = "server"
    UNREACHABLE = "unreachable"
    BROKEN = "broken"


MODEL_RETIRED: Final = "model_retired"
"""The code of a VOICE failure where the service no longer has the model that the voice is saved with."""


ONLY_EMAIL: Final = "only_email_accounts"
"""The code of an AUTH failure that no other token mends: the account was made by another way to sign in than by email."""


class ProviderError(Exception):
    """A request that failed; nothing above a provider sees a status code.

    `code` is the service's own error code (an identifier, never its free text, which may quote what was spoken),
    `setting` the setting that an INPUT is about, `retry_after` seconds, `limit` how many requests at once a BUSY
    service allows, `charged` what the failed request cost all the same, `quota` what the answer told, `request_id` what
    the service calls the request.
    """

    def __init__(
        self,
        failure: Failure,
        *,
        code: str | None = None,
        setting: str | None = None,
        retry_after: float | None = None,
        limit: int | None = None,
        charged: Charge | None = None,
        quota: Quota | None = None,
        request_id: str | None = None,
    ) -> None:
        """Keep what is known of the failure."""
        super().__init__(failure if code is None else f"{failure} ({code})")
        self.failure = failure
        self.code = code
        self.setting = setting
        self.retry_after = retry_after
        self.limit = limit
        self.charged = charged or Charge()
        self.quota = quota
        self.request_id = request_id


@dataclass(frozen=True, kw_only=True, slots=True)
class Credentials:
    """What proves the account: an API key or access token, and what renews a token that ends.

    `refresh_token` is single-use: each refresh returns the next one. `auth_url` is the address of the token service
    and `public_key` the key it wants beside the refresh token.
    """

    key: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    auth_url: str | None = None
    public_key: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Timeouts:
    """How long a service may take, in seconds: to connect, to the first sound, and between two pieces of it."""

    connect: float = 5.0
    first_byte: float = 10.0
    between: float = 10.0


class ProviderEvents(Protocol):
    """The small object an account hands down: what is learnt on the wire is told here."""

    def quota_reported(self, quota: Quota) -> None:
        """Take what the service said is left."""

    def rate_reported(self, rate: RateLimit) -> None:
        """Take what the service said of its rate window."""

    def renewing(self, held: Credentials) -> AbstractAsyncContextManager[Credentials]:
        """Hold the only right to renew the credentials of the account; gives its newest, which may not be those held."""

    async def credentials_renewed(self, credentials: Credentials) -> None:
        """Store renewed credentials; they are used only after this has returned."""


class NullEvents:
    """An observer for whoever only wants to try a key: nothing is kept."""

    def quota_reported(self, quota: Quota) -> None:
        """Let it go."""

    def rate_reported(self, rate: RateLimit) -> None:
        """Let it go."""

    def renewing(self, held: Credentials) -> AbstractAsyncContextManager[Credentials]:
        """Know of no others."""
        return nullcontext(held)

    async def credentials_renewed(self, credentials: Credentials) -> None:
        """Let it go."""


class Transport(StrEnum):
    """How a request travels: over a WebSocket, as a streamed HTTP answer, or as one whole HTTP body."""

    WEBSOCKET = "websocket"
    STREAM = "stream"
    BODY = "body"


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountInfo:
    """Who a key belongs to: an identifier that is stable and tells nothing, and the end of the key's life if known."""

    account_id: str
    expires_at: datetime | None = None


class Connection(ABC):
    """A way to the service over which requests are made, one after the other."""

    watch: Callable[[str, Mapping[str, object]], None] | None = None
    """Is told each message of an answer, see `transport.trace`."""

    @abstractmethod
    def speak(self, voice: Voice, audio_format: AudioFormat, text: str) -> AsyncGenerator[bytes]:
        """Yield the sound of one text as it arrives; ends whole, or raises `ProviderError`.

        It comes as headerless whole samples at `audio_format.sample_rate`. Closing the generator early gives up the
        request and frees what it held.
        """

    @property
    @abstractmethod
    def reusable(self) -> bool:
        """Tell whether another request may be made over this connection."""

    @property
    def asked(self) -> bool:
        """Tell whether the newest request has gone out: one that is given up before that costs nothing."""
        return True

    @property
    def request_id(self) -> str | None:
        """Return what the service calls the newest request, None while it has not said."""
        return None

    @property
    def end_mark_missing(self) -> bool:
        """Return True if the newest text was spoken but its end mark never came: another transport is preferred."""
        return False

    @property
    def keep_alive_interval(self) -> float | None:
        """Return after how many idle seconds `keep_alive` is due, or None where idleness needs nothing."""
        return None

    async def keep_alive(self) -> None:
        """Keep an idle connection open and hear what the service said meanwhile; never raises, see `reusable`."""

    @abstractmethod
    async def close(self) -> None:
        """Close the connection; idempotent."""


class Provider(ABC):
    """One account at one speech service, spoken to in its own protocol."""

    key: ClassVar[str]
    name: ClassVar[str]
    default_base_url: ClassVar[str]
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
    limits: ClassVar[Limits] = Limits()
    body_tells_quota: bool = False
    """Whether a stream was answered without a word of what is left, which a whole body tells for the same price."""
    tells_rate: ClassVar[bool] = False
    """Whether the service says how many requests its rate window still allows."""
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
        self.base_url = (base_url or self.default_base_url).rstrip("/")
        self.observer: ProviderEvents = observer or NullEvents()
        self.timeouts = timeouts or Timeouts()
        self.now = now

    @abstractmethod
    async def verify(self) -> AccountInfo:
        """Prove the credentials without spending anything; raises `ProviderError`."""

    @abstractmethod
    async def voices(self) -> list[VoiceInfo]:
        """Return the whole catalogue, own voices first; raises `ProviderError`."""

    def transports_of(self, voice: Voice) -> tuple[Transport, ...]:
        """Return those of the transports that a voice can be spoken over."""
        return self.transports

    @abstractmethod
    def formats(self, voice: Voice) -> Formats:
        """Return what the voice can be asked for."""

    @abstractmethod
    def max_characters(self, voice: Voice) -> int:
        """Return how long one text may be, as `length` counts."""

    def length(self, text: str) -> int:
        """Return the length of a text as this provider counts it."""
        return len(text)

    def can_speak(self, voice: Voice, text: str) -> bool:
        """Return True if a request of this text alone is accepted: some services refuse a text without a letter they know."""
        return True

    def render(self, text: str) -> str:
        """Return a text as the service is given it: with its own marks, here none, in place of ours (`inline.py`)."""
        return inline.plain(text)

    @abstractmethod
    def price(self, voice: Voice, text: str) -> Charge:
        """Return what speaking the text costs, as far as it is known before (seconds are counted as they arrive)."""

    @abstractmethod
    async def connect(self, transport: Transport, *, ahead: bool = False) -> Connection:
        """Open a connection: the handshake only, nothing is bound to a voice or charged yet; raises `ProviderError`.

        `ahead` tells that there is no text yet: an HTTP transport then opens its socket by a request that is free,
        where a request that is about to be made would only wait for it.
        """

    @classmethod
    def published_price(cls, model_id: str | None) -> Price | None:
        """Return the price of a model, the highest of all models where its own is not published; None where none is."""
        prices = [model.price for model in cls.models if model.price is not None]
        own = (model.price for model in cls.models if model.model_id == model_id)
        return next(own, None) or max(prices, key=lambda price: price.amount, default=None)

    def model(self, model_id: str) -> Model:
        """Return a model by id.

        An id that is retired or not known keeps its id, so that the service is asked for it and says that it is gone; it
        has the languages and settings of its replacement, or of the first model.
        """
        known = {model.model_id: model for model in self.models}
        if model_id in known:
            return known[model_id]
        like = known[self.retired_models.get(model_id, self.models[0].model_id)]
        return replace(like, model_id=model_id, name=model_id)


class QuotaSource(ABC):
    """A provider whose service can be asked what is left, free of charge."""

    @abstractmethod
    async def quota(self) -> Quota | None:
        """Return what is left, or None where this deployment does not tell; raises `ProviderError`."""
