"""The document of the matrix: its tables are made, all else is written by hand."""

from collections.abc import Iterable
from pathlib import Path
import re

from .table import house_table, table

DOCUMENT = Path(__file__).parents[2] / "docs" / "dev" / "faults.md"
_TABLES = re.compile(r"(<!-- (adapters|house) -->\n).*?(<!-- end -->)", re.DOTALL)


def write(rows: Iterable[str]) -> None:
    """Put the tables into the document."""
    tables = {"adapters": table(), "house": house_table(rows)}
    text = DOCUMENT.read_text()
    DOCUMENT.write_text(_TABLES.sub(lambda found: f"{found[1]}\n{tables[found[2]]}\n\n{found[3]}", text))
