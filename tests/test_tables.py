"""A test of many rows in one reports each row that fails."""

import inspect

import pytest

from tests.tables import each_row


def test_all_rows_that_fail_are_reported() -> None:
    """All failing rows, each by its name or values; a column may be given alone."""
    seen = []

    @each_row(("number", "wanted"), [(1, 1), (2, 3), pytest.param(4, 5, id="four")])
    def case(number: int, wanted: int, fixture: str) -> None:
        seen.append((number, fixture))
        assert number == wanted

    assert list(inspect.signature(case).parameters) == ["fixture"]
    with pytest.raises(ExceptionGroup, match="2 of 3 rows") as raised:
        case(fixture="a")
    assert seen == [(1, "a"), (2, "a"), (4, "a")]
    assert [error.__notes__ for error in raised.value.exceptions] == [["row: (2, 3)"], ["row: four"]]


def test_a_table_without_a_row_fails() -> None:
    """It would prove nothing."""

    @each_row("number", [])
    def case(number: int) -> None:
        """Pass."""

    with pytest.raises(AssertionError, match="without a row"):
        case()
