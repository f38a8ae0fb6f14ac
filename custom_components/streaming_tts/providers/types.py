"""The vocabulary that every provider shares: voices, formats, charges, failures, and what a provider can do."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

type SettingValue = str | int | float | bool


@dataclass(frozen=True, kw_only=True, slots=True)
class AudioFormat:
    """The form in which a provider hands over mono sound: headerless 16-bit PCM at a rate in Hz."""

    sample_rate: int

    def seconds(self, size: int) -> float:
        """Return how many seconds so many bytes are."""
        return size / (2 * self.sample_rate)


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
    """A setting of a model that is a number within bounds (inclusive), a whole one where its `step` is an int.

    One that `is_volume`, a factor, only makes the voice louder or quieter. Calls may give it; what is saved with a
    voice for that is done here, in dB.
    """

    key: str
    minimum: float
    maximum: float
    step: float
    default: float
    is_volume: bool = False


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

    @property
    def volumes(self) -> tuple[NumberSetting, ...]:
        """Return the settings that only make the voice louder or quieter."""
        return tuple(each for each in self.settings if isinstance(each, NumberSetting) and each.is_volume)

    @property
    def saved_settings(self) -> tuple[Setting, ...]:
        """Return the settings that are saved with a voice; the others can only be given by a call."""
        return tuple(each for each in self.settings if each not in self.volumes)


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

    @property
    def percent_left(self) -> float | None:
        """Return the share that is left, None where nobody knows."""
        return 100.0 * self.remaining / self.limit if self.remaining is not None and self.limit else None


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
    """What went wrong, whatever the service calls it. Each says what follows; all are followed by the fallback."""

    BUSY = "busy"
    """Too many requests at once. It is made again when one of ours ends: for 3 s before the first audio, for 60 s
    without a fallback. The account's limit is lowered to what the service said."""
    RATE = "rate"
    """Too many requests in a time. It is made again after the delay that the service named, within the same limit."""
    QUOTA = "quota"
    """Nothing is left. The account is in backoff until its quota is renewed; where that is not known, one utterance an
    hour tries it. A binary sensor and a repair issue say so."""
    AUTH = "auth"
    """The credentials are wrong. A token is refreshed once; else the user is asked to log in, and the account is in
    backoff until its credentials are proven or replaced."""
    VOICE = "voice"
    """The service does not have the voice, or not with its model. Not tried again; a repair issue offers another
    one."""
    OUTDATED = "outdated"
    """The service no longer has the version that the adapter speaks. Not tried again; a repair issue asks for an
    update."""
    INPUT = "input"
    """The request was refused for what is in it. Not tried again; the error names the setting."""
    SERVER = "server"
    """The service failed. Tried once more before the first audio; where a failed request costs, only without a
    fallback.
    """
    UNREACHABLE = "unreachable"
    """No connection, or no first byte in time. Tried once on a fresh connection; then 30 s of backoff."""
    BROKEN = "broken"
    """A break, a stall, garbage, or an end without the end mark. Before the first audio it is tried again; after that,
    the interrupted sentence and the rest are tried once more."""


MODEL_RETIRED: Final = "model_retired"
"""The code of a VOICE failure where the service no longer has the model that the voice is saved with."""


class AccountProblem(StrEnum):
    """What is wrong with an account, where its failure alone does not say what a person can do about it."""

    ONLY_EMAIL = "only_email"
    """No other token helps: the account was made by another way to sign in than by email."""
    CLOCK_OFF = "clock_off"
    """The clocks of Home Assistant and the service differ by more than a signature allows."""
    APPLICATION_UNKNOWN = "application_unknown"
    """The key does not belong to the application that it is used for."""
    PERMISSION_MISSING = "permission_missing"
    """The key is good, but nobody granted it the right to speak."""
    NOT_ACTIVATED = "not_activated"
    """The account has no package that speech belongs to."""
    IN_ARREARS = "in_arrears"
    """The account has not been paid for, or its package is used up."""


@dataclass(eq=False, repr=False)
class ProviderError(Exception):
    """A request that failed; nothing above a provider sees a status code.

    `code` is the service's own error code (an identifier, never its free text, which may quote what was spoken),
    `problem` what is wrong with the account, `setting` the setting that an INPUT is about, `retry_after` seconds,
    `limit` how many requests at once a BUSY service allows, `charged` what the failed request cost all the same,
    `quota` what the answer told, `request_id` what the service calls the request.
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
    """A field of the form for credentials. A secret is hidden, and never filled in; `choices` make it a list."""

    key: str
    secret: bool = True
    choices: tuple[str, ...] = ()


class CredentialError(ValueError):
    """Credentials that cannot be used as they were entered: the field, and the key of a message of the form."""

    def __init__(self, field: str, reason: str) -> None:
        """Keep what is wrong with which field."""
        super().__init__(reason)
        self.field = field
        self.reason = reason


@dataclass(frozen=True, kw_only=True, slots=True)
class Credentials:
    """What proves the account: an API key or access token, and what renews a token that ends.

    `refresh_token` is single-use: each refresh returns the next one. `auth_url` is the address of the token service
    and `public_key` the key it wants beside the refresh token. `details` are what else belongs to the key, by field of
    the form.
    """

    key: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    auth_url: str | None = None
    public_key: str | None = field(default=None, repr=False)
    details: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Timeouts:
    """How long a service may take, in seconds: to connect, to the first sound, and between two pieces of it."""

    connect: float = 5.0
    first_byte: float = 10.0
    between: float = 10.0


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
