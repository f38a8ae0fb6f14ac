"""Integrations that are linked into the Home Assistant of the tests."""
