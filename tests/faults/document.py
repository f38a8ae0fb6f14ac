"""The document of the matrix: its tables are made, all else is written by hand."""

from collections.abc import Iterable
from pathlib import Path
import re

from .endings import SITUATIONS
from .table import house_table, table

DOCUMENT = Path(__file__).parents[2] / "docs" / "dev" / "faults.md"
_TABLES = re.compile(r"(<!-- (adapters|house) -->\n).*?(<!-- end -->)", re.DOTALL)


def write(rows: Iterable[str]) -> None:
    """Put the tables into the document; what was not played keeps its row."""
    text = DOCUMENT.read_text()
    words = {situation.words for situation in SITUATIONS}
    known = {_words(line): line for line in text.splitlines() if _words(line) in words}
    tables = {"adapters": table(), "house": house_table(sorted((known | {_words(row): row for row in rows}).values()))}
    DOCUMENT.write_text(_TABLES.sub(lambda found: f"{found[1]}\n{tables[found[2]]}\n\n{found[3]}", text))


def _words(row: str) -> tuple[str, ...]:
    """Return the situation of a row, in words."""
    return tuple(row.removeprefix("| ").split(" | ")[:4])
