"""A real Home Assistant in a process of its own, and what a person does with it over HTTP and WebSocket.

`scripts/demo` stands on it too. Nothing in here is made for tests alone.
"""

from .account import Account, Voice, add_account, add_voice, begin_account, change_options
from .client import ApiError, Client
from .flow import Flow, FlowError
from .heard import Heard
from .process import HomeAssistantProcess, ProcessError

__all__ = [
    "Account",
    "ApiError",
    "Client",
    "Flow",
    "FlowError",
    "Heard",
    "HomeAssistantProcess",
    "ProcessError",
    "Voice",
    "add_account",
    "add_voice",
    "begin_account",
    "change_options",
]
