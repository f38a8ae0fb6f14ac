"""Tests of `cloning`."""
