"""A real Home Assistant with the integration and the emulator, driven from outside."""
