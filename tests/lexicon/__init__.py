"""Tests of `lexicon`."""
