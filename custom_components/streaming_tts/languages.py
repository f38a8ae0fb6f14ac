"""Language tags (BCP 47): which of a provider's a wanted one means, and which of them pickers may ask for."""

from collections.abc import Iterable
from typing import Final

_ALIASES: Final = {"zh-hk": "yue", "zh-mo": "yue", "zh-yue": "yue", "yue-hk": "yue"}
"""Tags by which a language is wanted that has one of its own."""

_REGIONS: Final = {
    "ar": ("SA", "EG", "AE"),
    "de": ("DE", "AT", "CH"),
    "en": ("US", "GB", "AU", "CA", "IE", "IN", "NZ", "ZA"),
    "es": ("ES", "MX", "US"),
    "fr": ("FR", "BE", "CA", "CH"),
    "he": ("IL",),
    "hi": ("IN",),
    "hy": ("AM",),
    "it": ("IT", "CH"),
    "ja": ("JP",),
    "ko": ("KR",),
    "pt": ("PT", "BR"),
    "ro": ("RO",),
    "ru": ("RU",),
    "tr": ("TR",),
    "yue": ("HK",),
    "zh": ("CN", "SG", "TW"),
}
"""Regions with which a language that a provider offers as a whole is usually asked for."""


def primary(tag: str) -> str:
    """Return the language of a tag without its region or script."""
    return tag.partition("-")[0].lower()


def _canonical(tag: str) -> str:
    """Return a tag in one spelling; engines such as Piper write `hi_IN`."""
    return tag.replace("_", "-").lower()


def match_language(wanted: str, offered: Iterable[str]) -> str | None:
    """Return the offered tag that a wanted one means: itself, its own name, or the same language; None if there is none."""
    by_tag = {_canonical(tag): tag for tag in offered}
    tag = _canonical(wanted)
    if tag in by_tag:
        return by_tag[tag]
    tag = _ALIASES.get(tag, tag)
    if tag in by_tag:
        return by_tag[tag]
    same = (offer for lowered, offer in by_tag.items() if primary(_ALIASES.get(lowered, lowered)) == primary(tag))
    return next(same, None)


def askable_languages(offered: Iterable[str]) -> list[str]:
    """Return the offered tags and those that mean one of them, sorted: `hi-IN` is asked for as `hi`, `en` as `en-US`."""
    tags = set(offered)
    for tag in tuple(tags):
        tags.add(primary(tag))
        if tag in _REGIONS:
            tags.update(f"{tag}-{region}" for region in _REGIONS[tag])
    if "yue" in tags:
        tags.add("zh-HK")
    return sorted(tags)
