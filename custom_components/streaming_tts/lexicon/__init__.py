"""Pronunciations: those that all accounts share, and those that a service keeps."""
