"""Write the results of a run into the documents."""

from pathlib import Path
import re
from typing import Final

DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "dev" / "reliability.md"


def publish(name: str, table: str) -> None:
    """Replace the results of the last run with this name. Raises LookupError if there are none."""
    page = DOCUMENT.read_text(encoding="utf-8")
    place = re.compile(rf"(?<=<!-- {name} -->\n).*?(?=<!-- end -->)", re.DOTALL)
    if not place.search(page):
        raise LookupError(name)
    DOCUMENT.write_text(place.sub(lambda _: f"\n{table}\n\n", page, count=1), encoding="utf-8")
