"""The voices of Flow TTS, normalised: the portal's and the backend's lists, and the voices that an account cloned.

Sources: docs/dev/protocols.md C1 (page 003) and C2 (backend, `data/voices.json`, `/api/voice/list`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import chain, islice
import re

from ..transport.json_values import mapping, named, text, words
from ..types import Failure, Gender, Model, ProviderError, VoiceInfo
from ..uploads import sample_address

TAGS: dict[str, tuple[str, ...]] = {
    "zh": ("zh", "zh-CN", "zh-TW"),
    "en": ("en", "en-US", "en-GB"),
    "ja": ("ja", "ja-JP"),
    "ko": ("ko", "ko-KR"),
    "yue": ("yue", "zh-HK"),
}
"""What the service calls a language, and the BCP 47 tags that are offered for it; any other language is its own tag."""
LANGUAGES = tuple(tag for tags in TAGS.values() for tag in tags)
"""The languages of the portal page (docs/dev/protocols.md C1)."""
TURBO_LANGUAGES = (*LANGUAGES, "ms", "ar", "id", "th", "vi")
EX_LANGUAGES = (
    *LANGUAGES, "es", "pt", "fr", "id", "de", "ru", "it", "ar", "tr", "uk", "nl", "vi", "th", "pl", "ro", "el", "cs",
    "fi", "hi",
)  # fmt: skip
"""What the library of August 2026 has voices for (docs/dev/protocols.md C2)."""

DEFAULT_VOICES = {
    **dict.fromkeys(TAGS["zh"], "v-female-R2s4N9qJ"),
    **dict.fromkeys(TAGS["en"], "v-female-p9Xy7Q1L"),
    **dict.fromkeys(TAGS["ja"], "v-female-J3k7NxR2"),
    **dict.fromkeys(TAGS["ko"], "Korean_SweetGirl"),
    **dict.fromkeys(TAGS["yue"], "v-female-k3P8sL0Q"),
    "ar": "Arabic_CalmWoman",
    "cs": "czech_female_5_v7",
    "de": "German_SweetLady",
    "el": "Greek_female_1_sample1",
    "es": "Spanish_SereneWoman",
    "fi": "finnish_female_4_v1",
    "fr": "French_MovieLeadFemale",
    "hi": "hindi_female_2_v1",
    "id": "Indonesian_CalmWoman",
    "it": "Italian_BraveHeroine",
    "nl": "Dutch_kindhearted_girl",
    "pl": "Polish_female_1_sample1",
    "pt": "Portuguese_Wiselady",
    "ro": "Romanian_female_1_sample4",
    "ru": "Russian_BrightHeroine",
    "th": "v-female-W5n8HgB2",
    "tr": "Turkish_CalmWoman",
    "uk": "Ukrainian_CalmWoman",
    "vi": "Vietnamese_kindhearted_girl",
}
"""Voices of the backend's library (docs/dev/protocols.md C2); the portal names the Chinese one only."""

MAX_LANGUAGES = 100
"""How many languages are believed of a model or a voice."""

_CANTONESE_REGIONS = ("hk", "mo")
_TAG = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3}")


def wire_language(tag: str) -> str:
    """Return what the service calls a language: `zh-HK` is `yue`, and regions are otherwise not told apart."""
    primary, *rest = tag.lower().replace("_", "-").split("-")
    return "yue" if primary == "zh" and any(part in _CANTONESE_REGIONS for part in rest) else primary


def library_voices(content: Mapping[str, object], base_url: str, models: tuple[str, ...]) -> list[VoiceInfo]:
    """Return the library that `GET /api/tts/voices` answers with; raises BROKEN where that is no list.

    Of the models that an entry names, those are kept that are known; one that names none is spoken by all.
    """
    return [
        VoiceInfo(
            voice_id=voice_id,
            name=_name(voice),
            languages=_languages(voice),
            models=_models(voice, models),
            gender=_gender(voice.get("gender")),
            description=words(voice.get("description")) or None,
            styles=tuple(word for key in ("style", "tone") if (word := words(voice.get(key)))),
            preview_url=sample_address(voice.get("previewUrl"), base_url),
        )
        for voice in _entries(content)
        if (voice_id := named(voice.get("id")))
    ]


