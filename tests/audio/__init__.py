"""Tests of samples and files."""
