"""Makes a voice of a recording, for the form and for the action.

What is wrong comes in words before anything is sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, BinaryIO, Final, Self

from homeassistant.components.ffmpeg import get_ffmpeg_manager
from homeassistant.util import dt as dt_util

from ..account.clones import Clone
from ..account.runtime import Account
from ..errors import error_message, invalid
from ..providers.capabilities import Cloning, Recording, ServiceRejection
from ..providers.types import ProviderError, SettingValue, VoiceInfo
from ..voices.settings import read_settings
from .prepare import PreparedRecording, prepare
from .recording import FlawedRecording

MAX_NAME_CHARACTERS: Final = 100


class CloneError(Exception):
    """No voice was made: the key of the message, which forms and actions both have, and what it names.

    `about_recording` tells that another recording is needed.
    """

    def __init__(
        self, key: str, placeholders: Mapping[str, str] | None = None, *, about_recording: bool = False
    ) -> None:
        """Keep the message."""
        super().__init__(key)
        self.key = key
        self.about_recording = about_recording
        self.placeholders = dict(placeholders or {})

    @classmethod
    def of(cls, flawed: FlawedRecording) -> Self:
        """Return why a recording is not sent."""
        return cls(f"recording_{flawed.flaw}", flawed.details, about_recording=True)


class CloneFailure(CloneError):
    """No voice was made, and nothing is wrong with what was asked."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CloneRequest:
    """What was asked for beside the recording, and when it was confirmed that the person agrees."""

    name: str
    settings: dict[str, SettingValue] = field(repr=False)
    consented_at: datetime


def read_wish(provider: Cloning, name: str, answers: Mapping[str, Any]) -> CloneRequest:
    """Return what is wished of a person who agrees now; raises `ServiceValidationError`."""
    if not 0 < len(name.strip()) <= MAX_NAME_CHARACTERS:
        raise invalid("clone_name", maximum=str(MAX_NAME_CHARACTERS))
    return CloneRequest(
        name=name.strip(),
        settings=read_settings(provider.clone_settings, answers),
        consented_at=dt_util.utcnow(),
    )


def check_allowed(account: Account, provider: Cloning) -> None:
    """Raise `CloneError` where the account may not be asked, or has fewer points left than a voice costs."""
    if (refusal := account.refusal(alone=True)) is not None:
        raise _in_words(refusal, account)
    price, left = provider.clone_price.points, points_left(account)
    if left is not None and left < price:
        raise CloneError("points_short", {"account": account.entry.title, "points": str(price), "left": str(left)})


def points_left(account: Account) -> int | None:
    """Return how many points are left, None where nobody knows."""
    return None if account.quota is None else account.quota.remaining


async def async_prepare(account: Account, provider: Cloning, recording: BinaryIO) -> PreparedRecording:
    """Return the recording in an open file in the form in which it can be sent; raises `CloneError`."""
    ffmpeg = get_ffmpeg_manager(account.hass).binary
    try:
        return await prepare(ffmpeg, recording, provider.recording_rules)
    except FlawedRecording as flawed:
        raise CloneError.of(flawed) from None


async def async_clone(
    account: Account, provider: Cloning, prepared: PreparedRecording, wish: CloneRequest
) -> VoiceInfo:
    """Send a recording and return the voice that was made of it, which is in the catalogue then.

    Raises `CloneError`.
    """
    check_allowed(account, provider)
    recording = Recording(
        audio=prepared.audio,
        file_type=prepared.file_type,
        seconds=prepared.seconds,
        name=wish.name,
        settings=wish.settings,
    )
    # A request that is given up in the middle is charged: the service has begun
    charge = provider.clone_price
    error: ProviderError | None = None
    asked_at = account.hass.loop.time()
    with account.in_progress(charge):
        try:
            voice = await provider.clone(recording)
        except ProviderError as caught:
            charge, error = caught.charged, caught
            raise _in_words(caught, account) from None
        finally:
            account.record_beside(charge, asked_at, error)
    await account.clones.async_add(Clone(voice=voice, consented_at=wish.consented_at))
    await account.catalogue.async_refresh()
    return voice


def _in_words(error: ProviderError, account: Account) -> CloneError:
    """Return the words for a failure of the service."""
    message = error_message(error, account.entry.title)
    kind = CloneError if isinstance(error, ServiceRejection) else CloneFailure
    return kind(message["translation_key"], message["translation_placeholders"])
