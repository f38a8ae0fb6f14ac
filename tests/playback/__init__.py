"""Tests of `playback`."""
