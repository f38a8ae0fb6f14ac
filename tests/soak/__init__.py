"""A house that is lived in for hours, and one in which everybody speaks at once.

Run by `scripts/soak` and `scripts/load`.
"""
