"""Voices made of recordings."""
