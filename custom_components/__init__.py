"""Integrations that Home Assistant loads beside its own."""
