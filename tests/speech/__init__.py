"""Tests of what happens between text and sound."""
