"""The voices of Tencent's API, by their published ids; `tencent_voices.json` has them by language."""

from functools import cache
import json
from pathlib import Path
from typing import Final

TURBO: Final = "flow_02_turbo"
OLD_TURBO: Final = "flow_01_turbo"
EX: Final = "flow_01_ex"
MODELS: Final = (TURBO, EX, OLD_TURBO)
_TURBO_LANGUAGES: Final = ("zh", "en", "ja", "ko", "yue", "ms", "ar", "id", "th", "vi")
LANGUAGES: Final = {
    TURBO: _TURBO_LANGUAGES,
    OLD_TURBO: _TURBO_LANGUAGES,
    EX: (
        *_TURBO_LANGUAGES,
        *(
            "zh-tw",
            "ru",
            "es",
            "fr",
            "pt",
            "de",
            "tr",
            "nl",
            "uk",
            "it",
            "pl",
            "ro",
            "el",
            "cs",
            "fi",
            "hi",
            "bg",
            "da",
        ),
        *("he", "fa", "sk", "sv", "hr", "tl", "hu", "no", "sl", "ca", "nn", "ta", "af"),
    ),
}


@cache
def library() -> dict[str, tuple[str, ...]]:
    """Return the models that each voice of the library speaks with."""
    content = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
    models = {"standard": MODELS, "extended": (EX,)}
    return {
        voice_id: models[part] for part, languages in content.items() for ids in languages.values() for voice_id in ids
    }
