"""Tests of what is done with a recording before it is sent."""
