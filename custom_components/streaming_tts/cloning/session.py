"""Cloning of a voice from a recording, from an upload or local media, for the form and the action.

Problems are reported with translated messages before anything is sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

from homeassistant.components.ffmpeg import get_ffmpeg_manager
from homeassistant.components.file_upload import process_uploaded_file
from homeassistant.components.media_source import DOMAIN as MEDIA_SOURCE_DOMAIN, MediaSourceItem
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util, raise_if_invalid_path

from ..account.runtime import Account
from ..account.storage import Clone
from ..errors import error_message, invalid
from ..providers.capabilities import Cloning, Recording, ServiceRejection
from ..providers.types import ProviderError, SettingValue, VoiceInfo
from ..voices.settings import read_settings
from .recordings import CloneError, FlawedRecording, PreparedRecording, RecordingProblem, open_file, prepare

MAX_NAME_CHARACTERS: Final = 100


class CloneFailure(CloneError):
    """Cloning failed, but the request was valid."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CloneRequest:
    """The settings of a clone, and when the speaker's consent was confirmed."""

    name: str
    settings: dict[str, SettingValue] = field(repr=False)
    consented_at: datetime


def read_wish(provider: Cloning, name: str, answers: Mapping[str, Any], *, consent: bool) -> CloneRequest:
    """Return the request for a clone with consent as of now. Raises `ServiceValidationError`."""
    if not consent:
        raise invalid("consent_missing")
    if not 0 < len(name.strip()) <= MAX_NAME_CHARACTERS:
        raise invalid("clone_name", maximum=str(MAX_NAME_CHARACTERS))
    return CloneRequest(
        name=name.strip(),
        settings=read_settings(provider.clone_settings, answers),
        consented_at=dt_util.utcnow(),
    )


def check_allowed(account: Account, provider: Cloning) -> None:
    """Raise `CloneError` if the account may not send requests, or has too few points for a clone."""
    if (refusal := account.refusal(alone=True)) is not None:
        raise _in_words(refusal, account)
    price, left = provider.clone_price.points, points_left(account)
    if left is not None and left < price:
        raise CloneError("points_short", {"account": account.entry.title, "points": str(price), "left": str(left)})


def points_left(account: Account) -> int | None:
    """Return the remaining points, None if unknown."""
    quota = account.quota_state.quota
    return None if quota is None else quota.remaining


async def async_prepare(account: Account, provider: Cloning, recording: BinaryIO) -> PreparedRecording:
    """Return the recording of an open file in the form to send. Raises `CloneError`."""
    return await prepare(get_ffmpeg_manager(account.hass).binary, recording, provider.recording_rules)


async def async_clone(
    account: Account, provider: Cloning, prepared: PreparedRecording, wish: CloneRequest
) -> VoiceInfo:
    """Send a recording, and return the new voice, which is then in the catalogue.

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
    # A cancelled request is charged, as the service has started
    charge = provider.clone_price
    error: ProviderError | None = None
    asked_at = account.hass.loop.time()
    with account.storage.journal.request(charge, account.cost(charge, None)):
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
    """Return the translated message for a failure of the service."""
    message = error_message(error, account.entry.title)
    kind = CloneError if isinstance(error, ServiceRejection) else CloneFailure
    return kind(message["translation_key"], message["translation_placeholders"])


async def async_take_upload(hass: HomeAssistant, file_id: str) -> BinaryIO:
    """Return an open upload that is already deleted from disk. Raises `CloneError`."""
    try:
        return await hass.async_add_executor_job(_take, hass, file_id)
    except LookupError, OSError, ValueError:
        raise FlawedRecording(RecordingProblem.GONE) from None


def discard_uploads(hass: HomeAssistant, file_ids: frozenset[str]) -> None:
    """Delete uploads that were submitted in a form but never read. Blocking."""
    for file_id in file_ids:
        try:
            with process_uploaded_file(hass, file_id):
                pass
        except LookupError, OSError, ValueError:  # Already deleted, or being read
            continue


async def async_open_media(hass: HomeAssistant, media_id: str) -> BinaryIO:
    """Return an open file of the local media by its media source ID. Raises `CloneError`.

    The ID is not resolved by its media source: another integration's source might fetch or speak something.
    """
    outside = CloneError("recording_outside", about_recording=True)
    try:
        item = MediaSourceItem.from_uri(hass, media_id, None)
        name, _, location = (item.identifier or "").partition("/")
        raise_if_invalid_path(location)
    except ValueError:
        raise outside from None
    folder = hass.config.media_dirs.get(name)
    if item.domain != MEDIA_SOURCE_DOMAIN or folder is None or not location or Path(location).is_absolute():
        raise outside
    try:
        if (file := await hass.async_add_executor_job(_open, Path(folder), location)) is None:
            raise outside
    except OSError, ValueError:  # `ValueError` for characters that are invalid in file names
        raise FlawedRecording(RecordingProblem.GONE) from None
    return file


def _take(hass: HomeAssistant, file_id: str) -> BinaryIO:
    with process_uploaded_file(hass, file_id) as path:
        return open_file(path)


def _open(folder: Path, location: str) -> BinaryIO | None:
    """Open a file inside a folder. Return None if a link leads outside. Blocking."""
    path = folder.resolve() / location
    return open_file(path) if path == path.resolve() else None
