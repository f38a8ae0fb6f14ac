"""The counts of the matrix."""

from collections import Counter
from collections.abc import Callable, Iterable

from custom_components.streaming_tts.providers.types import Failure

from .cells import Cell, Outcome, Stage
from .endings import Ending, Situation
from .matrix import CELLS, ROUTES


def table(cells: Iterable[Cell] = CELLS) -> str:
    """Return two Markdown tables: the expected outcomes of the cells of each route, and their stages."""
    cells = tuple(cells)
    outcomes = _counted(cells, (*Outcome, *Failure), lambda cell: cell.trouble.expected)
    stages = _counted(cells, tuple(Stage), lambda cell: cell.trouble.stage)
    return f"{outcomes}\n\n{stages}"


HEAD = ("route", "text", "voice", "fault", "cells", *Ending)


def instance_table(rows: Iterable[str]) -> str:
    """Return the Markdown table of the matrix in Home Assistant, from rows counted by its tests, with sums."""
    rows = tuple(rows)
    fields = [[field.strip() for field in row.split("|")[5:-1]] for row in rows]
    sums = [sum(int(field or 0) for field in column) for column in zip(*fields, strict=True)]
    borders = ("---" if column < 4 else "---:" for column in range(len(HEAD)))
    return "\n".join((_row(*HEAD), _row(*borders), *rows, _row("all", "", "", "", *sums)))


def instance_row(situation: Situation, endings: Counter[Ending]) -> str:
    """Return one row: the endings of its cells."""
    return _row(*situation.words, endings.total(), *(endings[ending] or "" for ending in Ending))


def _counted(cells: tuple[Cell, ...], columns: tuple[str, ...], column_of: Callable[[Cell], str]) -> str:
    """Return a table of the cells, with a row for each route and one for all."""
    rows = [_row("route", "cells", *columns), _row("---", *("---:" for _ in ("cells", *columns)))]
    for route in (*ROUTES, None):
        own = [cell for cell in cells if route in (cell.route, None)]
        rows += [_counts(str(route or "all"), own, columns, column_of)]
    return "\n".join(rows)


def _counts(name: str, cells: Iterable[Cell], columns: tuple[str, ...], column_of: Callable[[Cell], str]) -> str:
    found = Counter(map(column_of, cells))
    return _row(name, found.total(), *(found[column] or "" for column in columns))


def _row(*fields: object) -> str:
    return f"| {' | '.join(map(str, fields))} |"
