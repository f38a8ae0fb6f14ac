"""Tests of Streaming TTS."""
