"""Prints the matrix as tables of counts.

python -m tests.faults                       what has to come of each fault at the adapters
python -m tests.faults --full [ARGUMENTS]    plays the matrix of the house, and prints what came of it too
python -m tests.faults --write [ARGUMENTS]   does that and puts both into docs/dev/faults.md

Further arguments are those of pytest: `-k "tencent and fallback"` plays a part, and the rest keeps its rows.
"""

from pathlib import Path
import subprocess
import sys
from tempfile import TemporaryDirectory
from xml.etree import ElementTree as ET

from .document import write
from .table import house_table, table

_COMMANDS = {"--full", "--write"}
_TEST = "tests/faults/test_faults.py::test_no_sentence_is_lost_or_the_house_is_told_why"
_PYTEST = ("-m", "pytest", _TEST, "--full", "--numprocesses=auto", "--dist=worksteal")
_QUIET = ("-q", "--show-capture=no", "--override-ini=junit_family=xunit1")


def main(arguments: list[str]) -> int:
    """Do what is asked for; return the exit status."""
    print(table())
    if not _COMMANDS & set(arguments):
        return 0
    status, rows = _played([argument for argument in arguments if argument not in _COMMANDS])
    print(house_table(rows))
    if "--write" in arguments:
        write(rows)
    return status


def _played(arguments: list[str]) -> tuple[int, list[str]]:
    """Return the exit status of the tests and the rows that they counted.

    They run in a process of their own: Home Assistant's plugin for pytest has to be loaded before Home Assistant is.
    """
    with TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = (sys.executable, *_PYTEST, *_QUIET, f"--junitxml={report}", *arguments)
        status = subprocess.run(command, check=False).returncode
        properties = ET.parse(report).iter("property")  # noqa: S314 - pytest has written it
        return status, sorted(each.attrib["value"] for each in properties if each.get("name") == "row")


sys.exit(main(sys.argv[1:]))
