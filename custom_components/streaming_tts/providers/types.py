"""Types shared by all providers: voices, formats, charges, failures, and account data."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

type SettingValue = str | int | float | bool


@dataclass(frozen=True, kw_only=True, slots=True)
class AudioFormat:
    """Format of the audio from a provider: headerless 16-bit mono PCM at a sample rate in Hz."""

    sample_rate: int

    def seconds(self, size: int) -> float:
        """Return the duration of a number of bytes in seconds."""
        return size / (2 * self.sample_rate)


@dataclass(frozen=True, kw_only=True, slots=True)
class Voice:
    """Everything that determines the audio of a text: a provider's voice, model, language, and settings.

    `language` is a BCP 47 tag from the provider's list, or None to let the provider detect it. `settings` are (key,
    value) pairs sorted by key, so that equal voices have equal hashes. Create one with `Voice.of`.
    """

    voice_id: str
    model: str
    language: str | None
    settings: tuple[tuple[str, SettingValue], ...] = ()

    @classmethod
    def of(
        cls, *, voice_id: str, model: str, language: str | None, settings: Mapping[str, SettingValue] | None = None
    ) -> Voice:
        """Return a voice with its settings in canonical order."""
        return cls(voice_id=voice_id, model=model, language=language, settings=tuple(sorted((settings or {}).items())))

    @property
    def options(self) -> dict[str, SettingValue]:
        """Return the settings by key."""
        return dict(self.settings)


class Gender(StrEnum):
    """Gender of a voice, as the catalogue lists it."""

    FEMALE = "female"
    MALE = "male"
    NEUTRAL = "neutral"


@dataclass(frozen=True, kw_only=True, slots=True)
class VoiceInfo:
    """An entry of a provider's catalogue, normalized.

    `languages` are BCP 47 tags and `models` model ids; empty means all of the provider's. `own` marks a voice that the
    account cloned or created.
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
    """A numeric setting of a model with inclusive bounds. An integer if its `step` is an int.

    `is_volume` marks a factor that only changes the volume. It can be set per call, but isn't saved with a voice: the
    saved volume adjustment is in dB and applied by Home Assistant.
    """

    key: str
    minimum: float
    maximum: float
    step: float
    default: float
    is_volume: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class ChoiceSetting:
    """A setting of a model with a fixed list of choices. An empty default leaves it to the provider."""

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
    """A free-text setting of a model with at most `maximum` characters. Omitted if empty."""

    key: str
    maximum: int
    default: str = ""


type Setting = NumberSetting | ChoiceSetting | FlagSetting | TextSetting


class BillingUnit(StrEnum):
    """The unit a provider bills in."""

    CHARACTERS = "characters"
    HOURS = "hours"
    POINTS = "points"


PRICE_QUANTITIES: Final = {BillingUnit.CHARACTERS: 1000, BillingUnit.HOURS: 1, BillingUnit.POINTS: 1}
"""The number of units that a price is for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Price:
    """The published price of a model per `PRICE_QUANTITIES` of its provider's unit. `currency` is an ISO 4217 code."""

    amount: float
    currency: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Model:
    """A provider's speech model: its languages (BCP 47), the settings it supports, and its published price.

    Unless it `writes_out_numbers`, numbers are sent to it in words. If it `needs_thousands_separators`, they are
    inserted into numbers of five or more digits.
    """

    model_id: str
    name: str
    languages: tuple[str, ...]
    detects_language: bool = False
    settings: tuple[Setting, ...] = ()
    price: Price | None = None
    writes_out_numbers: bool = True
    needs_thousands_separators: bool = False

    @property
    def volumes(self) -> tuple[NumberSetting, ...]:
        """Return the settings that only change the volume."""
        return tuple(each for each in self.settings if isinstance(each, NumberSetting) and each.is_volume)

    @property
    def saved_settings(self) -> tuple[Setting, ...]:
        """Return the settings that are saved with a voice. The others can only be set per call."""
        return tuple(each for each in self.settings if each not in self.volumes)


@dataclass(frozen=True, kw_only=True, slots=True)
class Charge:
    """What a provider charges: requests, characters as it counts them, seconds of audio, points of a quota."""

    requests: int = 0
    characters: int = 0
    seconds: float = 0.0
    points: int = 0

    def __add__(self, other: Charge) -> Charge:
        """Return the sum of two charges."""
        return Charge(
            requests=self.requests + other.requests,
            characters=self.characters + other.characters,
            seconds=self.seconds + other.seconds,
            points=self.points + other.points,
        )

    def billed(self, unit: BillingUnit) -> float:
        """Return the billed amount in a unit."""
        match unit:
            case BillingUnit.CHARACTERS:
                return self.characters
            case BillingUnit.HOURS:
                return self.seconds / 3600
        return self.points


class Source(StrEnum):
    """Source of a number: reported by the provider, estimated since its last report, or counted locally."""

    REPORTED = "reported"
    ESTIMATED = "estimated"
    COUNTED = "counted"


@dataclass(frozen=True, kw_only=True, slots=True)
class Quota:
    """An allowance and how much of it is left. None means unknown."""

    limit: int | None = None
    used: int | None = None
    remaining: int | None = None
    resets_at: datetime | None = None
    source: Source = Source.REPORTED

    @property
    def percent_left(self) -> float | None:
        """Return the remaining share in percent, or None if unknown."""
        return 100.0 * self.remaining / self.limit if self.remaining is not None and self.limit else None


