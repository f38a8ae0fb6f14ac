"""What the tests of the Home Assistant face and those of the adapters have, together."""

from tests.providers.conftest import session

__all__ = ["session"]
