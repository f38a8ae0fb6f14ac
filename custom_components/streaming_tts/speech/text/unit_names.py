"""Find the long name of a unit in a language, with its plural forms: in CLDR, in our own data, or composed."""

from collections.abc import Mapping
import re
from typing import Final

from babel import Locale

from .units import LATIN_NAMES, OWN_NAMES, OWN_PER, OWN_PREFIXES, PLURALS, PREFIXES, SYMBOLS

type Forms = Mapping[str, str]
"""A pattern for each plural form, with `{0}` for the number; a form such as the Arabic dual may have none."""

_ABBREVIATED: Final = re.compile(r"[/%‰.²³⋅·°*()]|\d(?<!\b1)(?<!\b10)(?<!\b100)")
"""Shows that a name is an abbreviation."""

_WORDS: Final = frozenset({"bar", "bit", "Beaufort", "cal"})
"""Symbols that are also words."""

_UNSPACED: Final = frozenset({"zh", "zh_Hant", "ja", "ko", "th"})
"""Languages whose unit names have no spaces."""

_BODY: Final = re.compile(r"(\{0\}\s*(?:de )?)(.+)", re.DOTALL)

_ASCII_LETTER: Final = re.compile("[A-Za-z]")

_NO_SYMBOL: Final = re.compile("[A-Za-z .]")

_POWERS: Final = {"square": "power2", "cubic": "power3"}

_HEAD: Final = re.compile("|".join(sorted(PREFIXES, key=len, reverse=True)))


