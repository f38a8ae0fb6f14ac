"""AsyncFlow's voices: a catalogue and the account's own (docs/dev/protocols.md A7)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

from .asyncflow_errors import Problem
from .asyncflow_requests import CATALOGUE_LANGUAGES, MODELS, invalid, invalid_language, voice_not_found

DEFAULT_VOICE_ID = "e0f39dc4-f691-4e78-bba5-5c636692cc04"
SECOND_VOICE_ID = "69cb82f6-3831-4f97-84fb-181f5f60a04b"
UNHEARD_VOICE_ID = str(uuid5(NAMESPACE_URL, "voice:Doorbell"))
"""An own voice that has no preview."""
_DEFAULT_LIMIT = 10
_MAX_LIMIT = 100
GENDERS = ("Male", "Female", "Neutral", "Unspecified")
CLONE_LANGUAGES = "de,en,es,fr,it"
_UPDATABLE = ("name", "description", "gender", "style", "accent")


@dataclass(frozen=True, kw_only=True, slots=True)
class Voice:
    """A voice as the service shows it; languages and styles are lists with commas in one string."""

    voice_id: str
    voice_type: str = "PREDEFINED"
    name: str
    description: str
    language: str
    gender: str
    accent: str
    style: str
    # The service writes the two in different formats.
    created_at: str = "2025-03-30T11:15:32Z"
    updated_at: str = "2025-05-19T14:37:07.297056"

    def as_json(self) -> dict[str, Any]:
        """For an answer."""
        return asdict(self)


# Name, languages, gender, accent, style.
_PREDEFINED = (
    ("Nora", "de,en,es,fr,it", "Female", "American", "Casual,Calm"),
    ("Theo", "de,en,es,fr,it", "Male", "American", "Narrative,Calm"),
    ("Ada", "en", "Female", "British", "Formal,Clear"),
    ("Basil", "en", "Male", "British", "Narrative,Warm"),
    ("Cleo", "en", "Female", "Australian", "Casual,Bright"),
    ("Dexter", "en", "Male", "American", "Energetic,Advertising"),
    ("Edda", "de,en", "Female", "German", "Formal,Calm"),
    ("Falk", "de", "Male", "German", "Narrative,Deep"),
    ("Gaelle", "fr,en", "Female", "French", "Casual,Warm"),
    ("Hugo", "fr", "Male", "French", "Formal,Clear"),
    ("Ines", "es,en", "Female", "Spanish", "Energetic,Bright"),
    ("Jaime", "es", "Male", "Mexican", "Casual,Warm"),
    ("Kiara", "it", "Female", "Italian", "Narrative,Calm"),
    ("Luca", "it,en", "Male", "Italian", "Casual,Bright"),
    ("Marta", "pt,en", "Female", "Brazilian", "Casual,Warm"),
    ("Nuno", "pt", "Male", "Portuguese", "Formal,Deep"),
    ("Omar", "ar", "Male", "Arabic", "Formal,Deep"),
    ("Polina", "ru", "Female", "Russian", "Narrative,Calm"),
    ("Radu", "ro", "Male", "Romanian", "Casual,Calm"),
    ("Sakura", "ja,en", "Female", "Japanese", "Formal,Bright"),
    ("Tamar", "he", "Female", "Israeli", "Casual,Clear"),
    ("Vahan", "hy,ru,en", "Male", "Armenian", "Narrative,Warm"),
    ("Yagmur", "tr", "Female", "Turkish", "Casual,Bright"),
    ("Anjali", "hi,en", "Female", "Indian", "Formal,Warm"),
    ("Xiang", "zh,en", "Neutral", "Mandarin", "Formal,Clear"),
    ("Willem", "nl,en", "Male", "Dutch", "Casual,Calm"),
)
_CUSTOM = (
    ("Anna", "de,en,es,fr,it", "Female", "", ""),
    ("Doorbell", "en", "Unspecified", "", ""),
    ("Study voice", "hi,en", "Male", "Indian", "Calm"),
)


def _first_voices() -> dict[str, Voice]:
    known = {"Nora": DEFAULT_VOICE_ID, "Theo": SECOND_VOICE_ID}
    voices: dict[str, Voice] = {}
    for voice_type, rows in (("PREDEFINED", _PREDEFINED), ("CUSTOM", _CUSTOM)):
        for name, language, gender, accent, style in rows:
            voice_id = known.get(name) or str(uuid5(NAMESPACE_URL, f"voice:{name}"))
            voices[voice_id] = Voice(
                voice_id=voice_id,
                voice_type=voice_type,
                name=name,
                description=f"{accent or 'Cloned'} voice for {language.split(',')[0]}",
                language=language,
                gender=gender,
                accent=accent,
                style=style,
            )
    return voices


class Catalogue:
    """The voices of one account, in the order of the list."""

    def __init__(self) -> None:
        """As they are at the start."""
        self._voices = _first_voices()

    def __contains__(self, voice_id: object) -> bool:
        """Whether there is such a voice."""
        return voice_id in self._voices

    def get(self, voice_id: str) -> Voice:
        """Return that voice. Raises Problem where there is none."""
        if voice_id not in self._voices:
            raise voice_not_found(voice_id)
        return self._voices[voice_id]

    def some(self, voice_ids: object) -> list[Voice]:
        """Those of the voices that there are. Raises Problem where it is no list of ids."""
        if not isinstance(voice_ids, list):
            raise invalid("a list is required", "voice_ids")
        return [self._voices[voice_id] for voice_id in voice_ids if voice_id in self._voices]

    def page(self, filters: Mapping[str, Any]) -> tuple[list[Voice], str | None]:
        """Return a page and the cursor of the next one, None after the last. Raises Problem for a wrong filter."""
        limit = filters.get("limit")
        limit = _DEFAULT_LIMIT if limit is None else limit
        if not isinstance(limit, int) or isinstance(limit, bool) or not 1 <= limit <= _MAX_LIMIT:
            raise invalid(f"must be between 1 and {_MAX_LIMIT}", "limit")
        _check(filters)
        found = [voice for voice in self._after(filters.get("after")) if _matches(voice, filters)]
        more = len(found) > limit
        return found[:limit], found[limit - 1].voice_id if more else None

    def update(self, voice_id: str, changes: Mapping[str, Any]) -> None:
        """Change an own voice. Raises Problem for a field that can't be changed, which with others' voices is each."""
        voice = self.get(voice_id)
        for field, value in changes.items():
            if voice.voice_type != "CUSTOM" or field not in _UPDATABLE:
                message = f"Updating the '{field}' field is not supported."
                raise Problem(code="VOICE_FIELD_UPDATE_NOT_ALLOWED", message=message, extra={"field": field})
            if not isinstance(value, str) or (field == "gender" and value not in GENDERS):
                raise invalid("not a value for it", field)
        self._voices[voice_id] = replace(voice, **changes)

    def add(self, *, created: datetime, **told: str) -> Voice:
        """Store a cloned voice with its fields, and return it."""
        voice = Voice(
            voice_id=str(uuid4()),
            voice_type="CUSTOM",
            created_at=created.strftime("%Y-%m-%dT%H:%M:%SZ"),
            updated_at=created.strftime("%Y-%m-%dT%H:%M:%S.%f"),
            **told,
        )
        self._voices[voice.voice_id] = voice
        return voice

    @property
    def own(self) -> int:
        """How many of them are the account's own."""
        return sum(voice.voice_type == "CUSTOM" for voice in self._voices.values())

    def check_preview(self, voice_id: str) -> None:
        """Raise Problem if the voice doesn't exist or has no preview."""
        self.get(voice_id)
        if voice_id == UNHEARD_VOICE_ID:
            raise Problem(code="VOICE_PREVIEW_NOT_FOUND", extra={"voice_id": voice_id})

    def delete(self, voice_id: str) -> None:
        """Delete an own voice. Raises Problem where it is none."""
        if self.get(voice_id).voice_type != "CUSTOM":
            raise voice_not_found(voice_id)
        del self._voices[voice_id]

    def _after(self, cursor: str | None) -> list[Voice]:
        voices = list(self._voices.values())
        if not cursor:
            return voices
        return voices[voices.index(self.get(cursor)) + 1 :]


def _check(filters: Mapping[str, Any]) -> None:
    """Raise Problem for a filter that can't match."""
    if (language := filters.get("language")) not in (None, *CATALOGUE_LANGUAGES):
        raise invalid_language(language)
    if filters.get("model_id") not in (None, *MODELS):
        raise invalid("no such model", "model_id")
    if filters.get("gender") not in (None, *GENDERS):
        raise invalid("no such gender", "gender")


def _matches(voice: Voice, filters: Mapping[str, Any]) -> bool:
    languages = voice.language.split(",")
    model = MODELS.get(filters.get("model_id") or "")
    return (
        filters.get("language") in (None, *languages)
        and (model is None or not set(languages).isdisjoint(model.languages))
        and filters.get("gender") in (None, voice.gender)
        and filters.get("accent") in (None, voice.accent)
        and filters.get("style") in (None, *voice.style.split(","))
        and (not filters.get("my_voice") or voice.voice_type == "CUSTOM")
    )
