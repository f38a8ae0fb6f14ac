"""Language tags (BCP 47): match a requested tag to a provider's tags, and list the tags that users may request."""

from collections.abc import Iterable, Mapping
import json
from pathlib import Path
from typing import Final

from babel.languages import get_official_languages

from homeassistant.util.language import matches

_ALIASES: Final = {"zh-HK": "yue", "zh-MO": "yue", "zh-YUE": "yue", "yue-HK": "yue"}
"""Regional tags of languages that have their own code."""

_CODES: Final = {"od": "or"}
"""Language codes of services, and their ISO 639 equivalents."""

_SCRIPT_LENGTH: Final = 4

_DATA: Final = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))

_REGIONS: Final[Mapping[str, list[str]]] = _DATA["regions"]
"""Regions and scripts with which users usually request a language."""

_NAMES: Final[Mapping[str, str]] = _DATA["names"]
"""The native names of languages. Home Assistant's backend has none."""


def home_languages(language: str, country: str | None) -> list[str]:
    """Return Home Assistant's language, then the most spoken language of its country (ISO 3166)."""
    spoken = get_official_languages(country, de_facto=True)[:1] if country else ()
    return [language, *(_canonical(each) for each in spoken)]


def primary(tag: str) -> str:
    """Return the language of a tag without its region or script."""
    return _canonical(tag).partition("-")[0]


def family(tag: str) -> str:
    """Return the language of a tag, with aliases resolved: `yue` for `zh-HK`."""
    return primary(_own(tag))


def language_name(tag: str) -> str:
    """Return the native name of a language, or its tag."""
    return _NAMES.get(_canonical(tag), tag)


def _canonical(tag: str) -> str:
    """Return a tag in canonical spelling (`or-IN`, `zh-Hans`). Piper writes `hi_IN`, and Sarvam `od-IN`."""
    language, *rest = tag.replace("_", "-").split("-")
    language = language.lower()
    parts = (part.title() if len(part) == _SCRIPT_LENGTH else part.upper() for part in rest)
    return "-".join((_CODES.get(language, language), *parts))


def _own(tag: str) -> str:
    """Return a tag in canonical spelling, with aliases resolved."""
    canonical = _canonical(tag)
    return _ALIASES.get(canonical, canonical)


def match_language(wanted: str, offered: Iterable[str]) -> str | None:
    """Return the offered tag that matches: the same tag, an alias of it, or the same language.

    Return None if there is none.
    """
    offered = tuple(offered)
    if wanted in offered:
        return wanted
    by_tag = {_canonical(tag): tag for tag in reversed(offered)}
    if (exact := by_tag.get(_canonical(wanted)) or by_tag.get(_own(wanted))) is not None:
        return exact
    by_language = {_own(tag): tag for tag in reversed(offered)}
    nearest = matches(_own(wanted), reversed(by_language))
    return by_language[nearest[0]] if nearest else None


def askable_languages(offered: Iterable[str]) -> list[str]:
    """Return the offered tags, and other tags that match one of them, sorted.

    For example, `hi` matches `hi-IN`, and `en-US` matches `en`.
    """
    tags = set(offered)
    for tag in tuple(tags):
        language = primary(tag)
        tags.update((language, _canonical(tag)))
        for code in (code for code, own in _CODES.items() if own == language):
            tags.update((code, _canonical(tag).replace(language, code, 1)))
        tags.update(f"{language}-{region}" for region in _REGIONS.get(language, ()))
    if "yue" in tags:
        tags.add("zh-HK")
    return sorted(tags)
