"""The voice library of Flow TTS, as data, because no API action lists it (docs/dev/protocols.md E4).

`library.json` has the name, the gender (`f`, `m`, or empty if unknown), and the languages of each voice, its primary
one first. Standard voices support every model, extended ones only `flow_01_ex`.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from ..types import Gender, Model, VoiceInfo
from ..wire_format import read_beside
from .client import EX, EX_LANGUAGES

DEFAULT_VOICES: Final[dict[str, str]] = read_beside(__file__, "default_voices.json")
"""The library has no voices for the last languages. English ones speak them, like their model."""

_GENDERS = {"f": Gender.FEMALE, "m": Gender.MALE}


_LIBRARY: Final[Mapping[str, Mapping[str, tuple[str, str, str]]]] = read_beside(__file__, "library.json")
_VOICED = {tag for voices in _LIBRARY.values() for _, _, tags in voices.values() for tag in tags.split()}
UNVOICED: Final = tuple(tag for tag in EX_LANGUAGES if tag not in _VOICED and tag != "zh-TW")
"""Languages of `flow_01_ex` without a voice in the library. English voices are offered for them."""


def library(models: Iterable[Model]) -> list[VoiceInfo]:
    """Return the voices that support one of the models of a site."""
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


def _languages(reported: str, *, has_ex: bool) -> tuple[str, ...]:
    """Return the languages of a voice. With `flow_01_ex`, Chinese ones also speak the Chinese of Taiwan."""
    languages = reported.split()
    more: tuple[str, ...] = ("zh-TW",) if "zh" in languages else ()
    if languages[0] == "en":
        more += UNVOICED
    return (*languages, *more) if has_ex else tuple(languages)
