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


_NAMES: Final = {
    "ar": "العربية",
    "bn": "বাংলা",
    "cs": "Čeština",
    "da": "Dansk",
    "de": "Deutsch",
    "el": "Ελληνικά",
    "en": "English",
    "es": "Español",
    "fi": "Suomi",
    "fr": "Français",
    "gu": "ગુજરાતી",
    "he": "עברית",
    "hi": "हिन्दी",
    "hu": "Magyar",
    "hy": "Հայերեն",
    "id": "Bahasa Indonesia",
    "it": "Italiano",
    "ja": "日本語",
    "kn": "ಕನ್ನಡ",
    "ko": "한국어",
    "ml": "മലയാളം",
    "mr": "मराठी",
    "ms": "Bahasa Melayu",
    "nl": "Nederlands",
    "no": "Norsk",
    "od": "ଓଡ଼ିଆ",
    "pa": "ਪੰਜਾਬੀ",
    "pl": "Polski",
    "pt": "Português",
    "ro": "Română",
    "ru": "Русский",
    "sv": "Svenska",
    "ta": "தமிழ்",
    "te": "తెలుగు",
    "th": "ไทย",
    "tr": "Türkçe",
    "uk": "Українська",
    "vi": "Tiếng Việt",
    "yue": "粵語",
    "zh": "中文",
}
"""What languages call themselves, which everybody who speaks one can read; Home Assistant has no names of languages."""


def primary(tag: str) -> str:
    """Return the language of a tag without its region or script."""
    return tag.partition("-")[0].lower()


def family(tag: str) -> str:
    """Return the language of a tag by the name of its own that it may have: `yue` for `zh-HK`."""
    return primary(_ALIASES.get(_canonical(tag), tag))


def language_name(tag: str) -> str:
    """Return what a language calls itself, or its tag."""
    return _NAMES.get(tag, tag)


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
    same = (offer for lowered, offer in by_tag.items() if family(lowered) == primary(tag))
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
