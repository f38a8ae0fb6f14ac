"""The table of texts, and the rules that each is spoken by."""

from collections.abc import Iterator, Mapping
import json
from pathlib import Path
from typing import Any, Final

import pytest

from custom_components.streaming_tts.providers import markup as inline
from custom_components.streaming_tts.speech.text.buffer import TextRules
from custom_components.streaming_tts.speech.text.lexicon import Pronunciation, PronunciationIndex

type Case = Mapping[str, Any]


def cases() -> Iterator[Any]:
    """Yield the cases of all files as parameters."""
    for path in sorted((Path(__file__).parent / "cases").glob("*.json")):
        for number, case in enumerate(json.loads(path.read_text(encoding="utf-8"))):
            yield pytest.param(case, id=f"{path.stem}-{number}-{case['language']}-{case['kind'].replace(' ', '_')}")


EACH_CASE = pytest.mark.parametrize("case", list(cases()))


def rules_of(case: Case) -> TextRules:
    """Return the rules for a case: its language, its lexicon, and a service that knows no script but Latin."""
    entries = [Pronunciation.of(word=word, respelling=said) for word, said in case.get("lexicon", {}).items()]
    is_limited = case.get("provider") == "sarvam"
    return TextRules(
        language=case["language"],
        tags=inline.TAGS,
        words=PronunciationIndex(entries),
        can_speak=(lambda text: any("a" <= sign <= "z" for sign in text.lower())) if is_limited else lambda _: True,
    )


NAMES: Final = {"light.kitchen": "Kitchen lamp", "sensor.living_room_2": "Living room", "switch.a": "<b>Fan</b>"}
