"""Where recordings come from: a file that was uploaded for a form, or one in the house's own media."""

from datetime import datetime
from pathlib import Path
from typing import Final

from homeassistant.components.file_upload import DOMAIN as FILE_UPLOAD_DOMAIN, FileUploadData, process_uploaded_file
from homeassistant.components.media_source import DOMAIN as MEDIA_SOURCE_DOMAIN, MediaSourceItem
from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later
from homeassistant.util import raise_if_invalid_path
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN
from .file_types import SUFFIXES
from .flaws import FlawedRecording
from .session import CloneError
from .source import SourceFile, read_file

GONE: Final = "recording_gone"
OUTSIDE: Final = "recording_outside"

MAX_WAIT: Final = 3600.0
"""Seconds after which a recording is deleted that was chosen in a form and never sent."""


async def async_take_upload(hass: HomeAssistant, file_id: str) -> SourceFile:
    """Return what was uploaded, whose file is deleted then; raises `CloneError`."""
    try:
        return await hass.async_add_executor_job(_take, hass, file_id)
    except FlawedRecording as flawed:
        raise CloneError.of(flawed) from None
    except LookupError, OSError, ValueError:
        raise CloneError(GONE, about_recording=True) from None


class OpenForms:
    """The forms for a recording that are open. What is chosen in one is uploaded before the form is sent, if it ever is.

    Home Assistant tells nobody whose a file is. Deleted is what has come since the first of the forms was opened and is
    named like a recording: when the last of them is closed, and once more after a while, for a browser that was closed
    without a word or while it still uploaded.
    """

    def __init__(self, hass: HomeAssistant) -> None:
        """Start with none."""
        self._hass = hass
        self._open: set[str] = set()
        self._before: frozenset[str] = frozenset()
        self._later: CALLBACK_TYPE | None = None

    @callback
    def opened(self, flow_id: str) -> None:
        """Note that a form is shown."""
        if not self._open and self._later is None:
            self._before = frozenset(_uploads(self._hass))
        self._open.add(flow_id)
        if self._later is not None:
            self._later()
        job = HassJob(self._forget, "recordings that were never sent", cancel_on_shutdown=True)
        self._later = async_call_later(self._hass, MAX_WAIT, job)

    @callback
    def closed(self, flow_id: str) -> None:
        """Note that a form is gone, whether or not it was ever shown."""
        if flow_id in self._open:
            self._open.remove(flow_id)
            if not self._open:
                self._discard()

    @callback
    def _forget(self, _now: datetime) -> None:
        self._later = None
        self._open.clear()
        self._discard()

    @callback
    def _discard(self) -> None:
        uploads = _uploads(self._hass)
        recordings = [
            file_id
            for file_id, name in uploads.items()
            if file_id not in self._before and Path(name).suffix.lower().removeprefix(".") in SUFFIXES
        ]
        if recordings:
            self._hass.async_add_executor_job(discard_uploads, self._hass, frozenset(recordings))


_OPEN_FORMS: HassKey[OpenForms] = HassKey(f"{DOMAIN}_open_forms")


def open_forms(hass: HomeAssistant) -> OpenForms:
    """Return the forms of the house."""
    return hass.data.setdefault(_OPEN_FORMS, OpenForms(hass))


def discard_uploads(hass: HomeAssistant, file_ids: frozenset[str]) -> None:
    """Delete what was uploaded and never taken; blocks."""
    for file_id in file_ids:
        try:
            with process_uploaded_file(hass, file_id):
                pass
        except LookupError, OSError, ValueError:  # nothing of it is left, or it is being taken just now
            continue


async def async_read_media(hass: HomeAssistant, media_id: str) -> SourceFile:
    """Return a file of the house's own media by its media source id; raises `CloneError`.

    It is not resolved by its media source: that of another integration would fetch something, or speak.
    """
    try:
        folder, location = _place(hass, media_id)
        return await hass.async_add_executor_job(_read, folder, location)
    except FlawedRecording as flawed:
        raise CloneError.of(flawed) from None
    except OSError, ValueError:  # the latter for what no file's name can have in it
        raise CloneError(GONE, about_recording=True) from None


def _uploads(hass: HomeAssistant) -> dict[str, str]:
    """Return the names of all files that are uploaded and were not taken yet, by id."""
    data = hass.data.get(FILE_UPLOAD_DOMAIN)
    return dict(data.files) if isinstance(data, FileUploadData) else {}


def _take(hass: HomeAssistant, file_id: str) -> SourceFile:
    with process_uploaded_file(hass, file_id) as path:
        return read_file(path)


def _place(hass: HomeAssistant, media_id: str) -> tuple[Path, str]:
    """Return a media folder of the house and a place in it; raises `CloneError` for anything else."""
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


def _read(folder: Path, location: str) -> SourceFile:
    """Return the file at a place of a folder; one that a link leads to is not in it. Blocks."""
    home = folder.resolve()
    if (path := home / location) != path.resolve():
        raise CloneError(OUTSIDE, about_recording=True)
    return read_file(path)