@dataclass(frozen=True, kw_only=True, slots=True)
class RateLimit:
    """A window of the rate limit, as reported by the service."""

    limit: int | None
    remaining: int | None
    resets_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """Documented limits of an account: concurrent requests and requests per minute. None is unlimited or unknown.

    `burst` is the size of a token bucket, which refills at `per_minute`: the number of requests that can start at once.
    None means `per_minute`.
    """

    concurrency: int | None = None
    per_minute: int | None = None
    burst: int | None = None


class Failure(StrEnum):
    """Kind of a failure, common to all services, with its handling. If that fails, the fallback takes over."""

    BUSY = "busy"
    """Too many concurrent requests. Retried when a request of ours ends, for 3 s before the first audio, or for 60 s
    without a fallback. The account's limit is lowered to the one reported."""
    RATE = "rate"
    """Rate limit reached. Retried after the delay that the service requested, within the same time limit as BUSY."""
    QUOTA = "quota"
    """The quota is used up. The account is in backoff until the quota renews. If that time is unknown, one utterance an
    hour tries again. A binary sensor and a repair issue report it."""
    AUTH = "auth"
    """The credentials are invalid. A token is refreshed once. Otherwise, reauthentication starts, and the account is in
    backoff until its credentials are verified or replaced."""
    VOICE = "voice"
    """The voice doesn't exist, or not for its model. Not retried. A repair issue offers another voice."""
    OUTDATED = "outdated"
    """The service no longer supports the API version of the adapter. Not retried. A repair issue asks for an update."""
    INPUT = "input"
    """The request contains an invalid value. Not retried. The error names the setting."""
    SERVER = "server"
    """The service failed. Retried once before the first audio. If failures are charged, only without a fallback."""
    UNREACHABLE = "unreachable"
    """No connection, or no first byte in time. Retried once on a new connection, followed by 30 s of backoff."""
    BROKEN = "broken"
    """The response broke off, stalled, was invalid, or had no end mark. Retried before the first audio. After that, the
    interrupted sentence and the rest are retried once."""


MODEL_RETIRED: Final = "model_retired"
"""Code of a VOICE failure if the service retired the model that is saved with the voice."""


class AccountProblem(StrEnum):
    """Problem of an account that needs a more specific explanation than its failure."""

    ONLY_EMAIL = "only_email"
    """The account was created with another sign-in method than email. Another token won't help."""
    CLOCK_OFF = "clock_off"
    """The clocks of Home Assistant and the service differ by more than a signature allows."""
    APPLICATION_UNKNOWN = "application_unknown"
    """The key doesn't belong to its application."""
    PERMISSION_MISSING = "permission_missing"
    """The key is valid, but lacks the permission to synthesize speech."""
    NOT_ACTIVATED = "not_activated"
    """The account has no package that includes speech."""
    IN_ARREARS = "in_arrears"
    """The account has unpaid bills, or its package is used up."""


@dataclass(eq=False, repr=False)
class ProviderError(Exception):
    """A request failed. Callers of a provider never see status codes.

    - `code`: the service's error code, always an identifier. Its messages may quote the spoken text and are dropped.
    - `setting`: the setting that an INPUT failure is about.
    - `retry_after`: in seconds.
    - `limit`: how many concurrent requests a BUSY service allows.
    - `charged`: the charge for the failed request.
    - `quota`: the quota that the response reported.
    - `request_id`: the id that the service gave the request.
    """

    failure: Failure
    _: KW_ONLY
    code: str | None = None
    problem: AccountProblem | None = None
    setting: str | None = None
    retry_after: float | None = None
    limit: int | None = None
    charged: Charge = Charge()
    quota: Quota | None = None
    request_id: str | None = None

    def __str__(self) -> str:
        """Return the failure with its code."""
        return self.failure if self.code is None else f"{self.failure} ({self.code})"


@dataclass(frozen=True, kw_only=True, slots=True)
class CredentialField:
    """A field of the credential form. Secrets are masked and never prefilled. `choices` turn it into a dropdown."""

    key: str
    secret: bool = True
    choices: tuple[str, ...] = ()


class CredentialError(ValueError):
    """Entered credentials are unusable: the form field, and the key of the form's error message."""

    def __init__(self, field: str, reason: str) -> None:
        """Store the field and the error key."""
        super().__init__(reason)
        self.field = field
        self.reason = reason


@dataclass(frozen=True, kw_only=True, slots=True)
class Credentials:
    """Credentials of an account: an API key, or an access token with the data to renew it.

    `refresh_token` is single-use: each refresh returns the next one. `auth_url` is the URL of the token service, and
    `public_key` the key it requires in addition to the refresh token. `details` are further fields of the form by name.
    """

    key: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    auth_url: str | None = None
    public_key: str | None = field(default=None, repr=False)
    details: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Timeouts:
    """Timeouts in seconds: to connect, until the first audio, and between two chunks of it."""

    connect: float = 5.0
    first_byte: float = 10.0
    between: float = 10.0


class Transport(StrEnum):
    """Transport of a request: a WebSocket, a streamed HTTP response, or a complete HTTP body."""

    WEBSOCKET = "websocket"
    STREAM = "stream"
    BODY = "body"


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountInfo:
    """The account of a key: a stable, opaque identifier, and the expiry of the key, if known."""

    account_id: str
    expires_at: datetime | None = None
