"""A request of Home Assistant for speech becomes audio."""
