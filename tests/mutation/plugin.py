"""A plugin for pytest: runs only the tests that a file names, and writes those that fail into another."""

import os
from pathlib import Path

import pytest

TESTS = "MUTATION_TESTS"
"""The variable of the environment that names the file of tests; without it all run."""
FAILED = "MUTATION_FAILED"
"""The variable that names the file for those that fail."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the tests that are named, in the order of the file."""
    if TESTS not in os.environ:
        return
    order = {test: number for number, test in enumerate(Path(os.environ[TESTS]).read_text("utf-8").splitlines())}
    config.hook.pytest_deselected(items=[item for item in items if item.nodeid not in order])
    items[:] = sorted((item for item in items if item.nodeid in order), key=lambda item: order[item.nodeid])


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Record a failed test, once for all processes."""
    if report.failed and "PYTEST_XDIST_WORKER" not in os.environ:
        with Path(os.environ[FAILED]).open("a", encoding="utf-8") as file:
            file.write(f"{report.nodeid}\n")
