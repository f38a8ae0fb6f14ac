"""Files in the storage folder. Unreadable state is set aside; unreadable cached data is dropped."""

from collections.abc import Mapping
import os
from pathlib import Path
from typing import Any, Final, override

from homeassistant.core import DOMAIN as HOMEASSISTANT_DOMAIN, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
from homeassistant.util.file import WriteError

from .. import issues
from ..const import DOMAIN, LOGGER, STORAGE_MINOR_VERSION, STORAGE_VERSION

RETRY_DELAY: Final = 60.0
"""Seconds after which a failed write is retried."""

MALFORMED: Final = (AttributeError, KeyError, TypeError, ValueError)
"""Exceptions raised by reading content of an unexpected shape."""

_UNREADABLE: Final = (HomeAssistantError, NotImplementedError, *MALFORMED)
"""Exceptions raised by `Store.async_load` for a file of a later major version or of another shape."""


class IntegrationStore(Store[dict[str, Any]]):
    """A file of this integration, replaced atomically and readable only by its owner.

    A file of a later minor version is readable, and its unknown data is ignored. One of a later major version is not.
    """

    def __init__(self, hass: HomeAssistant, name: str) -> None:
        """Initialize the store for the file `<domain>.<name>`."""
        super().__init__(
            hass,
            STORAGE_VERSION,
            f"{DOMAIN}.{name}",
            private=True,
            atomic_writes=True,
            max_readable_version=STORAGE_VERSION,
            minor_version=STORAGE_MINOR_VERSION,
        )

    @override
    async def async_remove(self) -> None:
        """Remove the file, after a write in progress."""
        self._data = None
        # Home Assistant 2026.10 does not wait for a write in progress; 2026.11 does, and acquires this lock again.
        async with self._write_lock:
            pass
        await super().async_remove()

    async def _async_load_mapping(self) -> dict[str, Any] | None:
        """Return the stored content, or None without any. Raises one of `_UNREADABLE`."""
        content = await self.async_load()
        if content is not None and not isinstance(content, dict):
            raise TypeError
        return content


class CacheStore(IntegrationStore):
    """A store of data that can be fetched again. `dropped` is True if its content was unreadable."""

    dropped = False

    async def async_load_or_drop(self) -> dict[str, Any] | None:
        """Return the stored content, or None if it is missing or unreadable."""
        try:
            content = await self._async_load_mapping()
        except _UNREADABLE:
            content = None
            await self.async_drop()
        else:
            if content is None:
                await self._async_drop_damaged()
        return content

    async def async_drop(self) -> None:
        """Remove unreadable content."""
        self.dropped = True
        LOGGER.info("Could not read %s, fetching it again", self.key)
        await self.async_remove()

    async def _async_drop_damaged(self) -> None:
        """Remove a file of invalid JSON, and the repair that Home Assistant has just created for it."""
        prefix = f"storage_corruption_{self.key}_"
        damaged = [
            issue_id
            for domain, issue_id in ir.async_get(self.hass).issues
            if domain == HOMEASSISTANT_DOMAIN and issue_id.startswith(prefix)
        ]
        for issue_id in damaged:
            ir.async_delete_issue(self.hass, HOMEASSISTANT_DOMAIN, issue_id)
        if damaged:
            self.dropped = True
            await self.hass.async_add_executor_job(_remove_files, self.path, ".corrupt.")


class LastingStore(IntegrationStore):
    """A store of data that must not be lost.

    Unreadable content is kept under another name and reported. If the disk is full, that is reported once, and writing
    is retried. Home Assistant's own store drops a state that it could not write.
    """

    is_written = True
    """False if the last write failed."""

    newest_written: Mapping[str, Any] = {}
    """The newest state written since Home Assistant started."""

    async def async_load_or_set_aside(self) -> dict[str, Any] | None:
        """Return the stored content, or None if it is missing or unreadable."""
        try:
            return await self._async_load_mapping()
        except _UNREADABLE:
            await self.async_set_aside()
            return None

    async def async_set_aside(self) -> None:
        """Move the file to another name, and report that. The caller saves the parts that it could read."""
        aside = f"{self.path}.unreadable.{dt_util.utcnow().isoformat()}"
        LOGGER.error("Could not read all of %s. It was moved to %s", self.key, aside)
        try:
            await self.hass.async_add_executor_job(os.rename, self.path, aside)
        except FileNotFoundError:
            pass
        except OSError:
            self.make_read_only()
        issues.create_set_aside(self.hass, self.key, aside)

    @override
    async def _async_write_data(self, data: dict[str, Any]) -> None:
        """Write a state. A failed write is retried unless a newer state is pending."""
        try:
            await super()._async_write_data(data)
        except WriteError:
            if self.is_written:
                LOGGER.error(
                    "Could not write usage and renewed sessions, probably because the disk is full. "
                    "Retrying every minute"
                )
            self.is_written = False
            if self._data is None:
                self.async_delay_save(lambda: data["data"], RETRY_DELAY)
            return
        if not self.is_written:
            LOGGER.warning("Writing usage and renewed sessions works again")
        self.is_written = True
        self.newest_written = data["data"]


def with_unknown(stored: Mapping[str, Any], current: Mapping[str, Any]) -> dict[str, Any]:
    """Return the current state, with the keys of the stored one that this release does not know."""
    kept = dict(stored)
    for key, value in current.items():
        known = kept.get(key)
        if isinstance(value, Mapping) and isinstance(known, Mapping):
            kept[key] = with_unknown(known, value)
        else:
            kept[key] = value
    return kept


async def async_remove_files(hass: HomeAssistant, name: str) -> None:
    """Remove all files whose names start with `name`, including those set aside."""
    path = IntegrationStore(hass, name).path
    await hass.async_add_executor_job(_remove_files, path, ".")


def _remove_files(path: str, suffix: str) -> None:
    """Remove all files whose names start with the path and suffix."""
    file = Path(path)
    for each in file.parent.glob(f"{file.name}{suffix}*"):
        each.unlink(missing_ok=True)
