"""Convert written text to sentences that can be spoken."""
