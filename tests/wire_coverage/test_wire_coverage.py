"""Each endpoint, frame and error of the protocols has a test on both sides."""

import ast
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from tests.emulator import asyncflow_errors, sarvam_errors
from tests.emulator.asyncflow import AsyncFlow
from tests.emulator.flow import Flow
from tests.emulator.sarvam import Sarvam
from tests.emulator.settings import Settings
from tests.emulator.tencent import Tencent

from .element import Element, Kind
from .table import ELEMENTS, table

TESTS = Path(__file__).parents[1]
EMULATOR = (TESTS / "emulator",)
ADAPTER = tuple(TESTS / name for name in ("providers", "speech", "playback", "account", "flows", "."))
SIDES = [
    *((element, EMULATOR, element.emulator) for element in ELEMENTS),
    *((element, ADAPTER, element.adapter) for element in ELEMENTS),
]


@cache
def source(path: Path) -> str:
    """Return the source of a test, and for the matrix that of its data."""
    data = sorted((TESTS / "faults").glob("*.py")) if path.name == "test_fault_matrix.py" else []
    return "\n".join(part.read_text(encoding="utf-8") for part in (path, *data))


@cache
def names_in(path: Path) -> set[str]:
    """Return the names of the tests in a module, without running it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    }


def told(element: Element) -> str:
    """Return which element it is."""
    return f"{element.section} {element.kind} {element.name}"


def found(name: str, folders: tuple[Path, ...]) -> Path | None:
    """Return the first module that has a named test."""
    module, _, test = name.partition("::")
    paths = (folder / f"{module}.py" for folder in folders)
    return next((path for path in paths if path.exists() and test in names_in(path)), None)


def shows(element: Element, folders: tuple[Path, ...], names: tuple[str, ...]) -> bool:
    """Return True if the named tests exist, and one of them has the element in its source."""
    paths = [path for name in names if (path := found(name, folders)) is not None]
    return len(paths) == len(names) and (not names or any(element.mark in source(path) for path in paths))


def test_every_test_that_is_named_exists_and_shows_the_element() -> None:
    """By its name in the source, where one test shows many."""
    assert [f"{told(side[0])}, {side[1][0].name}" for side in SIDES if not shows(*side)] == []


def test_no_element_lacks_a_side() -> None:
    """Unless the adapter does without it, and says why."""
    assert [told(element) for element in ELEMENTS if not element.emulator] == []
    assert [told(element) for element in ELEMENTS if bool(element.adapter) is bool(element.unasked)] == []
    assert [name for name, count in Counter(map(told, ELEMENTS)).items() if count > 1] == []


@pytest.mark.parametrize("service", [AsyncFlow, Sarvam, Flow, Tencent])
def test_every_endpoint_of_the_emulator_is_in_the_table(service: type[AsyncFlow | Sarvam | Flow | Tencent]) -> None:
    """Whatever is added to it."""
    known = {element.name for element in ELEMENTS if element.kind is Kind.ENDPOINT}
    routes = [(method, str(path)) for method, path, _ in service(Settings()).routes()]

    assert [f"{method} {path}" for method, path in routes if f"{method} {path}" not in known] == []


def test_every_code_of_the_emulator_is_in_the_table() -> None:
    """But the one that AsyncFlow documents none for."""
    names = " ".join(element.name for element in ELEMENTS)
    codes = {code for code in map(asyncflow_errors.code_of, range(400, 600)) if code} | set(sarvam_errors.MESSAGES)

    assert sorted(code for code in codes if code not in names and code != "VALIDATION_ERROR") == []


def test_the_table_has_a_row_for_each_element() -> None:
    """The table is readable."""
    assert len(table().splitlines()) == len(ELEMENTS) + 2
