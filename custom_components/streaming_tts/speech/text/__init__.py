"""Written text becomes segments that can be spoken."""
