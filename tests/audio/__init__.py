"""Tests of `audio`."""
