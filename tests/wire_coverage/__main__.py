"""Print the facts of docs/dev/protocols.md and their tests: `python -m tests.wire_coverage`."""

import sys

from .table import table

sys.stdout.write(f"{table()}\n")
