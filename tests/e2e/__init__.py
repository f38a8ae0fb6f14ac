"""End-to-end tests: a real Home Assistant with the integration and the emulator, used through its APIs."""
