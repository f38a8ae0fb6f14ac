"""Tells whether the emulator's own tests have passed with the files as they are.

python -m tests.emulator.tested    stores the hash of these files; `scripts/test emulator` does so when the tests have
passed
"""

from collections.abc import Iterable
import hashlib
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
STORED = HERE / "tested.sha256"


def current_hash() -> str:
    """Return the hash of all that the result of the emulator's tests depends on."""
    digest = hashlib.sha256()
    own = sorted(path for kind in ("*.py", "*.json") for path in HERE.rglob(kind))
    for path in (*own, ROOT / "pyproject.toml", ROOT / "docs" / "dev" / "protocols.md"):
        if path.exists():
            digest.update(f"{path.relative_to(ROOT)} {path.stat().st_size}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def is_unchanged() -> bool:
    """Return True if the tests have passed with these files."""
    return STORED.exists() and STORED.read_text().strip() == current_hash()


def smoke(items: Iterable[pytest.Item]) -> set[pytest.Item]:
    """Return the tests that always run: the first case of each test in `test_core.py`."""
    first: dict[str, pytest.Item] = {}
    for item in items:
        if item.path == HERE / "test_core.py" and isinstance(item, pytest.Function):
            first.setdefault(item.originalname, item)
    return set(first.values())


if __name__ == "__main__":
    STORED.write_text(f"{current_hash()}\n")
