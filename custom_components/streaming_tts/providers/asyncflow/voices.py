"""Voices of an AsyncFlow account: the catalogue, cloned voices, and samples (docs/dev/protocols.md A7, A8)."""

from collections.abc import Mapping
import re
from typing import ClassVar, override

from ..capabilities import (
    CloneSetting,
    Cloning,
    Previews,
    Reason,
    Recording,
    RecordingRules,
    ServiceRejection,
    VoiceDeletion,
    VoiceEditing,
    VoiceField,
    VoiceLookup,
)
from ..provider import Provider
from ..transport import json_values as values
from ..transport.http import ErrorResponse
from ..types import ChoiceSetting, Failure, FlagSetting, Gender, ProviderError, TextSetting, VoiceInfo
from ..uploads import check_recording, for_upload, known_id, recording_form, sample_address
from .errors import declined, refused

VERSION = "v1"
PAGE_SIZE = 100
MAX_PAGES = 100
"""Maximum number of pages of the catalogue."""

LANGUAGES = ("en", "fr", "es", "de", "it", "pt", "ar", "ru", "ro", "ja", "he", "hy", "tr", "hi", "zh")

_DESCRIPTION = TextSetting(key="description", maximum=500)
_LANGUAGE_SETTING = ChoiceSetting(key="language", choices=LANGUAGES, default="en")
_ENHANCE = FlagSetting(key="enhance", default=False)
_GENDER = ChoiceSetting(key="gender", choices=tuple(gender.value for gender in Gender), default="")
_OTHERS = (
    TextSetting(key="accent", maximum=100),
    TextSetting(key="style", maximum=100),
    TextSetting(key="transcript", maximum=1000),
)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_GENDERS = {gender.value: gender for gender in Gender}


class AsyncFlowCatalogue(Provider, Cloning, VoiceEditing, VoiceDeletion, VoiceLookup, Previews):
    """The voices of an AsyncFlow account."""

    recording_rules: RecordingRules = RecordingRules(
        least_seconds=3.0,
        advised_seconds=5.0,
        most_bytes=10 * 1000 * 1000,
        file_types=frozenset({"wav", "mp3", "flac", "aiff"}),
    )
    """The documented limit is 10 MB (docs/dev/protocols.md A8). This is the smaller of its two definitions."""
    clone_settings: tuple[CloneSetting, ...] = (_DESCRIPTION, _LANGUAGE_SETTING, _ENHANCE, _GENDER, *_OTHERS)
    changeable: ClassVar[frozenset[VoiceField]] = frozenset(VoiceField)

    @override
    async def voices(self) -> list[VoiceInfo]:
        """Return all pages of the catalogue.

        The cursor is the ID of the last voice of a page (docs/dev/protocols.md A7).
        """
        found: dict[str, VoiceInfo] = {}
        query: dict[str, object] = {"limit": PAGE_SIZE}
        for _ in range(MAX_PAGES):
            page = await self.read_json("POST", "/voices", body=query)
            voices = page.get("voices")
            if not isinstance(voices, list):
                raise ProviderError(Failure.BROKEN, code="voices")
            before = len(found)
            found |= {voice.voice_id: voice for voice in map(_voice_info, voices[:PAGE_SIZE]) if voice}
            cursor = values.text(page.get("next_cursor"))
            if not cursor or len(found) == before:
                break
            query["after"] = cursor
        return sorted(found.values(), key=lambda voice: not voice.own)

    @override
    async def voice(self, voice_id: str) -> VoiceInfo:
        """Return one voice. Raises `ServiceRejection` NOT_FOUND."""
        voice = _voice_info(await self.read_json("GET", f"/voices/{known_id(voice_id)}", refused=declined))
        if voice is None:
            raise ProviderError(Failure.BROKEN, code="voice")
        return voice

    @override
    async def clone(self, recording: Recording) -> VoiceInfo:
        """Clone a voice.

        The request contains the required fields of both descriptions of the service (docs/dev/protocols.md A8).
        """
        check_recording(recording, self.recording_rules)
        form = recording_form("audio", recording, _clone_fields(recording))
        timeouts = for_upload(self.timeouts, len(recording.audio))
        answer = await self.read_json("POST", "/voices/clone", timeouts, form=form, refused=declined)
        voice_id = values.named(answer.get("id")) or values.named(answer.get("voice_id"))
        if not voice_id:
            raise ProviderError(Failure.BROKEN, code="voice")
        return VoiceInfo(
            voice_id=voice_id,
            name=values.words(answer.get("name")) or recording.name,
            languages=_languages(answer.get("language")),
            gender=_GENDERS.get(str(recording.settings.get(_GENDER.key, ""))),
            description=values.words(answer.get("description"), most=values.MAX_DESCRIPTION_CHARACTERS) or None,
            own=True,
        )

    @override
    async def update_voice(self, voice_id: str, changes: Mapping[VoiceField, str]) -> VoiceInfo:
        """Edit a voice of the account. The response is empty or, in older versions, the voice."""
        fields = {
            field.value: _wire_gender(value) if field is VoiceField.GENDER else value
            for field, value in changes.items()
        }
        await self.read("PUT", f"/voices/{known_id(voice_id)}", body=fields, refused=declined)
        return await self.voice(voice_id)

    @override
    async def delete_voice(self, voice_id: str) -> None:
        """Delete a voice of the account. Raises `ServiceRejection` NOT_FOUND, also for a stock voice."""
        await self.read("DELETE", f"/voices/{known_id(voice_id)}", refused=declined)

    @override
    async def preview_url(self, voice: VoiceInfo) -> str | None:
        """Request a signed URL, which expires soon."""
        try:
            answer = await self.read_json("GET", f"/voices/preview/{known_id(voice.voice_id)}", refused=declined)
        except ServiceRejection as refusal:
            if refusal.reason is Reason.NO_SAMPLE:
                return None
            raise
        if (address := sample_address(answer.get("signed_url"), self.base_url)) is None:
            raise ProviderError(Failure.BROKEN, code="signed_url")
        return address

    @override
    def headers(self) -> dict[str, str]:
        return {"x-api-key": values.header_secret(self.credentials.key), "version": VERSION}

    @override
    def parse_error(self, refusal: ErrorResponse) -> ProviderError:
        return refused(refusal)


