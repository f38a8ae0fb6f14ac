"""Optional features of providers: cloning and managing voices, samples, dictionaries, and word timestamps.

Each is an interface. Callers check for it with `isinstance`, never by name. All methods may raise `ProviderError`.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

import aiohttp

from .types import (
    AudioFormat,
    Charge,
    Credentials,
    Failure,
    ProviderError,
    Quota,
    Setting,
    SettingValue,
    TextSetting,
    Voice,
    VoiceInfo,
)


class Reason(StrEnum):
    """Why a service rejects a request about a voice, a recording, or a dictionary."""

    BAD_QUALITY = "bad_quality"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    TOO_LARGE = "too_large"
    NOT_AUDIO = "not_audio"
    CLONE_LIMIT = "clone_limit"
    TIER_LIMIT = "tier_limit"
    TOO_FEW_POINTS = "too_few_points"
    FIELD_FIXED = "field_fixed"
    NOT_OWN = "not_own"
    NOT_FOUND = "not_found"
    NO_SAMPLE = "no_sample"
    DICTIONARY_LIMIT = "dictionary_limit"
    NOT_OFFERED = "not_offered"


class ServiceRejection(ProviderError):
    """The service understood the request and rejected it for a `reason` that the user can fix.

    `code` is the service's error code, `setting` the field in question. The account itself remains healthy.
    """

    def __init__(
        self,
        reason: Reason,
        *,
        code: str | None = None,
        setting: str | None = None,
        charged: Charge = Charge(),
        quota: Quota | None = None,
    ) -> None:
        """Store the reason."""
        super().__init__(Failure.INPUT, code=code or reason, setting=setting, charged=charged, quota=quota)
        self.reason = reason


type CloneSetting = Setting


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordingRules:
    """Requirements for a recording.

    Durations are in seconds. `most_bytes` is the maximum size as sent. Below `advised_seconds`, the user is warned. The
    recording is sent as 16-bit mono WAV at `wav_rate` in Hz, or at its own rate if None. If that is too large, it is
    sent as another of the supported `file_types` (suffixes without the dot).
    """

    least_seconds: float
    most_seconds: float | None = None
    advised_seconds: float | None = None
    most_bytes: int
    wav_rate: int | None = None
    file_types: frozenset[str] = frozenset({"wav"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Recording:
    """A recording that is ready to be sent. Its content must not be logged or stored.

    `settings` are the values of the provider's `clone_settings`, without empty ones.
    """

    audio: bytes = field(repr=False)
    file_type: str
    seconds: float
    name: str = field(repr=False)
    settings: Mapping[str, SettingValue] = field(default_factory=dict, repr=False)


class Cloning(ABC):
    """A provider that clones a voice from a recording.

    The caller has to store the voice, because some providers don't list it in `voices`.
    """

    recording_rules: RecordingRules
    clone_settings: tuple[CloneSetting, ...] = ()

    @property
    def clone_price(self) -> Charge:
        """Return the charge for a clone. It also applies if cloning fails after the recording was accepted."""
        return Charge()

    @abstractmethod
    async def clone(self, recording: Recording) -> VoiceInfo:
        """Clone a voice. Raises `ServiceRejection` if the service rejects the recording, with the cost in `charged`."""


class VoiceField(StrEnum):
    """Editable fields of an account's own voices."""

    NAME = "name"
    DESCRIPTION = "description"
    GENDER = "gender"
    STYLE = "style"
    ACCENT = "accent"


class VoiceDeletion(ABC):
    """A provider that can delete an account's own voices."""

    @abstractmethod
    async def delete_voice(self, voice_id: str) -> None:
        """Delete a voice of the account. Raises `ServiceRejection`."""


class VoiceEditing(ABC):
    """A provider that can edit the description of an account's own voices."""

    changeable: ClassVar[frozenset[VoiceField]]

    @abstractmethod
    async def update_voice(self, voice_id: str, changes: Mapping[VoiceField, str]) -> VoiceInfo:
        """Edit a voice of the account. Raises `ServiceRejection`, with the field in `setting` if reported."""


class VoiceLookup(ABC):
    """A provider that can look up a single voice."""

    @abstractmethod
    async def voice(self, voice_id: str) -> VoiceInfo:
        """Return the current data of a voice. Raises `ServiceRejection`."""


class SessionRenewal(ABC):
    """A provider whose credentials are a session, renewed by a sign-in server that the user has to confirm."""

    @classmethod
    @abstractmethod
    async def public_key(cls, session: aiohttp.ClientSession, base_url: str) -> str | None:
        """Return the key that the sign-in server requires in addition to the session, or None if not provided."""

    @classmethod
    @abstractmethod
    async def renewed(cls, session: aiohttp.ClientSession, credentials: Credentials) -> Credentials:
        """Return the renewed credentials. This uses up the previous refresh token."""


class Previews(ABC):
    """A provider with free samples of its voices."""

    def has_sample(self, voice: VoiceInfo) -> bool:
        """Return True if a voice may have a sample, according to the catalogue."""
        return True

    @abstractmethod
    async def preview_url(self, voice: VoiceInfo) -> str | None:
        """Return the URL of a voice's sample, which requires no key, or None if there is no sample.

        The URL may expire within minutes.
        """


@dataclass(frozen=True, kw_only=True, slots=True)
class TimedWord:
    """A word with its start and end in the audio, in milliseconds."""

    word: str = field(repr=False)
    start: int
    end: int


@dataclass(frozen=True, kw_only=True, slots=True)
class TimedSpeech:
    """The audio of a text in the requested format, with the times of its words."""

    audio: bytes = field(repr=False)
    words: tuple[TimedWord, ...] = field(repr=False)


class Timestamps(ABC):
    """A provider with word timestamps."""

    timed_models: ClassVar[frozenset[str]]
    """The models with timestamps. A voice of another model is synthesized with one of them."""

    @abstractmethod
    async def speak_with_timestamps(self, voice: Voice, audio_format: AudioFormat, text: str) -> TimedSpeech:
        """Return the complete audio of a text with the times of its words."""


type Pronunciations = Mapping[str, Mapping[str, str]]
"""Pronunciations of words by language (BCP 47)."""


class Dictionaries(ABC):
    """A provider that stores pronunciation dictionaries."""

    most_dictionaries: ClassVar[int]
    most_words: ClassVar[int]
    """Maximum number of words in one dictionary, over all languages."""
    dictionary_setting: ClassVar[TextSetting]
    """The voice setting that selects a dictionary. Models without dictionaries don't have it."""

    @abstractmethod
    async def dictionaries(self) -> tuple[str, ...]:
        """Return the ids of all dictionaries."""

    @abstractmethod
    async def dictionary(self, dictionary_id: str) -> Pronunciations:
        """Return the content of one dictionary. Raises `ServiceRejection`."""

    @abstractmethod
    async def create_dictionary(self, pronunciations: Pronunciations) -> str:
        """Create a dictionary and return its ID. Raises `ServiceRejection`."""

    @abstractmethod
    async def update_dictionary(self, dictionary_id: str, pronunciations: Pronunciations) -> Pronunciations:
        """Add entries to a dictionary and return what changed. Others are kept. Raises `ServiceRejection`."""

    @abstractmethod
    async def delete_dictionary(self, dictionary_id: str) -> None:
        """Delete a dictionary. Raises `ServiceRejection`."""
