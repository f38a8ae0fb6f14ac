"""Tests of `speech/text`."""
