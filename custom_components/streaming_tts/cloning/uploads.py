"""Sources of recordings: a file uploaded in a form, or one in the local media."""

from pathlib import Path
from typing import BinaryIO, Final

from homeassistant.components.file_upload import process_uploaded_file
from homeassistant.components.media_source import DOMAIN as MEDIA_SOURCE_DOMAIN, MediaSourceItem
from homeassistant.core import HomeAssistant
from homeassistant.util import raise_if_invalid_path

from .recording import FlawedRecording, open_file
from .session import CloneError

GONE: Final = "recording_gone"
OUTSIDE: Final = "recording_outside"


async def async_take_upload(hass: HomeAssistant, file_id: str) -> BinaryIO:
    """Return what was uploaded, open and already deleted, so that it is gone once closed; raises `CloneError`."""
    try:
        return await hass.async_add_executor_job(_take, hass, file_id)
    except FlawedRecording as flawed:
        raise CloneError.of(flawed) from None
    except LookupError, OSError, ValueError:
        raise CloneError(GONE, about_recording=True) from None


def discard_uploads(hass: HomeAssistant, file_ids: frozenset[str]) -> None:
    """Delete what was submitted in a form and never taken; blocks."""
    for file_id in file_ids:
        try:
            with process_uploaded_file(hass, file_id):
                pass
        except LookupError, OSError, ValueError:  # nothing of it is left, or it is being taken just now
            continue


async def async_open_media(hass: HomeAssistant, media_id: str) -> BinaryIO:
    """Return an open file of the local media by its media source ID; raises `CloneError`.

    It is not resolved by its media source: that of another integration would fetch something, or speak.
    """
    try:
        folder, location = _place(hass, media_id)
        return await hass.async_add_executor_job(_open, folder, location)
    except FlawedRecording as flawed:
        raise CloneError.of(flawed) from None
    except OSError, ValueError:  # the latter for what no file's name can have in it
        raise CloneError(GONE, about_recording=True) from None


def _take(hass: HomeAssistant, file_id: str) -> BinaryIO:
    with process_uploaded_file(hass, file_id) as path:
        return open_file(path)


def _place(hass: HomeAssistant, media_id: str) -> tuple[Path, str]:
    """Return a local media folder and a path in it; raises `CloneError` for anything else."""
    try:
        item = MediaSourceItem.from_uri(hass, media_id, None)
        name, _, location = (item.identifier or "").partition("/")
        raise_if_invalid_path(location)
    except ValueError:
        raise CloneError(OUTSIDE, about_recording=True) from None
    folder = hass.config.media_dirs.get(name)
    if item.domain != MEDIA_SOURCE_DOMAIN or folder is None or not location or Path(location).is_absolute():
        raise CloneError(OUTSIDE, about_recording=True)
    return Path(folder), location


def _open(folder: Path, location: str) -> BinaryIO:
    """Open the file at a place of a folder; one that a link leads to is not in it. Blocks."""
    home = folder.resolve()
    if (path := home / location) != path.resolve():
        raise CloneError(OUTSIDE, about_recording=True)
    return open_file(path)
