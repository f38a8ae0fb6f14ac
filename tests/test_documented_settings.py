"""What the documents say of settings and messages: names, keys in a call, who has them, their bounds; and the words of what is seen."""

from collections.abc import Iterator, Mapping
import json
from pathlib import Path
import re
from typing import Any, Final

import pytest

from custom_components.streaming_tts.providers import PROVIDERS
from custom_components.streaming_tts.providers.types import ChoiceSetting, NumberSetting, Setting
from custom_components.streaming_tts.voices.settings import FINISH_SETTINGS, supported_options

ROOT: Final = Path(__file__).parents[1]
WORDS: Final = json.loads((ROOT / "custom_components/streaming_tts/translations/en.json").read_text(encoding="utf-8"))
FORM: Final = WORDS["config_subentries"]["voice"]["step"]["settings"]
NAMES: Final = FORM["data"] | FORM["sections"]["sound"]["data"]
ROWS: Final = [
    re.split(r"\s*\|\s*", line.strip("| \n"))
    for line in (ROOT / "docs" / "setup.md").read_text(encoding="utf-8").splitlines()
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
            yield from ((provider.name, setting) for setting in model.settings)
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
    assert set(KEYS) == {key for provider in PROVIDERS.values() for key in supported_options(provider.models)}


@pytest.mark.parametrize(("owner", "setting"), settings())
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
