"""What the documents say of settings and messages: names, keys in a call, who has them, their bounds.

And the words of what is seen.
"""

from collections.abc import Iterator, Mapping
import json
from pathlib import Path
import re
from typing import Any, Final

import pytest

from custom_components.streaming_tts.const import DOMAIN
from custom_components.streaming_tts.providers import PROVIDERS
from custom_components.streaming_tts.providers.types import ChoiceSetting, NumberSetting, Setting
from custom_components.streaming_tts.voices.settings import FINISH_SETTINGS, supported_options
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.condition import async_validate_conditions_config
from homeassistant.helpers.trigger import async_validate_trigger_config
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import parse_yaml
from tests.tables import each_row

ROOT: Final = Path(__file__).parents[1]
WORDS: Final = json.loads((ROOT / "custom_components/streaming_tts/translations/en.json").read_text(encoding="utf-8"))
FORM: Final = WORDS["config_subentries"]["voice"]["step"]["settings"]
NAMES: Final = FORM["data"] | FORM["sections"]["sound"]["data"]
ROWS: Final = [
    re.split(r"\s*\|\s*", line.strip("| \n"))
    for line in (ROOT / "docs" / "voices.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("|") and line.count("|") == 5
]
"""Of the one table that has four columns: the name, the keys, who has it, what it does."""
KEYS: Final = {key: row for row in ROWS for key in re.findall(r"`(\w+)`", row[1])}


SYMPTOMS: Final = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
QUOTED: Final = re.findall(r'^\| "([^"]+)" \|', SYMPTOMS, re.MULTILINE)


def settings() -> Iterator[tuple[str, Setting]]:
    """Yield each setting of each model with who has it."""
    for provider in PROVIDERS.values():
        for model in provider.models:
            yield from ((provider.name, setting) for setting in model.saved_settings)
    yield from (("all", setting) for setting in FINISH_SETTINGS)


def bounds(setting: Setting) -> tuple[str, ...]:
    """Return what is said of the values that a setting may have."""
    match setting:
        case NumberSetting():
            return (f"{setting.minimum:g} to {setting.maximum:g}",)
        case ChoiceSetting():
            return tuple(f"`{choice}`" for choice in setting.choices)
    return ()


def test_each_option_of_a_call_is_documented_and_no_other() -> None:
    """Whatever the provider."""
    models = [model for provider in PROVIDERS.values() for model in provider.models]
    volumes = {volume.key: volume for model in models for volume in model.volumes}
    assert set(KEYS) == set(supported_options(tuple(models))) - set(volumes)
    page = (ROOT / "docs" / "voices.md").read_text(encoding="utf-8")
    assert [key for key, volume in volumes.items() if not re.search(f"`{key}` [^`]*{bounds(volume)[0]}", page)] == []


@each_row(("owner", "setting"), settings())
def test_a_setting_is_documented_as_it_is(owner: str, setting: Setting) -> None:
    """Under the name that the form shows, with who has it and what it may be."""
    name, _, owners, does = KEYS[setting.key]
    assert name == NAMES[setting.key]
    assert owner in owners
    assert [bound for bound in bounds(setting) if bound not in owners] == []
    assert does


@pytest.mark.parametrize("message", QUOTED)
def test_a_quoted_message_is_one_that_is_seen(message: str) -> None:
    """With what it names left out."""
    seen = re.compile(re.escape(message).replace("…", r"\{\w+\}"))
    assert any(map(seen.search, said(WORDS)))


def said(words: str | Mapping[str, Any]) -> Iterator[str]:
    """Yield all that is said in translations."""
    if isinstance(words, str):
        yield words
    else:
        for part in words.values():
            yield from said(part)


ACCOUNT_FORMS: Final = WORDS["options"]["step"]
BUDGET_FORM: Final = ACCOUNT_FORMS["account"]["sections"]["budget"]["data"]
CLONE_FORM: Final = WORDS["config_subentries"]["voice"]["step"]["clone"]
CLONE_FIELDS: Final = CLONE_FORM["data"] | CLONE_FORM["sections"]["details"]["data"]


@each_row(
    ("page", "name"),
    [
        *(("setup.md", name) for name in ACCOUNT_FORMS["account"]["data"].values()),
        *(("quota.md", name) for name in BUDGET_FORM.values()),
        *(("cloning.md", name) for name in CLONE_FIELDS.values()),
    ],
)
def test_each_field_of_a_form_is_documented(page: str, name: str) -> None:
    """In a table, by the name that it has in the form."""
    rows = (ROOT / "docs" / page).read_text(encoding="utf-8").splitlines()
    first = [row.strip("| ").split(" | ")[0] for row in rows if row.startswith("| ")]
    assert any(name in re.split(r", | \(", cell) for cell in first)


AUTOMATION_PAGES: Final = {"triggers": "trigger", "conditions": "condition"}
SECTIONS: Final = [
    (kind, key, part)
    for kind in AUTOMATION_PAGES
    for part in re.split(r"^## ", (ROOT / "docs" / f"{kind}.md").read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    for key in [next((key for key, words in WORDS[kind].items() if part.startswith(words["name"] + "\n")), None)]
]


@pytest.mark.parametrize("kind", AUTOMATION_PAGES)
def test_each_trigger_and_condition_has_a_section_and_steps(kind: str) -> None:
    """On a page of its own, under the name that it has in the editor."""
    assert [key for section_kind, key, _ in SECTIONS if section_kind == kind] == list(WORDS[kind])
    page = (ROOT / "docs" / f"{kind}.md").read_text(encoding="utf-8")
    assert "\n1. Go to **Settings > Automations & scenes**" in page


@pytest.mark.parametrize(("kind", "key", "section"), SECTIONS, ids=[str(key) for _, key, _ in SECTIONS])
async def test_a_trigger_or_condition_is_documented_as_it_is(
    hass: HomeAssistant, enable_custom_integrations: None, kind: str, key: str, section: str
) -> None:
    """Its options with the names of the editor, and an automation with all of them, which Home Assistant takes."""
    fields = WORDS[kind][key].get("fields", {})
    documented = re.findall(r"^\| ([\w ]+) \| `(\w+)` \|", section, re.MULTILINE)
    assert sorted(documented) == sorted((words["name"], field) for field, words in fields.items())
    (block,) = re.findall(r"^```yaml\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    example: Any = parse_yaml(block)
    (automation,) = example["automation"]
    (described,) = automation[kind]
    assert described[AUTOMATION_PAGES[kind]] == f"{DOMAIN}.{key}"
    assert described.get("options", {}).keys() == fields.keys()
    for platform in ("sensor", "binary_sensor", "event", DOMAIN):
        assert await async_setup_component(hass, platform, {})
    if kind == "triggers":
        assert await async_validate_trigger_config(hass, cv.TRIGGER_SCHEMA([described]))
    else:
        assert await async_validate_conditions_config(hass, cv.CONDITIONS_SCHEMA([described]))
