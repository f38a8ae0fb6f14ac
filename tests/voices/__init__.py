"""Tests of `voices`."""
