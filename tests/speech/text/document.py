"""The examples in docs/text.md, from the cases of the tests: `python -m tests.speech.text.document` writes them."""

from collections.abc import Iterator
from dataclasses import replace
import json
from pathlib import Path
from typing import Any, Final

from custom_components.streaming_tts.speech.text.buffer import TextBuffer
from custom_components.streaming_tts.speech.text.normalizer import Normalizer

from .case_table import NAMES, Case, rules_of

PAGE: Final = Path(__file__).parents[3] / "docs" / "text.md"

_HEADING: Final = "\n## Examples\n"

_TABLE: Final = "| about | language | text | spoken |\n|---|---|---|---|\n"

_FOLDER: Final = Path(__file__).parent


def rows() -> Iterator[str]:
    """Yield a row of the table for each case, of the signs all in English and the first of each other language."""
    for name in ("cases/texts.json", "cases/languages.json"):
        yield from map(row, cases(name))
    languages: set[str] = set()
    for case in cases("spoken_forms.json"):
        if case["language"] == "en" or case["language"] not in languages:
            yield row(case)
        languages.add(case["language"])


def cases(name: str) -> list[Any]:
    """Return the cases of a file."""
    found: list[Any] = json.loads((_FOLDER / name).read_text(encoding="utf-8"))
    return found


def row(case: Case) -> str:
    """Return a case as a row: what is spoken is what the code says, not what the case wants."""
    return f"| {case['kind']} | {case['language']} | {cell(case['text'])} | {cell(' · '.join(spoken(case)))} |"


def spoken(case: Case) -> tuple[str, ...]:
    """Return the sentences of a text with all that is done to it."""
    rules = replace(rules_of(case), normalizer=Normalizer(case["language"]), friendly_name=NAMES.get)
    buffer = TextBuffer(rules)
    buffer.feed(case["text"])
    buffer.end()
    return tuple(buffer.sentences)


def cell(text: str) -> str:
    """Return a text as code in a cell."""
    if not text:
        return "(nothing)"
    shown = text.replace("\n", "⏎").replace("|", "\\|")
    return f"`` {shown} ``" if "`" not in shown else f"```` {shown} ````"


def page() -> str:
    """Return the page with the current examples."""
    written = PAGE.read_text(encoding="utf-8")
    lead, heading, behind = written.partition(_HEADING)
    prose = behind.partition(_TABLE)[0]
    return "".join((lead, heading, prose, _TABLE, *(f"{line}\n" for line in rows())))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
