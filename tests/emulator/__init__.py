"""An emulator of the speech services, written only from the documentation of their protocols."""

from .emulator import Emulator, running_emulator
from .settings import Settings, VoiceMode

__all__ = ["Emulator", "Settings", "VoiceMode", "running_emulator"]
