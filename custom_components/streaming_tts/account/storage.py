"""What must not be lost: a file of Home Assistant's that is written again until it is written."""

from collections.abc import Callable
from typing import Any, Final, override

from homeassistant.core import callback
from homeassistant.helpers.storage import Store
from homeassistant.util.file import WriteError

from ..const import LOGGER

RETRY_DELAY: Final = 60.0
"""Seconds after which a file that could not be written is tried again."""


class LastingStore(Store[dict[str, Any]]):
    """A store that does not give up where the disk is full: it tries again, and says so once.

    Home Assistant's own gives up a state that it could not write, until there is another one.
    """

    _unwritten = False

    @override
    @callback
    def async_delay_save(self, data_func: Callable[[], dict[str, Any]], delay: float = 0) -> None:
        """Write what the function returns after so many seconds, or later where the last try has failed."""
        super().async_delay_save(data_func, max(delay, RETRY_DELAY) if self._unwritten else delay)

    @override
    async def _async_write_data(self, data: dict[str, Any]) -> None:
        """Write a state; one that could not be written is tried again, unless there is a newer one by then."""
        try:
            await super()._async_write_data(data)
        except WriteError:
            if not self._unwritten:
                LOGGER.error(
                    "What was counted or renewed cannot be stored, probably since the disk is full. "
                    "It is kept in memory, and tried again every minute"
                )
            self._unwritten = True
            if self._data is None:
                self.async_delay_save(lambda: data["data"])
            return
        if self._unwritten:
            LOGGER.warning("What was counted or renewed is stored again")
        self._unwritten = False
