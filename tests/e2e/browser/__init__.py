"""Home Assistant's frontend in a headless Chromium."""

from .assistants import Assistants
from .chromium import find_chromium, running_chromium
from .dialog import Dialog
from .frontend import Frontend
from .microphone import LISTEN, heard
from .shown import Shown, shown_in

__all__ = [
    "LISTEN",
    "Assistants",
    "Dialog",
    "Frontend",
    "Shown",
    "find_chromium",
    "heard",
    "running_chromium",
    "shown_in",
]