def _clone_fields(recording: Recording) -> dict[str, str]:
    """Return the form fields of a clone, except for the audio.

    The language is required by one description of the service and removed from the other. The text description is
    optional in one and required in the other. Empty fields are omitted, because a form can't distinguish them from
    missing ones.
    """
    settings = recording.settings
    fields = {
        "name": recording.name,
        "description": str(settings.get(_DESCRIPTION.key) or recording.name),
        "language": str(settings.get(_LANGUAGE_SETTING.key) or _LANGUAGE_SETTING.default),
        "enhance": "true" if settings.get(_ENHANCE.key) else "false",
    }
    others = {setting.key: str(settings.get(setting.key, "")) for setting in _OTHERS}
    others["gender"] = _wire_gender(str(settings.get(_GENDER.key, "")))
    return fields | {key: value for key, value in others.items() if value}


def _wire_gender(value: str) -> str:
    """Return a gender in the spelling of the service."""
    return value.capitalize() if value.lower() in _GENDERS else value


def _voice_info(entry: object) -> VoiceInfo | None:
    """Return an entry of the catalogue, or None if it has no voice ID."""
    voice = values.mapping(entry)
    voice_id = values.named(voice.get("voice_id"))
    if not voice_id:
        return None
    return VoiceInfo(
        voice_id=voice_id,
        name=values.words(voice.get("name")) or voice_id,
        languages=_languages(voice.get("language")),
        gender=_GENDERS.get(values.text(voice.get("gender")).lower()),
        description=values.words(voice.get("description"), most=values.MAX_DESCRIPTION_CHARACTERS) or None,
        accent=values.words(voice.get("accent")) or None,
        styles=_words(voice.get("style")),
        own=voice.get("voice_type") == "CUSTOM",
    )


def _languages(value: object) -> tuple[str, ...]:
    """Return the language tags in a comma-separated list."""
    return tuple(tag for tag in _words(value) if _LANGUAGE.fullmatch(tag))


def _words(value: object) -> tuple[str, ...]:
    """Return the distinct items of a comma-separated list."""
    words = (word.strip() for word in values.words(value, most=values.MAX_DESCRIPTION_CHARACTERS).split(","))
    return tuple(dict.fromkeys(word for word in words if word))
