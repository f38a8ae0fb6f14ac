"""The page of the matrix: its tables are generated."""

from collections.abc import Iterable
from pathlib import Path
import re

from .endings import SITUATIONS
from .table import instance_table, table

DOCUMENT = Path(__file__).parents[2] / "docs" / "dev" / "faults.md"
_TABLES = re.compile(r"(<!-- (adapters|instance) -->\n).*?(<!-- end -->)", re.DOTALL)


def write(rows: Iterable[str]) -> None:
    """Write the tables into the page; rows that weren't run are kept."""
    text = DOCUMENT.read_text()
    words = {situation.words for situation in SITUATIONS}
    known = {_words(line): line for line in text.splitlines() if _words(line) in words}
    tables = {
        "adapters": table(),
        "instance": instance_table(sorted((known | {_words(row): row for row in rows}).values())),
    }
    DOCUMENT.write_text(_TABLES.sub(lambda found: f"{found[1]}\n{tables[found[2]]}\n\n{found[3]}", text))


def _words(row: str) -> tuple[str, ...]:
    """Return the route, text, voice, and fault of a row."""
    return tuple(row.removeprefix("| ").split(" | ")[:4])
