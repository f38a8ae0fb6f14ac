"""Mutants change what runs, one thing at a time, and nothing that only a reader sees."""

from tests.mutation.mutants import mutants_of

SOURCE = b'''"""Not 1 < 2."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import decimal

LIMIT: "int | float" = 3
"""More than 2."""


def f(x: int = 1) -> "int | None":
    """Return x + 1."""
    LOGGER.debug("\xc3\xa4: %d", 1 + 2)
    if not x or x < LIMIT:
        g(x)
        return x + 1
    for y in ():
        break
    return None
'''


def test_each_mutant_changes_one_thing_that_runs() -> None:
    """Every mutant compiles."""
    mutants = mutants_of(SOURCE)
    for mutant in mutants:
        compile(mutant.of(SOURCE), "mutant", "exec")
    assert [(mutant.line, mutant.before, mutant.after) for mutant in mutants] == [
        (8, "3", "4"),
        (12, "1", "2"),
        (15, "not x", "(x)"),
        (15, "not x or x < LIMIT", "(not x and x < LIMIT)"),
        (15, "x < LIMIT", "(x <= LIMIT)"),
        (16, "g(x)", "pass"),
        (17, "return x + 1", "return None"),
        (17, "x + 1", "(x - 1)"),
        (17, "1", "2"),
        (19, "break", "continue"),
    ]
