"""The values of the manifest are valid for the newest release of Home Assistant."""

import json
from pathlib import Path
from typing import Any

import homeassistant.generated

from .instance.folder import ROOT

GENERATED = Path(homeassistant.generated.__path__[0])
MANIFEST = json.loads((ROOT / "custom_components" / "streaming_tts" / "manifest.json").read_text(encoding="utf-8"))


def generated(name: str) -> list[dict[str, Any]]:
    """Return a list that Home Assistant generates from its own integrations."""
    content: list[dict[str, Any]] = json.loads((GENERATED / f"{name}.json").read_text(encoding="utf-8"))
    return content


def test_its_categories_are_known() -> None:
    """A category, or a part of one."""
    known = {
        name
        for category in generated("integration_categories")
        for name in (
            category["slug"],
            *(f"{category['slug']}.{part['slug']}" for part in category.get("subcategories", ())),
        )
    }
    assert set(MANIFEST["categories"]) <= known


def test_how_it_reaches_its_services_is_known() -> None:
    """By the cloud."""
    assert set(MANIFEST["connectivity"]) <= {way["slug"] for way in generated("integration_connectivity")}
