"""Conversion of Home Assistant's text-to-speech requests to audio."""
