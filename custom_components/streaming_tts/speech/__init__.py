"""Speech synthesis for any provider, from a text that may still be streaming to its audio."""
