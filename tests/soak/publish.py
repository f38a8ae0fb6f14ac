"""Writes the figures of a run into the documentation, between its marks."""

from pathlib import Path
import re
from typing import Final

DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "dev" / "reliability.md"


def publish(name: str, table: str) -> None:
    """Put a run in the place of the last one of that name. Raises LookupError where there is none."""
    page = DOCUMENT.read_text(encoding="utf-8")
    place = re.compile(rf"(?<=<!-- {name} -->\n).*?(?=<!-- end -->)", re.DOTALL)
    if not place.search(page):
        raise LookupError(name)
    DOCUMENT.write_text(place.sub(lambda _: f"\n{table}\n\n", page, count=1), encoding="utf-8")
