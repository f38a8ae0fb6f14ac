"""Leaves all tests out but those in the file that the environment names: a plugin for pytest."""

import os
from pathlib import Path

import pytest

TESTS = "MUTATION_TESTS"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the tests that are named, in the order of the file."""
    order = {test: number for number, test in enumerate(Path(os.environ[TESTS]).read_text("utf-8").splitlines())}
    config.hook.pytest_deselected(items=[item for item in items if item.nodeid not in order])
    items[:] = sorted((item for item in items if item.nodeid in order), key=lambda item: order[item.nodeid])
