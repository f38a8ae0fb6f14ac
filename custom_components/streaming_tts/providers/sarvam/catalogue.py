"""Speakers, cloned voices (a beta), and dictionaries of a Sarvam account (docs/dev/protocols.md B6 to B8)."""

from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import asynccontextmanager
import json
import math
import re
from typing import ClassVar, Unpack, override

from ..capabilities import (
    CloneSetting,
    Cloning,
    Dictionaries,
    Previews,
    Pronunciations,
    Reason,
    Recording,
    RecordingRules,
    ServiceRejection,
    VoiceDeletion,
    VoiceLookup,
)
from ..provider import Provider
from ..transport import json_values as values
from ..transport.http import Answer, ErrorResponse, Request
from ..transport.json_values import header_secret
from ..types import ChoiceSetting, Failure, Gender, ProviderError, Quota, TextSetting, Timeouts, VoiceInfo
from ..uploads import check_recording, file_form, for_upload, known_id, recording_form, sample_address
from .errors import dictionary_refused, is_not_offered, refused, voice_refused
from .models import CLONED, CLONED_LANGUAGES, DICTIONARY, V3, V4_FLASH, tag_of, wire_language
from .voices import SPEAKERS

_AMOUNT = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?")


class SarvamAccount(Provider):
    """An account with authenticated requests."""

    @override
    def headers(self) -> dict[str, str]:
        return {"api-subscription-key": header_secret(self.credentials.key)}

    @override
    def parse_error(self, refusal: ErrorResponse) -> ProviderError:
        self._hear_credits(refusal.headers)
        return refused(refusal)

    @override
    @asynccontextmanager
    async def exchange(
        self, method: str, path: str, timeouts: Timeouts | None = None, **request: Unpack[Request]
    ) -> AsyncGenerator[Answer]:
        async with super().exchange(method, path, timeouts, **request) as answer:
            self._hear_credits(answer.response.headers)
            yield answer

    def _hear_credits(self, headers: Mapping[str, str]) -> None:
        """Report the remaining credits, if the response has them. They are rounded up: a fraction is not nothing."""
        if _AMOUNT.fullmatch(reported := headers.get("x-credits-remaining", "").strip()):
            self.observer.quota_reported(Quota(remaining=math.ceil(float(reported))))


PATH = "/text-to-speech/pronunciation-dictionary"
MAX_BELIEVED = 50
"""Maximum number of dictionaries to load, more than an account can have. Each takes a request."""
MAX_BYTES = 1000 * 1000
"""The documented limit is 1 MB. This is the smaller of its two definitions."""


class SarvamDictionaries(SarvamAccount, Dictionaries):
    """Dictionaries of an account. A voice selects one by a setting."""

    most_dictionaries: ClassVar[int] = 10
    most_words: ClassVar[int] = 100
    dictionary_setting: ClassVar[TextSetting] = DICTIONARY

    @override
    async def dictionaries(self) -> tuple[str, ...]:
        """Return the ids of all dictionaries."""
        answer = await self.read_json("GET", PATH, refused=dictionary_refused)
        ids = answer.get("dictionaries")
        if not isinstance(ids, list):
            raise ProviderError(Failure.BROKEN, code="dictionaries")
        return tuple(filter(None, map(values.named, ids[:MAX_BELIEVED])))

    @override
    async def dictionary(self, dictionary_id: str) -> Pronunciations:
        """Return the content of one dictionary. Raises `ServiceRejection` NOT_FOUND."""
        path = f"{PATH}/{known_id(dictionary_id)}"
        return _pronunciations(await self.read_json("GET", path, refused=dictionary_refused), "pronunciations")

    @override
    async def create_dictionary(self, pronunciations: Pronunciations) -> str:
        """Upload a new dictionary as a file and return its ID. Raises `ServiceRejection`."""
        answer = await self._send("POST", pronunciations)
        if not (dictionary_id := values.text(answer.get("dictionary_id"))):
            raise ProviderError(Failure.BROKEN, code="dictionary_id")
        return dictionary_id

    @override
    async def update_dictionary(self, dictionary_id: str, pronunciations: Pronunciations) -> Pronunciations:
        """Upload additions, which the service merges. Raises `ServiceRejection`."""
        answer = await self._send("PUT", pronunciations, {"dict_id": known_id(dictionary_id)})
        return _pronunciations(answer, "updated_pronunciations")

    @override
    async def delete_dictionary(self, dictionary_id: str) -> None:
        """Delete a dictionary. Raises `ServiceRejection` NOT_FOUND."""
        params = {"dict_id": known_id(dictionary_id)}
        answer = await self.read_json("DELETE", PATH, params=params, refused=dictionary_refused)
        if answer.get("success") is False:
            raise ProviderError(Failure.BROKEN, code="not_deleted")

    async def _send(
        self, method: str, pronunciations: Pronunciations, params: dict[str, str] | None = None
    ) -> dict[str, object]:
        """Upload a dictionary and return the response. Raises `ServiceRejection`, or INPUT if it's empty."""
        if not any(pronunciations.values()):
            raise ProviderError(Failure.INPUT, code="empty")
        if sum(map(len, pronunciations.values())) > self.most_words:
            raise ServiceRejection(Reason.DICTIONARY_LIMIT)
        languages = {wire_language(tag): dict(words) for tag, words in pronunciations.items() if words}
        file = json.dumps({"pronunciations": languages}, ensure_ascii=False).encode()
        if len(file) > MAX_BYTES:
            raise ServiceRejection(Reason.TOO_LARGE)
        form = file_form("file", file, name="dictionary.json", content_type="application/json")
        timeouts = for_upload(self.timeouts, len(file))
        return await self.read_json(method, PATH, timeouts, params=params or {}, form=form, refused=dictionary_refused)


