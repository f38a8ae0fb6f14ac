"""The open browsers: they receive playback commands, and report when they play."""

from collections.abc import Callable
from functools import partial
from typing import Any

import probatio as vol

from homeassistant.components.websocket_api import async_register_command
from homeassistant.components.websocket_api.connection import ActiveConnection
from homeassistant.components.websocket_api.decorators import websocket_command
from homeassistant.components.websocket_api.messages import event_message
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_send

SIGNAL_PLAYING = "demo_tools_playing"
"""Sent with a boolean when a browser starts or stops to play."""

type Listener = Callable[[dict[str, Any]], None]


class Browsers:
    """All open tabs."""

    def __init__(self) -> None:
        """Start without tabs."""
        self._listeners: list[Listener] = []

    @property
    def open(self) -> bool:
        """Return True if a tab is open."""
        return bool(self._listeners)

    def tell(self, **command: Any) -> None:
        """Send a command to all tabs."""
        for listener in self._listeners:
            listener(command)

    def add(self, listener: Listener) -> Callable[[], None]:
        """Add a tab; return the function that removes it."""
        self._listeners.append(listener)
        return partial(self._listeners.remove, listener)


def register_commands(hass: HomeAssistant, browsers: Browsers) -> None:
    """Register the commands of the frontend module."""

    @websocket_command({vol.Required("type"): "demo_tools/listen"})
    @callback
    def listen(hass: HomeAssistant, connection: ActiveConnection, message: dict[str, Any]) -> None:
        """Subscribe to playback commands."""
        number = message["id"]
        connection.subscriptions[number] = browsers.add(
            lambda command: connection.send_message(event_message(number, command))
        )
        connection.send_result(number)

    @websocket_command({vol.Required("type"): "demo_tools/playing", vol.Required("playing"): bool})
    @callback
    def playing(hass: HomeAssistant, connection: ActiveConnection, message: dict[str, Any]) -> None:
        """Receive whether a browser is playing."""
        async_dispatcher_send(hass, SIGNAL_PLAYING, message["playing"])
        connection.send_result(message["id"])

    async_register_command(hass, listen)
    async_register_command(hass, playing)
