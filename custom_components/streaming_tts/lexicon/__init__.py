"""Pronunciations: the lexicon shared by all accounts, and dictionaries stored by a service."""
