"""The voices of Flow TTS, normalised: the portal's and the backend's lists, and the voices that an account cloned.

Sources: `protocols.md` C1 (page 003) and C2 (backend, `data/voices.json`, `/api/voice/list`).
"""

from collections.abc import Mapping
import re
from urllib.parse import urljoin

from .base import Failure, Gender, ProviderError, VoiceInfo
from .tokens import is_allowed_address
from .wire import mapping, text

TAGS: dict[str, tuple[str, ...]] = {
    "zh": ("zh", "zh-CN", "zh-TW"),
    "en": ("en", "en-US", "en-GB"),
    "ja": ("ja", "ja-JP"),
    "ko": ("ko", "ko-KR"),
    "yue": ("yue", "zh-HK"),
}
"""What the service calls a language, and the BCP 47 tags that are offered for it."""
LANGUAGES = tuple(tag for tags in TAGS.values() for tag in tags)

_CANTONESE_REGIONS = ("hk", "mo")
_TAG = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3}")
_MAX_ID_CHARACTERS = 128
_MAX_NAME_CHARACTERS = 200


def wire_language(tag: str) -> str:
    """Return what the service calls a language: `zh-HK` is `yue`, and regions are otherwise not told apart."""
    primary, *rest = tag.lower().replace("_", "-").split("-")
    return "yue" if primary == "zh" and any(part in _CANTONESE_REGIONS for part in rest) else primary


def library_voices(content: Mapping[str, object], base_url: str) -> list[VoiceInfo]:
    """Return the library that `GET /api/tts/voices` answers with; raises BROKEN where that is no list."""
    return [
        VoiceInfo(
            voice_id=voice_id,
            name=_name(voice),
            languages=_languages(voice),
            gender=_gender(voice.get("gender")),
            description=_words(voice.get("description")) or None,
            styles=tuple(word for key in ("style", "tone") if (word := _words(voice.get(key)))),
            preview_url=_preview(voice.get("previewUrl"), base_url),
        )
        for voice in _entries(content)
        if (voice_id := _id(voice.get("id")))
    ]


def cloned_voices(content: Mapping[str, object], models: tuple[str, ...]) -> list[VoiceInfo]:
    """Return the account's own voices that `GET /api/voice/list` answers with; raises BROKEN where that is no list."""
    return [
        VoiceInfo(
            voice_id=voice_id,
            name=_words(voice.get("voice_name")) or _words(voice.get("name")) or voice_id,
            models=tuple(model for model in models if model == voice.get("model")),
            description=_words(voice.get("description")) or None,
            own=True,
        )
        for voice in _entries(content)
        if (voice_id := _id(voice.get("voice_id") or voice.get("voiceId")))
    ]


def _entries(content: Mapping[str, object]) -> list[Mapping[str, object]]:
    """Return the voices of an answer; what is no object among them is left out below, for want of an id."""
    voices = content.get("voices", mapping(content.get("data")).get("voices"))
    if not isinstance(voices, list):
        raise ProviderError(Failure.BROKEN, code="voices")
    return [mapping(voice) for voice in voices]


def _id(value: object) -> str:
    """Return the id of a voice, empty where there is none."""
    return value if isinstance(value, str) and len(value) <= _MAX_ID_CHARACTERS else ""


def _words(value: object) -> str:
    """Return words for a person, of a sane length."""
    return text(value).strip()[:_MAX_NAME_CHARACTERS]


def _name(voice: Mapping[str, object]) -> str:
    """Return a voice's name, with the English one where that is another."""
    name, english = _words(voice.get("name")), _words(voice.get("nameEn"))
    if name and english and name != english:
        return f"{name} ({english})"
    return name or english or _id(voice.get("id"))


def _gender(value: object) -> Gender | None:
    """Return a gender, in whichever case it is written."""
    word = text(value).lower()
    return Gender(word) if word in Gender else None


def _languages(voice: Mapping[str, object]) -> tuple[str, ...]:
    """Return the tags of the languages that a voice speaks: the told one first, with the others of its family."""
    supported = voice.get("supportedLanguages")
    told = [voice.get("language"), *(supported if isinstance(supported, list) else [])]
    tags: dict[str, None] = {}
    for tag in told:
        if not isinstance(tag, str) or _TAG.fullmatch(tag) is None:
            continue
        family = TAGS.get(wire_language(tag), (tag,))
        tags |= dict.fromkeys(known for known in family if known.lower() == tag.lower())
        tags |= dict.fromkeys(family)
    return tuple(tags)


def _preview(value: object, base_url: str) -> str | None:
    """Return the address of a sample, if there is a proper one."""
    if not isinstance(value, str) or not value or len(value) > 2048:
        return None
    try:
        address = urljoin(f"{base_url}/", value)
    except ValueError:
        return None
    return address if is_allowed_address(address) else None
