"""What some providers can do beyond speech: clone and keep voices, play samples, hold dictionaries, time words.

Each is an interface that a provider may have; a caller checks for it by `isinstance`, never by name. All
methods raise `ProviderError`.
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
    """Why a service does not do what was asked with a voice, a recording or a dictionary."""

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
    """The service understood the request and says no, for a `reason` that a person can do something about.

    `code` is the service's own word for it, `setting` the field that it is about. It says nothing about the account's
    health.
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
        """Keep the reason."""
        super().__init__(Failure.INPUT, code=code or reason, setting=setting, charged=charged, quota=quota)
        self.reason = reason


type CloneSetting = Setting


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordingRules:
    """What a recording has to be before it is sent.

    Lengths are seconds of audio, `most_bytes` counts what is sent. Below `advised_seconds` a person is warned. With
    `wav_rate` it is sent as 16-bit mono WAV at that rate (Hz), without at its own rate; where that would be too large,
    as another of the `file_types` that the provider takes (suffixes without the dot).
    """

    least_seconds: float
    most_seconds: float | None = None
    advised_seconds: float | None = None
    most_bytes: int
    wav_rate: int | None = None
    file_types: frozenset[str] = frozenset({"wav"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Recording:
    """A recording that is ready to be sent, with what was said of it; nothing of it may be logged or kept.

    `settings` are answers to the provider's `clone_settings`, those that were left empty left out.
    """

    audio: bytes = field(repr=False)
    file_type: str
    seconds: float
    name: str = field(repr=False)
    settings: Mapping[str, SettingValue] = field(default_factory=dict, repr=False)


class Cloning(ABC):
    """A provider that makes a voice of a recording.

    Not all of them list it in `voices`: the caller has to store it.
    """

    recording_rules: RecordingRules
    clone_settings: tuple[CloneSetting, ...] = ()

    @property
    def clone_price(self) -> Charge:
        """Return what a clone costs, also one that fails once the service has taken the recording."""
        return Charge()

    @abstractmethod
    async def clone(self, recording: Recording) -> VoiceInfo:
        """Make a voice; raises `ServiceRejection` where the service rejects the recording, `charged` what that cost."""


class VoiceField(StrEnum):
    """What of an own voice can be changed."""

    NAME = "name"
    DESCRIPTION = "description"
    GENDER = "gender"
    STYLE = "style"
    ACCENT = "accent"


class VoiceDeletion(ABC):
    """A provider that deletes voices the account made."""

    @abstractmethod
    async def delete_voice(self, voice_id: str) -> None:
        """Delete an own voice; raises `ServiceRejection`."""


class VoiceEditing(ABC):
    """A provider that changes what is said of voices the account made."""

    changeable: ClassVar[frozenset[VoiceField]]

    @abstractmethod
    async def update_voice(self, voice_id: str, changes: Mapping[VoiceField, str]) -> VoiceInfo:
        """Change an own voice; raises `ServiceRejection`, with `setting` naming the field where the service says so."""


class VoiceLookup(ABC):
    """A provider that can be asked for one voice."""

    @abstractmethod
    async def voice(self, voice_id: str) -> VoiceInfo:
        """Return one voice as the service knows it now; raises `ServiceRejection`."""


class SessionRenewal(ABC):
    """A provider whose credentials are a session, renewed by a sign-in server that the user has to confirm."""

    @classmethod
    @abstractmethod
    async def public_key(cls, session: aiohttp.ClientSession, base_url: str) -> str | None:
        """Return the key that the sign-in server wants beside the session, None where the service does not say."""

    @classmethod
    @abstractmethod
    async def renewed(cls, session: aiohttp.ClientSession, credentials: Credentials) -> Credentials:
        """Return the credentials after they were renewed, which uses up their refresh token."""


class Previews(ABC):
    """A provider that has samples of its voices, free of charge."""

    def has_sample(self, voice: VoiceInfo) -> bool:
        """Return True if there may be a sample of a voice, as far as the catalogue knows."""
        return True

    @abstractmethod
    async def preview_url(self, voice: VoiceInfo) -> str | None:
        """Return an address that plays the voice's sample without the key, or None where there is none.

        The address may live only for minutes.
        """


@dataclass(frozen=True, kw_only=True, slots=True)
class TimedWord:
    """A word, and when it is said, in milliseconds from the beginning of the sound."""

    word: str = field(repr=False)
    start: int
    end: int


@dataclass(frozen=True, kw_only=True, slots=True)
class TimedSpeech:
    """The sound of a text in the format that was asked for, and when each word is said."""

    audio: bytes = field(repr=False)
    words: tuple[TimedWord, ...] = field(repr=False)


class Timestamps(ABC):
    """A provider that tells when each word is said."""

    timed_models: ClassVar[frozenset[str]]
    """The models that can; a voice of another model is spoken by one of these."""

    @abstractmethod
    async def speak_with_timestamps(self, voice: Voice, audio_format: AudioFormat, text: str) -> TimedSpeech:
        """Return the whole sound of a text with its words."""


type Pronunciations = Mapping[str, Mapping[str, str]]
"""By language (BCP 47): how words are to be said."""


class Dictionaries(ABC):
    """A provider that keeps pronunciation dictionaries of its own."""

    most_dictionaries: ClassVar[int]
    most_words: ClassVar[int]
    """How many words one dictionary may hold, all languages together."""
    dictionary_setting: ClassVar[TextSetting]
    """The setting of a voice that names the dictionary it speaks by; models that know none do not have it."""

    @abstractmethod
    async def dictionaries(self) -> tuple[str, ...]:
        """Return the ids of all dictionaries."""

    @abstractmethod
    async def dictionary(self, dictionary_id: str) -> Pronunciations:
        """Return what one dictionary holds; raises `ServiceRejection`."""

    @abstractmethod
    async def create_dictionary(self, pronunciations: Pronunciations) -> str:
        """Make a dictionary and return its id; raises `ServiceRejection`."""

    @abstractmethod
    async def update_dictionary(self, dictionary_id: str, pronunciations: Pronunciations) -> Pronunciations:
        """Add to a dictionary, entries that are not named stay; return what changed; raises `ServiceRejection`."""

    @abstractmethod
    async def delete_dictionary(self, dictionary_id: str) -> None:
        """Delete a dictionary; raises `ServiceRejection`."""
