"""A faithful stand-in for the speech services, written from what is known of their wire protocols alone."""

from .emulator import Emulator, running_emulator
from .settings import Settings, VoiceMode

__all__ = ["Emulator", "Settings", "VoiceMode", "running_emulator"]
