"""Tests of many rows in one, which has the cost of setting up one test and reports all the rows that fail."""

from collections.abc import Callable, Iterable, Sequence
from functools import wraps
import inspect
from typing import Any

import pytest


def each_row(
    names: str | Sequence[str], rows: Iterable[Any], *, ids: Callable[[Any], object] | Iterable[object] | None = None
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Run a test that waits for nothing once with each row, as `pytest.mark.parametrize` would in as many tests.

    The arguments are those of `parametrize`. Raises all failures at the end, each with a note of its row.
    """
    columns = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
    each = [_row(row, len(columns)) for row in rows]
    if callable(ids):
        notes = [", ".join(str(ids(value)) for value in values) for _, values in each]
    else:
        notes = [str(note) for note in ids] if ids is not None else [note for note, _ in each]

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        @wraps(test)
        def of_all_rows(**fixtures: Any) -> None:
            assert each, "A table without a row proves nothing"
            failures: list[Exception] = []
            for note, (_, values) in zip(notes, each, strict=True):
                try:
                    test(**fixtures, **dict(zip(columns, values, strict=True)))
                except Exception as error:  # noqa: BLE001 - the next row is to be seen too
                    error.add_note(f"row: {note}")
                    failures.append(error)
            if failures:
                raise ExceptionGroup(f"{len(failures)} of {len(each)} rows", failures)

        signature = inspect.signature(test)
        others = [parameter for name, parameter in signature.parameters.items() if name not in columns]
        setattr(of_all_rows, "__signature__", signature.replace(parameters=others))
        return of_all_rows

    return decorate


def _row(row: Any, width: int) -> tuple[str, tuple[Any, ...]]:
    """Return what a row is called, and its values."""
    if isinstance(row, type(pytest.param())):
        assert not row.marks
        return str(row.id or row.values), tuple(row.values)
    values = (row,) if width == 1 else tuple(row)
    return repr(values)[:200], values
