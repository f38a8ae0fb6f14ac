"""Prints the matrix as tables of counts.

python -m tests.faults            what has to come of each fault at the adapters
python -m tests.faults --full     plays the matrix of the house, and prints what came of it too
python -m tests.faults --write    does that and puts both into docs/dev/faults.md
"""

import sys

import pytest

from .document import write
from .table import house_table, table

_TEST = "tests/faults/test_faults.py"


class Rows:
    """Gathers the rows that the tests have counted."""

    def __init__(self) -> None:
        """Start with none."""
        self.rows: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the row of one situation."""
        for key, value in report.user_properties:
            if key == "row":
                self.rows[report.nodeid] = str(value)


def main(arguments: list[str]) -> int:
    """Do what is asked for; return the exit status."""
    print(table())
    if not {"--full", "--write"} & set(arguments):
        return 0
    gathered = Rows()
    status = pytest.main(
        [_TEST, "--full", "--numprocesses=auto", "--dist=worksteal", "-q", "--show-capture=no"],
        plugins=[gathered],
    )
    rows = [gathered.rows[nodeid] for nodeid in sorted(gathered.rows)]
    print(house_table(rows))
    if "--write" in arguments:
        write(rows)
    return int(status)


sys.exit(main(sys.argv[1:]))