class UnitNames:
    """Finds unit names in one language; slow, so request each unit once."""

    def __init__(self, locale: Locale, key: str) -> None:
        """Load CLDR's data of a language; `key` is its key in our own tables."""
        data = locale._data  # noqa: SLF001 - babel formats numbers with units, but has no public access to the patterns
        self._script_is_latin = all(
            letter.isascii() or "\u00c0" <= letter <= "\u024f" for letter in locale.months["format"]["wide"][1][:2]
        )
        self._key = {"yue": "zh_Hant", "nb": "no", "nn": "no"}.get(key, key)
        self._joined = "{0}-{1}" if self._script_is_latin else "{0}{1}" if self._key in _UNSPACED else "{0} {1}"
        self._own = OWN_NAMES.get(self._key, {})
        self._units = {unit.partition("-")[2]: patterns for unit, patterns in data["unit_patterns"].items()}
        self._compound = data["compound_unit_patterns"]
        self._found: dict[str, Forms | None] = {}

    def forms(self, unit: str) -> Forms | None:
        """Return the patterns for a number with this unit, or None if they are unknown in this language."""
        if unit not in self._found:
            self._found[unit] = None  # Ends a circular search
            composed = (self._with_per, self._watt_hours, self._with_prefix, self._with_power, self._weighted)
            ways = (self._from_cldr, *composed, self._product)
            if unit in self._own:
                self._found[unit] = _own_forms(self._own[unit])
            elif forms := next((forms for way in ways if (forms := way(unit))), None):
                self._found[unit] = forms
            elif self._script_is_latin and unit in LATIN_NAMES:
                self._found[unit] = _own_forms(LATIN_NAMES[unit])
        return self._found[unit]

    def short_symbols(self, unit: str) -> set[str]:
        """Return a unit's symbols in the language's own script, such as `км/ч`, unless they may be other words."""
        if self._script_is_latin:
            return set()
        patterns = self._units.get(unit, {})
        said = {_body(pattern) for pattern in (self.forms(unit) or {}).values()}
        short = dict(patterns.get("short", {})).items()
        bodies = {_body(_clean(pattern)) for form, pattern in short if form != "per" and isinstance(pattern, str)}
        return {body for body in bodies - said if len(body) > 1 and not _NO_SYMBOL.search(body)}

    def _from_cldr(self, unit: str) -> Forms | None:
        patterns = self._units.get(unit)
        if patterns is None:
            return None
        # CLDR omits a long name if it equals the short one
        for length in ({**patterns.get("long", {})}, {**patterns.get("short", {}), **patterns.get("long", {})}):
            forms = {
                form: _clean(pattern) for form, pattern in length.items() if form != "per" and isinstance(pattern, str)
            }
            if "other" in forms and all(self._is_said(pattern) for pattern in forms.values()):
                return forms
        return None

    def _with_per(self, unit: str) -> Forms | None:
        """Compose `A-per-B`."""
        numerator, per, denominator = unit.rpartition("-per-")
        if not per or (forms := self.forms(numerator)) is None or (pattern := self._per(denominator)) is None:
            return None
        return {form: pattern.replace("{0}", name) for form, name in forms.items()}

    def _per(self, denominator: str) -> str | None:
        """Return the pattern for `per` with a unit."""
        own = OWN_PER.get(self._key, {})
        if denominator in own:
            return own[denominator]
        patterns = self._units.get(denominator, {})
        for length in ("long", "short"):
            pattern = patterns.get(length, {}).get("per")
            if pattern and self._is_said(_clean(pattern)):
                return _clean(pattern)
        compound = own.get("") or self._pattern("per", "compound")
        if compound is None or (forms := self.forms(denominator)) is None:
            return None
        return compound.replace("{1}", _body(forms.get("one", forms["other"])))

    def _watt_hours(self, unit: str) -> Forms | None:
        """Derive all watt-hours from the kilowatt-hour, which has its own name in every language."""
        prefix, _, rest = unit.partition("watt-hour")
        kilo = self._prefix("kilo")
        if rest or not unit.endswith("watt-hour") or kilo is None or (forms := self.forms("kilowatt-hour")) is None:
            return None
        stem = kilo.replace("{0}", "").strip()
        bare: dict[str, str] = {}
        for form, pattern in forms.items():
            found = _BODY.fullmatch(pattern) or re.fullmatch(r"()(.+)", pattern, re.DOTALL)
            if found is None or not found[2].lower().startswith(stem.lower()):
                return None
            name = found[2][len(stem) :].lstrip()
            bare[form] = (found[1] or "{0} ") + (name.capitalize() if stem[0].isupper() else name)
        return _around(self._prefix(prefix), bare) if prefix else bare

    def _with_prefix(self, unit: str) -> Forms | None:
        found = _HEAD.match(unit)
        if found is None or (forms := self.forms(unit[found.end() :])) is None:
            return None
        return _around(self._prefix(found.group()), forms)

    def _prefix(self, name: str) -> str | None:
        own = OWN_PREFIXES.get(self._key, {}).get(name)
        return own or (self._pattern(PREFIXES[name], "prefix") if name in PREFIXES else None)

    def _with_power(self, unit: str) -> Forms | None:
        power, _, base = unit.partition("-")
        if power not in _POWERS or (forms := self.forms(base)) is None:
            return None
        if base == "millimeter" and (similar := self._like_centimeters(power)):
            return similar
        return _around(self._pattern(_POWERS[power], "compound"), forms)

    def _like_centimeters(self, power: str) -> Forms | None:
        """Derive mm² and mm³ from cm² and cm³, whose names agree in gender and number."""
        centi, milli = self._prefix("centi"), self._prefix("milli")
        forms = self.forms(f"{power}-centimeter")
        if centi is None or milli is None or forms is None:
            return None
        old, new = (_body(prefix).lower() for prefix in (centi, milli))
        if not all(old in name.lower() for name in forms.values()):
            return None
        return {form: re.sub(re.escape(old), new, name, count=1, flags=re.IGNORECASE) for form, name in forms.items()}

    def _weighted(self, unit: str) -> Forms | None:
        """Name a decibel with the letter of its weighting."""
        base, _, weighting = unit.rpartition("-")
        if weighting != "a" or (forms := self.forms(base)) is None:
            return None
        return {form: f"{name} A" for form, name in forms.items()}

    def _product(self, unit: str) -> Forms | None:
        """Compose `A-B`, with the first part in the singular."""
        first, _, last = unit.rpartition("-")
        if not first or "-" in first or (one := self.forms(first)) is None or (forms := self.forms(last)) is None:
            return None
        times = self._pattern("times", "compound") or self._joined
        name = _body(one.get("one", one["other"]))
        return _around(times.replace("{0}", name).replace("{1}", "{0}"), forms, lower=False)

    def _pattern(self, key: str, kind: str) -> str | None:
        for length in ("long", "short"):
            pattern = self._compound.get(key, {}).get(length, {}).get(kind)
            if isinstance(pattern, str) and self._is_said(re.sub(r"\{\d\}", "", _clean(pattern))):
                return _clean(pattern)
        return None

    def _is_said(self, pattern: str) -> bool:
        """Return True if a pattern consists of words in this language's script, without abbreviations."""
        text = pattern.replace("{0}", "").strip()
        if _ABBREVIATED.search(text) or (text in SYMBOLS and text not in _WORDS):
            return False
        return self._script_is_latin or _ASCII_LETTER.search(text) is None


def _own_forms(name: str) -> Forms:
    names = name.split("|")
    return {
        form: name if "{0}" in name else f"{{0}} {name}" for form, name in zip(PLURALS[len(names)], names, strict=True)
    }


def _around(pattern: str | None, forms: Forms, *, lower: bool = True) -> Forms | None:
    """Add a prefix or a part before each name, but after its number; None if that isn't possible."""
    changed = {}
    for form, name in forms.items():
        if pattern is None or (found := _BODY.fullmatch(name)) is None:
            return None
        glued = lower and pattern.index("{0}") > 0 and not pattern[: pattern.index("{0}")].endswith(" ")
        changed[form] = found[1] + pattern.replace("{0}", found[2].lower() if glued else found[2])
    return changed


def _body(pattern: str) -> str:
    return pattern.replace("{0}", "").strip()


def _clean(pattern: str) -> str:
    """Return a pattern with plain spaces, without CLDR's direction marks around numbers in Hebrew and Arabic."""
    return re.sub(r"[\s\u00a0\u202f]+", " ", pattern).replace("\u200f", "").replace("pr. ", "per ").strip()
