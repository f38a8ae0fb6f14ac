"""The YAML examples of the documents."""

from collections.abc import Iterator
import re
from typing import Any, Final

from homeassistant.util.yaml import parse_yaml

from .instance.folder import ROOT

_BLOCK: Final = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)


def examples() -> Iterator[tuple[str, Any]]:
    """Yield each example of the documents with its location."""
    for document in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        text = document.read_text(encoding="utf-8")
        for block in _BLOCK.finditer(text):
            line = text.count("\n", 0, block.start()) + 1
            yield f"{document.name}:{line}", parse_yaml(block[1])


def is_automation(example: Any) -> bool:
    """Return True if an example is a list of automations."""
    return isinstance(example, dict) and "automation" in example


def is_script(example: Any) -> bool:
    """Return True if an example has scripts."""
    return isinstance(example, dict) and "script" in example


def is_sequence(example: Any) -> bool:
    """Return True if an example is a list of actions."""
    return isinstance(example, dict) and example.keys() == {"actions"}


def is_action(example: Any) -> bool:
    """Return True if an example is one action for the developer tools."""
    return isinstance(example, dict) and "action" in example


def is_card(example: Any) -> bool:
    """Return True if an example is a dashboard card."""
    return isinstance(example, dict) and "type" in example


def example_named(alias: str) -> dict[str, Any]:
    """Return an automation of the documents by its name. Raises StopIteration if there is none."""
    automations = [automation for _, block in examples() if is_automation(block) for automation in block["automation"]]
    return next(automation for automation in automations if automation["alias"] == alias)


def script_named(key: str) -> dict[str, Any]:
    """Return a script of the documents by its key. Raises StopIteration if there is none."""
    return next(block["script"][key] for _, block in examples() if is_script(block) and key in block["script"])
