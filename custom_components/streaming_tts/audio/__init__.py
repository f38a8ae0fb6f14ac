"""Audio formats, without Home Assistant."""
