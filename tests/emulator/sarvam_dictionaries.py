"""Sarvam's pronunciation dictionaries.

Kept per account, made from uploaded JSON, applied to a text (docs/dev/protocols.md B6).
"""

from collections.abc import Mapping
import json
import re
from secrets import token_hex
from typing import Any

from .forms import parts
from .sarvam_catalogue import BETA_LANGUAGES, LANGUAGES
from .sarvam_errors import OddError, SarvamError, SchemaError

MAX_DICTIONARIES = 10
MAX_WORDS = 100
MAX_BYTES = 1_000_000

type Pronunciations = dict[str, dict[str, str]]

# What continues a word: Python's \w has no Indic vowel signs, and the danda between them is punctuation.
_WORD = r"\w\u0900-\u0963\u0966-\u0d7f"


class Dictionaries:
    """The dictionaries of an account, by their identifier."""

    def __init__(self) -> None:
        """Start with none."""
        self._kept: dict[str, Pronunciations] = {}

    def __contains__(self, dict_id: str) -> bool:
        """Tell whether there is such a dictionary."""
        return dict_id in self._kept

    def names(self) -> list[str]:
        """List the identifiers, oldest first."""
        return list(self._kept)

    def clear(self) -> None:
        """Forget all."""
        self._kept.clear()

    def create(self, pronunciations: Pronunciations) -> str:
        """Keep a new one and return its identifier. Raises SarvamError when it is one too many, or too long."""
        if len(self._kept) >= MAX_DICTIONARIES:
            raise OddError("detail", "Dictionary limit exceeded")
        _check_length(pronunciations)
        dict_id = f"p_{token_hex(4)}"
        self._kept[dict_id] = pronunciations
        return dict_id

    def get(self, dict_id: str) -> Pronunciations:
        """Return one of them. Raises SarvamError (404) for an unknown identifier, as the next two do."""
        if dict_id not in self._kept:
            raise SarvamError(f"Dictionary '{dict_id}' not found", status=404, code="not_found_error")
        return self._kept[dict_id]

    def update(self, dict_id: str, pronunciations: Pronunciations) -> Pronunciations:
        """Add and change words, keep the others, and return all. Raises SarvamError also when it gets too long."""
        merged = {language: dict(words) for language, words in self.get(dict_id).items()}
        for language, words in pronunciations.items():
            merged.setdefault(language, {}).update(words)
        _check_length(merged)
        self._kept[dict_id] = merged
        return merged

    def delete(self, dict_id: str) -> None:
        """Remove one."""
        self.get(dict_id)
        del self._kept[dict_id]

    def applied(self, dict_id: str | None, language: str, text: str) -> str:
        """Replace the words of that language in the text: whole words, in exactly that spelling.

        A dictionary that was deleted since it was named changes nothing.
        """
        words = self._kept.get(dict_id or "", {}).get(language)
        if not words:
            return text
        alternatives = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
        pattern = f"(?<![{_WORD}])(?:{alternatives})(?![{_WORD}])"
        return re.sub(pattern, lambda found: words[found[0]], text)


def read_upload(content_type: str, body: bytes) -> Pronunciations:
    """Read the dictionary in the part `file` of a multipart/form-data body.

    Raises SarvamError: 413 for a file that is too big, 400 for one that is no JSON of the documented form.
    """
    part = parts(content_type, body).get("file")
    if part is None:
        raise SchemaError("file: Field required")
    data = part.data
    if len(data) > MAX_BYTES:
        raise SarvamError("File size exceeds the maximum allowed size of 1 MB", status=413)
    try:
        content = json.loads(data)
    except ValueError:
        raise SarvamError("File is not valid JSON") from None
    if not isinstance(content, dict) or not _is_pronunciations(content.get("pronunciations")):
        raise SarvamError("File must have 'pronunciations': languages with words and their pronunciations")
    pronunciations: Pronunciations = content["pronunciations"]
    if unknown := pronunciations.keys() - {*LANGUAGES, *BETA_LANGUAGES}:
        raise SarvamError(f"Unsupported language: {', '.join(sorted(unknown))}")
    return pronunciations


def _is_pronunciations(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and bool(value)
        and all(isinstance(words, dict) and words and _all_text(words) for words in value.values())
    )


def _all_text(words: Mapping[str, Any]) -> bool:
    return all(word and isinstance(pronunciation, str) for word, pronunciation in words.items())


def _check_length(pronunciations: Pronunciations) -> None:
    if sum(map(len, pronunciations.values())) > MAX_WORDS:
        raise OddError("detail", "Dictionary word limit exceeded")