def _pronunciations(answer: dict[str, object], key: str) -> Pronunciations:
    """Return the words in a response by language. Raises BROKEN if they are missing."""
    languages = answer.get(key)
    if not isinstance(languages, dict):
        raise ProviderError(Failure.BROKEN, code=key)
    return {
        tag_of(values.text(language)): {
            values.text(word): values.text(said) for word, said in words.items() if isinstance(said, str)
        }
        for language, words in languages.items()
        if isinstance(words, dict)
    }


PAGE_SIZE = 200
MAX_PAGES = 50
"""Maximum number of pages of cloned voices."""
MAX_NAME_CHARACTERS = 100

_LANGUAGE = ChoiceSetting(key="language", choices=CLONED_LANGUAGES, default="en-IN")
_GENDER = ChoiceSetting(key="gender", choices=(Gender.FEMALE.value, Gender.MALE.value), default="")
_STYLE = ChoiceSetting(key="style", choices=("conversational", "audiobooks", "entertainment", "sales"), default="")
_GENDERS = {gender.value: gender for gender in Gender}


class SarvamCatalogue(SarvamAccount, Cloning, VoiceDeletion, VoiceLookup, Previews):
    """The voices of a Sarvam account."""

    recording_rules: RecordingRules = RecordingRules(
        least_seconds=3.0, advised_seconds=5.0, most_bytes=50 * 1000 * 1000, file_types=frozenset({"wav", "mp3"})
    )
    """Only the 50 MB are documented. The durations are our own estimate of what a voice needs."""
    clone_settings: tuple[CloneSetting, ...] = (_LANGUAGE, _STYLE, _GENDER)

    @override
    async def voices(self) -> list[VoiceInfo]:
        """Return the cloned voices and the fixed lists.

        No endpoint lists the stock speakers (docs/dev/protocols.md B7).
        """
        return [*await self._clones(), *_stock()]

    @override
    async def voice(self, voice_id: str) -> VoiceInfo:
        """Return a stock speaker from the list, or look up a cloned voice. Raises `ServiceRejection` NOT_FOUND."""
        if (speaker := next((voice for voice in _stock() if voice.voice_id == voice_id), None)) is not None:
            return speaker
        if (voice := _clone(await self._detail(voice_id))) is None:
            raise ProviderError(Failure.BROKEN, code="voice")
        return voice

    @override
    async def clone(self, recording: Recording) -> VoiceInfo:
        """Clone a voice. The service transcribes the recording itself."""
        check_recording(recording, self.recording_rules)
        name = recording.name[:MAX_NAME_CHARACTERS]
        fields = {"name": name, "language": wire_language(str(recording.settings.get("language") or _LANGUAGE.default))}
        fields |= {
            setting.key: str(recording.settings[setting.key])
            for setting in (_STYLE, _GENDER)
            if recording.settings.get(setting.key)
        }
        timeouts = for_upload(self.timeouts, len(recording.audio))
        form = recording_form("file", recording, fields)
        answer = await self.read_json("POST", "/voices/create", timeouts, form=form, refused=voice_refused)
        if not (voice_id := values.named(values.mapping(answer.get("data")).get("voice_id"))):
            raise ProviderError(Failure.BROKEN, code="voice")
        return VoiceInfo(
            voice_id=voice_id,
            name=name,
            models=(CLONED,),
            gender=_GENDERS.get(fields.get("gender", "")),
            styles=tuple(filter(None, [fields.get("style")])),
            own=True,
        )

    @override
    async def delete_voice(self, voice_id: str) -> None:
        """Delete a cloned voice. Raises `ServiceRejection` NOT_FOUND."""
        await self.read("DELETE", f"/voices/delete/{known_id(voice_id)}", refused=voice_refused)

    @override
    def has_sample(self, voice: VoiceInfo) -> bool:
        """Return True for cloned voices only."""
        return voice.own

    @override
    async def preview_url(self, voice: VoiceInfo) -> str | None:
        """Request a signed URL, which expires soon. Older clones may have none."""
        if not voice.own:
            return None
        reported = values.mapping(await self._detail(voice.voice_id)).get("preview_audio_url")
        return sample_address(reported, self.base_url)

    async def _detail(self, voice_id: str) -> object:
        """Return the data of one cloned voice. It's documented more fully in the SDK than in B7."""
        return (await self.read_json("GET", f"/voices/{known_id(voice_id)}", refused=voice_refused)).get("data")

    async def _clones(self) -> list[VoiceInfo]:
        """Return all cloned voices, or none if the account or deployment doesn't have the beta."""
        found: dict[str, VoiceInfo] = {}
        for page in range(MAX_PAGES):
            try:
                entries = await self._page(page * PAGE_SIZE)
            except ProviderError as error:
                if is_not_offered(error):
                    break
                raise
            before = len(found)
            found |= {voice.voice_id: voice for voice in map(_clone, entries) if voice}
            if len(entries) < PAGE_SIZE or len(found) == before:
                break
        return list(found.values())

    async def _page(self, offset: int) -> list[object]:
        """Return one page of the cloned voices."""
        params = {"limit": str(PAGE_SIZE), "offset": str(offset)}
        answer = await self.read_json("GET", "/voices", params=params, refused=voice_refused)
        entries = values.mapping(answer.get("data")).get("voices")
        if not isinstance(entries, list):
            raise ProviderError(Failure.BROKEN, code="voices")
        return entries[:PAGE_SIZE]


