"""From text to sound: what happens between a text that may still be written and the audio, for any provider."""
