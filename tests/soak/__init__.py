"""Long runs and load tests.

Run by `scripts/soak` and `scripts/load`.
"""
