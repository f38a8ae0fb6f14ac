"""Attacks. Each test is cited in `docs/security.md`, in the section about it."""
