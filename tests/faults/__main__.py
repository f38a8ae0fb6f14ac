"""Print the fault matrix as tables of counts.

    python -m tests.faults                       expected outcomes at the adapters
    python -m tests.faults --full [ARGUMENTS]    also run the matrix in Home Assistant, and print its outcomes
    python -m tests.faults --write [ARGUMENTS]   also write both tables into docs/dev/faults.md

Further arguments are passed to pytest: `-k "tencent and fallback"` runs a part, and the other rows are kept.
"""

from pathlib import Path
import subprocess
import sys
from tempfile import TemporaryDirectory
from xml.etree import ElementTree as ET

from .document import write
from .table import instance_table, table

_COMMANDS = {"--full", "--write"}
_TEST = "tests/faults/test_faults.py::test_no_sentence_is_lost_without_a_reported_error"
_PYTEST = ("-m", "pytest", _TEST, "--full", "--numprocesses=auto", "--dist=worksteal")
_QUIET = ("-q", "--show-capture=no", "--override-ini=junit_family=xunit1")


def main(arguments: list[str]) -> int:
    """Run the command; return the exit status."""
    print(table())
    if not _COMMANDS & set(arguments):
        return 0
    status, rows = _played([argument for argument in arguments if argument not in _COMMANDS])
    print(instance_table(rows))
    if "--write" in arguments:
        write(rows)
    return status


def _played(arguments: list[str]) -> tuple[int, list[str]]:
    """Return the exit status of the tests, and the rows with their counts.

    They run in another process, because the pytest plugin has to be loaded before Home Assistant.
    """
    with TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = (sys.executable, *_PYTEST, *_QUIET, f"--junitxml={report}", *arguments)
        status = subprocess.run(command, check=False).returncode
        properties = ET.parse(report).iter("property")  # noqa: S314 - pytest has written it
        return status, sorted(each.attrib["value"] for each in properties if each.get("name") == "row")


sys.exit(main(sys.argv[1:]))
