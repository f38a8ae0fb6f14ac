"""The elements of all protocols, and the tables that are made of them."""

from . import asyncflow, beyond_speech, flow, sarvam, tencent
from .element import Element

ELEMENTS: tuple[Element, ...] = (
    *asyncflow.ELEMENTS,
    *sarvam.ELEMENTS,
    *flow.ELEMENTS,
    *tencent.ELEMENTS,
    *beyond_speech.ELEMENTS,
)


def table() -> str:
    """Return the elements as a table in Markdown."""
    rows = ["| section | kind | element | emulator | adapter |", "| --- | --- | --- | --- | --- |"]
    rows += [
        f"| {element.section} | {element.kind} | {element.name} | {_tests(element.emulator)} | "
        f"{_tests(element.adapter) or f'not asked for: {element.unasked}'} |"
        for element in ELEMENTS
    ]
    return "\n".join(rows)


def _tests(names: tuple[str, ...]) -> str:
    return "<br>".join(f"`{name}`" for name in names)
