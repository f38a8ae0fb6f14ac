"""The voices of Flow TTS: the published library as data, since no API action lists them (docs/dev/protocols.md E4).

`library.json` has for each voice its name, its gender (`f`, `m`, or nothing where nobody says so), and its languages,
the one it was made for first. The standard voices speak with every model, the extended ones with `flow_01_ex` alone.
"""

from collections.abc import Iterable, Mapping
import json
from pathlib import Path
from typing import Final

from ..types import Gender, Model, VoiceInfo
from .models import EX, EX_LANGUAGES

DEFAULT_VOICES: Final = {
    "zh": "v-female-R2s4N9qJ",
    "zh-TW": "v-female-R2s4N9qJ",
    "en": "v-female-p9Xy7Q1L",
    "ja": "v-female-J3k7NxR2",
    "ko": "Korean_SweetGirl",
    "yue": "v-female-k3P8sL0Q",
    "ms": "v-female-W5n8HgB2",
    "ar": "Arabic_CalmWoman",
    "id": "Indonesian_CalmWoman",
    "th": "v-female-W5n8HgB2",
    "vi": "Vietnamese_kindhearted_girl",
    "ru": "Russian_BrightHeroine",
    "es": "Spanish_SereneWoman",
    "fr": "French_MovieLeadFemale",
    "pt": "Portuguese_Wiselady",
    "de": "German_SweetLady",
    "tr": "Turkish_CalmWoman",
    "nl": "Dutch_kindhearted_girl",
    "uk": "Ukrainian_CalmWoman",
    "it": "Italian_BraveHeroine",
    "pl": "Polish_female_1_sample1",
    "ro": "Romanian_female_1_sample4",
    "el": "Greek_female_1_sample1",
    "cs": "czech_female_5_v7",
    "fi": "finnish_female_4_v1",
    "hi": "hindi_female_2_v1",
    **dict.fromkeys(("bg", "da", "he", "fa", "sk", "sv", "hr", "tl", "hu"), "v-female-p9Xy7Q1L"),
    **dict.fromkeys(("no", "sl", "ca", "nn", "ta", "af"), "v-female-p9Xy7Q1L"),
}
"""The library has no voice for the last two rows: an English one speaks them, as its model does."""

_GENDERS = {"f": Gender.FEMALE, "m": Gender.MALE}


def _read_library() -> Mapping[str, Mapping[str, tuple[str, str, str]]]:
    content: Mapping[str, Mapping[str, tuple[str, str, str]]] = json.loads(
        (Path(__file__).parent / "library.json").read_text(encoding="utf-8")
    )
    return content


_LIBRARY = _read_library()
_VOICED = {tag for voices in _LIBRARY.values() for _, _, tags in voices.values() for tag in tags.split()}
UNVOICED: Final = tuple(tag for tag in EX_LANGUAGES if tag not in _VOICED and tag != "zh-TW")
"""Languages of `flow_01_ex` that the library has no voice for; those made for English are offered for them."""


def library(models: Iterable[Model]) -> list[VoiceInfo]:
    """Return the voices that speak with one of the models, which are those of a site."""
    ids = tuple(model.model_id for model in models)
    return [
        VoiceInfo(
            voice_id=voice_id,
            name=name,
            languages=_languages(languages, has_ex=EX in ids),
            models=ids if kind == "standard" else (EX,),
            gender=_GENDERS.get(gender),
        )
        for kind, voices in _LIBRARY.items()
        if kind == "standard" or EX in ids
        for voice_id, (name, gender, languages) in voices.items()
    ]


def _languages(told: str, *, has_ex: bool) -> tuple[str, ...]:
    """Return the languages of a voice; Chinese ones speak as it is spoken in Taiwan, too."""
    languages = told.split()
    more: tuple[str, ...] = ("zh-TW",) if "zh" in languages else ()
    if languages[0] == "en":
        more += UNVOICED
    return (*languages, *more) if has_ex else tuple(languages)
