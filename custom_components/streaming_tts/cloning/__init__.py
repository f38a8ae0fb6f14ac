"""Voice cloning from recordings."""
