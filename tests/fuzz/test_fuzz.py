"""A little of everything that may come from outside, the same each time."""

from typing import Any

from hypothesis import HealthCheck, given, settings
import pytest

from .targets import TARGETS, Target


@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_whatever_comes_from_outside_is_read_or_refused(
    target: Target, socket_enabled: None, pytestconfig: pytest.Config
) -> None:
    """As the target's property says; in the plain run with a third of the examples."""
    with target.opened() as holds:

        @settings(
            deadline=None,
            derandomize=True,
            database=None,
            max_examples=target.examples // (1 if pytestconfig.option.full else 3),
            suppress_health_check=list(HealthCheck),
        )
        @given(target.may_come)
        def holds_of(example: Any) -> None:
            holds(example)

        holds_of()
