"""Audio as samples and files, independent of Home Assistant, providers, and speech."""