def cloned_voices(content: Mapping[str, object], models: tuple[str, ...]) -> list[VoiceInfo]:
    """Return the account's own voices that `GET /api/voice/list` answers with; raises BROKEN where that is no list."""
    return [
        VoiceInfo(
            voice_id=voice_id,
            name=words(voice.get("voice_name")) or words(voice.get("name")) or voice_id,
            models=_models(voice, models),
            description=words(voice.get("description")) or None,
            own=True,
        )
        for voice in _entries(content)
        if (voice_id := named(voice.get("voice_id") or voice.get("voiceId")))
    ]


def told_models(
    content: Mapping[str, object], voices: Iterable[VoiceInfo], models: tuple[Model, ...]
) -> tuple[Model, ...]:
    """Return the models that a deployment has, with the languages that its library tells beside the documented ones.

    Those are the models that its voices name, all where they name none. `languageMaps` tells the languages of each
    model,
    `languageMap` those of the whole library, which counts where the voices do not tell models apart.
    """
    spoken: dict[str, list[str]] = {}
    for voice in voices:
        for model_id in voice.models:
            spoken.setdefault(model_id, []).extend(voice.languages)
    maps = mapping(content.get("languageMaps"))
    whole = () if spoken else _tags(mapping(content.get("languageMap")))
    return tuple(
        replace(model, languages=_joined(model.languages, spoken.get(model.model_id, ()), more, whole))
        for model in models
        if not spoken or model.model_id in spoken
        for more in [_tags(mapping(maps.get(model.model_id)))]
    )


def new_voice(content: Mapping[str, object], name: str) -> VoiceInfo:
    """Return the voice that a clone's answer tells of.

    Below `data` (docs/dev/protocols.md C1), or beside `code` with its row (docs/dev/protocols.md C2).

    Raises BROKEN where it tells of none.
    """
    data = mapping(content.get("data"))
    row = mapping(content.get("clonedVoice"))
    told = (data.get("voiceId"), content.get("voiceId"), row.get("voice_id"))
    if not (voice_id := next(filter(None, map(named, told)), "")):
        raise ProviderError(Failure.BROKEN, code="voice")
    return VoiceInfo(voice_id=voice_id, name=name, description=words(row.get("description")) or None, own=True)


def _entries(content: Mapping[str, object]) -> list[Mapping[str, object]]:
    """Return the voices of an answer; what is no object among them is left out below, for want of an id."""
    voices = content.get("voices", mapping(content.get("data")).get("voices"))
    if not isinstance(voices, list):
        raise ProviderError(Failure.BROKEN, code="voices")
    return [mapping(voice) for voice in voices]


def _name(voice: Mapping[str, object]) -> str:
    """Return a voice's name, with the English one where that is another."""
    name, english = words(voice.get("name")), words(voice.get("nameEn"))
    if name and english and name != english:
        return f"{name} ({english})"
    return name or english or named(voice.get("id"))


def _gender(value: object) -> Gender | None:
    """Return a gender, in whichever case it is written."""
    word = text(value).lower()
    return Gender(word) if word in Gender else None


def _models(voice: Mapping[str, object], known: tuple[str, ...]) -> tuple[str, ...]:
    """Return the known models that speak with a voice.

    `models` lists them all, `model` names the first (docs/dev/protocols.md C2).
    """
    listed = voice.get("models")
    told = [voice.get("model"), *(listed if isinstance(listed, list) else [])]
    return tuple(model for model in known if model in told)


def _languages(voice: Mapping[str, object]) -> tuple[str, ...]:
    """Return the tags of the languages that a voice speaks: the told one first, with the others of its family."""
    supported = voice.get("supportedLanguages")
    return _tags([voice.get("language"), *(supported if isinstance(supported, list) else [])])


def _tags(told: Iterable[object]) -> tuple[str, ...]:
    """Return the tags that are offered for languages, each with the others of its family.

    What is no tag is left out.
    """
    tags: dict[str, None] = {}
    for tag in islice(told, MAX_LANGUAGES):
        if not isinstance(tag, str) or _TAG.fullmatch(tag) is None:
            continue
        family = TAGS.get(wire_language(tag), (tag,))
        tags |= dict.fromkeys(known for known in family if known.lower() == tag.lower())
        tags |= dict.fromkeys(family)
    return tuple(tags)


def _joined(*languages: Iterable[str]) -> tuple[str, ...]:
    """Return languages of several sources, each once."""
    return tuple(dict.fromkeys(chain.from_iterable(languages)))[:MAX_LANGUAGES]
