"""Tests of what is known of an account at run time."""
