"""Prints the matrix as a table of counts: `python -m tests.faults`."""

from .table import table

print(table())
