"""Benchmarks of latency and CPU time in a real Home Assistant, compared with its own engines."""
