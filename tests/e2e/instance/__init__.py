"""A real Home Assistant in another process, with clients for its HTTP and WebSocket APIs.

Also used by `scripts/demo`.
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
