"""The voices of Flow TTS: the published library as data, since no API action lists them (docs/dev/protocols.md E4).

`library.json` has for each voice its name, its gender (`f`, `m`, or nothing where nobody says so), and its languages,
the one it was made for first. The standard voices speak with every model, the extended ones with `flow_01_ex` alone.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from ..types import Gender, Model, VoiceInfo
from ..wire_format import read_beside
from .client import EX, EX_LANGUAGES

DEFAULT_VOICES: Final[dict[str, str]] = read_beside(__file__, "default_voices.json")
"""The library has no voice for the last languages: an English one speaks them, as its model does."""

_GENDERS = {"f": Gender.FEMALE, "m": Gender.MALE}


_LIBRARY: Final[Mapping[str, Mapping[str, tuple[str, str, str]]]] = read_beside(__file__, "library.json")
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
