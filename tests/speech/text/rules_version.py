"""What the cases sound like by the newest version of the text rules.

`python -m tests.speech.text.rules_version` notes it.
Home Assistant keeps speech by the version, so that whoever changes what is spoken has to raise it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
import json
from pathlib import Path
import sys
from typing import Final

from custom_components.streaming_tts.speech.text.buffer import RULES_VERSION, TextBuffer
from custom_components.streaming_tts.speech.text.normalizer import Normalizer

from .case_table import NAMES, Case, rules_of
from .document import cases

NOTED: Final = Path(__file__).with_name("rules_version.json")

_INPUTS: Final = ("text", "language", "lexicon", "provider")


@dataclass(frozen=True, kw_only=True, slots=True)
class Noted:
    """A version of the rules, and a digest of what is spoken by it for that of each case."""

    version: int
    spoken: Mapping[str, str]

    def unannounced(self, now: Noted) -> list[str]:
        """Return the cases that are spoken otherwise now although the version is none that is higher."""
        if now.version > self.version:
            return []
        return [case for case, spoken in self.spoken.items() if now.spoken.get(case, spoken) != spoken]


def noted() -> Noted:
    """Return what was noted last."""
    content = json.loads(NOTED.read_text(encoding="utf-8"))
    return Noted(version=content["version"], spoken=content["spoken"])


def current() -> Noted:
    """Return what is spoken by the rules as they are."""
    files = ("cases/texts.json", "cases/languages.json", "spoken_forms.json")
    return Noted(
        version=RULES_VERSION,
        spoken={
            digest([case.get(name) for name in _INPUTS]): digest([spoken(case, True), spoken(case, False)])
            for file in files
            for case in cases(file)
        },
    )


def spoken(case: Case, is_for_digits_unread: bool) -> tuple[str, ...]:
    """Return the sentences of a case, for a model that reads digits or for one that does not."""
    normalizer = _normalizer(case["language"], is_for_digits_unread)
    buffer = TextBuffer(replace(rules_of(case), normalizer=normalizer, friendly_name=NAMES.get))
    buffer.feed(case["text"])
    buffer.end()
    return (*buffer.sentences, str(buffer.closing_pause))


@cache
def _normalizer(language: str, is_for_digits_unread: bool) -> Normalizer:
    return Normalizer(language, number_words=is_for_digits_unread, thousands_separators=is_for_digits_unread)


def digest(value: object) -> str:
    """Return a short digest of what JSON can hold."""
    return sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def note() -> None:
    """Note what is spoken now; exits where that needs a higher version."""
    now = current()
    if NOTED.exists() and (changed := noted().unannounced(now)):
        sys.exit(f"{len(changed)} cases are spoken otherwise: raise RULES_VERSION in speech/text/buffer.py first")
    content = {"version": now.version, "spoken": dict(sorted(now.spoken.items()))}
    NOTED.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    note()