def _clone(entry: object) -> VoiceInfo | None:
    """Return a cloned voice, or None if it was deleted. It supports all languages, whatever the recording's."""
    voice = values.mapping(entry)
    voice_id = values.named(voice.get("id")) or values.named(voice.get("voice_id"))
    if not voice_id or voice.get("status") == "deleted":
        return None
    style = values.words(voice.get("descriptor")) or values.words(voice.get("style"))
    return VoiceInfo(
        voice_id=voice_id,
        name=values.words(voice.get("name")) or voice_id,
        models=(CLONED,),
        gender=_GENDERS.get(values.text(voice.get("gender")).lower()),
        accent=values.words(voice.get("accent")) or None,
        styles=tuple(filter(None, [style])),
        own=True,
    )


def _stock() -> list[VoiceInfo]:
    """Return the stock speakers."""
    return [
        *_speakers(SPEAKERS["v3_female"], Gender.FEMALE),
        *_speakers(SPEAKERS["v3_male"], Gender.MALE),
        *map(_persona, SPEAKERS["personas"]),
    ]


def _speakers(names: Iterable[str], gender: Gender) -> list[VoiceInfo]:
    """Return speakers of v3. Each supports all languages (docs/dev/protocols.md B8)."""
    return [VoiceInfo(voice_id=name, name=name.title(), models=(V3,), gender=gender) for name in names]


def _persona(voice_id: str) -> VoiceInfo:
    """Return a speaker of v4-flash. Its ID contains name, language, and style."""
    name, language, style = voice_id.split("_", 2)
    languages = tuple(f"{language[at : at + 2]}-IN" for at in range(0, len(language), 2))
    mixed = ("English and Hindi mixed",) if len(languages) > 1 else ()
    return VoiceInfo(
        voice_id=voice_id,
        name=name.title(),
        languages=languages,
        models=(V4_FLASH,),
        styles=(style.replace("_", " "), *mixed),
    )
