"""Fixtures of the adapters' tests."""

import pytest

from tests.emulator.settings import Settings

from .flow_help import Notebook


@pytest.fixture
def settings() -> Settings:
    """Return services that answer at once, in tones that are a function of the text."""
    return Settings()


@pytest.fixture
def notebook() -> Notebook:
    """Return a listener that records what a provider reports."""
    return Notebook()
