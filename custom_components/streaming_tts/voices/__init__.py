"""Saved voices: their settings, the catalogue of an account, languages."""
