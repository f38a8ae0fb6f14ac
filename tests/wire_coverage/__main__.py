"""Prints the table of what docs/dev/protocols.md tells and the tests that show it: `python -m tests.wire_coverage`."""

import sys

from .table import table

sys.stdout.write(f"{table()}\n")
