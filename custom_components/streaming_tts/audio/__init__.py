"""Audio as samples and as files. Nothing here knows of Home Assistant, of a provider or of speech."""
